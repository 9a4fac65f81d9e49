"""The timekeeping room as a Django app."""

from django.apps import AppConfig


class TimekeepingConfig(AppConfig):
    """时间核对."""

    name = "biandun_office.timekeeping"
    verbose_name = "时间核对"
