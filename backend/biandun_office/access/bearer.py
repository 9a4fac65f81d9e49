"""Bearer authentication (RFC 6750): which login the token of a request belongs to."""

from typing import cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from biandun_office.access import selectors
from biandun_office.access.selectors import Reader
from biandun_office.platform import clock


class ByLogin(HttpBearer):
    """Authenticates a request by its bearer token; any other is answered login-required."""

    def authenticate(self, request: HttpRequest, token: str) -> Reader | None:  # noqa: ARG002
        """Return the reader whose ``token`` it is; None for one that is unknown or expired."""
        return selectors.reader_of(token, now=clock.now())


BY_LOGIN = ByLogin()


def reader_of(request: HttpRequest) -> Reader:
    """The reader of a request that ``ByLogin`` authenticated."""
    return cast("Reader", request.auth)  # type: ignore[attr-defined]
