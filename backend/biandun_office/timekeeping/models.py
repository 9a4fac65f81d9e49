"""What the office knows of its own clock: when it was last seen, and what people have confirmed."""

from django.db import models

from biandun_office.platform.rows import AppendOnly


class ClockCheck(AppendOnly):
    """A person compared the clock with a second source.

    ``at`` is the time that was confirmed, ``last`` the latest time that the office had recorded
    until then, ``log_size`` how many entries its log had.  Where ``last`` is later than ``at`` it
    is a correction: the office takes back every time between the two that it stated before.
    """

    at = models.BigIntegerField("确认的时间")
    last = models.BigIntegerField("此前记录的最晚时间")
    log_size = models.BigIntegerField("当时的日志条数")
    source = models.CharField("时间来源", max_length=200)

    class Meta:
        """Names."""

        verbose_name = "时间确认"
        verbose_name_plural = "时间确认"

    def __str__(self) -> str:
        return f"{self.at} {self.source}"


class ClockMark(models.Model):
    """The one row that says when the office last used its clock and found nothing wrong with it."""

    seen = models.BigIntegerField("最近一次")

    class Meta:
        """Names."""

        verbose_name = "时钟记录"
        verbose_name_plural = "时钟记录"

    def __str__(self) -> str:
        return str(self.seen)
