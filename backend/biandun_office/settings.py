"""Django settings of the office.

Secrets are not here: the signing key is handed to the process that signs (office/signing.py).
"""

import os
import secrets
from pathlib import Path

from biandun_office.platform.database import configuration

DATA_DIR = Path(os.environ.get("BIANDUN_OFFICE_DATA", "office-data"))

DEBUG = False
# nothing is signed with it: logins are rows, there are no cookies; so it need not outlive the
# process
SECRET_KEY = secrets.token_urlsafe(48)
# no answer is built from the Host header, and there is no cookie that another site could ride on
ALLOWED_HOSTS = ["*"]
# the front bounds a request line by its bytes; what an address does not ask for is ignored
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

# Where people may log in from: `serve` adds its own address and those that it was given
LOGIN_ORIGINS: list[str] = []

# Counts failures of each client while `serve` runs; a test's client is not counted
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
