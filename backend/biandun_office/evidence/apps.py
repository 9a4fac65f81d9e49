"""The evidence room as a Django app."""

from django.apps import AppConfig

from biandun_office.timekeeping import records


class EvidenceConfig(AppConfig):
    """存证."""

    name = "biandun_office.evidence"
    verbose_name = "存证"

    def ready(self) -> None:
        """Register this room's times with ``timekeeping``, now that models can be imported."""
        from biandun_office.evidence import selectors, services  # noqa: PLC0415

        records.register_log(selectors.position)
        records.register_correction("evidence", services.correct_times)
