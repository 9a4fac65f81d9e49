"""A key in use: typed commands over one connection, and the work that takes several of them.

``Key`` is what callers hold.  It never prints and never stores; what it returns are plain values and bytes to keep.
"""

import time
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import TypeVar

from biandun import errors
from biandun.key.connection import Connection
from biandun.ui import Silent, Ui
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.receipt import Receipt
from biandun_protocol.wire import codec
from biandun_protocol.wire import messages as wire
from biandun_protocol.wire import statement as statements
from biandun_protocol.wire.numbers import (
    ERROR_NO_STREAM,
    PHASE_NAMES,
    PHASE_WAITING_PRESENCE,
    PROTOCOL_VERSION,
    SCHEMA_GRANT,
    SCHEMA_KEY_REQUEST,
    SCHEMA_OFFER,
)

R = TypeVar("R", bound=codec.Message)


@dataclass(frozen=True)
class Signature:
    """What the key signed: the statement to send, its name, and its place in the key's chain."""

    statement: bytes
    statement_id: bytes
    seq: int


@dataclass(frozen=True)
class Kept:
    """A statement as the key keeps it, with the receipt it verified, if any."""

    statement: bytes
    seq: int
    idempotency_key: bytes
    receipt: Receipt | None


class Key:
    """An open key.  Use it as a context manager; ``ui`` hears of progress and of waiting for the button."""

    def __init__(self, connection: Connection, ui: Ui | None = None) -> None:
        self.connection = connection
        self.ui: Ui = ui or Silent()
        self._serial = ""
        connection.resync()
        self.info = self.refresh()

    def __enter__(self) -> "Key":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Key {self.info.serial} on {self.connection.transport.name}>"

    def close(self) -> None:
        """Let go of the port."""
        self.connection.close()

    def refresh(self) -> wire.InfoReply:
        """Ask again who the key is."""
        self.info = self._call(wire.InfoRequest(PROTOCOL_VERSION), wire.InfoReply)
        self._serial = self.info.serial
        return self.info

    # --- enrolment ---------------------------------------------------------------------------------------------

    def answer_offer(self, offer: wire.Offer) -> wire.KeyRequest:
        """Install the office's anchor, make the key pair and prove possession; may be repeated with the same offer.

        Raises KeyRefused: anchor-invalid, anchor-present, wrong-state, presence-*.  ManifestProblem for another file.
        """
        _expect(offer.schema, SCHEMA_OFFER)
        self._call(
            wire.InstallAnchorRequest(offer.root_public_key, offer.issuer_statement, offer.issuer_manifest), wire.InstallAnchorReply
        )
        self._call(wire.GenerateKeyRequest(), wire.GenerateKeyReply)
        proof = self._call(wire.ProvePossessionRequest(offer.nonce), wire.ProvePossessionReply)
        self.refresh()
        statement = statements.assemble(proof.header, sha256(proof.manifest).digest(), proof.signature)
        return wire.KeyRequest(SCHEMA_KEY_REQUEST, statement, proof.manifest)

    def personalise(self, grant: wire.Grant) -> None:
        """Hand the key its certificate; may be repeated with the same grant.

        Raises KeyRefused: profile-invalid, serial-mismatch, key-mismatch, wrong-state.  ManifestProblem for another file.
        """
        _expect(grant.schema, SCHEMA_GRANT)
        self._call(wire.PersonaliseRequest(grant.profile_statement, grant.profile_manifest, grant.x509), wire.PersonaliseReply)
        self.refresh()

    def certificate(self) -> tuple[bytes, Signed]:
        """Return the X.509 certificate (DER) and the profile that the office signed."""
        reply = self._call(wire.ReadCertificateRequest(), wire.ReadCertificateReply)
        return reply.x509, Signed(reply.profile_statement, reply.profile_manifest)

    def wipe(self) -> int:
        """Destroy key pair, certificate and statements; needs presence.  Returns the new generation."""
        generation = self._call(wire.WipeRequest(self.info.serial), wire.WipeReply).generation
        self.refresh()
        return generation

    # --- statements --------------------------------------------------------------------------------------------

    def sign(self, manifest: bytes, *, purpose: str, idempotency_key: bytes, claimed_time: int | None = None) -> Signature:
        """Have the key sign ``manifest`` once per ``idempotency_key`` (16 bytes, kept by the caller before the call).

        Repeating the call, on this link or after unplugging, gives the same signature.  ``claimed_time`` is this computer's
        (seconds, default now) and is marked as such.  Raises KeyRefused by policy, presence or stream; LinkProblem.
        """
        begin = wire.SignBeginRequest(
            idempotency_key,
            purpose,
            len(manifest),
            sha256(manifest).digest(),
            int(time.time()) if claimed_time is None else claimed_time,
        )
        self._send(begin, manifest)
        try:
            reply = self._call(wire.SignFinishRequest(idempotency_key), wire.SignFinishReply)
        except errors.KeyRefused as refusal:
            if refusal.number != ERROR_NO_STREAM:
                raise
            self._send(begin, manifest)  # the stream was lost on the way: nothing was signed, send it again, once
            reply = self._call(wire.SignFinishRequest(idempotency_key), wire.SignFinishReply)
        return _signature(reply, purpose)

    def _send(self, begin: wire.SignBeginRequest, manifest: bytes) -> None:
        opened = self._call(begin, wire.SignBeginReply)
        if not opened.done:
            total = len(manifest)
            self.connection.stream(
                self.connection.last_id, manifest, opened.window, lambda sent: self.ui.progress("sending", sent, total)
            )

    def fetch(self, idempotency_key: bytes | None = None, seq: int | None = None) -> Kept:
        """Return a statement by its idempotency key or its sequence number.  Raises KeyRefused(not-found)."""
        reply = self._call(wire.FetchRequest(idempotency_key, seq), wire.FetchReply)
        receipt = None
        if reply.receipt_statement is not None and reply.receipt_payload is not None:
            receipt = Receipt(reply.receipt_statement, reply.receipt_payload)
        return Kept(statements.assemble(reply.header, reply.digest, reply.signature), reply.seq, reply.idempotency_key, receipt)

    def chain(self) -> wire.ChainStateReply:
        """Return where the key's chain and its view of the office's log stand."""
        return self._call(wire.ChainStateRequest(), wire.ChainStateReply)

    def keep_receipt(self, receipt: Receipt, consistency: list[bytes] | None = None) -> int:
        """Let the key verify and keep a receipt; return the sequence number of its statement.

        ``consistency`` proves that the office's log continues the one the key knows (RFC 9162 section 2.1.4).  Raises
        KeyRefused: receipt-*.
        """
        request = wire.StoreReceiptRequest(receipt.statement, receipt.payload, consistency)
        return self._call(request, wire.StoreReceiptReply).seq

    def _call(self, request: codec.Request, reply: type[R]) -> R:
        beats = _KeepAlives(self.ui, self._serial)
        raw = self.connection.call(codec.encode_request(request), beats)
        try:
            return codec.decode(reply, raw)
        except codec.MessageError:
            raise errors.LinkGarbled(port=self.connection.transport.name) from None


class _KeepAlives:
    """Turns keep-alives into calls of the Ui, on change only."""

    def __init__(self, ui: Ui, serial: str) -> None:
        self._ui = ui
        self._serial = serial
        self._last = (-1, -1)

    def __call__(self, phase: int, permille: int) -> None:
        before, self._last = self._last, (phase, permille)
        if phase == PHASE_WAITING_PRESENCE:
            if before[0] != phase:
                self._ui.need_presence(self._serial)
        elif before != self._last:
            self._ui.progress(PHASE_NAMES.get(phase, "working"), permille, 1000)


def _expect(schema: str, wanted: str) -> None:
    if schema != wanted:
        raise ManifestProblem("schema-unknown", schema=schema)


def _signature(reply: wire.SignFinishReply, purpose: str) -> Signature:
    tbs = statements.to_be_signed(reply.header, purpose, reply.digest)
    return Signature(statements.assemble(reply.header, reply.digest, reply.signature), statements.statement_id(tbs), reply.seq)
