"""Django settings of the office.

They contain no secrets: the signing key is passed to the process that signs (office/signing.py).
"""

import os
import secrets
from pathlib import Path

from biandun_office.platform.database import configuration

DATA_DIR = Path(os.environ.get("BIANDUN_OFFICE_DATA", "office-data"))

DEBUG = False
# unused: logins are database rows, and there are no cookies; so it need not outlive the process
SECRET_KEY = secrets.token_urlsafe(48)
# no answer is built from the Host header, and there are no cookies that another site could use
ALLOWED_HOSTS = ["*"]
# httpd limits the length of a request line; unknown parameters are ignored
DATA_UPLOAD_MAX_NUMBER_FIELDS = None

INSTALLED_APPS = [
    "biandun_office.timekeeping",
    "biandun_office.registry",
    "biandun_office.issuance",
    "biandun_office.evidence",
    "biandun_office.flow",
    "biandun_office.access",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "biandun_office.platform.problems.finish",
    "biandun_office.platform.throttle.throttled",
]
ROOT_URLCONF = "biandun_office.urls"
WSGI_APPLICATION = "biandun_office.wsgi.application"

DATABASES = {"default": configuration(DATA_DIR, "")}  # until an office is named (startup.point_at)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

# Bytes of uploads that no accepted statement names.  Until clients log in, this is what keeps a
# stranger from filling the disk.
UNREFERENCED_BLOBS_LIMIT = 2 * 1024**3

# origins from which people may log in: `serve` adds its own address and those of --origin
LOGIN_ORIGINS: list[str] = []

# `serve` sets a Throttle, which counts each client's failures; without one nothing is counted
THROTTLE = None

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "biandun_office.platform.logs.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "loggers": {
        "biandun": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "django": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        "waitress": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
    },
}
