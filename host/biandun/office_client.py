"""A client of the office's HTTP interface: submit statements, upload blobs, fetch receipts.

Every request here is idempotent: blobs are named by their digest, and a statement that is posted
again gets the same receipt.  Answers of the server are not trusted: the caller verifies receipts
with the office's key.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from biandun import answers, errors, logs
from biandun.key.session import Key
from biandun.results.office import CaseDetails, CaseLine, GapsClosed, LogHead
from biandun.ui import Silent, Ui
from biandun_protocol.address import office_address
from biandun_protocol.certificate import Signed
from biandun_protocol.receipt import Receipt
from biandun_protocol.secret import Secret
from biandun_protocol.wire.numbers import PURPOSE_COUNTERSIGN, PURPOSE_DECISION, PURPOSE_FILING

if TYPE_CHECKING:
    # imported only when needed, because commands without an office start faster without it
    import httpx

STATEMENT_TYPE = 'application/cose; cose-type="cose-sign1"'
SIGNED_TYPE = "application/biandun-signed+cbor"
ENDPOINTS = {
    PURPOSE_FILING: "/statements",
    PURPOSE_COUNTERSIGN: "/countersignatures",
    PURPOSE_DECISION: "/decisions",
}
RECEIPT_TYPE = "application/biandun-receipt+cbor"
JSON = {"Content-Type": "application/json"}
END_OF_TIME = 1 << 37  # seconds since 1970, in the year 6325: a later time is not plausible
CHUNK = 64 * 1024
PATIENCE, PATIENCE_TO_CONNECT = 30.0, 5.0  # seconds

Source = bytes | Path


@dataclass(frozen=True)
class Session:
    """A login: the bearer token, when it expires, and the roles of its holder."""

    token: Secret
    expires: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Accepted:
    """The office accepted a statement: its receipt, not verified, and its case.

    ``new`` is False if the office had the statement already.
    """

    receipt: Receipt
    case: str
    statement_id: str
    new: bool


class Office:
    """A client of one office's server; a context manager.

    Raises AddressProblem for an invalid URL.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: "httpx.Timeout | None" = None,
        transport: "httpx.BaseTransport | None" = None,
    ) -> None:
        import httpx  # noqa: PLC0415

        self.url = office_address(url)
        timeout = timeout or httpx.Timeout(PATIENCE, connect=PATIENCE_TO_CONNECT)
        # trust_env=False: no proxy from the environment between workstation and office
        self._http = httpx.Client(
            base_url=self.url, timeout=timeout, transport=transport, trust_env=False
        )

    def __enter__(self) -> "Office":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def submit(
        self,
        statement: bytes,
        blobs: Mapping[str, Source],
        ui: Ui | None = None,
        *,
        purpose: str = PURPOSE_FILING,
    ) -> Accepted:
        """Submit a statement with the blobs it names (hex digest -> bytes or file).

        Posts first, and uploads only the blobs that the office reports as missing.  Raises
        OfficeRefused, OfficeUnreachable, OfficeTimeout, OfficeAnswer.
        """
        path = ENDPOINTS[purpose]
        answer = self._post(path, statement)
        sent: set[str] = set()
        # the office may first report the manifest as missing and then, once it has read that, the
        # attachments
        while wanted := [name for name in _missing(answer) if name in blobs and name not in sent]:
            for name in wanted:
                self.upload(name, blobs[name], ui or Silent())
            sent.update(wanted)
            answer = self._post(path, statement)
        self._check(answer)
        return Accepted(
            self._receipt(answer),
            answer.headers.get("Biandun-Case", ""),
            answer.headers.get("Biandun-Statement", ""),
            answer.status_code == 201,
        )

    def upload(self, name: str, source: Source, ui: Ui) -> None:
        """Upload one blob; ``name`` is its digest in hexadecimal, as in the evidence."""
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        content = _chunks(source, lambda done: ui.progress("uploading", done, size))
        self._check(self._send("PUT", f"/blobs/{name}", content=content, headers=headers))

    def receipt(self, statement_id: str, at_least: int = 0) -> Receipt:
        """Return a receipt over a log of at least ``at_least`` entries, not verified.

        A key that has seen so many entries accepts none over a shorter log.
        """
        answer = self._send(
            "GET", f"/statements/{statement_id}/receipt", params={"at_least": str(at_least)}
        )
        self._check(answer)
        return self._receipt(answer)

    def status(self, serial: str) -> Signed:
        """Return the office's signed status of the key ``serial``, unverified.

        Raises OfficeRefused(serial-unknown), OfficeAnswer.
        """
        answer = self._send("GET", f"/keys/{quote(serial, safe='')}/status")
        self._check(answer)
        return Signed.decode(self._content(answer, SIGNED_TYPE, "status"))

    def time(self) -> int:
        """Return the office's time in seconds since 1970.

        An office that does not report it is read from its Date header.  Raises OfficeAnswer.
        """
        answer = self._send("GET", "/health")
        reported = _problem(answer).get("time")
        if isinstance(reported, int) and 0 < reported < END_OF_TIME and reported is not True:
            return reported
        try:
            return int(parsedate_to_datetime(answer.headers.get("Date", "")).timestamp())
        except ValueError:
            raise errors.OfficeAnswer(url=self.url, detail="no time") from None

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Return the proof that the log of ``second`` entries continues that of ``first``."""
        answer = self.get_json("/log/consistency", first=str(first), second=str(second))
        try:
            return [bytes.fromhex(item) for item in cast("list[str]", answer["path"])]
        except (KeyError, TypeError, ValueError):
            raise errors.OfficeAnswer(url=self.url, detail="consistency") from None

    def anchors(self) -> dict[str, bytes]:
        """Return the office's certificates: root.pem, issuing.pem, issuer.cose, issuer.cbor.

        They must not be trusted before they are verified under a root from another channel.
        """
        answer = self.get_json("/anchors")
        try:
            return {
                "root.pem": str(answer["root_certificate"]).encode("ascii"),
                "issuing.pem": str(answer["issuing_certificate"]).encode("ascii"),
                "issuer.cose": base64.b64decode(str(answer["issuer_statement"]), validate=True),
                "issuer.cbor": base64.b64decode(str(answer["issuer_manifest"]), validate=True),
            }
        except (KeyError, ValueError):
            raise errors.OfficeAnswer(url=self.url, detail="anchors") from None

    def certificates(self, statement_id: str) -> dict[str, bytes]:
        """Return the certificates of a statement's signer, not verified, by file name.

        The files are certificate.der, profile.cose and profile.cbor.

        Raises OfficeRefused: login-required, statement-not-found; OfficeAnswer.
        """
        answer = self.get_json(f"/statements/{quote(statement_id, safe='')}/certificates")
        names = {
            "certificate.der": "certificate",
            "profile.cose": "profile_statement",
            "profile.cbor": "profile_manifest",
        }
        try:
            return {
                file: base64.b64decode(str(answer[name]), validate=True)
                for file, name in names.items()
            }
        except (KeyError, ValueError):
            raise errors.OfficeAnswer(url=self.url, detail="certificates") from None

    def login(self, key: Key) -> Session:
        """Log in with a key: it signs a challenge of the office for this client's URL.

        From then on the client sends the token that it got.  Raises OfficeRefused: login-*,
        origin-unknown; KeyRefused.
        """
        challenge = self._json(
            self._send(
                "POST",
                "/login/challenge",
                content=json.dumps({"origin": self.url}).encode(),
                headers=JSON,
            )
        )
        try:
            nonce = bytes.fromhex(str(challenge["nonce"]))
        except (KeyError, ValueError):
            raise errors.OfficeAnswer(url=self.url, detail="challenge") from None
        answer = self._json(self.post_signed("/login", key.login(self.url, nonce)))
        try:
            session = Session(
                Secret(str(answer["token"]).encode()),
                str(answer["expires"]),
                tuple(cast("list[str]", answer["roles"])),
            )
        except (KeyError, TypeError):
            raise errors.OfficeAnswer(url=self.url, detail="login") from None
        self.use(session.token)
        return session

    def use(self, token: Secret) -> None:
        """Send this token with every request."""
        self._http.headers["Authorization"] = f"Bearer {token.reveal().decode()}"

    def post_signed(self, path: str, signed: Signed) -> "httpx.Response":
        """Post a statement with its small manifest: a login, an export of links."""
        content = signed.encode()
        answer = self._send("POST", path, content=content, headers={"Content-Type": SIGNED_TYPE})
        self._check(answer)
        return answer

    def post(self, path: str) -> None:
        """Post an empty body, for an address that needs none, such as ``/logout``."""
        self._check(self._send("POST", path))

    def close_gap(self, links: Signed) -> GapsClosed:
        """Submit an export of links; return which gaps it closed and which stay open.

        Raises OfficeRefused, OfficeUnreachable, OfficeTimeout, OfficeAnswer.
        """
        return answers.read(GapsClosed, self._json(self.post_signed("/links", links)), self.url)

    def log(self) -> LogHead:
        """Return where the office's log stands."""
        return answers.read(LogHead, self.get_json("/log"), self.url)

    def cases(self, state: str | None = None) -> list[CaseLine]:
        """Return the newest cases that one may see, at most a page of them; of one state or of
        any.
        """
        answer = self.get_json("/cases", **({"state": state} if state else {}))
        return answers.rows(CaseLine, answer.get("cases"), self.url)

    def case(self, number: str) -> CaseDetails:
        """Return where a case stands and how it came there, as the office tells it.

        Raises OfficeRefused: login-required, case-not-found; OfficeAnswer.
        """
        return answers.read(
            CaseDetails, self.get_json(f"/cases/{quote(number, safe='')}"), self.url
        )

    def get_bytes(self, path: str) -> bytes:
        """Return a binary resource, such as ``/statements/…/raw`` or ``/blobs/…``."""
        answer = self._send("GET", path)
        self._check(answer)
        return answer.content

    def get_json(self, path: str, **query: str) -> dict[str, object]:
        """Return a JSON resource, such as ``/anchors``, ``/log`` or ``/cases/…``."""
        return self._json(self._send("GET", path, params=query))

    def _json(self, answer: "httpx.Response") -> dict[str, object]:
        self._check(answer)
        value = _problem(answer)
        if not value:
            raise errors.OfficeAnswer(
                url=self.url, detail=f"{answer.request.method} {answer.request.url.path}"
            )
        return value

    def _receipt(self, answer: "httpx.Response") -> Receipt:
        return Receipt.decode(self._content(answer, RECEIPT_TYPE, "receipt"))

    def _content(self, answer: "httpx.Response", media_type: str, what: str) -> bytes:
        """The content if it has this media type; another type comes from a proxy or another server.

        Raises OfficeAnswer.
        """
        if not answer.headers.get("Content-Type", "").startswith(media_type):
            raise errors.OfficeAnswer(url=self.url, detail=f"not a {what}")
        return answer.content

    def _post(self, path: str, statement: bytes) -> "httpx.Response":
        return self._send("POST", path, content=statement, headers={"Content-Type": STATEMENT_TYPE})

    def _send(
        self,
        method: str,
        path: str,
        *,
        content: bytes | Iterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> "httpx.Response":
        import httpx  # noqa: PLC0415

        with logs.action("office.request", method=method, path=path, office=self.url) as noted:
            try:
                answer = self._http.request(
                    method, path, content=content, headers=headers, params=params
                )
            except httpx.TimeoutException as error:
                raise errors.OfficeTimeout(url=self.url) from error
            except (httpx.RequestError, httpx.InvalidURL) as error:
                raise errors.OfficeUnreachable(url=self.url, detail=str(error)) from error
            noted["status"] = answer.status_code
        return answer

    def _check(self, answer: "httpx.Response") -> None:
        if answer.is_success:
            return
        problem = _problem(answer)
        if "code" in problem:
            raise errors.OfficeRefused(problem)
        raise errors.OfficeAnswer(url=self.url, detail=f"HTTP {answer.status_code}")


def _problem(answer: "httpx.Response") -> dict[str, object]:
    try:
        value: object = answer.json()
    except (ValueError, RecursionError):  # RecursionError for deeply nested arrays
        return {}
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _missing(answer: "httpx.Response") -> list[str]:
    problem = _problem(answer)
    missing = problem.get("missing")
    if problem.get("code") != "blob-missing" or not isinstance(missing, list):
        return []
    return [name for name in cast("list[object]", missing) if isinstance(name, str)]


def _chunks(source: Source, on_sent: Callable[[int], None]) -> Iterator[bytes]:
    done = 0
    if isinstance(source, bytes):
        for start in range(0, len(source), CHUNK):
            chunk = source[start : start + CHUNK]
            done += len(chunk)
            yield chunk
            on_sent(done)
        return
    with source.open("rb") as file:
        while chunk := file.read(CHUNK):
            done += len(chunk)
            yield chunk
            on_sent(done)
