"""The sealed channel to one key: it authenticates the key, and encrypts commands (SPEC section 10).

Duties, in the order in which they apply to a command:

1.  Decide whether the command must be sealed.  Everything that needs a PIN must be, except on keys
    whose certificate names no device key, and only if the caller allows that.
2.  Open a sealed session if there is none: verify the certificate under the key's own anchor,
    compare the key with what this account has stored of it, let it prove its device key.
3.  Send the sealed command and read the answer.  Retransmission is done by ``connection``; the key
    executes a repeated request only once.
4.  If the session was lost, open a new one, once; but never repeat a PIN without the user: the lost
    request may already have cost a try.

Neighbours: ``connection`` carries frames, ``biandun_protocol.session`` seals and opens,
``known_keys`` remembers; ``access`` adds users and PINs, ``session`` the other commands.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Self, TypeVar

from biandun import errors, logs
from biandun.key.connection import LONGEST_CALL, LONGEST_QUESTION, Connection
from biandun.known_keys import Known, KnownKeys, identity
from biandun.ui import Silent, Ui
from biandun_protocol import certificate
from biandun_protocol.algorithms import BY_NAME, ES256, Algorithm, PublicKey
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import StatementProblem
from biandun_protocol.session import Opening, Session
from biandun_protocol.wire import codec
from biandun_protocol.wire import messages as wire
from biandun_protocol.wire.numbers import (
    ERROR_SESSION_LOST,
    ERROR_SESSION_UNAVAILABLE,
    PHASE_NAMES,
    PHASE_WAITING_PRESENCE,
    PROTOCOL_VERSION,
    SESSION_COMMANDS,
)

PIN_REQUESTS = (wire.UnlockRequest, wire.SetPinRequest, wire.ChangePinRequest, wire.UnblockRequest)
# requests that never wait for a person, nor compute more than one or two signatures
QUESTIONS = (
    wire.InfoRequest,
    wire.ConditionRequest,
    wire.ReadCertificateRequest,
    wire.HelloRequest,
    wire.ChainStateRequest,
    wire.StatusRequest,
    wire.FetchRequest,
    wire.ReadCardRequest,
    wire.ReadSectionRequest,
    wire.OutboxEntryRequest,
    wire.OutboxReadRequest,
    wire.ExportAuditRequest,
    wire.LockRequest,
)
R = TypeVar("R", bound=codec.Message)


def longest(request: codec.Request) -> float:
    """For how many seconds keep-alives may extend the wait for the answer to this request."""
    return LONGEST_QUESTION if isinstance(request, QUESTIONS) else LONGEST_CALL


@dataclass(frozen=True)
class Certificate:
    """The certificate of a key and the anchor, as read from the key; not verified.

    ``x509`` is the certificate in DER, ``profile`` the office's signed profile of the key,
    ``issuer`` the root's signed statement about the office, ``root`` the root's public key.
    """

    x509: bytes
    profile: Signed
    issuer: Signed
    root: PublicKey


class Channel:
    """Commands to one key, sealed where required; a context manager.

    ``ui`` is notified of progress and of waits for the button, and asked whether to accept a key
    that is new to this account.  ``known`` stores the keys that this account has met.
    ``pin_in_clear`` allows keys whose certificate names no device key: their PINs are sent
    unencrypted.  Not thread-safe.
    """

    def __init__(
        self, connection: Connection, ui: Ui | None = None, known: KnownKeys | None = None
    ) -> None:
        self.connection = connection
        self.ui: Ui = ui or Silent()
        self.pin_in_clear = False
        self._known = known
        self._session: Session | None = None
        self._met: Known | None = None  # the identity of the key earlier on this connection
        # has the office certified a device key?  None: not checked yet
        self._is_certified: bool | None = None
        self._serial = ""
        connection.resync()
        self.info = self.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.info.serial} on {self.connection.transport.name}>"

    def close(self) -> None:
        """Close the port."""
        self.connection.close()

    # --- identity of the key ------------------------------------------

    def refresh(self) -> wire.InfoReply:
        """Ask the key for its info again, and store it in ``info``.

        Raises LinkProblem.
        """
        self.info = self.call(wire.InfoRequest(PROTOCOL_VERSION), wire.InfoReply)
        self._serial, self._is_certified = self.info.serial, None
        return self.info

    @property
    def algorithm(self) -> Algorithm:
        """The suite that the key got with its anchor; ES256 if it names none.

        Raises StatementProblem(algorithm-unknown) for one that this program does not know.
        """
        name = self.info.suite or ES256.name
        if name not in BY_NAME:
            raise StatementProblem("algorithm-unknown", alg=name)
        return BY_NAME[name]

    @property
    def public_key(self) -> PublicKey | None:
        """The public key of the key's current pair, None before it has one."""
        return PublicKey(self.algorithm, self.info.public_key) if self.info.public_key else None

    def certificate(self) -> Certificate:
        """Read the certificate in both forms, and the anchor that the key trusts.

        Nothing is verified here; see ``profile``.  Raises KeyRefused(wrong-state) from a key
        without a certificate.
        """
        reply = self.call(wire.ReadCertificateRequest(), wire.ReadCertificateReply)
        return Certificate(
            reply.x509,
            Signed(reply.profile_statement, reply.profile_manifest),
            Signed(reply.issuer_statement, reply.issuer_manifest),
            PublicKey(self.algorithm, reply.root_public_key),
        )

    def profile(self, own: Certificate | None = None) -> wire.ProfileManifest:
        """Return the office's profile of this very key, verified under the key's own anchor.

        Raises KeyNotGenuine for the certificate of another key; CertificateProblem,
        StatementProblem for one that does not verify.
        """
        own = own or self.certificate()
        issuer = certificate.verify_issuer(own.issuer, own.root)
        profile = certificate.verify_profile(own.profile, issuer, own.root.algorithm)
        if profile.serial != self.info.serial:
            raise errors.KeyNotGenuine(serial=self.info.serial)
        return profile

    def remember(self, own: Certificate, profile: wire.ProfileManifest) -> None:
        """Store the identity of a key that was just certified, if it has a device key.

        Raises KeyChanged if this account knows another key with its serial number.
        """
        if self._known is None or profile.device_key is None:
            return
        now = identity(profile.device_key, own.root.point, profile.uscc, profile.unit_name)
        before = self._known.get(profile.serial)
        if before is not None and (before.device_key, before.root) != (now.device_key, now.root):
            raise errors.KeyChanged(
                serial=profile.serial, known=before.fingerprint, found=now.fingerprint
            )
        self._known.remember(profile.serial, now)

    def _recognise(self, profile: wire.ProfileManifest, own: Certificate) -> Known | None:
        """Compare the key with what this account has stored of it.

        Return the identity to store for a key that is new, else None.  Only signed data are
        compared, not what the key says in clear.  Raises KeyChanged, KeyUnknown.
        """
        serial, now = (
            profile.serial,
            identity(profile.device_key or b"", own.root.point, profile.uscc, profile.unit_name),
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

    # --- the sealed session -------------------------------------------

    @property
    def is_secure(self) -> bool:
        """Is there a sealed session?"""
        return self._session is not None

    def secure(self) -> Session:
        """Open a sealed session with a key that its office certified and that this account knows.

        Called automatically before anything that needs a PIN.  Raises KeyNotGenuine, KeyChanged,
        KeyUnknown; CertificateProblem and StatementProblem for a certificate that does not verify;
        KeyRefused(session-unavailable) when the office certified no device key.
        """
        own = self.certificate()
        profile = self.profile(own)
        if profile.device_key is None:
            raise errors.KeyRefused(ERROR_SESSION_UNAVAILABLE)
        met = self._recognise(profile, own)
        opening = Opening(self.algorithm)
        raw = self.connection.call(
            codec.encode_request(opening.request), longest=longest(opening.request)
        )
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

    def call(self, request: codec.Request, reply: type[R], in_clear: bool = False) -> R:
        """Send one command, sealed if required, and return its reply.

        ``in_clear`` sends it unsealed, to a key that has no certificate yet.  Raises KeyRefused,
        LinkProblem, and the errors of ``secure``.
        """
        on_keepalive = _KeepAlives(self.ui, self._serial)
        with logs.action(
            "key.command",
            command=type(request).__name__.removesuffix("Request"),
            serial=self._serial,
        ):
            raw = self._exchange(request, on_keepalive, in_clear)
        try:
            return codec.decode(reply, raw)
        except codec.MessageError:
            raise errors.LinkGarbled(port=self.connection.transport.name) from None

    def send_parts(self, phase: str, missing: int, total: int, send: Callable[[int], int]) -> None:
        """Send parts from number ``missing`` on, until the key has all of ``total``.

        ``send`` sends one part and returns the number of the next one that the key wants.  Raises
        LinkGarbled if that number does not increase, so that the loop ends; and the errors of
        ``send``.
        """
        while missing < total:
            self.ui.progress(phase, missing, total)
            before, missing = missing, send(missing)
            if missing <= before:
                raise errors.LinkGarbled(port=self.connection.transport.name)

    def _exchange(
        self, request: codec.Request, on_keepalive: "_KeepAlives", in_clear: bool = False
    ) -> bytes:
        """Send a request, sealed if there is a session or if it needs one.

        If the key has lost the session, a new one is opened, once.
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
            return self.connection.call(message, on_keepalive, longest(request))
        try:
            return self.connection.call_sealed(
                self._session, message, on_keepalive, longest(request)
            )
        except errors.KeyRefused as refusal:
            if refusal.number != ERROR_SESSION_LOST:
                raise
            self._session = None
            if isinstance(request, PIN_REQUESTS):
                raise  # the key may have checked the PIN: typing it once must cost only one try
        except (errors.LinkTimeout, KeyboardInterrupt):
            self._session = None  # the key's message counter is unknown now
            raise
        return self.connection.call_sealed(self.secure(), message, on_keepalive, longest(request))

    def _needs_session(self) -> bool:
        """Must a command that needs a PIN be sealed?

        The key's own unauthenticated answers do not decide that.
        """
        if not self.pin_in_clear or (
            self._known is not None and self._known.get(self.info.serial) is not None
        ):
            # a key that once had a session is never used without one, so that nobody can avoid it
            # by presenting an old certificate
            return True
        if self._is_certified is None:
            self._is_certified = self.profile().device_key is not None
        return self._is_certified


class _KeepAlives:
    """Turns the key's keep-alives into calls of the Ui, on change only."""

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
