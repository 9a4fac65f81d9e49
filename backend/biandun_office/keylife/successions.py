"""Succession: a key in service gets a new key pair, certified at the request of the old one.

The old pair's statement is appended to the log and the new pair is certified in one transaction.
The answer file carries the certificate, the receipt, and a consistency proof from the log that the
key had seen, so one file is enough.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass

from biandun_office.evidence import selectors, services
from biandun_office.evidence.chain import Contradiction
from biandun_office.evidence.turn import Arrival, Turn
from biandun_office.issuance import services as issuance
from biandun_office.issuance.checks import compare_header, require_standing
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.selectors import (
    certificate_of,
    device_key_of,
    is_certified,
    newest_of_pair,
)
from biandun_office.issuance.services import IssuingKey, Term
from biandun_office.platform import logs
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused
from biandun_protocol import cose
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.receipt import Receipt
from biandun_protocol.succession import Granted, Succession
from biandun_protocol.wire.messages import PossessionManifest
from biandun_protocol.wire.numbers import PURPOSE_SUCCESSION


@dataclass(frozen=True)
class Succeeded:
    """The certificate of the new pair; ``repeated``: this request had been answered before."""

    certificate: Certificate
    answer: bytes
    repeated: bool


def issue_successor(
    *, authority: IssuingKey, request: bytes, term: Term, deliver: Callable[[bytes], None]
) -> Succeeded:
    """Append a key's succession request to the log and certify its new key pair; idempotent.

    ``deliver`` is called with the answer before the transaction commits.  A request that
    contradicts the key's chain is stored as evidence of a fork.

    Raises StatementProblem, ManifestProblem, CertificateProblem for a request that does not verify;
    Refused: certificate-unknown, certificate-mismatch, purpose-refused, certificate-superseded for
    one of an older pair, key-suspended, certificate-revoked and the like, key-registered,
    unit-inactive, chain-fork, chain-broken.
    """
    asked = Succession.decode(request)
    statement = cose.parse(asked.named.statement, purpose=PURPOSE_SUCCESSION)
    certificate = certificate_of(statement.header.kid)
    named = compare_header(statement.header, certificate)
    algorithm = authority.office.algorithm
    proof = asked.verify(PublicKey(algorithm, bytes(named.public_key)))
    _compare(proof, named, authority)
    own = PublicKey(algorithm, proof.public_key)
    digest = statement.digest.hex()
    services.store_blob(
        digest=digest,
        stream=io.BytesIO(asked.named.manifest),
        announced=len(asked.named.manifest),
        now=term.now,
        algorithm=algorithm,
    )
    with writing():
        # read again under the lock: it may have been renewed meanwhile
        newest = certificate_of(statement.header.kid)
        outcome = _certify(authority, Arrival(statement, newest, named), own, term, deliver)
    if isinstance(outcome, Contradiction):
        raise Refused(outcome.code, seq=outcome.seq)
    return outcome


def _compare(proof: PossessionManifest, named: Certificate, authority: IssuingKey) -> None:
    if proof.office_id != authority.office.identity.office_id:
        raise Refused("certificate-mismatch", field="office_id")
    if proof.device_key != device_key_of(named):
        raise Refused("certificate-mismatch", field="device_key")


def _certify(
    authority: IssuingKey,
    arrival: Arrival,
    own: PublicKey,
    term: Term,
    deliver: Callable[[bytes], None],
) -> Succeeded | Contradiction:
    statement = arrival.statement
    given = selectors.receipt_given(statement.id.hex())
    if given is None:
        if arrival.named.kid != arrival.certificate.kid:
            raise Refused("certificate-superseded")
        if is_certified(own.kid):
            raise Refused("key-registered")
        turn = Turn([arrival])
        entered = services.enter(arrival, [statement.digest.hex()], term.now, turn)
        if isinstance(entered, Contradiction):
            turn.write()
            return entered
        if entered is None:
            raise RuntimeError("a statement that is there, without its receipt")
        bundle = services.seal(entered, [statement.digest.hex()], [], turn, authority.signer())
        turn.write()
        issuance.replace(
            authority=authority, before=arrival.certificate, own=own, term=term, reason="succeeded"
        )
    else:
        # answered before: return the same receipt and certificate, for an answer that was lost
        require_standing(arrival.certificate.state)
        bundle = given[1]
    certificate = newest_of_pair(own.kid)
    receipt = Receipt.decode(bundle)
    answer = Granted(
        issuance.grant_of(authority.office, certificate),
        receipt,
        _growth(statement.header.log_point, receipt),
    ).encode()
    deliver(answer)
    logs.action(
        "evidence.key.succeeded",
        serial=certificate.device.serial,
        kid=certificate.kid,
        again=given is not None,
    )
    return Succeeded(certificate, answer, repeated=given is not None)


def _growth(seen: tuple[int, bytes] | None, receipt: Receipt) -> tuple[bytes, ...]:
    """The consistency proof from the log that the key had seen to the receipt's.

    Empty for a key that has seen no log, or a longer one, which raises an alert.
    """
    size = receipt.read().tree_size
    return (
        tuple(selectors.consistency(first=seen[0], second=size)) if seen and seen[0] <= size else ()
    )
