"""Units that were entered without an office are governed by the first one, as all others are."""

from django.db import migrations


def enter(apps, editor):
    alias = editor.connection.alias
    first = apps.get_model("registry", "Office").objects.using(alias).order_by("pk").first()
    if first is not None:
        units = apps.get_model("registry", "Unit").objects.using(alias)
        units.filter(office=None).update(office=first)


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0005_no_own_office"),
    ]

    operations = [migrations.RunPython(enter, migrations.RunPython.noop)]
