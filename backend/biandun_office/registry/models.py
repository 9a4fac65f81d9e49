"""Units: the organs and institutions under establishment management."""

from typing import ClassVar

from django.db import models


class Unit(models.Model):
    """A unit (单位), named by its unified social credit code; one of them is this establishment
    office itself.
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
    own_office = models.BooleanField("本编办", default=False)

    class Meta:
        """Names, order, and that there is one office."""

        verbose_name = "单位"
        verbose_name_plural = "单位"
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["own_office"], condition=models.Q(own_office=True), name="one_own_office"
            )
        ]

    def __str__(self) -> str:
        return self.name
