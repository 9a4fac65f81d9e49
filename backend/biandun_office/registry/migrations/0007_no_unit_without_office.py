"""Every unit is governed by an office."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0006_office_of_every_unit"),
    ]

    operations = [
        migrations.AlterField(
            model_name="unit",
            name="office",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="units",
                to="registry.office",
                verbose_name="管理编办",
            ),
        ),
    ]
