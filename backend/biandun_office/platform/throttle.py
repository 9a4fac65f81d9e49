"""Limits for what anonymous clients make the office compute.

For each client address it counts failed signature checks, unanswered login challenges, and new
signatures that the office makes on request.  Successful requests are not limited, so a whole bureau
behind one address can work.  A client is an IPv4 address or the /64 of an IPv6 address.  One
customer may have 65,536 of those, so a /48 is counted besides, with the allowance of SITE clients:
one of them cannot use it up for the others.  Counts are kept in memory.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from biandun_office.platform.addresses import client_of, site_of
from biandun_office.platform.errors import TooManyFailures
from biandun_office.platform.problems import respond

_FAILED = ("signature-invalid", "login-mismatch", "login-expired", "login-replayed")
# the number of clients that are remembered; one more replaces the least recently counted
_CLIENTS = 10_000
SITE = 16  # clients of one /48 that may use up their allowances at the same time


class Buckets:
    """A token bucket for each client: ``size`` tokens at first, ``rate`` new ones a second."""

    def __init__(self, size: int, rate: float, now: Callable[[], float] = monotonic) -> None:
        self._size, self._rate, self._now = size, rate, now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens left, and when
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._left)

    def wait(self, client: str) -> int:
        """Seconds until this client has a token, rounded up; 0 when it has one."""
        with self._lock:
            left = self._tokens(client)
        return 0 if left >= 1 else math.ceil((1 - left) / self._rate)

    def take(self, client: str) -> None:
        """Use one of the client's tokens."""
        self._add(client, -1)

    def give_back(self, client: str) -> None:
        """Return a token that was used."""
        self._add(client, 1)

    def _add(self, client: str, count: int) -> None:
        with self._lock:
            left = min(max(self._tokens(client) + count, 0), self._size)
            self._left[client] = left, self._now()
            self._left.move_to_end(client)
            while len(self._left) > _CLIENTS:
                self._left.popitem(last=False)

    def _tokens(self, client: str) -> float:
        left, then = self._left.get(client, (float(self._size), 0.0))
        return min(left + (self._now() - then) * self._rate, self._size)


class Allowance:
    """A token bucket for each client, and one of SITE times the size for the /48 that it is in."""

    def __init__(self, size: int, rate: float, now: Callable[[], float]) -> None:
        self._clients = Buckets(size, rate, now)
        self._sites = Buckets(SITE * size, SITE * rate, now)

    def __len__(self) -> int:
        return len(self._clients) + len(self._sites)

    def wait(self, client: str) -> int:
        """Seconds until there is a token for this client; 0 when there is one."""
        site, own = site_of(client), self._clients.wait(client)
        return own if site is None else max(own, self._sites.wait(site))

    def take(self, client: str) -> None:
        """Use a token of the client and its /48."""
        self._clients.take(client)
        if (site := site_of(client)) is not None:
            self._sites.take(site)

    def give_back(self, client: str) -> None:
        """Return a token that was used."""
        self._clients.give_back(client)
        if (site := site_of(client)) is not None:
            self._sites.give_back(site)


@dataclass(frozen=True)
class Routes:
    """Where a request costs the office something, as the rooms that answer there name it.

    A POST to ``challenge`` is answered by a login at ``login``; one to any of ``verifying`` costs a
    check of a signature.  A GET of any of ``signing``, routes with parameters in braces, may cost a
    signature when what stands beside the route says so of the request.
    """

    challenge: str
    login: str
    verifying: tuple[str, ...]
    signing: Mapping[str, Callable[[HttpRequest], bool]]

    def may_sign(self, request: HttpRequest) -> bool:
        """May the answer cost a signature of the office's?"""
        return request.method == "GET" and any(
            may(request) for route, may in self.signing.items() if _leads_to(route, request.path)
        )


def _leads_to(route: str, path: str) -> bool:
    """Whether ``path`` has the segments of ``route``, of which those in braces may be anything."""
    wanted, given = route.split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        bool(has) if want.startswith("{") else has == want
        for want, has in zip(wanted, given, strict=True)
    )


class Throttle:
    """The allowances of one server's clients."""

    def __init__(self, routes: Routes, now: Callable[[], float] = monotonic) -> None:
        self._routes = routes
        self._failures = Allowance(60, 0.5, now)
        self._challenges = Allowance(200, 1.0, now)
        self._signatures = Allowance(200, 1.0, now)

    def __len__(self) -> int:
        return len(self._failures) + len(self._challenges) + len(self._signatures)

    def require(self, client: str, request: HttpRequest) -> None:
        """Check that a client may make this request now.

        Raises TooManyFailures (too-many-failures, too-many-signatures) when it has to wait.
        """
        if self._routes.may_sign(request):
            code, seconds = "too-many-signatures", self._signatures.wait(client)
        elif request.method != "POST":
            return
        elif request.path == self._routes.challenge:
            code, seconds = "too-many-failures", self._challenges.wait(client)
        else:
            code, seconds = (
                "too-many-failures",
                self._failures.wait(client) if request.path in self._routes.verifying else 0,
            )
        if seconds:
            raise TooManyFailures(code, seconds=seconds)

    def note(self, client: str, request: HttpRequest, response: HttpResponse) -> None:
        """Use or return tokens, depending on the outcome of a request."""
        path = request.path
        if self._routes.may_sign(request):
            if getattr(response, "signed", False):
                self._signatures.take(client)
        elif request.method != "POST":
            return
        elif path == self._routes.challenge and response.status_code == 200:
            self._challenges.take(client)
        elif path == self._routes.login and response.status_code == 200:
            self._challenges.give_back(client)
        elif path in self._routes.verifying and getattr(response, "problem", None) in _FAILED:
            self._failures.take(client)


def signed(response: HttpResponse) -> HttpResponse:
    """Mark the response as one that the office signed for this request."""
    response.signed = True  # type: ignore[attr-defined] - for the middleware
    return response


def throttled(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: answer 429 to a client that failed, or made the office sign, too often.

    Without settings.THROTTLE nothing is counted.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        throttle: Throttle | None = settings.THROTTLE
        if throttle is None:
            return get_response(request)
        client = client_of(request.META["REMOTE_ADDR"])
        try:
            throttle.require(client, request)
        except TooManyFailures as problem:
            return respond(problem)
        response = get_response(request)
        throttle.note(client, request, response)
        return response

    return middleware
