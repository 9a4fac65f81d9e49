"""The files that kept forks rest on count as evidence: until now a sweep would have taken them."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from biandun_office.evidence import kept


def mark(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    alias = editor.connection.alias
    blobs = apps.get_model("evidence", "Blob").objects.using(alias)
    for raw in (
        apps.get_model("evidence", "ForkEvidence")
        .objects.using(alias)
        .values_list("raw", flat=True)
        .iterator()
    ):
        digests = [file.digest for file in kept.files_of(bytes(raw))]
        blobs.filter(sha256__in=digests, referenced=False).update(referenced=True)


class Migration(migrations.Migration):
    dependencies = [
        ("evidence", "0007_chains_of_several_pairs"),
    ]

    operations = [
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
