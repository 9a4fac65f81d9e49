"""The token: one object that carries everything outside and inside to the handlers.

``board`` is the world (flash, entropy, clock, button, port), ``vault`` what the key keeps,
``stream`` a manifest on its way.  So a whole key can be built in a test from a few small objects,
and nothing below knows which board it runs on.
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
        """Everything that differs by target.

        ``entropy`` is the raw source, one sample a byte, each worth ``entropy_bits`` of
        min-entropy; it comes back by itself, with None or fewer bytes when there are none.  Only
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
        """What the server offers a handler that takes long."""

        def keepalive(self, phase: int, permille: int) -> None: ...  # noqa: D102
        def cancelled(self, wait_ms: int) -> bool: ...  # noqa: D102


LOOK_EVERY_MS = 20  # at the button, and for a cancel


class Token:
    """One key, alive."""

    def __init__(self, board: "Board") -> None:
        tidy()  # what the start has left lying about, before that which stays is made
        self.board = board
        self.clock = SteadyClock(board.clock)
        self.flash = MeteredFlash(board.flash)
        self.vault = Vault(self.flash, board.otp, board.pin_delay_ms)
        self.vault.users.started(self.clock.ticks_ms())
        if self.vault.users.found_older and not self.vault.damaged:
            self.vault.note(EVENT_SET_BACK, self.vault.users.forgotten)
        if self.vault.identity.suite is not None:
            # before anything else breaks the heap into pieces
            self.vault.identity.suite.crypto.reserve()
        self.stream: "ManifestStream | None" = None
        self._user: "int | None" = None
        self._last_use = 0
        self.session: "Session | None" = None
        self.batch: "Batch | None" = None
        self.pulse: "Pulse | None" = None
        self.overspent = False  # did a command write more than its budget, since the start?
        # the only source of randomness
        self.entropy = Entropy(board, self.vault.seed, self.ticker(PHASE_WORKING))

    @property
    def user(self) -> "int | None":
        """The slot whose PIN was shown on this link."""
        return self._user

    def enter(self, slot: int) -> None:
        """Somebody has shown a PIN; the vault holds the data key."""
        self._user = slot
        self._last_use = self.clock.ticks_ms()

    def leave(self) -> None:
        """Nobody is in any more: the data key goes, and what was open under it."""
        self._user = None
        self.batch = self.stream = None
        self.vault.keys.drop_data_key()

    def end_session(self) -> None:
        """Nobody has anything sealed to say any more; who was in is out."""
        self.leave()
        if self.session is not None:
            self.session.wipe()
            self.session = None

    def leave_if_idle(self) -> None:
        """Lock a key that nobody has used for LIMIT_AUTO_LOCK_MS."""
        now = self.clock.ticks_ms()  # also when nobody is in: it has to be looked at
        if self._user is not None and now - self._last_use > LIMIT_AUTO_LOCK_MS:
            self.leave()

    def used(self) -> None:
        """Somebody is at work with the key."""
        self._last_use = self.clock.ticks_ms()

    @property
    def state(self) -> int:
        """Where in its life the key is (wire numbers STATE_*)."""
        return self.vault.identity.state

    @property
    def profile(self) -> "ProfileManifest":
        """The office's profile; missing only in states that no handler asking for it accepts."""
        profile = self.vault.identity.profile
        if profile is None:
            raise Refused(ERROR_WRONG_STATE)
        return profile

    @property
    def issuer(self) -> "IssuerManifest":
        """The office's key; likewise."""
        issuer = self.vault.identity.issuer
        if issuer is None:
            raise Refused(ERROR_WRONG_STATE)
        return issuer

    @property
    def suite(self) -> "Suite":
        """The suite of the anchor, in which this key does everything; likewise."""
        suite = self.vault.identity.suite
        if suite is None:
            raise Refused(ERROR_WRONG_STATE)
        return suite

    @property
    def public_key(self) -> bytes:
        """The key's own point; likewise."""
        public_key = self.vault.identity.public_key
        if public_key is None:
            raise Refused(ERROR_WRONG_STATE)
        return public_key

    def check_office(self, statement: bytes, manifest: bytes, purpose: str) -> None:
        """Did this key's office sign ``manifest`` for ``purpose``?  Raises OfficeFault."""
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
        """Return what this key's office signed for ``purpose``, a record of ``schema``.  Raises
        Refused(refusal).
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
        """Return a function for long computations to call often: it sends keep-alives of ``phase``
        when one is due.
        """

        def tick() -> None:
            if self.pulse is not None:
                self.pulse.keepalive(phase, 0)

        return tick

    def require_user(self) -> int:
        """Return the slot of who unlocked the key.  Raises Refused: PIN_UNSET, PIN_REQUIRED,
        ROLLED_BACK, FIRMWARE_OUTDATED.
        """
        if self.vault.users.rolled_back:
            raise Refused(ERROR_ROLLED_BACK)
        if self.vault.firmware_floor > version.NUMBER:
            raise Refused(ERROR_FIRMWARE_OUTDATED)
        if self.user is None:
            raise Refused(ERROR_PIN_REQUIRED if self.vault.users.slots() else ERROR_PIN_UNSET)
        return self.user

    def require_first_user(self) -> None:
        """Make sure that user 0 unlocked the key.  Raises Refused as ``require_user``, and
        SLOT_REFUSED for another user.
        """
        if self.require_user() != 0:
            raise Refused(ERROR_SLOT_REFUSED)

    def wait_presence(self, hold_ms: int = 0) -> None:
        """Wait until somebody presses the button, and holds it for ``hold_ms``; who lets go begins
        again.

        Raises Refused: refused, timeout (nobody has pressed for LIMIT_PRESENCE_MS), cancelled by
        the host.
        """
        start, patience = self.clock.ticks_ms(), 0
        pressed_at: "int | None" = None
        while True:
            # the host first: who has taken back what he asked for must not have it done by a late
            # finger
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
