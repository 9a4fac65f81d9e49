"""A key of an office in the SM2 suite: it learns the suite with its anchor and does everything in
it.
"""

import pytest

from biandun import errors
from biandun.keys import Key
from biandun_protocol import cbor, certificate, cose
from biandun_protocol.algorithms import ES256, SM2, PublicKey
from biandun_protocol.certificate import Signed
from biandun_protocol.links import verify_links
from biandun_protocol.login import verify_login
from biandun_protocol.wire import statement as wire_statement
from biandun_protocol.wire.messages import (
    GenerateKeyReply,
    GenerateKeyRequest,
    InstallAnchorReply,
    InstallAnchorRequest,
    SignBeginRequest,
)
from tests.firmware.conftest import Wire, refusal
from tests.support import softkey
from tests.support.softoffice import SoftOffice

MANIFEST = softkey.manifest()
NAME = b"k" * 16


@pytest.fixture
def office() -> SoftOffice:
    return SoftOffice(algorithm=SM2, purposes=("filing", "login", "link"))


def sign(key: Key, name: bytes = NAME) -> cose.Statement:
    return cose.parse(
        key.sign(MANIFEST, purpose="filing", idempotency_key=name).statement, purpose="filing"
    )


def test_a_blank_key_offers_both_suites_and_has_none(blank: Key) -> None:
    assert (blank.info.algorithms, blank.info.suite) == (["ES256", "SM2"], None)


def test_a_key_takes_its_suite_from_the_anchor(key: Key, wire: Wire) -> None:
    assert (key.info.suite, key.algorithm) == ("SM2", SM2)
    assert wire.restart().info.suite == "SM2"


def test_a_key_of_an_office_in_es256_says_so(blank: Key) -> None:
    blank.answer_offer(SoftOffice().offer())
    assert (blank.info.suite, blank.algorithm) == ("ES256", ES256)


def test_a_reset_key_stays_in_the_suite_of_its_anchor(key: Key) -> None:
    SoftOffice(algorithm=SM2).reset(key)
    assert key.info.suite == "SM2"


def test_a_statement_is_in_sm2_from_the_digest_to_the_name(key: Key) -> None:
    signature = key.sign(MANIFEST, purpose="filing", idempotency_key=NAME)
    statement = cose.parse(signature.statement, purpose="filing")
    assert key.public_key is not None and key.public_key.algorithm is SM2
    cose.verify(statement, key.public_key)
    assert statement.digest == SM2.digest(MANIFEST)
    assert statement.id == signature.statement_id == SM2.digest(statement.tbs)
    assert statement.header.kid == key.public_key.kid


def test_the_chain_links_by_the_name_in_sm3(key: Key, wire: Wire) -> None:
    first = sign(key, b"1" * 16)
    assert sign(wire.restart(), b"2" * 16).header.prev == first.id


def test_a_digest_in_the_other_hash_is_refused(key: Key) -> None:
    key.unlock()
    begin = SignBeginRequest(NAME, "filing", len(MANIFEST), ES256.digest(MANIFEST), None)
    key._send(begin, MANIFEST)
    with pytest.raises(errors.KeyRefused) as caught:
        key._sign(begin, MANIFEST)
    assert caught.value.code == "digest-mismatch"


def test_the_proof_of_possession_is_in_the_suite_of_the_offer(
    blank: Key, office: SoftOffice
) -> None:
    request = blank.answer_offer(office.offer())
    proof = certificate.verify_possession(Signed(request.statement, request.manifest), SM2)
    assert proof.public_key == blank.info.public_key


def test_a_receipt_in_sm2_is_kept(key: Key, office: SoftOffice) -> None:
    receipt = office.take_in(sign(key).raw)
    assert key.keep_receipt(receipt) == 1
    assert key.fetch(seq=1).receipt == receipt


def test_a_receipt_in_the_other_suite_is_foreign(key: Key) -> None:
    receipt = SoftOffice().take_in(sign(key).raw)
    assert refusal(lambda: key.keep_receipt(receipt)) == "receipt-foreign"


def test_a_profile_in_the_other_suite_is_refused(blank: Key, office: SoftOffice) -> None:
    blank.answer_offer(office.offer())
    grant = SoftOffice().grant_for(blank.info.serial, blank.info.public_key or b"")
    assert refusal(lambda: blank.personalise(grant)) == "profile-invalid"


def test_an_anchor_whose_root_is_of_the_other_suite_is_refused(
    blank: Key, office: SoftOffice
) -> None:
    offer = office.offer()
    # the statement says SM2, the point is on P-256
    offer.root_public_key = SoftOffice().root.public_key
    assert refusal(lambda: blank.answer_offer(offer)) == "anchor-invalid"


def test_an_anchor_of_an_unknown_algorithm_is_refused(blank: Key, office: SoftOffice) -> None:
    protected, digest, signature = wire_statement.split(office.anchor.statement)
    labels = cbor.loads(protected)
    labels[wire_statement.LABEL_ALG] = -8  # type: ignore[index]
    offer = office.offer()
    offer.issuer_statement = wire_statement.assemble(cbor.dumps(labels), digest, signature)
    assert refusal(lambda: blank.answer_offer(offer)) == "anchor-invalid"


def test_a_second_anchor_in_the_other_suite_is_refused(key: Key) -> None:
    assert refusal(lambda: key.answer_offer(SoftOffice().offer())) == "anchor-present"


def test_a_login_in_sm2_verifies(key: Key) -> None:
    signed = key.login("https://office.test", b"n" * 16)
    assert key.public_key is not None
    verify_login(
        signed,
        public_key=key.public_key,
        office_id="longlan",
        origin="https://office.test",
        nonce=b"n" * 16,
    )


def test_an_export_of_links_in_sm2_names_the_statements(key: Key) -> None:
    names = [sign(key, bytes([number]) * 16).id for number in range(2)]
    assert key.public_key is not None
    assert verify_links(key.export_links(1, 2), key.public_key).ids == names


def test_the_key_pair_is_on_the_curve_of_the_suite(blank: Key, office: SoftOffice) -> None:
    offer = office.offer()
    blank.call(
        InstallAnchorRequest(offer.root_public_key, offer.issuer_statement, offer.issuer_manifest),
        InstallAnchorReply,
    )
    point = blank.call(GenerateKeyRequest(), GenerateKeyReply).public_key
    # a point of the curve, under which nothing has been signed yet
    with pytest.raises(Exception, match="signature"):
        PublicKey(SM2, point).verify(b"", b"\1" * 64)
