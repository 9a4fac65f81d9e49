"""What the holder of a certificate may see, by the purposes that it was issued for."""

from collections.abc import Collection

from biandun_protocol.wire.numbers import PURPOSE_COUNTERSIGN, PURPOSE_DECISION, PURPOSE_FILING

UNIT = "UNIT"
SUPERVISOR = "SUPERVISOR"
OFFICER = "OFFICER"

_BY_PURPOSE = {PURPOSE_FILING: UNIT, PURPOSE_COUNTERSIGN: SUPERVISOR, PURPOSE_DECISION: OFFICER}


def roles_of(purposes: Collection[str], *, of_office: bool) -> tuple[str, ...]:
    """The roles that ``purposes`` give; an officer's only to a key of a unit that is an office."""
    roles = (role for purpose, role in _BY_PURPOSE.items() if purpose in purposes)
    return tuple(role for role in roles if role != OFFICER or of_office)
