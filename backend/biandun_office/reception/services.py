"""The transaction that accepts a statement: append it, apply it to its case, make its receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from biandun_office.evidence import selectors
from biandun_office.evidence.chain import Contradiction
from biandun_office.evidence.services import enter, seal
from biandun_office.evidence.turn import Arrival, Turn
from biandun_office.flow import services as flow
from biandun_office.flow.moves import Cases
from biandun_office.flow.selectors import case_number_of
from biandun_office.office.signing import OfficeSigner
from biandun_office.platform.errors import Refused
from biandun_office.platform.group_commit import GroupCommit
from biandun_office.registry.models import Unit
from biandun_office.registry.selectors import require_active, units_of
from biandun_protocol.errors import Problem
from biandun_protocol.package import Manifest


@dataclass(frozen=True)
class Submission:
    """A verified statement with its manifest, and when it arrived (seconds since 1970)."""

    arrival: Arrival
    manifest: Manifest
    moment: int

    @property
    def purpose(self) -> str:
        """The purpose that it was signed for."""
        return self.arrival.statement.header.purpose

    @property
    def attached(self) -> list[str]:
        """The digests of the attachments, each once."""
        return list(
            dict.fromkeys(attachment.sha256.hex() for attachment in self.manifest.form.attachments)
        )


@dataclass(frozen=True)
class Accepted:
    """The answer to a submission; ``created`` is False if the log had the statement already."""

    statement_id: str
    case: str
    bundle: bytes
    created: bool


def accept(submission: Submission, *, signer: OfficeSigner) -> Accepted:
    """Append a verified statement to the log, apply it to its case, and make its receipt.

    Either all of this is done or nothing.  Statements that arrive at the same time share a commit
    (``group_commit``); no receipt is returned before its commit is durable.

    A statement that contradicts its key's chain is stored as evidence and its key suspended, before
    it is refused.

    Raises Refused: key-suspended, certificate-revoked, blob-missing, chain-fork, chain-broken,
    certificate-expired, unit-unknown, unit-inactive, and the errors of ``flow.services.take``.
    """
    outcome = arrivals.run((submission, signer))
    if isinstance(outcome, Contradiction):
        raise Refused(outcome.code, seq=outcome.seq)
    return outcome


def _take_in(
    together: Sequence[tuple[Submission, OfficeSigner]],
) -> list[Accepted | Contradiction | Exception]:
    """Accept the statements that share a commit, under the write lock; one outcome for each."""
    turn = Turn([submission.arrival for submission, _ in together])
    units = units_of(list({submission.manifest.form.uscc for submission, _ in together}))
    cases = Cases(turn.pending)
    outcomes: list[Accepted | Contradiction | Exception] = []
    for submission, signer in together:
        turn.face(
            submission.arrival,
            reads_cases=flow.reads_cases(submission.purpose, submission.manifest.form),
        )
        try:
            with turn.attempt(), cases.attempt():
                outcomes.append(_accept(submission, turn, units, cases, signer))
        except Problem as problem:
            outcomes.append(problem)
    turn.write()
    return outcomes


arrivals = GroupCommit(_take_in)


def _accept(
    submission: Submission,
    turn: Turn,
    units: Mapping[str, Unit],
    cases: Cases,
    signer: OfficeSigner,
) -> Accepted | Contradiction:
    arrival, form = submission.arrival, submission.manifest.form
    digests = [arrival.statement.digest.hex(), *submission.attached]
    proof = enter(arrival, digests, submission.moment, turn)
    if proof is None:  # another client has submitted the same statement meanwhile
        return _again(arrival.name)
    if isinstance(proof, Contradiction):
        return proof
    unit = require_active(units.get(form.uscc), form.uscc)
    case = flow.take(
        purpose=submission.purpose,
        form=form,
        unit=unit,
        leaf_index=proof.leaf_index,
        received=proof.received,
        cases=cases,
    )
    return Accepted(
        arrival.name, case, seal(proof, digests, submission.attached, turn, signer), created=True
    )


def answer_again(statement_id: str) -> Accepted | None:
    """The answer for a statement that was accepted before; None for any other.

    It has the same receipt.
    """
    given = selectors.receipt_given(statement_id)
    if given is None:
        return None
    leaf_index, bundle = given
    return Accepted(statement_id, case_number_of(leaf_index), bundle, created=False)


def _again(statement_id: str) -> Accepted:
    given = answer_again(statement_id)
    if given is None:
        raise RuntimeError("an accepted statement without case or receipt")
    return given
