"""Which unit is an office is said by the offices' own rows."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0004_own_office_as_row"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="unit", name="one_own_office"),
        migrations.RemoveField(model_name="unit", name="own_office"),
    ]
