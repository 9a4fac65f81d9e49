"""The issuance room as a Django app."""

from django.apps import AppConfig


class IssuanceConfig(AppConfig):
    """密钥与证书."""

    name = "biandun_office.issuance"
    verbose_name = "密钥与证书"
