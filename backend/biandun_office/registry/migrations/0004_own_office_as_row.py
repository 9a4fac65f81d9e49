"""The unit that was marked as this office becomes a row of its own, which governs every unit."""

from django.db import migrations


def enter(apps, editor):
    alias = editor.connection.alias
    units = apps.get_model("registry", "Unit").objects.using(alias)
    for own in units.filter(own_office=True):
        last = [digit != "0" for digit in own.region]
        level = "COUNTY" if any(last[4:]) else "CITY" if any(last[2:]) else "PROVINCE"
        office = (
            apps.get_model("registry", "Office")
            .objects.using(alias)
            .create(unit=own, region=own.region, level=level)
        )
        apps.get_model("registry", "OfficeName").objects.using(alias).create(
            office=office, name=own.name
        )
        units.update(office=office)


def mark(apps, editor):
    alias = editor.connection.alias
    units = apps.get_model("registry", "Unit").objects.using(alias)
    first = apps.get_model("registry", "Office").objects.using(alias).order_by("pk").first()
    if first is not None:
        units.filter(pk=first.unit_id).update(own_office=True)
    units.update(office=None)
    apps.get_model("registry", "OfficeName").objects.using(alias).all().delete()
    apps.get_model("registry", "Office").objects.using(alias).all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0003_offices"),
    ]

    operations = [migrations.RunPython(enter, mark)]
