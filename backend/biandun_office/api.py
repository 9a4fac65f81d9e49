"""The office's HTTP interface: the rooms' routers under one roof, and how problems are answered."""

from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.operation import Operation

from biandun_office.access.api import CHALLENGE, LOGIN
from biandun_office.access.api import router as access
from biandun_office.evidence.fork_api import router as forks
from biandun_office.evidence.log_api import router as log
from biandun_office.flow.api import router as flow
from biandun_office.issuance.api import STATUS
from biandun_office.issuance.api import router as issuance
from biandun_office.platform import clock, files
from biandun_office.platform.errors import OfficeBusy, Refused
from biandun_office.platform.problems import PROBLEM_SCHEMA, SCHEMA_NAME, problems, respond
from biandun_office.platform.throttle import Routes
from biandun_office.reception.api import VERIFYING
from biandun_office.reception.api import router as submissions
from biandun_office.reception.blob_api import router as blobs
from biandun_office.reception.statement_api import RECEIPT, asks_anew
from biandun_office.reception.statement_api import router as statements
from biandun_office.timekeeping import guard
from biandun_protocol.errors import Problem

# operation ids are published in the OpenAPI document and made from the module that a view was in
# when first published, so they stay the same when it moves
_PUBLISHED = {
    "biandun_office.reception.api": "biandun_office.evidence.submit_api",
    "biandun_office.reception.blob_api": "biandun_office.evidence.blob_api",
    "biandun_office.reception.statement_api": "biandun_office.evidence.api",
}


class OfficeAPI(NinjaAPI):
    """NinjaAPI whose OpenAPI document also describes problems."""

    _document: Any = None

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The operation id, of the view's name and the module where it was first published."""
        view = operation.view_func
        module = _PUBLISHED.get(view.__module__, view.__module__)
        return f"{module}.{view.__name__}".replace(".", "_")

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        """The OpenAPI document.

        It is made once, because that takes tens of milliseconds and needs no login.
        """
        if self._document is None:
            document = super().get_openapi_schema(**kwargs)
            document["components"]["schemas"][SCHEMA_NAME] = PROBLEM_SCHEMA
            self._document = document
        return self._document


api = OfficeAPI(
    title="编盾编办服务 Biandun office",
    version="1",
    description="机构编制电子存证受理接口（虚构数据）。 Intake and review of signed filings; fictitious data only.",  # noqa: E501
    docs_url=None,  # ninja's page would load scripts from a public network; ours is docs_page.py
    openapi_url="/openapi.json",
)
for part in (blobs, submissions, statements, log, forks, issuance, access, flow):
    api.add_router("", part)


COSTLY = Routes(
    challenge=CHALLENGE,
    login=LOGIN,
    verifying=(*VERIFYING, LOGIN),
    signing={RECEIPT: asks_anew, STATUS: lambda _: True},
)


class HealthOut(Schema):
    """``status`` is "ok" when the database answers; ``time`` is the office's clock (seconds since
    1970), ``clock`` "ok" or what is wrong.
    """

    status: str
    time: int
    clock: str


@api.get("/health", response=HealthOut, tags=["health"], openapi_extra=problems("office-busy"))
def get_health(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001
    """Is the office up, and may it sign with its clock?"""
    wrong = guard.problem()
    return {"status": "ok", "time": clock.now(), "clock": wrong.code if wrong else "ok"}


@api.exception_handler(Problem)
def on_problem(request: HttpRequest, problem: Problem) -> HttpResponse:  # noqa: ARG001
    """Answer a problem that a view raised."""
    return respond(problem)


@api.exception_handler(AuthenticationError)
def on_stranger(request: HttpRequest, error: AuthenticationError) -> HttpResponse:  # noqa: ARG001
    """Answer a request that needs a login and has no valid one."""
    response = respond(Refused("login-required"))
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(ValidationError)
def on_invalid_request(request: HttpRequest, error: ValidationError) -> HttpResponse:  # noqa: ARG001
    """Answer a request with a parameter that is missing or of the wrong type."""
    return respond(
        Refused("request-invalid", field=".".join(str(part) for part in error.errors[0]["loc"]))
    )


@api.exception_handler(HttpError)
def on_unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:  # noqa: ARG001
    """Answer a body that is not JSON, the only cause of HttpError here."""
    return respond(Refused("request-invalid", field="body"))


@api.exception_handler(InterfaceError)
@api.exception_handler(OperationalError)
def on_database(
    request: HttpRequest,  # noqa: ARG001
    error: OperationalError | InterfaceError,
) -> HttpResponse:
    """Answer a database that is locked, unreachable or full; raise any other error again."""
    problem = files.of_database(None, error)
    # psycopg raises these for timeouts and lost connections
    if problem is None and connection.vendor == "postgresql":
        problem = OfficeBusy()
    if problem is None:
        raise error
    return respond(problem)
