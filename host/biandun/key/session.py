"""An open key: its commands as methods, and operations that take several commands.

Callers use ``Key``.  It neither prints nor stores anything; it returns values and bytes.
``channel`` authenticates the key and seals, ``access`` unlocks; ``card``, ``outbox`` and
``recovery`` are parts of it.
"""

import time
from dataclasses import dataclass

from biandun import errors
from biandun.key.access import Access
from biandun.key.card import Card
from biandun.key.outbox import Outbox
from biandun.key.recovery import Recovery
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.orders import Order
from biandun_protocol.receipt import Receipt
from biandun_protocol.recovery import Officers
from biandun_protocol.wire import messages as wire
from biandun_protocol.wire import statement as statements
from biandun_protocol.wire.numbers import (
    ERROR_CANCELLED,
    ERROR_CLOCK_BEHIND,
    ERROR_NO_STREAM,
    PURPOSE_RESET,
    PURPOSE_SET_TIME,
    SCHEMA_AUDIT_EXPORT,
    SCHEMA_CHALLENGE,
    SCHEMA_GRANT,
    SCHEMA_KEY_REQUEST,
    SCHEMA_OFFER,
)


@dataclass(frozen=True)
class Signature:
    """What the key signed: the statement, its id, and its sequence number in the key's chain."""

    statement: bytes
    statement_id: bytes
    seq: int


@dataclass(frozen=True)
class Kept:
    """A statement as stored on the key, with the receipt that the key verified, if any."""

    statement: bytes
    seq: int
    idempotency_key: bytes
    receipt: Receipt | None


class Key(Access):
    """An open key with all its commands; a context manager.

    What needs a PIN goes through a sealed session, which is opened when it is first needed; the Ui
    is asked for the PIN of the user in ``slot``.
    """

    # --- enrolment ----------------------------------------------------

    def answer_offer(self, offer: wire.Offer, officers: Officers | None = None) -> wire.KeyRequest:
        """Install the office's anchor, make a key pair and prove its possession.

        May be repeated with the same offer.  If the office has unblocking officers, the key makes
        its shares for them (``recovery.shares``).

        Raises KeyRefused: anchor-invalid, anchor-present, wrong-state, presence-*; ManifestProblem
        for another kind of file.
        """
        _expect(offer.schema, SCHEMA_OFFER)
        self.call(
            wire.InstallAnchorRequest(
                offer.root_public_key, offer.issuer_statement, offer.issuer_manifest
            ),
            wire.InstallAnchorReply,
        )
        self.refresh()  # the anchor has set the key's suite
        self.call(wire.GenerateKeyRequest(), wire.GenerateKeyReply)
        if officers is not None:
            self.recovery.name_officers(officers, enrolling=True)
        proof = self.call(wire.ProvePossessionRequest(offer.nonce), wire.ProvePossessionReply)
        self.refresh()
        signed = self.signed(proof.header, proof.signature, proof.manifest)
        return wire.KeyRequest(SCHEMA_KEY_REQUEST, signed.statement, signed.manifest)

    def personalise(self, grant: wire.Grant) -> None:
        """Install the key's certificate; may be repeated with the same grant.

        This account stores the key as known.  Raises KeyRefused: profile-invalid, serial-mismatch,
        key-mismatch, wrong-state; ManifestProblem for another kind of file; KeyNotGenuine,
        KeyChanged.
        """
        _expect(grant.schema, SCHEMA_GRANT)
        self.call(
            wire.PersonaliseRequest(grant.profile_statement, grant.profile_manifest, grant.x509),
            wire.PersonaliseReply,
        )
        self.refresh()
        own = self.certificate()
        profile = self.profile(own)
        if (own.profile.statement, own.profile.manifest, own.x509) != (
            grant.profile_statement,
            grant.profile_manifest,
            grant.x509,
        ):
            raise errors.KeyNotGenuine(serial=self.info.serial)
        self.remember(own, profile)

    def wipe(self) -> int:
        """Erase the key pair of a key without a certificate; needs the button.

        Return the new generation.
        """
        generation = self.call(wire.WipeRequest(self.info.serial), wire.WipeReply).generation
        self.refresh()
        return generation

    # --- orders of the office -----------------------------------------

    def challenge(self) -> wire.Challenge:
        """Return the challenge that an order of the office must answer.

        It stays the same until an order was carried out.  Raises KeyRefused(wrong-state) from a key
        without a certificate.
        """
        reply = self.call(wire.ChallengeRequest(), wire.ChallengeReply)
        own = self.public_key
        return wire.Challenge(
            SCHEMA_CHALLENGE,
            self.info.serial,
            own.kid if own else b"",
            reply.nonce,
            reply.generation,
            reply.seq,
            reply.head,
            reply.forgotten,
        )

    def carry_out(self, order: Order) -> int:
        """Let the key carry out an order of its office; a reset needs the button for ten seconds.

        Return the new generation after a reset, the new time floor (seconds since 1970) after
        set-time, else the sequence number after which the chain continues.  Raises KeyRefused:
        order-invalid, order-stale, serial-mismatch, wrong-state when there is nothing to reinstate,
        presence-*; unknown-command from firmware without this order.
        """
        given = (order.signed.statement, order.signed.manifest)
        if order.purpose == PURPOSE_RESET:
            generation = self.call(
                wire.FactoryResetRequest(*given), wire.FactoryResetReply
            ).generation
            self.refresh()
            return generation
        if order.purpose == PURPOSE_SET_TIME:
            return self.call(wire.SetTimeRequest(*given), wire.SetTimeReply).time_floor
        return self.call(wire.ReinstateRequest(*given), wire.ReinstateReply).seq

    def audit(self) -> wire.AuditExport:
        """Export the key's audit ring, signed by its device key; needs no PIN.

        Raises KeyRefused: wrong-state, session-unavailable.
        """
        reply = self.call(wire.ExportAuditRequest(), wire.ExportAuditReply)
        return wire.AuditExport(SCHEMA_AUDIT_EXPORT, reply.manifest, reply.signature)

    @property
    def recovery(self) -> Recovery:
        """Unblocking officers, their shares, and unblocking of a forgotten or locked PIN."""
        return Recovery(self)

    # --- unit card and outbox -----------------------------------------

    @property
    def card(self) -> Card:
        """The unit card."""
        return Card(self)

    @property
    def outbox(self) -> Outbox:
        """Filings that are carried on the key."""
        return Outbox(self)

    # --- statements ---------------------------------------------------

    def sign(
        self,
        manifest: bytes,
        *,
        purpose: str,
        idempotency_key: bytes,
        claimed_time: int | None = None,
    ) -> Signature:
        """Have the key sign ``manifest``, once per ``idempotency_key``.

        The caller must have stored the idempotency key (16 bytes) before the call.  Repeating the
        call, on this link or after unplugging, returns the same signature.  ``claimed_time`` is
        this computer's time (seconds since 1970, default now), and is marked as such in the
        statement.

        Raises KeyRefused for policy, presence or stream errors; LinkProblem.
        """
        begin = wire.SignBeginRequest(
            idempotency_key,
            purpose,
            len(manifest),
            self.algorithm.digest(manifest),
            int(time.time()) if claimed_time is None else claimed_time,
        )
        return self.unlocked(lambda: self._sign(begin, manifest))

    def confirm_batch(self, digests: list[bytes], *, purpose: str) -> wire.ConfirmBatchReply:
        """Confirm up to 64 manifests of one purpose with one press of the button.

        ``digests`` are in the key's suite.  For five minutes, ``sign`` then needs no further press
        for each of them, once.  Raises KeyRefused: purpose-refused, presence-*.
        """
        request = wire.ConfirmBatchRequest(purpose, digests)
        return self.unlocked(lambda: self.call(request, wire.ConfirmBatchReply))

    def _sign(self, begin: wire.SignBeginRequest, manifest: bytes) -> Signature:
        idempotency_key = begin.idempotency_key
        self._send(begin, manifest)
        try:
            reply = self.call(wire.SignFinishRequest(idempotency_key), wire.SignFinishReply)
        except errors.KeyRefused as refusal:
            if refusal.number != ERROR_NO_STREAM:
                raise
            # the stream was lost and nothing was signed: send it again, once
            self._send(begin, manifest)
            reply = self.call(wire.SignFinishRequest(idempotency_key), wire.SignFinishReply)
        return self._signature(reply, begin.purpose)

    def _send(self, begin: wire.SignBeginRequest, manifest: bytes) -> None:
        try:
            opened = self.call(begin, wire.SignBeginReply)
        except errors.KeyRefused as refusal:
            if refusal.number != ERROR_CLOCK_BEHIND or begin.claimed_time is None:
                raise
            raise errors.ClockBehind(self.chain().time_floor, begin.claimed_time) from refusal
        if opened.done:
            return
        total = len(manifest)
        try:
            self.connection.stream(
                self.connection.last_id,
                manifest,
                opened.window,
                lambda sent: self.ui.progress("sending", sent, total),
            )
        except (errors.KeyRefused, errors.LinkGarbled) as said:
            cancelled = isinstance(said, errors.KeyRefused) and said.number == ERROR_CANCELLED
            if not self.is_secure or cancelled:
                raise
            # this error was not sealed and may be forged; the sealed answer to the next command
            # has the reason

    def fetch(self, idempotency_key: bytes | None = None, seq: int | None = None) -> Kept:
        """Return a stored statement by its idempotency key or its sequence number.

        Raises KeyRefused(not-found).
        """
        reply = self.call(wire.FetchRequest(idempotency_key, seq), wire.FetchReply)
        receipt = None
        if reply.receipt_statement is not None and reply.receipt_payload is not None:
            receipt = Receipt(reply.receipt_statement, reply.receipt_payload)
        return Kept(
            statements.assemble(reply.header, reply.digest, reply.signature),
            reply.seq,
            reply.idempotency_key,
            receipt,
        )

    def login(self, origin: str, nonce: bytes) -> Signed:
        """Sign an office's challenge for ``origin``; needs a user and the button.

        Raises KeyRefused: purpose-refused, …
        """
        reply = self.unlocked(lambda: self.call(wire.LoginRequest(origin, nonce), wire.LoginReply))
        return self.signed(reply.header, reply.signature, reply.manifest)

    def export_links(self, first: int, count: int) -> Signed:
        """Sign the ids of ``count`` statements (at most 64) from sequence number ``first`` on.

        Raises KeyRefused: not-found, …
        """
        reply = self.unlocked(
            lambda: self.call(wire.ExportLinksRequest(first, count), wire.ExportLinksReply)
        )
        return self.signed(reply.header, reply.signature, reply.manifest)

    def chain(self) -> wire.ChainStateReply:
        """Return the state of the key's chain, and of the office's log as the key knows it."""
        return self.call(wire.ChainStateRequest(), wire.ChainStateReply)

    def keep_receipt(self, receipt: Receipt, consistency: list[bytes] | None = None) -> int:
        """Let the key verify and store a receipt; return the sequence number of its statement.

        ``consistency`` proves that the office's log continues the one the key knows (RFC 9162
        section 2.1.4).  Raises KeyRefused: receipt-*.
        """
        request = wire.StoreReceiptRequest(receipt.statement, receipt.payload, consistency)
        return self.call(request, wire.StoreReceiptReply).seq

    def signed(self, header: bytes, signature: bytes, manifest: bytes) -> Signed:
        """Assemble the statement over a manifest that the key wrote, from header and signature."""
        return Signed(
            statements.assemble(header, self.algorithm.digest(manifest), signature), manifest
        )

    def _signature(self, reply: wire.SignFinishReply, purpose: str) -> Signature:
        name = statements.statement_id(
            self.algorithm, statements.to_be_signed(reply.header, purpose, reply.digest)
        )
        return Signature(
            statements.assemble(reply.header, reply.digest, reply.signature), name, reply.seq
        )


def _expect(schema: str, wanted: str) -> None:
    if schema != wanted:
        raise ManifestProblem("schema-unknown", schema=schema)
