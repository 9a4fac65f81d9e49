"""Gaps and linked names belong to a chain, which is that of its first key pair: the columns stay
what they are.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("evidence", "0006_audits"),
        ("issuance", "0005_chain"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[],
            state_operations=[
                migrations.RemoveConstraint(
                    model_name="linkedname", name="one_name_per_sequence_number"
                ),
                migrations.RemoveConstraint(model_name="gap", name="one_gap_per_sequence_number"),
                migrations.RenameField(model_name="linkedname", old_name="kid", new_name="chain"),
                migrations.RenameField(model_name="gap", old_name="kid", new_name="chain"),
                migrations.AlterField(
                    model_name="linkedname",
                    name="chain",
                    field=models.CharField(db_column="kid", max_length=32, verbose_name="链标识"),
                ),
                migrations.AlterField(
                    model_name="gap",
                    name="chain",
                    field=models.CharField(db_column="kid", max_length=32, verbose_name="链标识"),
                ),
                migrations.AddConstraint(
                    model_name="linkedname",
                    constraint=models.UniqueConstraint(
                        fields=("chain", "seq"), name="one_name_per_sequence_number"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="gap",
                    constraint=models.UniqueConstraint(
                        fields=("chain", "seq"), name="one_gap_per_sequence_number"
                    ),
                ),
            ],
        ),
    ]
