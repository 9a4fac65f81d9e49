"""The routes of the office: its API, and the page of its documentation."""

from django.urls import path

from biandun_office.api import api
from biandun_office.docs_page import get_docs

urlpatterns = [path("", api.urls), path("docs", get_docs)]
handler400 = "biandun_office.platform.problems.bad_request"
handler404 = "biandun_office.platform.problems.not_found"
handler500 = "biandun_office.platform.problems.server_error"
