"""The soft office behind HTTP, for the host's tests: an httpx transport that answers like the real
one.

``fail`` is a list of things to do to the next requests instead of answering: an exception to raise
or a response.
"""

import base64
import json
from dataclasses import dataclass, field
from hashlib import sha256
from ssl import DER_cert_to_PEM_cert
from typing import Any

import httpx

from biandun.key.channel import Certificate
from biandun.office_client import RECEIPT_TYPE, SIGNED_TYPE
from biandun_protocol import cose, package
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.certificate import Signed
from biandun_protocol.links import verify_links
from biandun_protocol.login import verify_login
from biandun_protocol.receipt import Receipt
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import InfoReply, SignedManifest
from biandun_protocol.wire.numbers import STANDING_ACTIVE, STANDING_SUSPENDED
from tests.support.softoffice import ISSUING_X509, NOW, SoftOffice, consistency

NONCE = b"one-time nonce.."
PURPOSES = {"statements": "filing", "countersignatures": "countersign", "decisions": "decision"}


def root_certificate(office: SoftOffice) -> bytes:
    """A self-signed X.509 of the office's root key (PEM)."""
    return DER_cert_to_PEM_cert(office.root_x509).encode()


def problem(code: str, status: int, **extra: object) -> httpx.Response:
    """A problem document as the office writes it."""
    body = {
        "code": code,
        "status": status,
        "title": f"中文 {code}",
        "detail": f"english {code}",
        "next": "下一步",
        "next_en": "next",
        **extra,
    }
    return httpx.Response(
        status, content=json.dumps(body), headers={"Content-Type": "application/problem+json"}
    )


@dataclass
class SoftServer:
    """Takes requests; ``seen`` lists them as (method, path)."""

    office: SoftOffice
    blobs: dict[str, bytes] = field(default_factory=dict)
    receipts: dict[bytes, tuple[int, Receipt]] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)
    fail: list[Any] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    statements: dict[str, bytes] = field(default_factory=dict)
    # by serial number, of the keys that file
    certificates: dict[str, Certificate] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    origin: str = ""
    public_key: bytes | None = None
    refuses: set[str] = field(default_factory=set)  # addresses that a suspended key is refused at
    # what the office has decided about every key, one second after another
    standings: list[int] = field(default_factory=list)

    def transport(self) -> httpx.MockTransport:
        """What ``Office(url, transport=…)`` takes."""
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((request.method, request.url.path))
        if self.fail:
            failure = self.fail.pop(0)
            if isinstance(failure, Exception):
                raise failure
            if failure is not None:
                return failure
        content = request.read()
        parts = request.url.path.strip("/").split("/")
        if request.url.path in self.refuses:
            return problem("key-suspended", 403)
        if request.method == "PUT":
            return self._put(parts[1], content)
        if request.method == "POST" and parts[0] in PURPOSES:
            return self._post(content, PURPOSES[parts[0]])
        if request.method == "POST":
            return self._talk(request.url.path, content, request.headers)
        return self._get(parts, dict(request.url.params))

    def _talk(self, path: str, content: bytes, headers: httpx.Headers) -> httpx.Response:
        if path == "/login/challenge":
            self.origin = json.loads(content)["origin"]
            return httpx.Response(
                200,
                json={
                    "nonce": NONCE.hex(),
                    "office_id": "longlan",
                    "origin": self.origin,
                    "expires": "soon",
                },
            )
        if path == "/logout":
            self.tokens.discard(headers.get("Authorization", ""))
            return httpx.Response(204)
        signed = codec.decode(SignedManifest, content)
        pair = Signed(signed.statement, signed.manifest)
        assert self.public_key is not None
        key = PublicKey(self.office.algorithm, self.public_key)
        if path == "/links":
            links = verify_links(pair, key)
            return httpx.Response(
                200,
                json={"closed": list(range(links.first, links.first + len(links.ids))), "open": []},
            )
        if self.standings[-1:] == [STANDING_SUSPENDED]:
            return problem("key-suspended", 403)
        verify_login(pair, public_key=key, office_id="longlan", origin=self.origin, nonce=NONCE)
        self.tokens.add("Bearer token-of-a-test")
        return httpx.Response(
            200,
            json={
                "token": "token-of-a-test",
                "expires": "2026-11-24T20:00:00+08:00",
                "roles": ["UNIT"],
            },
        )

    def _put(self, name: str, content: bytes) -> httpx.Response:
        if name not in (sha256(content).hexdigest(), self.office.algorithm.digest(content).hex()):
            return problem("blob-mismatch", 422)
        self.blobs[name] = content
        return httpx.Response(201)

    def _post(self, raw: bytes, purpose: str) -> httpx.Response:
        statement = cose.parse(raw, purpose=purpose)
        manifest = self.blobs.get(statement.digest.hex())
        if manifest is None:
            return problem("blob-missing", 409, missing=[statement.digest.hex()])
        attachments = package.read(manifest, purpose).form.attachments
        missing = [one.sha256.hex() for one in attachments if one.sha256.hex() not in self.blobs]
        if missing:
            return problem("blob-missing", 409, missing=missing)
        new = statement.id not in self.receipts
        if new:
            self.receipts[statement.id] = (
                len(self.office.leaves),
                self.office.take_in(raw, purpose=purpose),
            )
            self.history.append(self._step(statement, purpose))
            self.statements[statement.id.hex()] = raw
        headers = {
            "Content-Type": RECEIPT_TYPE,
            "Biandun-Case": "629900HB2026000001",
            "Biandun-Statement": statement.id.hex(),
        }
        return httpx.Response(
            201 if new else 200, content=self.receipts[statement.id][1].encode(), headers=headers
        )

    def _step(self, statement: cose.Statement, purpose: str) -> dict[str, Any]:
        """A step of the history, as the office tells it."""
        return {
            "step": len(self.history) + 1,
            "version": 1,
            "purpose": purpose,
            "action": "filed",
            "from": "",
            "to": "SUBMITTED",
            "uscc": self.office.uscc,
            "unit_name": self.office.unit_name,
            "serial": statement.header.serial,
            "seq": statement.header.seq,
            "statement": statement.id.hex(),
            "received": NOW,
            "opinion": "",
            "text": "",
            "leaf_index": len(self.office.leaves) - 1,
        }

    def _case(self, state: str) -> dict[str, Any]:
        return {
            "number": "629900HB2026000001",
            "kind": "HB",
            "state": state,
            "state_name": state,
            "uscc": self.office.uscc,
            "unit_name": self.office.unit_name,
            "opened": NOW,
        }

    def _statement(self, name: str, what: str) -> httpx.Response:
        raw = self.statements[name]
        if what == "raw":
            return httpx.Response(200, content=raw)
        purpose = next(step["purpose"] for step in self.history if step["statement"] == name)
        own = self.certificates[cose.parse(raw, purpose=purpose).header.serial]
        parts = {
            "certificate": own.x509,
            "profile_statement": own.profile.statement,
            "profile_manifest": own.profile.manifest,
        }
        return httpx.Response(
            200, json={name: base64.b64encode(content).decode() for name, content in parts.items()}
        )

    def _get(self, parts: list[str], query: dict[str, str]) -> httpx.Response:
        if parts == ["anchors"]:
            return httpx.Response(
                200,
                json={
                    "root_certificate": root_certificate(self.office).decode(),
                    "issuing_certificate": DER_cert_to_PEM_cert(ISSUING_X509),
                    "issuer_statement": base64.b64encode(self.office.anchor.statement).decode(),
                    "issuer_manifest": base64.b64encode(self.office.anchor.manifest).decode(),
                },
            )
        if parts == ["log", "consistency"]:
            return httpx.Response(
                200,
                json={
                    "path": [
                        one.hex()
                        for one in consistency(
                            int(query["first"]), self.office.leaves[: int(query["second"])]
                        )
                    ]
                },
            )
        if parts[0] == "statements" and parts[2:] == ["receipt"]:
            index, receipt = self.receipts[bytes.fromhex(parts[1])]
            if receipt.read().tree_size < int(query.get("at_least", 0)):
                receipt = self.office.receipt(index, bytes.fromhex(parts[1]))
            return httpx.Response(
                200, content=receipt.encode(), headers={"Content-Type": RECEIPT_TYPE}
            )
        if not self.tokens and parts[0] in ("cases", "blobs", "statements"):
            return problem("login-required", 401)
        if parts[0] == "blobs":
            content = self.blobs.get(parts[1])
            return (
                problem("blob-not-found", 404)
                if content is None
                else httpx.Response(200, content=content)
            )
        if parts[0] == "statements":
            return self._statement(parts[1], parts[2])
        if parts == ["cases"]:
            return httpx.Response(
                200,
                json={"cases": [self._case(query.get("state", "SUBMITTED"))]},
            )
        if parts == ["cases", "629900HB2026000001"]:
            told = {"statements": [], "history": self.history}
            return httpx.Response(200, json=self._case("SUBMITTED") | told)
        if parts[0] == "keys" and parts[2:] == ["status"]:
            number = len(self.standings)
            info = InfoReply(1, "", parts[1], 0, 0, 0, 0, [], self.public_key)
            said = self.office.status(
                info, (self.standings or [STANDING_ACTIVE])[-1], NOW + number, number=number
            )
            return httpx.Response(200, content=said.encode(), headers={"Content-Type": SIGNED_TYPE})
        if parts == ["log"]:
            return httpx.Response(
                200, json={"size": len(self.office.leaves), "root": "00" * 32, "time": NOW}
            )
        return problem("case-not-found", 404)
