"""Statement, node and receipt tables only grow from here on."""

from django.db import migrations

from biandun_office.platform.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("evidence", "0001_initial")]

    operations = [
        protect("evidence_statement", ["leaf_index"], ["statement_id"], ["kid", "seq"]),
        protect("evidence_node", ["level", "index"]),
        protect("evidence_receipt", ["statement_id"]),
    ]
