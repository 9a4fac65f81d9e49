"""HTTP: blobs.

Anybody may upload a blob and ask whether it is stored; reading one needs a login that may see a
case to which it belongs.
"""

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router

from biandun_office.access.bearer import BY_LOGIN, reader_of
from biandun_office.evidence import blobs, services
from biandun_office.flow.selectors import may_read_blob
from biandun_office.office import signing
from biandun_office.platform import body
from biandun_office.platform.body import OCTETS
from biandun_office.platform.errors import Refused
from biandun_office.platform.problems import binary, described
from biandun_office.timekeeping import guard
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT

router = Router(tags=["blobs"])


@router.put(
    "/blobs/{digest}",
    response={200: None, 201: None},
    openapi_extra=described(
        {
            "requestBody": binary(OCTETS, "The file, at most 20 MiB", LIMIT_ATTACHMENT)
            | {"required": True},
            "responses": {
                200: {"description": "It is there already"},
                201: {"description": "Stored"},
            },
        },
        "digest-malformed",
        "blob-mismatch",
        "blob-too-large",
        "office-busy",
        "file-unwritable",
        "storage-full",
    ),
)
def put_blob(request: HttpRequest, digest: str) -> HttpResponse:
    """Upload a file under the digest that the evidence names it by (lower-case hexadecimal).

    An attachment is named by its SHA-256; a manifest by the digest in its statement, which is its
    SM3 when the office signs in SM2.
    """
    blobs.check_digest(digest)
    created = services.store_blob(
        digest=digest,
        stream=request,
        announced=body.announced_length(request),
        now=guard.now(),
        algorithm=signing.signer().office.algorithm,
    )
    return HttpResponse(status=201 if created else 200)


@router.api_operation(
    ["HEAD"],
    "/blobs/{digest}",
    response={200: None},
    openapi_extra=described(
        {"responses": {200: {"description": "It is there"}}}, "digest-malformed", "blob-not-found"
    ),
)
def head_blob(request: HttpRequest, digest: str) -> HttpResponse:  # noqa: ARG001
    """Is the blob there?"""
    size = blobs.size_of(blobs.check_digest(digest))
    if size is None:
        raise Refused("blob-not-found")
    return HttpResponse(headers={"Content-Length": str(size), "Content-Type": OCTETS})


@router.get(
    "/blobs/{digest}",
    response={200: None},
    auth=BY_LOGIN,
    openapi_extra=described(
        {"responses": {200: binary(OCTETS, "The file")}},
        "login-required",
        "digest-malformed",
        "blob-not-found",
    ),
)
def get_blob(request: HttpRequest, digest: str) -> HttpResponseBase:
    """Read a manifest or an attachment of a case that one may see."""
    if not may_read_blob(reader_of(request), blobs.check_digest(digest)):
        raise Refused("blob-not-found")
    try:
        file = blobs.opened(blobs.path_of(digest))
    except FileNotFoundError:  # a restored office whose blobs have not been copied back
        raise Refused("blob-not-found") from None
    return FileResponse(file, as_attachment=True, filename=digest, content_type=OCTETS)
