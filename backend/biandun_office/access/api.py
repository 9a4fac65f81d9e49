"""HTTP: login by key."""

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from biandun_office.access import services
from biandun_office.access.bearer import BY_LOGIN, reader_of
from biandun_office.access.selectors import Reader
from biandun_office.office import signing
from biandun_office.platform import body, logs
from biandun_office.platform.problems import binary, described, problems
from biandun_office.timekeeping import guard
from biandun_protocol.errors import Problem

router = Router(tags=["access"])
CHALLENGE, LOGIN = "/login/challenge", "/login"

_BUSY = ("office-busy", "office-clock-ahead", "office-clock-behind")


class ChallengeIn(Schema):
    """Where the person logs in, such as http://127.0.0.1:8420."""

    origin: str


class ChallengeOut(Schema):
    """What the key must sign: 16 bytes in hexadecimal, good once and until ``expires`` (seconds
    since 1970).
    """

    nonce: str
    office_id: str
    origin: str
    expires: int


class ReaderOut(Schema):
    """Who is logged in, as what, until when."""

    serial: str
    uscc: str
    unit_name: str
    roles: list[str]
    expires: int


class LoginOut(ReaderOut):
    """The token goes into ``Authorization: Bearer …``; the office keeps only its digest."""

    token: str


@router.post(
    CHALLENGE,
    response=ChallengeOut,
    openapi_extra=problems("request-invalid", "origin-unknown", "too-many-failures", *_BUSY),
)
def post_challenge(request: HttpRequest, wanted: ChallengeIn) -> dict[str, object]:  # noqa: ARG001
    """Ask for a challenge."""
    made = services.make_challenge(origin=wanted.origin, now=guard.now())
    identity = signing.signer().office.identity
    return {
        "nonce": made.nonce,
        "office_id": identity.office_id,
        "origin": made.origin,
        "expires": made.expires_at,
    }


@router.post(
    LOGIN,
    response=LoginOut,
    openapi_extra=described(
        {
            "requestBody": binary(
                body.SIGNED_TYPE, "The signed answer to a challenge", body.LIMIT_SIGNED
            )
            | {"required": True}
        },
        "media-type",
        "statement-too-large",
        "statement-malformed",
        "header-invalid",
        "algorithm-unknown",
        "algorithm-mismatch",
        "purpose-mismatch",
        "purpose-refused",
        "certificate-unknown",
        "certificate-mismatch",
        "signature-invalid",
        "signature-high-s",
        "login-mismatch",
        "login-expired",
        "login-replayed",
        "key-suspended",
        "certificate-revoked",
        "certificate-not-yet",
        "certificate-expired",
        "unit-unknown",
        "unit-inactive",
        "too-many-failures",
        *_BUSY,
    ),
)
def post_login(request: HttpRequest) -> dict[str, object]:
    """Log in with a key."""
    try:
        signed, _ = body.read_signed(request)
        reader, token = services.log_in(signed, office=signing.signer().office, now=guard.now())
    except Problem as problem:
        logs.action("access.login.refused", code=problem.code)
        raise
    return {"token": token, **_described(reader)}


@router.post(
    "/logout", response={204: None}, auth=BY_LOGIN, openapi_extra=problems("login-required", *_BUSY)
)
def post_logout(request: HttpRequest) -> HttpResponse:
    """End the login; its token is worth nothing any more."""
    services.log_out(reader_of(request), now=guard.now())
    return HttpResponse(status=204)


@router.get("/me", response=ReaderOut, auth=BY_LOGIN, openapi_extra=problems("login-required"))
def get_me(request: HttpRequest) -> dict[str, object]:
    """Who is logged in."""
    return _described(reader_of(request))


def _described(reader: Reader) -> dict[str, object]:
    return {
        "serial": reader.certificate.device.serial,
        "uscc": reader.unit.uscc,
        "unit_name": reader.unit.name,
        "roles": list(reader.roles),
        "expires": reader.login.expires_at,
    }
