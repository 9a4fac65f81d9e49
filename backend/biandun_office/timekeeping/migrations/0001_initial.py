from django.db import migrations, models

from biandun_office.platform.append_only import protect


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ClockCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.BigIntegerField(verbose_name="确认的时间")),
                ("last", models.BigIntegerField(verbose_name="此前记录的最晚时间")),
                ("log_size", models.BigIntegerField(verbose_name="当时的日志条数")),
                ("source", models.CharField(max_length=200, verbose_name="时间来源")),
            ],
            options={"verbose_name": "时间确认", "verbose_name_plural": "时间确认"},
        ),
        migrations.CreateModel(
            name="ClockMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seen", models.BigIntegerField(verbose_name="最近一次")),
            ],
            options={"verbose_name": "时钟记录", "verbose_name_plural": "时钟记录"},
        ),
        protect("timekeeping_clockcheck", ["id"]),
    ]
