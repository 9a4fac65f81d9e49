"""The life of a key as a table, found out by living it: ``python -m tests.firmware.lifecycle``
writes docs/lifecycle.md.

For every stage a key is brought there and every act is tried on it; the cell is the stage
afterwards, or why the key refused.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes
from typing import Any

from biandun import errors, key_status
from biandun.key import succession
from biandun.keys import Key
from biandun_protocol.secret import Secret
from biandun_protocol.wire.messages import (
    Challenge,
    InfoReply,
    KeyRequest,
    StatusReply,
    StatusRequest,
)
from biandun_protocol.wire.numbers import (
    LIMIT_PIN_TRIES,
    SCHEMA_CHALLENGE,
    SCHEMA_KEY_REQUEST,
    STANDING_ACTIVE,
    STANDING_NAMES,
    STANDING_REVOKED,
    STANDING_SUSPENDED,
    STATE_NAMES,
    STATE_PERSONALISED,
)
from biandun_protocol.wire.otpmodel import OtpModel
from tests.firmware.conftest import Wire
from tests.firmware.testboard import TestBoard
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"
WRONG, NEW = Secret(b"000000"), Secret(b"a new beginning")


@dataclass
class Life:
    """A key with one-time-programmable memory, its office, and what was made on the way."""

    office: SoftOffice = field(
        default_factory=lambda: SoftOffice(purposes=("filing", "succession"))
    )
    wire: Wire = field(default_factory=lambda: Wire(TestBoard(otp=OtpModel())))
    made: dict[str, Any] = field(default_factory=dict)
    moment: int = 0  # seconds after NOW when the office last decided something

    def __post_init__(self) -> None:
        self.key: Key = self.wire.open()

    # --- acts ---
    def enrol(self) -> None:
        """Answer an offer of the office."""
        self.made["request"] = self.key.answer_offer(self.office.offer(), self.office.officers())

    def personalise(self) -> None:
        """Take in the first certificate."""
        request = self.made.get("request") or KeyRequest(SCHEMA_KEY_REQUEST, b"", b"")
        if not request.statement:
            grant = self.office.grant_for(self.wire.key.board.serial, b"\4" + bytes(64))
        else:
            grant = self.made.setdefault("grant", self.office.grant(request))
        self.key.personalise(grant)

    def renew(self) -> None:
        """Take in a newer certificate."""
        request = self.made.get("request")
        self.moment += 1
        grant = (
            self.office.grant(request, version=2, not_before=NOW + self.moment)
            if request
            else self.office.grant_for(self.wire.key.board.serial, b"\4" + bytes(64))
        )
        self.key.personalise(grant)

    def succeed(self) -> None:
        """Ask for a new key pair and take in its certificate."""
        asked = succession.ask(self.key)
        succession.install(self.key, self.office.succeed(asked, self.key.info.public_key or b""))

    def told(self, word: int) -> None:
        """Hear what the office says of it now."""
        self.moment += 1
        said = self.office.status(self.info(), word, NOW + self.moment)
        self.key.call(StatusRequest(said.statement, said.manifest), StatusReply)

    def info(self) -> InfoReply:
        """Who it is; one without a pair is named by a point of its own."""
        info = self.key.info
        info.public_key = info.public_key or b"\4" + bytes(64)
        return info

    def suspend(self) -> None:
        """Hear that it is suspended."""
        self.told(STANDING_SUSPENDED)

    def resume(self) -> None:
        """Hear that it may sign."""
        self.told(STANDING_ACTIVE)

    def revoke(self) -> None:
        """Hear that it is revoked."""
        self.told(STANDING_REVOKED)

    def set_pin(self) -> None:
        """Set the first PIN."""
        self.key.set_pin(PIN)

    def use(self) -> None:
        """Enter the PIN and sign."""
        self.key.unlock(PIN)
        self.key.sign(softkey.manifest(), purpose="filing", idempotency_key=token_bytes(16))

    def lock_up(self) -> None:
        """Enter a wrong PIN, six times."""
        for _ in range(LIMIT_PIN_TRIES):
            with suppress(errors.KeyRefused):
                self.key.unlock(WRONG)
        self.key.unlock(PIN)

    def unblock(self) -> None:
        """Enter the codes of both officers."""
        codes = (
            self.office.codes(self.key)
            if self.key.info.uscc
            else (Secret(b"0000-0000-0000-0"), Secret(b"0000-0000-0000-0"))
        )
        self.key.recovery.unblock(0, codes, NEW)

    def order(self, purpose: str, **fields: object) -> None:
        serial = self.wire.key.board.serial
        asked = (
            self.key.challenge()
            if self.key.info.uscc
            else Challenge(SCHEMA_CHALLENGE, serial, bytes(16), bytes(16), 0, 0, bytes(32))
        )
        self.key.carry_out(self.office.order(purpose, asked, asked.seq + 64, **fields))

    def reset(self) -> None:
        """Carry out the office's order to reset."""
        self.order("reset")

    def reinstate(self) -> None:
        """Carry out the office's order to go on."""
        self.order("reinstate")

    def set_time(self) -> None:
        """Carry out the office's order to set the time floor."""
        self.order("set-time", time=NOW + self.moment)

    def wipe(self) -> None:
        """Wipe it without an order."""
        self.key.wipe()

    def set_back(self) -> None:
        """Put an older image of its flash back (somebody with a programmer)."""
        older = bytes(self.wire.key.board.flash.cells)
        for _ in range(2):
            self.key.unlock(PIN)
        self.wire.key.board.flash.cells[:] = older
        self.key = self.wire.restart()

    def stage(self) -> str:
        """Where in its life the key is."""
        self.key = self.wire.restart()
        if self.key.info.state != STATE_PERSONALISED:
            return STATE_NAMES[self.key.info.state]
        if self.key.chain().forgotten:
            return "set back"
        if not self.key.pin_slots:
            return "certified"
        said = key_status.stored(self.key)
        if said is not None and said.standing != STANDING_ACTIVE:
            return STANDING_NAMES[said.standing]
        return "in service" if self.wire.key.token.vault.users.tries_left(0) else "locked"


IN_SERVICE = (Life.enrol, Life.personalise, Life.set_pin, Life.use)
STAGES: dict[str, tuple[Callable[[Life], None], ...]] = {
    "blank": (),
    "anchored": (Life.enrol, Life.wipe),
    "keyed": (Life.enrol,),
    "certified": (Life.enrol, Life.personalise),
    "in service": IN_SERVICE,
    "locked": (*IN_SERVICE, Life.lock_up),
    "set back": (*IN_SERVICE, Life.set_back),
    "suspended": (*IN_SERVICE, Life.suspend),
    "revoked": (*IN_SERVICE, Life.revoke),
}
ACTS: dict[str, Callable[[Life], None]] = {
    "enrol": Life.enrol,
    "first certificate": Life.personalise,
    "renewed certificate": Life.renew,
    "new key pair": Life.succeed,
    "first PIN": Life.set_pin,
    "sign": Life.use,
    "six wrong PINs": Life.lock_up,
    "unblock, two codes": Life.unblock,
    "status: suspended": Life.suspend,
    "status: active": Life.resume,
    "status: revoked": Life.revoke,
    "order: reset": Life.reset,
    "order: reinstate": Life.reinstate,
    "order: set the time": Life.set_time,
    "wipe": Life.wipe,
    "older image put back": Life.set_back,
}


def brought_to(stage: str) -> Life:
    """A key that has come so far."""
    life = Life()
    for act in STAGES[stage]:
        with suppress(errors.KeyRefused):  # the last of six wrong PINs says that it was
            act(life)
    assert life.stage() == stage, (life.stage(), stage)
    return life


def outcome(stage: str, act: str) -> str:
    """The stage after an act, with what the key said when it refused."""
    life, said = brought_to(stage), ""
    try:
        ACTS[act](life)
    except errors.KeyRefused as refusal:
        said = refusal.code
    after = life.stage()
    if after == stage:
        return f"`{said}`" if said else "·"
    return f"**{after}**"


def page() -> str:
    """The documentation page."""
    rows = [
        "# The life of a key",
        "",
        "Found out by `tests/firmware/lifecycle.py`, which brings a key to every stage and tries every act on it; a test compares this page.",
        "A cell is the stage afterwards; `·` where the key did it and stays in its stage; a code where it refused and nothing has changed.",
        "",
        f"| act | {' | '.join(STAGES)} |",
        f"| --- |{' --- |' * len(STAGES)}",
    ]
    rows += [f"| {act} | {' | '.join(outcome(stage, act) for stage in STAGES)} |" for act in ACTS]
    rows += [
        "",
        "A reset leaves anchor, device key, log point, audit ring, firmware floor, and the count of resets; a wipe is for keys without a certificate.",
        "Firmware is renewed in every stage but `blank`, and changes none. The office decides what becomes of a certificate (`biandun-office suspend`,",
        "`resume`, `revoke`, `renew`, `succeed`) and takes nothing in at once; the key knows when it has been told (`biandun keys status`). The office",
        "renews no key that is suspended or revoked, so to a suspended key a newer certificate is a newer word; a revoked one stays so until its reset.",
        "",
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
