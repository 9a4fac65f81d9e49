"""Offices as rows: several may govern units in one installation."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0002_own_office"),
    ]

    operations = [
        migrations.CreateModel(
            name="Office",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("region", models.CharField(max_length=6, verbose_name="区划代码")),
                (
                    "level",
                    models.CharField(
                        choices=[("PROVINCE", "省级"), ("CITY", "市级"), ("COUNTY", "县级")],
                        max_length=12,
                        verbose_name="层级",
                    ),
                ),
                (
                    "unit",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="as_office",
                        to="registry.unit",
                        verbose_name="单位",
                    ),
                ),
            ],
            options={
                "verbose_name": "编办",
                "verbose_name_plural": "编办",
                "ordering": ["region"],
            },
        ),
        migrations.CreateModel(
            name="OfficeName",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="名称")),
                (
                    "document_prefix",
                    models.CharField(blank=True, max_length=40, verbose_name="发文字号前缀"),
                ),
                ("since", models.DateField(blank=True, null=True, verbose_name="启用日期")),
                ("until", models.DateField(blank=True, null=True, verbose_name="停用日期")),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="names",
                        to="registry.office",
                        verbose_name="编办",
                    ),
                ),
            ],
            options={
                "verbose_name": "编办名称",
                "verbose_name_plural": "编办名称",
                "ordering": ["office", "since", "pk"],
            },
        ),
        migrations.AddField(
            model_name="unit",
            name="office",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="units",
                to="registry.office",
                verbose_name="管理编办",
            ),
        ),
    ]
