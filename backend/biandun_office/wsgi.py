"""The WSGI application, as ``biandun-office serve`` runs it."""

from django.core.wsgi import get_wsgi_application

from biandun_office.office import startup

__all__ = ["application", "startup"]

application = get_wsgi_application()
