"""The flow room as a Django app."""

from django.apps import AppConfig


class FlowConfig(AppConfig):
    """业务流转."""

    name = "biandun_office.flow"
    verbose_name = "业务流转"
