"""The access room as a Django app."""

from django.apps import AppConfig

from biandun_office.timekeeping import records


class AccessConfig(AppConfig):
    """登录与权限."""

    name = "biandun_office.access"
    verbose_name = "登录与权限"

    def ready(self) -> None:
        """Register how this room corrects its recorded times, now that models can be imported."""
        from biandun_office.access import services  # noqa: PLC0415

        records.register_correction("access", services.correct_times)
