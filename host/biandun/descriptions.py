"""Describes a key by values to show: its identity, its content, its revocation status.

Nothing here changes a key or asks for a PIN.
"""

import contextlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from biandun import key_status, keys
from biandun.errors import KeyRefused
from biandun.key.session import Key
from biandun.results.computer import ReleaseDescription
from biandun.results.keys import CertifiedKeyInfo, ChainState, KeyDescription, KeyInfo, KeyRow
from biandun_protocol.errors import ProtocolProblem
from biandun_protocol.release import Release
from biandun_protocol.wire.messages import InfoReply
from biandun_protocol.wire.numbers import CLASS_NAMES, ERROR_NAMES, STANDING_NAMES, STATE_NAMES

DAMAGED = "damaged"  # shown instead of the state of a key whose flash is inconsistent


def day(seconds: int | None) -> date | None:
    """The day (UTC) of a time in seconds; None stays None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).date()


def moment(seconds: int) -> datetime:
    """A time in seconds, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def describe_port(row: keys.Row, language: str) -> KeyRow:
    """A port and what was found there; ``language`` (zh, en) is that of the next step."""
    info, problem = row.info, row.problem
    state = STATE_NAMES.get(info.state) if info else None
    faults, last_fault = _faults(info) if info else (None, None)
    return KeyRow(
        serial=info.serial if info else row.port.serial,
        port=row.port.port,
        state=DAMAGED if row.is_damaged else state,
        unit_name=info.unit_name if info else None,
        suite=info.suite if info else None,
        simulated=row.port.simulated,
        problem=problem.code if problem else None,
        fix=problem.next_step(language) if problem else None,
        faults=faults,
        last_fault=last_fault,
    )


def describe(info: InfoReply) -> KeyDescription:
    """What a key says of itself, with names instead of numbers; not verified."""
    faults, last_fault = _faults(info)
    return KeyDescription(
        serial=info.serial,
        state=STATE_NAMES.get(info.state, str(info.state)),
        unit_name=info.unit_name,
        uscc=info.uscc,
        unit_code=info.unit_code,
        region=info.region,
        purposes=info.purposes or [],
        not_after=day(info.not_after),
        office_id=info.office_id,
        firmware=info.firmware,
        hardware_class=CLASS_NAMES.get(info.hardware_class, str(info.hardware_class)),
        generation=info.generation,
        users=keys.pin_slots(info),
        suite=info.suite,
        algorithms=info.algorithms,
        public_key=info.public_key or None,
        faults=faults,
        last_fault=last_fault,
    )


def describe_key(key: Key, language: str) -> KeyInfo:
    """Describe an open key; one in service also by its verified certificate.

    Raises LinkProblem; KeyNotGenuine, CertificateProblem, StatementProblem for a certificate that
    does not verify.
    """
    fields: dict[str, Any] = {**vars(describe(key.info))}
    problem = keys.blocking_problem(key)
    if problem is not None:
        fields |= {"problem": problem.code, "fix": problem.next_step(language)}
        if problem.code == "store-damaged":
            fields |= {"state": DAMAGED, "readable": readable(key)}
            return KeyInfo(**fields)
    if not key.info.uscc:
        return KeyInfo(**fields)
    profile = key.profile()
    stored = key_status.stored(key)
    return CertifiedKeyInfo(
        **fields,
        role=profile.role,
        sealed=profile.device_key is not None,
        status=STANDING_NAMES[stored.standing] if stored else None,
    )


def _faults(info: InfoReply) -> tuple[int | None, str | None]:
    """How many faults the key has recorded, and the newest; (None, None) without any."""
    if not info.faults:
        return None, None
    return info.faults, ERROR_NAMES.get(info.last_fault or 0, str(info.last_fault))


def readable(key: Key) -> list[str]:
    """Which data of a damaged key can still be read."""
    found: list[str] = []
    asks: dict[str, Callable[[], object]] = {
        "certificate": key.certificate,
        "statements": lambda: key.fetch(seq=key.chain().seq),
        "unit-card": key.card.head,
        "audit": key.audit,
    }
    for name, ask in asks.items():
        with contextlib.suppress(KeyRefused, ProtocolProblem):
            ask()
            found.append(name)
    return found


def describe_chain(key: Key) -> ChainState:
    """The state of the key's chain of statements, and of the office's log as the key knows it."""
    state = key.chain()
    return ChainState(
        serial=key.info.serial,
        seq=state.seq,
        head=state.head,
        receipted=state.receipted,
        waiting=state.waiting,
        log_size=state.log_size,
        log_root=state.log_root,
        forgotten=state.forgotten or 0,
        card_version=state.card_version,
        parcels=state.parcels or 0,
        time_floor=moment(state.time_floor) if state.time_floor else None,
    )


def describe_release(release: Release) -> ReleaseDescription:
    """The manifest of a firmware release.  Raises ManifestProblem for one that cannot be parsed."""
    said = release.read()
    return ReleaseDescription(
        version=said.version,
        number=said.number,
        floor=said.floor,
        target=said.target,
        size=said.length,
        digest=said.digest,
        approved=release.operator is not None,
    )
