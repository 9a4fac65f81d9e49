"""The access room as a Django app."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """登录与权限."""

    name = "biandun_office.access"
    verbose_name = "登录与权限"
