"""Cases: what the office makes of filings."""

from typing import ClassVar

from django.db import models

from biandun_office.platform.rows import AppendOnly
from biandun_office.registry.models import Unit


class Case(models.Model):
    """A case (业务), from its first filing on.

    Its state is that of its last event, and can be derived from the signed statements.  ``kind`` is
    the letters of its business (``businesses``), which also names the states.
    """

    number = models.CharField("业务编号", max_length=32, unique=True)
    kind = models.CharField("业务类型", max_length=2)
    region = models.CharField("区划代码", max_length=6)
    year = models.PositiveSmallIntegerField("年度")
    sequence = models.PositiveIntegerField("序号")
    unit = models.ForeignKey(
        Unit, verbose_name="单位", on_delete=models.PROTECT, related_name="cases"
    )
    state = models.CharField("状态", max_length=24)
    opened_at = models.BigIntegerField("受理时间")

    class Meta:
        """Names and the rules that the database keeps."""

        verbose_name = "业务"
        verbose_name_plural = "业务"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["region", "kind", "year", "sequence"], name="case_sequence"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class CaseEvent(AppendOnly):
    """One step of a case, made by one signed statement.

    ``version`` is that of the filing which the step is about.
    """

    # the unique constraint below already has an index
    case = models.ForeignKey(
        Case, verbose_name="业务", on_delete=models.PROTECT, related_name="events", db_index=False
    )
    step = models.PositiveIntegerField("步骤")
    version = models.PositiveIntegerField("版本")
    action = models.CharField("动作", max_length=60)
    before = models.CharField("原状态", max_length=24, blank=True)
    after = models.CharField("新状态", max_length=24)
    opinion = models.CharField("意见", max_length=16, blank=True)
    text = models.TextField("说明", blank=True)
    statement = models.OneToOneField(
        "evidence.Statement",
        verbose_name="签名文件",
        on_delete=models.PROTECT,
        related_name="event",
    )

    class Meta:
        """Names and the rules that the database keeps."""

        verbose_name = "业务步骤"
        verbose_name_plural = "业务步骤"
        ordering: ClassVar = ["case", "step"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "step"], name="case_step")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.action}"
