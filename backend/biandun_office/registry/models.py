"""The directory of units, and of the offices that govern them.

Units are the organs and institutions under establishment management.  Data that filings change are
not here.
"""

from typing import ClassVar

from django.db import models


class Unit(models.Model):
    """A unit (单位), identified by its unified social credit code (GB 32100).

    ``office`` governs it and decides its cases.
    """

    class Kind(models.TextChoices):
        """机关 or 事业单位."""

        ORGAN = "ORGAN", "机关"
        INSTITUTION = "INSTITUTION", "事业单位"

    uscc = models.CharField("统一社会信用代码", max_length=18, unique=True)
    code = models.CharField("单位编码", max_length=16, unique=True)
    name = models.CharField("单位名称", max_length=120)
    region = models.CharField("区划代码", max_length=6)
    kind = models.CharField("单位性质", max_length=12, choices=Kind.choices)
    supervisor = models.ForeignKey(
        "self",
        verbose_name="主管部门",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="subordinates",
    )
    active = models.BooleanField("有效", default=True)
    office = models.ForeignKey(
        "Office",
        verbose_name="管理编办",
        on_delete=models.PROTECT,
        related_name="units",
    )

    class Meta:
        """Names and order."""

        verbose_name = "单位"
        verbose_name_plural = "单位"
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.name


class Office(models.Model):
    """An establishment office (编办) of this installation.

    ``unit`` is the office as a unit, ``region`` what it governs, at its ``level``.  Its officers
    are the keys of that unit whose certificates allow decisions.
    """

    class Level(models.TextChoices):
        """The level of the office's region: a province, a city, or a county."""

        PROVINCE = "PROVINCE", "省级"
        CITY = "CITY", "市级"
        COUNTY = "COUNTY", "县级"

    unit = models.OneToOneField(
        Unit, verbose_name="单位", on_delete=models.PROTECT, related_name="as_office"
    )
    region = models.CharField("区划代码", max_length=6)
    level = models.CharField("层级", max_length=12, choices=Level.choices)

    class Meta:
        """Names and order."""

        verbose_name = "编办"
        verbose_name_plural = "编办"
        ordering: ClassVar = ["region"]

    def __str__(self) -> str:
        return f"{self.region} {self.unit_id}"


class OfficeName(models.Model):
    """An office's name and the prefix of its document numbers, between two days.

    ``since`` is null for a name from before the office was registered here, ``until`` for the
    current one.
    """

    office = models.ForeignKey(
        Office, verbose_name="编办", on_delete=models.PROTECT, related_name="names"
    )
    name = models.CharField("名称", max_length=120)
    document_prefix = models.CharField("发文字号前缀", max_length=40, blank=True)
    since = models.DateField("启用日期", null=True, blank=True)
    until = models.DateField("停用日期", null=True, blank=True)

    class Meta:
        """Names and order."""

        verbose_name = "编办名称"
        verbose_name_plural = "编办名称"
        ordering: ClassVar = ["office", "since", "pk"]

    def __str__(self) -> str:
        return self.name
