"""The token: one object through which the handlers reach everything.

``board`` is the hardware (flash, entropy, clock, button, port), ``vault`` what the key stores,
``stream`` the manifest being received.  So a test can build a whole key from a few small objects,
and no handler depends on the board.
"""

from biandun_protocol.wire import codec
from biandun_protocol.wire.numbers import (
    ERROR_CANCELLED,
    ERROR_FIRMWARE_OUTDATED,
    ERROR_PIN_REQUIRED,
    ERROR_PIN_UNSET,
    ERROR_PRESENCE_REFUSED,
    ERROR_PRESENCE_TIMEOUT,
    ERROR_ROLLED_BACK,
    ERROR_SLOT_REFUSED,
    ERROR_WRONG_STATE,
    EVENT_SET_BACK,
    LIMIT_AUTO_LOCK_MS,
    LIMIT_PRESENCE_MS,
    PHASE_VERIFYING,
    PHASE_WAITING_PRESENCE,
    PHASE_WORKING,
)
from etoken import office, version
from etoken.clock import SteadyClock
from etoken.entropy import Entropy
from etoken.heap import tidy
from etoken.meter import MeteredFlash
from etoken.refusal import Refused
from etoken.vault.vault import Vault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TypeVar

    from biandun_protocol.wire.messages import (
        CardManifest,
        IssuerManifest,
        OfficersManifest,
        OrderManifest,
        ProfileManifest,
        ReleaseManifest,
        StatusManifest,
    )
    from etoken.batch import Batch
    from etoken.clock import Clock
    from etoken.link.link import Port
    from etoken.manifest import ManifestStream
    from etoken.session import Session
    from etoken.store.images import Installed
    from etoken.store.journal import Flash
    from etoken.suite import Suite
    from etoken.vault.vault import Otp

    M = TypeVar(
        "M",
        CardManifest,
        OfficersManifest,
        OrderManifest,
        ProfileManifest,
        ReleaseManifest,
        StatusManifest,
    )

    class Board(Protocol):
        """Everything that differs between boards.

        ``entropy`` is the raw source: one sample a byte, each with ``entropy_bits`` of min-entropy.
        It must return by itself, with None or fewer bytes when the source yields none.  Only
        ``etoken.entropy`` calls it.
        """

        @property
        def serial(self) -> str: ...  # noqa: D102
        @property
        def hardware_class(self) -> int: ...  # noqa: D102
        @property
        def flash(self) -> Flash: ...  # noqa: D102
        @property
        def clock(self) -> Clock: ...  # noqa: D102
        @property
        def port(self) -> Port: ...  # noqa: D102
        @property
        def pin_iterations(self) -> int: ...  # noqa: D102
        @property
        def pin_delay_ms(self) -> int: ...  # noqa: D102
        @property
        def reset_hold_ms(self) -> int: ...  # noqa: D102
        @property
        def otp(self) -> "Otp | None": ...  # noqa: D102
        @property
        def firmware(self) -> "Installed | None": ...  # noqa: D102
        @property
        def entropy_bits(self) -> float: ...  # noqa: D102
        def entropy(self, size: int) -> "bytes | None": ...  # noqa: D102
        def button(self) -> "bool | None": ...  # noqa: D102
        def report(self, error: Exception) -> None: ...  # noqa: D102

    class Pulse(Protocol):
        """What the server offers to a handler that takes long."""

        def keepalive(self, phase: int, permille: int) -> None: ...  # noqa: D102
        def cancelled(self, wait_ms: int) -> bool: ...  # noqa: D102


LOOK_EVERY_MS = 20  # how often the button and a cancel are polled


class Token:
    """One running key."""

    def __init__(self, board: "Board") -> None:
        tidy()  # free the garbage of the start before long-lived objects are allocated
        self.board = board
        self.clock = SteadyClock(board.clock)
        self.flash = MeteredFlash(board.flash)
        self.vault = Vault(self.flash, board.otp, board.pin_delay_ms)
        self.vault.users.restart_waits(self.clock.ticks_ms())
        if self.vault.users.rollback_detected and not self.vault.damaged:
            self.vault.note(EVENT_SET_BACK, self.vault.users.forgotten)
        if self.vault.identity.suite is not None:
            # before anything else fragments the heap
            self.vault.identity.suite.crypto.reserve()
        self.stream: "ManifestStream | None" = None
        self._user: "int | None" = None
        self._last_use = 0
        self.session: "Session | None" = None
        self.batch: "Batch | None" = None
        self.pulse: "Pulse | None" = None
        self.overspending_logged = False  # a command wrote over its budget in this boot
        # the only source of randomness
        self.entropy = Entropy(board, self.vault.seed, self.ticker(PHASE_WORKING))

    @property
    def user(self) -> "int | None":
        """The slot of the user who is logged in on this link; None while nobody is."""
        return self._user

    def log_in(self, slot: int) -> None:
        """Record that the user of ``slot`` has logged in; the vault holds the data key."""
        self._user = slot
        self._last_use = self.clock.ticks_ms()

    def log_out(self) -> None:
        """Log the user out: drop the data key, the batch and the open stream."""
        self._user = None
        self.batch = self.stream = None
        self.vault.keys.drop_data_key()

    def end_session(self) -> None:
        """Log the user out and end the session."""
        self.log_out()
        if self.session is not None:
            self.session.wipe()
            self.session = None

    def lock_if_idle(self) -> None:
        """Lock a key that was not used for LIMIT_AUTO_LOCK_MS."""
        now = self.clock.ticks_ms()  # also while locked: the clock must be read
        if self._user is not None and now - self._last_use > LIMIT_AUTO_LOCK_MS:
            self.log_out()

    def restart_idle_timer(self) -> None:
        """Restart the auto-lock timer."""
        self._last_use = self.clock.ticks_ms()

    @property
    def state(self) -> int:
        """The state of the key's life cycle (wire numbers STATE_*)."""
        return self.vault.identity.state

    @property
    def profile(self) -> "ProfileManifest":
        """The profile that the office signed.

        Raises Refused(WRONG_STATE) without one; no command that reads it works in such a state.
        """
        profile = self.vault.identity.profile
        if profile is None:
            raise Refused(ERROR_WRONG_STATE)
        return profile

    @property
    def issuer(self) -> "IssuerManifest":
        """The office's certificate in the anchor; without one as ``profile``."""
        issuer = self.vault.identity.issuer
        if issuer is None:
            raise Refused(ERROR_WRONG_STATE)
        return issuer

    @property
    def suite(self) -> "Suite":
        """The suite of the anchor, in which this key computes; without one as ``profile``."""
        suite = self.vault.identity.suite
        if suite is None:
            raise Refused(ERROR_WRONG_STATE)
        return suite

    @property
    def public_key(self) -> bytes:
        """The public key of the pair that signs (65 bytes); without one as ``profile``."""
        public_key = self.vault.identity.public_key
        if public_key is None:
            raise Refused(ERROR_WRONG_STATE)
        return public_key

    def check_office(self, statement: bytes, manifest: bytes, purpose: str) -> None:
        """Verify that the key's office signed ``manifest`` for ``purpose``.  Raises OfficeFault."""
        issuer, tick = self.issuer, self.ticker(PHASE_VERIFYING)
        office.verify(
            statement,
            manifest,
            purpose,
            self.suite,
            issuer.public_key,
            issuer.office_id,
            issuer.x5t,
            tick,
        )

    def read_office(
        self,
        kind: "type[M]",
        statement: bytes,
        manifest: bytes,
        purpose: str,
        schema: str,
        refusal: int,
    ) -> "M":
        """Verify what the office signed for ``purpose``; return it as a record of ``schema``.

        Raises Refused(refusal).
        """
        try:
            record = codec.decode(kind, manifest)
            self.check_office(statement, manifest, purpose)
        except (codec.MessageError, office.OfficeFault):
            raise Refused(refusal)
        if record.schema != schema:
            raise Refused(refusal)
        return record

    def ticker(self, phase: int) -> "Callable[[], None]":
        """Return a function that sends a keep-alive of ``phase`` when one is due.

        Long computations call it often.
        """

        def tick() -> None:
            if self.pulse is not None:
                self.pulse.keepalive(phase, 0)

        return tick

    def require_user(self) -> int:
        """Return the slot of the user who is logged in.

        Raises Refused: PIN_UNSET, PIN_REQUIRED, ROLLED_BACK, FIRMWARE_OUTDATED.
        """
        if self.vault.users.rolled_back:
            raise Refused(ERROR_ROLLED_BACK)
        if self.vault.firmware_floor > version.NUMBER:
            raise Refused(ERROR_FIRMWARE_OUTDATED)
        if self.user is None:
            raise Refused(ERROR_PIN_REQUIRED if self.vault.users.slots() else ERROR_PIN_UNSET)
        return self.user

    def require_first_user(self) -> None:
        """Make sure that user 0 is logged in.

        Raises Refused as ``require_user``, and SLOT_REFUSED for another user.
        """
        if self.require_user() != 0:
            raise Refused(ERROR_SLOT_REFUSED)

    def wait_presence(self, hold_ms: int = 0) -> None:
        """Wait until the user has held the button for ``hold_ms`` without interruption.

        Raises Refused: PRESENCE_REFUSED, PRESENCE_TIMEOUT (the button was not pressed for
        LIMIT_PRESENCE_MS), CANCELLED by the host.
        """
        start, patience = self.clock.ticks_ms(), 0
        pressed_at: "int | None" = None
        while True:
            # the host first: a late press of the button must not carry out a cancelled command
            if self.pulse is not None and self.pulse.cancelled(patience):
                raise Refused(ERROR_CANCELLED)
            patience = LOOK_EVERY_MS
            pressed = self.board.button()
            now = self.clock.ticks_ms()
            if pressed is False:
                raise Refused(ERROR_PRESENCE_REFUSED)
            if pressed:
                if pressed_at is None:
                    pressed_at = now
                if now - pressed_at >= hold_ms:
                    return
                start = now
                progress = 1000 * (now - pressed_at) // hold_ms
            else:
                pressed_at = None
                if now - start >= LIMIT_PRESENCE_MS:
                    raise Refused(ERROR_PRESENCE_TIMEOUT)
                progress = 1000 * (now - start) // LIMIT_PRESENCE_MS
            if self.pulse is not None:
                self.pulse.keepalive(PHASE_WAITING_PRESENCE, progress)
