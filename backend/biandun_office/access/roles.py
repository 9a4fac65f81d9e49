"""What the holder of a certificate may see, by the purposes that it was issued for."""

from collections.abc import Collection

from biandun_protocol.wire.numbers import (
    PURPOSE_COUNTERSIGN,
    PURPOSE_DECISION,
    PURPOSE_FILING,
    PURPOSE_LINK,
    PURPOSE_LOGIN,
    PURPOSE_RECEIPT_ACK,
)

UNIT = "UNIT"
SUPERVISOR = "SUPERVISOR"
OFFICER = "OFFICER"

_BY_PURPOSE = {PURPOSE_FILING: UNIT, PURPOSE_COUNTERSIGN: SUPERVISOR, PURPOSE_DECISION: OFFICER}

# what `biandun-office issue --role` certifies
PURPOSES = {
    "unit": (PURPOSE_FILING, PURPOSE_RECEIPT_ACK, PURPOSE_LOGIN, PURPOSE_LINK),
    "supervisor": (PURPOSE_FILING, PURPOSE_COUNTERSIGN, PURPOSE_RECEIPT_ACK, PURPOSE_LOGIN, PURPOSE_LINK),
    "officer": (PURPOSE_DECISION, PURPOSE_LOGIN, PURPOSE_LINK),
}


def roles_of(purposes: Collection[str], *, own_office: bool) -> tuple[str, ...]:
    """The roles that ``purposes`` give; an officer's only to a key of the office's own unit."""
    roles = (role for purpose, role in _BY_PURPOSE.items() if purpose in purposes)
    return tuple(role for role in roles if role != OFFICER or own_office)
