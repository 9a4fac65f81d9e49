"""What the office certifies for a role, and that it takes nothing else from its key."""

import pytest

from biandun_office.platform.errors import Refused
from biandun_protocol.wire.numbers import (
    KEY_PURPOSES,
    PURPOSE_LINK,
    PURPOSE_LOGIN,
    PURPOSE_POSSESSION,
    ROLES,
)
from tests.backend.bench import OFFICE, SIGNED, Bench
from tests.backend.people import Key
from tests.support.softkey import SoftKey

PURPOSES = [purpose for purpose in KEY_PURPOSES if purpose != PURPOSE_POSSESSION]
ENDPOINTS = {"filing": "/statements", "countersign": "/countersignatures", "decision": "/decisions"}
FORBIDDEN = [
    (role, purpose) for role in ROLES for purpose in PURPOSES if purpose not in ROLES[role]
]


@pytest.mark.parametrize(("role", "purpose"), FORBIDDEN)
def test_a_role_is_certified_for_nothing_that_it_may_not_sign(
    office: Bench, role: str, purpose: str
):
    key, offer = SoftKey(), office.offer(OFFICE)
    with pytest.raises(Refused) as caught:
        office.issue(key, offer, role=role, purposes=[*ROLES[role], purpose])
    assert caught.value.code == "role-refused"


@pytest.mark.parametrize(("role", "purpose"), FORBIDDEN)
def test_the_office_takes_nothing_from_a_key_that_its_role_may_not_sign(
    office: Bench, role: str, purpose: str
):
    key = office.new_key(OFFICE, role=role)
    if purpose == PURPOSE_LOGIN:
        answer = office.post(
            key.login(office.challenge(), "http://office.example"), SIGNED, "/login"
        )
    elif purpose == PURPOSE_LINK:
        answer = office.post(key.links(1, [bytes(32)]), SIGNED, "/links")
    elif purpose in ENDPOINTS:
        answer = office.post(key.sign(office.upload(), purpose), to=ENDPOINTS[purpose])
    else:
        return  # there is no endpoint for it at all
    assert answer.json()["code"] == "purpose-refused"


@pytest.mark.parametrize("role", ["officer", "seal-keeper", "key-administrator"])
def test_only_the_offices_own_unit_gets_keys_for_work_of_the_office(office: Bench, role: str):
    with pytest.raises(Refused) as caught:
        office.issue(SoftKey(), office.offer(), role=role, purposes=ROLES[role])
    assert caught.value.code == "not-officer"


@pytest.mark.parametrize("role", ROLES)
def test_the_profile_names_the_role(office: Bench, role: str):
    key: Key = office.new_key(OFFICE, role=role)
    assert key.profile is not None
    assert (key.profile.role, tuple(key.profile.purposes)) == (role, ROLES[role])
