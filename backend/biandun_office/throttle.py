"""Limits for what a stranger makes the office compute: signatures that fail, and login challenges that nobody answers.

Counted are failures only, for each client address, in memory: a whole bureau behind one address files and logs in as it
likes.  A client is an IPv4 address or the /64 of an IPv6 one.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network, ip_address
from threading import Lock
from time import monotonic

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from biandun_office.errors import TooManyFailures
from biandun_office.problems import respond

CHALLENGE, LOGIN = "/login/challenge", "/login"
VERIFYING = ("/statements", "/countersignatures", "/decisions", "/links", LOGIN)  # each costs a signature check
_FAILED = ("signature-invalid", "login-mismatch", "login-expired", "login-replayed")
_CLIENTS = 10_000  # remembered at a time; a /64 or an address more makes the one seen longest ago new again


class Buckets:
    """A bucket of tokens for each client: ``size`` at first, ``rate`` new ones a second."""

    def __init__(self, size: int, rate: float, now: Callable[[], float] = monotonic) -> None:
        self._size, self._rate, self._now = size, rate, now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, when that was
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._left)

    def wait(self, client: str) -> int:
        """Seconds, rounded up, until this client has a token; 0 when it has one."""
        with self._lock:
            left = self._tokens(client)
        return 0 if left >= 1 else math.ceil((1 - left) / self._rate)

    def take(self, client: str) -> None:
        """Take a token away."""
        self._add(client, -1)

    def give_back(self, client: str) -> None:
        """Return a token that was taken."""
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


class Throttle:
    """What one server remembers of its clients."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._failures = Buckets(60, 0.5, now)
        self._challenges = Buckets(200, 1.0, now)

    def wait(self, client: str, path: str) -> int:
        """Seconds that a client has to wait before it may ask this of us; 0 for none."""
        if path == CHALLENGE:
            return self._challenges.wait(client)
        return self._failures.wait(client) if path in VERIFYING else 0

    def note(self, client: str, path: str, response: HttpResponse) -> None:
        """Count what came of a request."""
        if path == CHALLENGE and response.status_code == 200:
            self._challenges.take(client)
        elif path == LOGIN and response.status_code == 200:
            self._challenges.give_back(client)
        elif path in VERIFYING and getattr(response, "problem", None) in _FAILED:
            self._failures.take(client)


def throttled(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: answer 429 to a client whose requests failed too often.  Without settings.THROTTLE nothing is counted."""

    def middleware(request: HttpRequest) -> HttpResponse:
        throttle: Throttle | None = settings.THROTTLE
        if throttle is None or request.method != "POST":
            return get_response(request)
        client = client_of(request.META["REMOTE_ADDR"])
        seconds = throttle.wait(client, request.path)
        if seconds:
            return respond(TooManyFailures(seconds=seconds))
        response = get_response(request)
        throttle.note(client, request.path, response)
        return response

    return middleware


def client_of(address: str) -> str:
    """The name under which an address is counted."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Network((parsed, 64), strict=False).network_address)
