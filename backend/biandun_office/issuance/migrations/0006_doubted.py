"""A change of state that was made while the clock was in doubt says so."""

from django.db import migrations, models

from biandun_office.platform.append_only import protect


class Migration(migrations.Migration):
    dependencies = [
        ("issuance", "0005_chain"),
    ]

    operations = [
        migrations.AddField(
            model_name="statechange",
            name="doubted",
            field=models.BigIntegerField(null=True, verbose_name="存疑的时钟所示时间"),
        ),
        protect("issuance_statechange", ["id"]),
    ]
