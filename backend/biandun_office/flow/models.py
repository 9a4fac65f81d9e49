"""Cases: what a filing becomes in the office."""

from typing import ClassVar

from django.db import models

from biandun_office.registry.models import Unit


class Case(models.Model):
    """A case (业务), from its first filing on; its state follows from the statements that it holds."""

    class Kind(models.TextChoices):
        """Letters of the case number (DOMAIN section 3.0)."""

        USE_APPROVAL = "HB", "编制使用核准"

    class State(models.TextChoices):
        """The first states of a use approval; the office's own follow with its decisions."""

        PENDING_SUPERVISOR = "PENDING_SUPERVISOR", "待主管部门审核"
        SUBMITTED = "SUBMITTED", "已提交"

    number = models.CharField("业务编号", max_length=32, unique=True)
    kind = models.CharField("业务类型", max_length=2, choices=Kind.choices)
    region = models.CharField("区划代码", max_length=6)
    year = models.PositiveSmallIntegerField("年度")
    sequence = models.PositiveIntegerField("序号")
    unit = models.ForeignKey(Unit, verbose_name="单位", on_delete=models.PROTECT, related_name="cases")
    state = models.CharField("状态", max_length=24, choices=State.choices)
    opened_at = models.BigIntegerField("受理时间")

    class Meta:
        """Names and the rules that the database keeps."""

        verbose_name = "业务"
        verbose_name_plural = "业务"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["region", "kind", "year", "sequence"], name="case_sequence"),
        ]

    def __str__(self) -> str:
        return self.number


class CaseStatement(models.Model):
    """Which statement belongs to which case, and as which version of it."""

    case = models.ForeignKey(Case, verbose_name="业务", on_delete=models.PROTECT, related_name="entries")
    version = models.PositiveIntegerField("版本")
    statement = models.OneToOneField(
        "evidence.Statement", verbose_name="签名文件", on_delete=models.PROTECT, related_name="case_entry"
    )

    class Meta:
        """Names and the rules that the database keeps."""

        verbose_name = "业务材料"
        verbose_name_plural = "业务材料"
        ordering: ClassVar = ["case", "version"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "version"], name="case_version")]

    def __str__(self) -> str:
        return f"{self.case_id} v{self.version}"
