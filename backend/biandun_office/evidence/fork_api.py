"""HTTP: kept contradictions, for officers."""

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router, Schema

from biandun_office.access.bearer import BY_LOGIN, reader_of
from biandun_office.access.roles import OFFICER
from biandun_office.evidence import blobs, fork_export
from biandun_office.office import signing
from biandun_office.platform.body import OCTETS
from biandun_office.platform.errors import Refused
from biandun_office.platform.problems import binary, described, problems
from biandun_office.registry.models import Office

router = Router(tags=["forks"], auth=BY_LOGIN)


class ForkOut(Schema):
    """A kept contradiction: its kind (statement, links, audit), why, whose; names are hexadecimal,
    ``received`` seconds since 1970.
    """

    name: str
    kind: str
    reason: str
    serial: str
    uscc: str
    unit_name: str
    seq: int
    known: str
    received: int


class ForksOut(Schema):
    """All of them, oldest first."""

    forks: list[ForkOut]


@router.get("/forks", response=ForksOut, openapi_extra=problems("login-required", "not-officer"))
def get_forks(request: HttpRequest) -> dict[str, object]:
    """What keys signed that contradicts what they had signed."""
    office = _office_of(request)
    fields = ForkOut.model_fields
    return {
        "forks": [
            {name: getattr(found, name) for name in fields} for found in fork_export.listed(office)
        ]
    }


@router.get(
    "/forks/{name}/{path:path}",
    response={200: None},
    openapi_extra=described(
        {"responses": {200: binary(OCTETS, "The file")}},
        "login-required",
        "not-officer",
        "fork-not-found",
        "blob-not-found",
    ),
)
def get_fork_file(request: HttpRequest, name: str, path: str) -> HttpResponseBase:
    """One file of the export of a contradiction: first ``fork.json``, which lists them all."""
    office = _office_of(request)
    collect = fork_export.export if path in fork_export.DESCRIPTIONS else fork_export.gather
    content = collect(fork_export.find(name, office), signing.signer().office).files.get(path)
    if content is None:
        raise Refused("blob-not-found")
    headers = {"Content-Disposition": "attachment"}
    if isinstance(content, bytes):
        return HttpResponse(content, content_type=OCTETS, headers=headers)
    try:
        return FileResponse(
            blobs.opened(content), as_attachment=True, filename=content.name, content_type=OCTETS
        )
    except FileNotFoundError:
        raise Refused("blob-not-found") from None


def _office_of(request: HttpRequest) -> Office:
    """The office whose officer sends the request; it sees only contradictions of its own units."""
    reader = reader_of(request)
    if OFFICER not in reader.roles or reader.office is None:
        raise Refused("not-officer")
    return reader.office
