"""HTTP: the evidence log, for whoever wants to watch it."""

from django.http import HttpRequest
from ninja import Router, Schema

from biandun_office.evidence import selectors
from biandun_office.platform.problems import problems
from biandun_office.timekeeping.selectors import corrections

router = Router(tags=["log"])


class HeadOut(Schema):
    """Number of entries, root hash (hexadecimal), time of the newest entry (seconds since 1970; 0
    for an empty log).
    """

    size: int
    root: str
    time: int


class ConsistencyOut(Schema):
    """A consistency proof (RFC 9162 section 2.1.4): hashes in hexadecimal."""

    first: int
    second: int
    path: list[str]


class EntriesOut(Schema):
    """Log entries in hexadecimal; entry number ``start`` comes first."""

    start: int
    entries: list[str]


@router.get("/log", response=HeadOut, openapi_extra=problems())
def get_log(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001
    """Where the log stands."""
    size, root, time = selectors.head()
    return {"size": size, "root": root.hex(), "time": time}


class CorrectionOut(Schema):
    """A person found the clock ahead: from entry ``size`` on times begin again at ``at``; those
    above it and up to ``last`` before were wrong.
    """

    size: int
    at: int
    last: int
    source: str


@router.get("/log/corrections", response=list[CorrectionOut], openapi_extra=problems())
def get_corrections(request: HttpRequest) -> list[dict[str, object]]:  # noqa: ARG001
    """The places where the times of reception fall, and why; oldest first, none in most logs."""
    return [
        {"size": one.log_size, "at": one.at, "last": one.last, "source": one.source}
        for one in corrections()
    ]


@router.get(
    "/log/consistency",
    response=ConsistencyOut,
    openapi_extra=problems("request-invalid", "proof-range"),
)
def get_consistency(request: HttpRequest, first: int, second: int) -> dict[str, object]:  # noqa: ARG001
    """The proof that the log of ``first`` entries is the beginning of the log of ``second``."""
    path = selectors.consistency(first=first, second=second)
    return {"first": first, "second": second, "path": [item.hex() for item in path]}


@router.get(
    "/log/entries", response=EntriesOut, openapi_extra=problems("request-invalid", "proof-range")
)
def get_entries(request: HttpRequest, start: int, count: int) -> dict[str, object]:  # noqa: ARG001
    """Up to ``count`` entries (at most 1000) from ``start`` on; fewer at the end of the log."""
    return {
        "start": start,
        "entries": [entry.hex() for entry in selectors.entries(start=start, count=count)],
    }
