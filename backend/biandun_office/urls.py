"""Where requests go."""

from django.urls import path

from biandun_office.api import api

urlpatterns = [path("", api.urls)]
handler404 = "biandun_office.problems.not_found"
handler500 = "biandun_office.problems.server_error"
