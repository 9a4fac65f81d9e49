"""Who asks: the login that a request's bearer token belongs to (RFC 6750)."""

from typing import cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from biandun_office.access import selectors
from biandun_office.access.selectors import Reader
from biandun_office.platform import clock


class ByLogin(HttpBearer):
    """Lets in whoever is logged in; anybody else is answered login-required."""

    def authenticate(self, request: HttpRequest, token: str) -> Reader | None:  # noqa: ARG002
        """The reader, or None."""
        return selectors.reader_of(token, now=clock.now())


BY_LOGIN = ByLogin()


def reader_of(request: HttpRequest) -> Reader:
    """The reader of a request that ``ByLogin`` let in."""
    return cast("Reader", request.auth)  # type: ignore[attr-defined]
