"""Each command's scene: how a key is brought to run it once, what a power cut may leave of it, and
what it is refused for.

Who adds a command adds its scene here and nowhere else (docs/howto/add-a-command.md).  From it

* ``test_scenes.py`` runs the command, in its states and outside, sealed and in clear, with and
  without its user and the button, as schema.toml has it, and is refused;
* ``sweep.py`` cuts the power at each of its operations on flash;
* ``test_threats.py`` listens to the cable for secrets while it runs;
* ``tests/fuzz`` takes its requests as seeds;
* ``tests/simulator/measuring.py`` measures what it costs, unless its own story of a key, whose
  fields are as long as they may be, has it already.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from biandun.key import succession
from biandun.keys import Key
from biandun_protocol.secret import Secret
from biandun_protocol.wire import messages as m
from tests.firmware import cuts
from tests.firmware.world import (
    ENROLLED,
    MANIFEST,
    NEW,
    PIN,
    SECOND,
    WRONG,
    Step,
    World,
    answer,
    carded,
    certified_device,
    certified_to_succeed,
    change,
    first_pin,
    five_wrong,
    look,
    officered,
    ordered_to_go_on,
    ordered_to_reset,
    ordered_to_set_the_time,
    personalise,
    receipted,
    remove_second,
    renew_firmware,
    reset,
    second_user,
    set_back,
    signed,
    stowed,
    suspend,
    unblock,
    unlocked_sign,
)

SHORT, WEAK = Secret(b"12345"), Secret(b"123456")


@dataclass(frozen=True)
class Scene:
    """``steps`` bring a new key to where ``act`` runs the command, with success; both in a way that
    may be done again after a cut.

    ``between`` says what a cut may leave besides the states before and after; a command that writes
    to another flash names the test file that cuts it (``cut_elsewhere``).  ``refused`` has, by the
    code of a refusal, what is refused with it after the steps: errors of the command's own, because
    those of states, session, user and button follow from the schema.  ``firmware``: the board has
    places for firmware.
    """

    steps: tuple[Step, ...]
    act: Step
    between: cuts.Between = cuts.nothing
    refused: Mapping[str, Step] = field(default_factory=dict[str, Step])
    cut_elsewhere: str = ""
    firmware: bool = False


def unlocked(*acts: Step) -> Step:
    """User 0 enters the PIN, then the rest is done."""

    def do(world: World, key: Key) -> None:
        key.unlock(PIN)
        for act in acts:
            act(world, key)

    return do


def asked(request: m.codec.Request, reply: type[m.codec.Message]) -> Step:
    """A request as it is, for commands and refusals for which the host library has no method."""
    return lambda world, key: key.call(request, reply)


ENROLMENT = Scene((), answer, cuts.enrolling)
LOOK = Scene((*ENROLLED, signed), lambda world, key: look(key))
SIGNATURE = Scene(ENROLLED, lambda world, key: unlocked_sign(key, b"9" * 16), cuts.attempts)
CARD_ARRIVES = Scene(
    (*ENROLLED, carded),
    unlocked(lambda world, key: key.card.put(world.kept["newer"])),
    cuts.card_arriving,
)
CARD_IS_READ = Scene(
    (*ENROLLED, carded), unlocked(lambda world, key: key.card.read()), cuts.attempts
)
PARCEL_ARRIVES = Scene((*ENROLLED, signed), unlocked(stowed), cuts.parcel_arriving)
PARCEL_IS_TAKEN = Scene(
    (*ENROLLED, signed, stowed),
    unlocked(
        lambda world, key: [key.outbox.read(entry) for entry in key.outbox.entries()],
        lambda world, key: key.outbox.drop(b"1" * 16),
    ),
    cuts.attempts,
)
FIRMWARE = Scene((answer,), renew_firmware, cut_elsewhere="test_update.py", firmware=True)

SCENES: dict[str, Scene] = {
    "info": LOOK,
    "install_anchor": ENROLMENT,
    "generate_key": ENROLMENT,
    "prove_possession": ENROLMENT,
    "personalise": Scene((answer,), personalise),
    "sign_begin": SIGNATURE,
    "sign_finish": SIGNATURE,
    "fetch": LOOK,
    "chain_state": LOOK,
    "store_receipt": Scene((*ENROLLED, signed), receipted, cuts.receipt_half_kept),
    "wipe": Scene((answer,), lambda world, key: key.wipe(), cuts.counted_wipe),
    "read_certificate": LOOK,
    "set_pin": Scene(
        (answer, personalise),
        first_pin,
        refused={
            "pin-format": lambda world, key: key.set_pin(SHORT),
            "pin-weak": lambda world, key: key.set_pin(WEAK),
            "slot-refused": lambda world, key: key.set_pin(SECOND, slot=2),
        },
    ),
    "unlock": Scene(
        ENROLLED,
        lambda world, key: key.unlock(PIN),
        cuts.attempts,
        {
            "pin-format": lambda world, key: key.unlock(SHORT),
            "pin-wrong": lambda world, key: key.unlock(WRONG),
            "pin-unset": lambda world, key: key.unlock(PIN, slot=5),
            "pin-locked": lambda world, key: (five_wrong(world, key), key.unlock(WRONG)),
        },
    ),
    "lock": LOOK,
    "change_pin": Scene(
        ENROLLED,
        lambda world, key: change(key),
        cuts.attempts,
        {
            "pin-format": lambda world, key: key.change_pin(PIN, SHORT),
            "pin-weak": lambda world, key: key.change_pin(PIN, WEAK),
            "pin-wrong": lambda world, key: key.change_pin(WRONG, NEW),
            "pin-unset": lambda world, key: key.change_pin(PIN, NEW, slot=5),
        },
    ),
    "login": Scene(
        ENROLLED,
        unlocked(lambda world, key: key.login("https://office.example", b"n" * 16)),
        cuts.attempts,
        {"origin-malformed": unlocked(lambda world, key: key.login("office", b"n" * 16))},
    ),
    "export_links": Scene(
        (*ENROLLED, signed),
        unlocked(lambda world, key: key.export_links(1, 1)),
        cuts.attempts,
        {"not-found": unlocked(lambda world, key: key.export_links(2, 1))},
    ),
    "challenge": Scene(ENROLLED, lambda world, key: key.challenge()),
    "reinstate": Scene(
        (*ENROLLED, signed, set_back, ordered_to_go_on),
        lambda world, key: key.carry_out(world.kept["order"]),
        cuts.placed,
        {"order-invalid": asked(m.ReinstateRequest(b"s", b"m"), m.ReinstateReply)},
    ),
    "factory_reset": Scene(
        (*ENROLLED, signed, stowed, carded, ordered_to_reset),
        reset,
        cuts.counted_wipe,
        {"order-invalid": asked(m.FactoryResetRequest(b"s", b"m"), m.FactoryResetReply)},
    ),
    "begin_card": CARD_ARRIVES,
    "card_section": CARD_ARRIVES,
    "read_card": CARD_IS_READ,
    "read_section": CARD_IS_READ,
    "outbox_begin": PARCEL_ARRIVES,
    "outbox_part": PARCEL_ARRIVES,
    "outbox_entry": PARCEL_IS_TAKEN,
    "outbox_read": PARCEL_IS_TAKEN,
    "outbox_drop": PARCEL_IS_TAKEN,
    "hello": Scene((certified_device, *ENROLLED), lambda world, key: key.secure()),
    "confirm_batch": Scene(
        ENROLLED,
        unlocked(
            lambda world, key: key.confirm_batch([key.algorithm.digest(MANIFEST)], purpose="filing")
        ),
        cuts.attempts,
        {
            "bad-field": unlocked(lambda world, key: key.confirm_batch([], purpose="filing")),
            "purpose-refused": lambda world, key: key.confirm_batch(
                [bytes(32)], purpose="decision"
            ),
        },
    ),
    "export_audit": Scene(ENROLLED, lambda world, key: key.audit()),
    "set_officers": Scene(
        (certified_device, *ENROLLED),
        unlocked(lambda world, key: key.recovery.name_officers(world.office.officers())),
        cuts.sharing,
        {"officers-invalid": unlocked(asked(m.SetOfficersRequest(b"s", b"m"), m.SetOfficersReply))},
    ),
    "export_shares": Scene(
        (certified_device, *ENROLLED, officered), lambda world, key: key.recovery.shares()
    ),
    "unblock": Scene(
        (certified_device, *ENROLLED, officered, five_wrong), unblock, cuts.unblocking
    ),
    "remove_user": Scene((*ENROLLED, second_user), remove_second, cuts.enrolled_twice),
    "update_begin": FIRMWARE,
    "update_part": FIRMWARE,
    "update_finish": FIRMWARE,
    "succeed": Scene(
        (certified_device, answer, certified_to_succeed, first_pin),
        unlocked(lambda world, key: succession.ask(key)),
        cuts.attempts,
    ),
    "status": Scene(
        ENROLLED,
        suspend,
        cuts.told,
        {"status-invalid": asked(m.StatusRequest(b"s", b"m"), m.StatusReply)},
    ),
    "set_time": Scene(
        (*ENROLLED, ordered_to_set_the_time),
        lambda world, key: key.carry_out(world.kept["order"]),
        cuts.time_being_set,
        {"order-invalid": asked(m.SetTimeRequest(b"s", b"m"), m.SetTimeReply)},
    ),
    "condition": LOOK,
}


def together() -> dict[str, Scene]:
    """The scenes by the names of the commands that each of them runs."""
    names: dict[int, list[str]] = {}
    for name, scene in SCENES.items():
        names.setdefault(id(scene), []).append(name)
    return {" ".join(shared): SCENES[shared[0]] for shared in names.values()}
