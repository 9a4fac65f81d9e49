"""The office's records of its own clock: when it was last used, and what people confirmed."""

from django.db import models

from biandun_office.platform.rows import AppendOnly


class ClockCheck(AppendOnly):
    """A person confirmed the clock with a second source.

    ``at`` is the confirmed time, ``last`` the latest time that the office had recorded by then,
    ``log_size`` the number of entries in its log.  If ``last`` is later than ``at``, this is a
    correction: times between the two that were recorded before were wrong.
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
    """The only row says when the office last used its clock and trusted it."""

    seen = models.BigIntegerField("最近一次")

    class Meta:
        """Names."""

        verbose_name = "时钟记录"
        verbose_name_plural = "时钟记录"

    def __str__(self) -> str:
        return str(self.seen)
