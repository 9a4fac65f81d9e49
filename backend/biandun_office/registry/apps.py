"""The registry room as a Django app."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """单位登记."""

    name = "biandun_office.registry"
    verbose_name = "单位登记"
