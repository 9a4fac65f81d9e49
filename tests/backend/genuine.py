"""Keys that run the real firmware, and what most tests of an office do with them."""

from biandun.keys import Key
from biandun_office.platform import clock
from biandun_protocol import enrolment
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Grant
from tests.backend.bench import SCHOOL, Bench
from tests.firmware.conftest import Wire
from tests.support.person import PIN


def enrol(office: Bench, wire: Wire, **changed: object) -> Key:
    """Enrol the key on the wire, by files, as clerk and office do; ``changed`` replaces options of
    the certificate.
    """
    key = wire.open()
    offer, officers = enrolment.decode_offer(office.offer_file(SCHOOL))
    request = key.answer_offer(offer, officers)
    shares = key.recovery.shares() if officers else None
    key.personalise(
        codec.decode(Grant, office.issue_file(enrolment.encode_request(request, shares), **changed))
    )
    key.set_pin(PIN)
    return key


def sign(office: Bench, key: Key, number: int) -> bytes:
    """Upload a filing of this number and have it signed."""
    raw = office.upload(reason=f"第 {number} 份。")
    name = bytes((number,)) * 16
    return key.sign(raw, purpose="filing", idempotency_key=name, claimed_time=clock.now()).statement
