"""A key in use: typed commands over one connection, and the work that takes several of them.

``Key`` is what callers hold.  It never prints and never stores; what it returns are plain values
and bytes to keep.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import TypeVar

from biandun import errors, logs
from biandun.key.card import Card
from biandun.key.connection import Connection
from biandun.key.outbox import Outbox
from biandun.key.recovery import Recovery
from biandun.known_keys import Known, KnownKeys, known
from biandun.ui import Silent, Ui
from biandun_protocol import certificate, pins
from biandun_protocol.algorithms import BY_NAME, ES256, Algorithm, PublicKey
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import ManifestProblem, StatementProblem
from biandun_protocol.orders import Order
from biandun_protocol.receipt import Receipt
from biandun_protocol.recovery import Officers
from biandun_protocol.secret import Secret
from biandun_protocol.session import Opening, Session
from biandun_protocol.wire import codec
from biandun_protocol.wire import messages as wire
from biandun_protocol.wire import statement as statements
from biandun_protocol.wire.numbers import (
    ERROR_CANCELLED,
    ERROR_CLOCK_BEHIND,
    ERROR_NO_STREAM,
    ERROR_PIN_FORMAT,
    ERROR_PIN_LOCKED,
    ERROR_PIN_REQUIRED,
    ERROR_PIN_WAIT,
    ERROR_PIN_WEAK,
    ERROR_PIN_WRONG,
    ERROR_SESSION_LOST,
    ERROR_SESSION_UNAVAILABLE,
    ERROR_UNKNOWN_COMMAND,
    LIMIT_PIN_TRIES,
    LIMIT_USER_SLOTS,
    PHASE_NAMES,
    PHASE_WAITING_PRESENCE,
    PROTOCOL_VERSION,
    PURPOSE_RESET,
    PURPOSE_SET_TIME,
    SCHEMA_AUDIT_EXPORT,
    SCHEMA_CHALLENGE,
    SCHEMA_GRANT,
    SCHEMA_KEY_REQUEST,
    SCHEMA_OFFER,
    SESSION_COMMANDS,
)

TO_SPARE = 2  # tries that stay when a PIN is tried in a second spelling
PIN_REQUESTS = (wire.UnlockRequest, wire.SetPinRequest, wire.ChangePinRequest, wire.UnblockRequest)
R = TypeVar("R", bound=codec.Message)
T = TypeVar("T")


@dataclass(frozen=True)
class Signature:
    """What the key signed: the statement to send, its name, and its place in the key's chain."""

    statement: bytes
    statement_id: bytes
    seq: int


@dataclass(frozen=True)
class Certificate:
    """Whose key it is: X.509 (DER), the office's profile, the root's word on the office, the root's
    key.
    """

    x509: bytes
    profile: Signed
    issuer: Signed
    root: PublicKey


@dataclass(frozen=True)
class Condition:
    """What to know of a key before it is used: is its flash damaged, and slot -> tries left for
    each user.
    """

    damaged: bool
    tries: dict[int, int]

    @property
    def locked(self) -> tuple[int, ...]:
        """The users whose PIN is locked."""
        return tuple(slot for slot, left in self.tries.items() if left == 0)


@dataclass(frozen=True)
class Kept:
    """A statement as the key keeps it, with the receipt it verified, if any."""

    statement: bytes
    seq: int
    idempotency_key: bytes
    receipt: Receipt | None


class Key:
    """An open key.  Use it as a context manager; ``ui`` hears of progress, is asked for the PIN and
    told of the button.

    ``slot`` is the user whose PIN is asked for when the key wants one.  What needs a PIN goes
    through a sealed session, opened when it is first needed; ``known`` remembers keys from one run
    to the next.  ``pin_in_clear`` allows keys whose certificate names no device key: their PIN
    crosses the cable as it is.
    """

    def __init__(
        self, connection: Connection, ui: Ui | None = None, known: KnownKeys | None = None
    ) -> None:
        self.connection = connection
        self.ui: Ui = ui or Silent()
        self.slot = 0
        self.pin_in_clear = False
        self._known = known
        self._session: Session | None = None
        self._met: Known | None = None  # who this was when it was met on this connection
        # has the office certified the device key?  None: not looked yet
        self._is_certified: bool | None = None
        self._serial = ""
        connection.resync()
        self.info = self.refresh()

    def __enter__(self) -> "Key":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Key {self.info.serial} on {self.connection.transport.name}>"

    def close(self) -> None:
        """Let go of the port."""
        self.connection.close()

    def refresh(self) -> wire.InfoReply:
        """Ask again who the key is."""
        self.info = self.call(wire.InfoRequest(PROTOCOL_VERSION), wire.InfoReply)
        self._serial, self._is_certified = self.info.serial, None
        return self.info

    @property
    def algorithm(self) -> Algorithm:
        """The suite that the key took over with its anchor; a key that names none speaks ES256.

        Raises StatementProblem(algorithm-unknown) for one that this program does not know.
        """
        name = self.info.suite or ES256.name
        if name not in BY_NAME:
            raise StatementProblem("algorithm-unknown", alg=name)
        return BY_NAME[name]

    @property
    def public_key(self) -> PublicKey | None:
        """The key's own public key, once it has one."""
        return PublicKey(self.algorithm, self.info.public_key) if self.info.public_key else None

    # --- enrolment
    # ------------------------------------------------------------------

    def answer_offer(self, offer: wire.Offer, officers: Officers | None = None) -> wire.KeyRequest:
        """Install the office's anchor, make the key pair and prove possession; may be repeated with
        the same offer.

        Where the office names unblocking officers the key makes its shares for them
        (``recovery.shares``).

        Raises KeyRefused: anchor-invalid, anchor-present, wrong-state, presence-*.  ManifestProblem
        for another file.
        """
        _expect(offer.schema, SCHEMA_OFFER)
        self.call(
            wire.InstallAnchorRequest(
                offer.root_public_key, offer.issuer_statement, offer.issuer_manifest
            ),
            wire.InstallAnchorReply,
        )
        self.refresh()  # with its anchor the key has learned its suite
        self.call(wire.GenerateKeyRequest(), wire.GenerateKeyReply)
        if officers is not None:
            self.recovery.name_officers(officers, enrolling=True)
        proof = self.call(wire.ProvePossessionRequest(offer.nonce), wire.ProvePossessionReply)
        self.refresh()
        signed = self.signed(proof.header, proof.signature, proof.manifest)
        return wire.KeyRequest(SCHEMA_KEY_REQUEST, signed.statement, signed.manifest)

    def personalise(self, grant: wire.Grant) -> None:
        """Hand the key its certificate; may be repeated with the same grant.

        This account knows the key from then on.  Raises KeyRefused: profile-invalid,
        serial-mismatch, key-mismatch, wrong-state; ManifestProblem for another file; KeyNotGenuine,
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
        if self._known is None or profile.device_key is None:
            return
        met, before = (
            known(profile.device_key, own.root.point, profile.uscc, profile.unit_name),
            self._known.get(profile.serial),
        )
        if before is not None and (before.device_key, before.root) != (met.device_key, met.root):
            raise errors.KeyChanged(
                serial=profile.serial, known=before.fingerprint, found=met.fingerprint
            )
        self._known.remember(profile.serial, met)

    def certificate(self) -> Certificate:
        """Return the certificate in both forms, with the anchor under which the key believes it."""
        reply = self.call(wire.ReadCertificateRequest(), wire.ReadCertificateReply)
        return Certificate(
            reply.x509,
            Signed(reply.profile_statement, reply.profile_manifest),
            Signed(reply.issuer_statement, reply.issuer_manifest),
            PublicKey(self.algorithm, reply.root_public_key),
        )

    # --- the session
    # ------------------------------------------------------------------

    def secure(self) -> Session:
        """Open a sealed session: make sure that this is the key its office certified, and the one
        that this account knows.

        Happens by itself before anything that needs a PIN.  Raises KeyNotGenuine, KeyChanged,
        KeyUnknown, CertificateProblem and StatementProblem for a certificate that does not hold,
        KeyRefused(session-unavailable) when the office certified no device key.
        """
        own = self.certificate()
        profile = self.profile(own)
        if profile.device_key is None:
            raise errors.KeyRefused(ERROR_SESSION_UNAVAILABLE)
        met = self._recognise(profile, own)
        opening = Opening(self.algorithm)
        raw = self.connection.call(codec.encode_request(opening.request))
        try:
            reply = codec.decode(wire.HelloReply, raw)
            session = opening.finish(
                reply, profile.device_key, sha256(own.profile.statement).digest()
            )
        except (codec.MessageError, StatementProblem):
            raise errors.KeyNotGenuine(serial=self.info.serial) from None
        if met is not None:
            self._met = met
            if self._known is not None:
                self._known.remember(self.info.serial, met)
        self._session = session
        return session

    @property
    def is_secure(self) -> bool:
        """Is there a session?"""
        return self._session is not None

    def profile(self, own: Certificate | None = None) -> wire.ProfileManifest:
        """What the office certified of this very key, verified under the key's own anchor.

        Raises KeyNotGenuine for the certificate of another key; CertificateProblem,
        StatementProblem.
        """
        own = own or self.certificate()
        issuer = certificate.verify_issuer(own.issuer, own.root)
        profile = certificate.verify_profile(own.profile, issuer, own.root.algorithm)
        if profile.serial != self.info.serial:
            raise errors.KeyNotGenuine(serial=self.info.serial)
        return profile

    def _recognise(self, profile: wire.ProfileManifest, own: Certificate) -> Known | None:
        """Compare the key with what this account remembers of it; return what there is to remember
        of one that it has never met.

        Only what the office signed counts, not what the key says in clear.  Raises KeyChanged,
        KeyUnknown.
        """
        serial, now = (
            profile.serial,
            known(profile.device_key or b"", own.root.point, profile.uscc, profile.unit_name),
        )
        before = self._met or (self._known.get(serial) if self._known is not None else None)
        if before is None:
            if self._known is None:
                return now
            root_known = any(row.root == now.root for row in self._known.all().values())
            if not self.ui.new_key(serial, now.unit_name, now.fingerprint, root_known):
                raise errors.KeyUnknown(serial=serial)
            return now
        if (before.device_key, before.root, before.uscc) != (now.device_key, now.root, now.uscc):
            raise errors.KeyChanged(serial=serial, known=before.fingerprint, found=now.fingerprint)
        return None

    def wipe(self) -> int:
        """Destroy the key pair of a key without a certificate; needs presence.  Returns the new
        generation.
        """
        generation = self.call(wire.WipeRequest(self.info.serial), wire.WipeReply).generation
        self.refresh()
        return generation

    # --- orders of the office
    # ------------------------------------------------------------------

    def challenge(self) -> wire.Challenge:
        """What the office has to answer with an order: the same until one was carried out.  Raises
        KeyRefused(wrong-state).
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
        """Let the key carry out an order of its office; a reset needs the button, held for ten
        seconds.

        Returns the new generation after a reset, the time floor (seconds) that was set, else the
        number after which the chain goes on.  Raises KeyRefused: order-invalid, order-stale,
        serial-mismatch, wrong-state when there is nothing to reinstate, presence-*; unknown-command
        from firmware that does not know this order.
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
        """The key's audit ring as its office reads it; needs no PIN.  Raises KeyRefused:
        wrong-state, session-unavailable.
        """
        reply = self.call(wire.ExportAuditRequest(), wire.ExportAuditReply)
        return wire.AuditExport(SCHEMA_AUDIT_EXPORT, reply.manifest, reply.signature)

    @property
    def recovery(self) -> Recovery:
        """The way back in for who has forgotten a PIN."""
        return Recovery(self)

    # --- what it carries
    # ------------------------------------------------------------------

    @property
    def card(self) -> Card:
        """The unit card."""
        return Card(self)

    @property
    def outbox(self) -> Outbox:
        """Filings that travel on the key."""
        return Outbox(self)

    # --- users
    # ------------------------------------------------------------------

    @property
    def pin_slots(self) -> tuple[int, ...]:
        """The user slots that have a PIN."""
        return pin_slots(self.info)

    def set_pin(self, pin: Secret, slot: int = 0) -> None:
        """Give a slot its first PIN; slot 0 needs presence, others need slot 0 unlocked.

        Raises KeyRefused: pin-format, pin-weak, pin-set, slot-refused, presence-*; what ``secure``
        raises.
        """
        self.call(wire.SetPinRequest(slot, self.new_pin(pin).reveal()), wire.SetPinReply)
        self.refresh()

    def unlock(self, pin: Secret | None = None, slot: int | None = None) -> None:
        """Unlock as a user, for this link.  Without ``pin`` the Ui is asked, again after a wrong
        one.

        Raises KeyRefused: pin-wrong with tries_left, pin-locked, pin-unset; pin-required when
        nobody gives a PIN; pin-wait with wait_ms when one was given too soon.
        """
        slot = self.slot if slot is None else slot
        if pin is not None:
            self._unlock(slot, pin, self._try)
            return
        left, wrong = self.tries_left(slot), None
        if left == 0:
            raise errors.KeyRefused(ERROR_PIN_LOCKED, tries_left=0)
        while True:
            pin = self.ui.need_pin(
                self.info.serial, slot, None if left == LIMIT_PIN_TRIES else left
            )
            if pin is None:
                raise wrong or errors.KeyRefused(ERROR_PIN_REQUIRED)
            try:
                self._unlock(slot, pin, self._try_in_time)
                return
            except errors.KeyRefused as refusal:
                if refusal.number != ERROR_PIN_WRONG:
                    raise
                wrong, left = refusal, refusal.tries_left

    def _unlock(self, slot: int, pin: Secret, attempt: Callable[[int, Secret], None]) -> None:
        """Try a PIN in its one spelling; after that, while there are tries to spare, as it was
        given: earlier versions took it so.
        """
        spelled = pins.normalised(pin)
        if not pins.is_possible(spelled):
            raise errors.KeyRefused(ERROR_PIN_FORMAT)
        try:
            attempt(slot, spelled)
        except errors.KeyRefused as refusal:
            other = pin.reveal() != spelled.reveal() and pins.is_possible(pin)
            if (
                refusal.number != ERROR_PIN_WRONG
                or not other
                or (refusal.tries_left or 0) <= TO_SPARE
            ):
                raise
            attempt(slot, pin)

    def _try(self, slot: int, pin: Secret) -> None:
        self.call(wire.UnlockRequest(slot, pin.reveal()), wire.UnlockReply)

    def _try_in_time(self, slot: int, pin: Secret) -> None:
        """Unlock; when the key wants to wait after wrong PINs, wait with it: the person has just
        entered the next one.
        """
        try:
            self._try(slot, pin)
        except errors.KeyRefused as refusal:
            if refusal.number != ERROR_PIN_WAIT:
                raise
            wait = refusal.wait_ms or 0
            self.ui.progress("waiting", 0, 1)
            time.sleep(wait / 1000)
            self._try(slot, pin)

    def condition(self) -> Condition:
        """What to know before the key is used.  A key whose firmware knows no such question is
        taken for a whole one.
        """
        try:
            reply = self.call(wire.ConditionRequest(), wire.ConditionReply)
        except errors.KeyRefused as refusal:
            if refusal.number != ERROR_UNKNOWN_COMMAND:
                raise
            return Condition(False, {})
        return Condition(
            reply.damaged,
            {slot: left for slot, left in enumerate(reply.tries) if left <= LIMIT_PIN_TRIES},
        )

    def tries_left(self, slot: int) -> int | None:
        """How many wrong PINs a user has left; None for a slot without a PIN, and from a key that
        does not say.
        """
        return self.condition().tries.get(slot)

    def new_pin(self, pin: Secret) -> Secret:
        """A PIN to be set, in its one spelling.  Raises KeyRefused, before the key is asked:
        pin-format, pin-weak.
        """
        spelled = pins.normalised(pin)
        fault = pins.fault_of(spelled, self.info.serial)
        if fault:
            raise errors.KeyRefused(ERROR_PIN_WEAK if fault == "pin-weak" else ERROR_PIN_FORMAT)
        return spelled

    def lock(self) -> None:
        """Lock the key."""
        self.call(wire.LockRequest(), wire.LockReply)

    def change_pin(self, old: Secret, new: Secret, slot: int = 0) -> None:
        """Replace a PIN.  Raises KeyRefused: pin-format, pin-weak, pin-wrong with tries_left,
        pin-locked, pin-unset.
        """
        spelled = self.new_pin(new).reveal()
        self._unlock(slot, old, lambda at, pin: self._change(at, pin, spelled))

    def _change(self, slot: int, old: Secret, new: bytes) -> None:
        self.call(wire.ChangePinRequest(slot, old.reveal(), new), wire.ChangePinReply)

    def remove_user(self, slot: int) -> None:
        """Take a user's PIN away; user 0 must be the one who is asked, and presses the button.

        Raises KeyRefused: slot-refused, pin-unset, presence-*.
        """
        self.unlocked(lambda: self.call(wire.RemoveUserRequest(slot), wire.RemoveUserReply))
        self.refresh()

    def unlocked(self, work: Callable[[], T]) -> T:
        """Do ``work``; when the key wants a PIN first, ask for it and do it again."""
        try:
            return work()
        except errors.KeyRefused as refusal:
            if refusal.number != ERROR_PIN_REQUIRED:
                raise
        self.unlock()
        return work()

    def hand_over(self, phase: str, missing: int, total: int, send: Callable[[int], int]) -> None:
        """Hand over parts from ``missing`` on until the key has all of ``total``.

        ``send`` sends one and returns the one that the key wants next.  Raises LinkGarbled for a
        key that does not get on, which would want parts for ever; what ``send`` raises.
        """
        while missing < total:
            self.ui.progress(phase, missing, total)
            before, missing = missing, send(missing)
            if missing <= before:
                raise errors.LinkGarbled(port=self.connection.transport.name)

    # --- statements
    # ------------------------------------------------------------------

    def sign(
        self,
        manifest: bytes,
        *,
        purpose: str,
        idempotency_key: bytes,
        claimed_time: int | None = None,
    ) -> Signature:
        """Have the key sign ``manifest`` once per ``idempotency_key`` (16 bytes, kept by the caller
        before the call).

        Repeating the call, on this link or after unplugging, gives the same signature.
        ``claimed_time`` is this computer's (seconds, default now) and is marked as such.  Raises
        KeyRefused by policy, presence or stream; LinkProblem.
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
        """Confirm up to 64 manifests, by their digests in the key's suite, with one press of the
        button.

        ``sign`` then needs no other for each of them, once, for five minutes.  Raises KeyRefused:
        purpose-refused, presence-*.
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
            # the stream was lost on the way: nothing was signed, send it again, once
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
        except errors.KeyRefused as refusal:
            if self._session is None or refusal.number == ERROR_CANCELLED:
                raise
            # said in clear, so anybody may have said it: the sealed answer to what comes next tells
            # the reason

    def fetch(self, idempotency_key: bytes | None = None, seq: int | None = None) -> Kept:
        """Return a statement by its idempotency key or its sequence number.  Raises
        KeyRefused(not-found).
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
        """Sign an office's challenge for ``origin``; needs a user and presence.  Raises KeyRefused:
        purpose-refused, …
        """
        reply = self.unlocked(lambda: self.call(wire.LoginRequest(origin, nonce), wire.LoginReply))
        return self.signed(reply.header, reply.signature, reply.manifest)

    def export_links(self, first: int, count: int) -> Signed:
        """Sign the names of ``count`` statements from ``first`` on (at most 64).  Raises
        KeyRefused: not-found, …
        """
        reply = self.unlocked(
            lambda: self.call(wire.ExportLinksRequest(first, count), wire.ExportLinksReply)
        )
        return self.signed(reply.header, reply.signature, reply.manifest)

    def chain(self) -> wire.ChainStateReply:
        """Return where the key's chain and its view of the office's log stand."""
        return self.call(wire.ChainStateRequest(), wire.ChainStateReply)

    def keep_receipt(self, receipt: Receipt, consistency: list[bytes] | None = None) -> int:
        """Let the key verify and keep a receipt; return the sequence number of its statement.

        ``consistency`` proves that the office's log continues the one the key knows (RFC 9162
        section 2.1.4).  Raises KeyRefused: receipt-*.
        """
        request = wire.StoreReceiptRequest(receipt.statement, receipt.payload, consistency)
        return self.call(request, wire.StoreReceiptReply).seq

    def signed(self, header: bytes, signature: bytes, manifest: bytes) -> Signed:
        """What the key wrote and signed itself: its reply carries the manifest, so the digest is
        computed here.
        """
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

    def call(self, request: codec.Request, reply: type[R], in_clear: bool = False) -> R:
        """One command: send it, sealed where it must be, and read its reply; ``in_clear`` to a key
        that has no certificate yet.

        Raises KeyRefused, LinkProblem; what ``secure`` raises.
        """
        beats = _KeepAlives(self.ui, self._serial)
        with logs.action(
            "key.command",
            command=type(request).__name__.removesuffix("Request"),
            serial=self._serial,
        ):
            raw = self._exchange(request, beats, in_clear)
        try:
            return codec.decode(reply, raw)
        except codec.MessageError:
            raise errors.LinkGarbled(port=self.connection.transport.name) from None

    def _exchange(
        self, request: codec.Request, beats: "_KeepAlives", in_clear: bool = False
    ) -> bytes:
        """Send a request, sealed when there is a session or when it needs one; a session that was
        lost is opened anew, once.
        """
        message = codec.encode_request(request)
        if (
            request.NUMBER in SESSION_COMMANDS
            and self._session is None
            and not in_clear
            and self._needs_session()
        ):
            self.secure()
        if self._session is None:
            return self.connection.call(message, beats)
        try:
            return self.connection.call_sealed(self._session, message, beats)
        except errors.KeyRefused as refusal:
            if refusal.number != ERROR_SESSION_LOST:
                raise
            self._session = None
            if isinstance(request, PIN_REQUESTS):
                raise  # it may have been examined already: one PIN that is typed costs one try
        except (errors.LinkTimeout, KeyboardInterrupt):
            self._session = None  # nobody knows which counter the key is at
            raise
        return self.connection.call_sealed(self.secure(), message, beats)

    def _needs_session(self) -> bool:
        """Must what a PIN opens be sealed?  What the key says of itself in clear has no say in
        it.
        """
        if not self.pin_in_clear or (
            self._known is not None and self._known.get(self.info.serial) is not None
        ):
            # a key that was met in a session is never used without one: an old certificate must not
            # talk us out of it
            return True
        if self._is_certified is None:
            self._is_certified = self.profile().device_key is not None
        return self._is_certified


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


def pin_slots(info: wire.InfoReply) -> tuple[int, ...]:
    """The user slots that have a PIN, lowest first; the key states them as a mask, bit 0 for slot
    0.
    """
    mask = info.pin_slots or 0
    return tuple(slot for slot in range(LIMIT_USER_SLOTS) if mask >> slot & 1)
