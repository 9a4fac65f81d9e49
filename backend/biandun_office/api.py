"""The office's HTTP interface: the rooms' routers under one roof, and how problems are answered."""

from typing import Any

from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.operation import Operation

from biandun_office.access.api import router as access
from biandun_office.evidence.fork_api import router as forks
from biandun_office.evidence.log_api import router as log
from biandun_office.flow.api import router as flow
from biandun_office.issuance.api import router as issuance
from biandun_office.platform import clock, files
from biandun_office.platform.errors import OfficeBusy, Refused
from biandun_office.platform.problems import PROBLEM_SCHEMA, SCHEMA_NAME, problems, respond
from biandun_office.reception.api import router as submissions
from biandun_office.reception.blob_api import router as blobs
from biandun_office.reception.statement_api import router as statements
from biandun_office.timekeeping import guard
from biandun_protocol.errors import Problem

# the names of operations are published in the document, made from where a view stood when it was
# first published: they stay when it moves
_PUBLISHED = {
    "biandun_office.reception.api": "biandun_office.evidence.submit_api",
    "biandun_office.reception.blob_api": "biandun_office.evidence.blob_api",
    "biandun_office.reception.statement_api": "biandun_office.evidence.api",
}


class OfficeAPI(NinjaAPI):
    """NinjaAPI whose document also describes problems."""

    _document: Any = None

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The name of an operation: of its view, and of the module where that was published."""
        view = operation.view_func
        module = _PUBLISHED.get(view.__module__, view.__module__)
        return f"{module}.{view.__name__}".replace(".", "_")

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        """The OpenAPI document, made once: it takes tens of milliseconds, and strangers may ask for
        it.
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
    """Answer a refusal."""
    return respond(problem)


@api.exception_handler(AuthenticationError)
def on_stranger(request: HttpRequest, error: AuthenticationError) -> HttpResponse:  # noqa: ARG001
    """Answer a request that needs a login and has none, or one that has ended."""
    response = respond(Refused("login-required"))
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(ValidationError)
def on_invalid_request(request: HttpRequest, error: ValidationError) -> HttpResponse:  # noqa: ARG001
    """Answer a parameter that is missing or not of its type."""
    return respond(
        Refused("request-invalid", field=".".join(str(part) for part in error.errors[0]["loc"]))
    )


@api.exception_handler(HttpError)
def on_unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:  # noqa: ARG001
    """Answer a body that is no JSON: the framework raises nothing else of this kind here."""
    return respond(Refused("request-invalid", field="body"))


@api.exception_handler(OperationalError)
def on_database(request: HttpRequest, error: OperationalError) -> HttpResponse:  # noqa: ARG001
    """Answer a database that is locked, away or out of room; anything else is a fault of ours."""
    problem = files.of_database(None, error)
    # there, an operational error is about time or connection
    if problem is None and connection.vendor == "postgresql":
        problem = OfficeBusy()
    if problem is None:
        raise error
    return respond(problem)
