"""Every certificate names its chain, until now one for each key pair, and when a key pair that took
another's place was first seen.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def own_chains(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
    apps.get_model("issuance", "Certificate").objects.update(chain=models.F("kid"))


class Migration(migrations.Migration):
    dependencies = [
        ("issuance", "0004_overlap"),
    ]

    operations = [
        migrations.AddField(
            model_name="certificate",
            name="chain",
            field=models.CharField(db_index=True, default="", max_length=32, verbose_name="链标识"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="certificate",
            name="used_at",
            field=models.BigIntegerField(null=True, verbose_name="首次使用时间"),
        ),
        migrations.RunPython(own_chains, migrations.RunPython.noop),
    ]
