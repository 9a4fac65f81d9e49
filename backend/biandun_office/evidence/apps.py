"""The evidence room as a Django app."""

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """存证."""

    name = "biandun_office.evidence"
    verbose_name = "存证"
