"""The issuance room as a Django app."""

from django.apps import AppConfig

from biandun_office.timekeeping import records


class IssuanceConfig(AppConfig):
    """密钥与证书."""

    name = "biandun_office.issuance"
    verbose_name = "密钥与证书"

    def ready(self) -> None:
        """Register this room's times with ``timekeeping``, now that models can be imported."""
        from biandun_office.issuance import selectors, services  # noqa: PLC0415

        records.register_certificates(selectors.newest_beginning)
        records.register_correction("issuance", services.correct_times)
