"""The sentence that sums up a verification: what is proven, what is not, and why."""

from datetime import UTC, datetime

from biandun import inventory
from biandun.checks import Part, Step
from biandun.evidence import BAD, GOOD, Verdict
from biandun.inventory import File
from biandun_protocol.catalogue import Phrase, phrase
from biandun_protocol.forms.countersign import Countersign
from biandun_protocol.forms.decision import Decision
from biandun_protocol.terminal.visible import visible
from biandun_protocol.terminal.words import word

MOST = 6  # names listed in a sentence; the table has all of them


def sentence_of(verdict: Verdict, language: str) -> str:
    """The verdict as one sentence in ``language``."""
    if verdict.outcome == BAD:
        return _bad(verdict, language)
    proven = _joined(
        [_part(part, language) for part in verdict.parts if part.twin is None], language
    )
    notes = _notes(verdict, language)
    if verdict.outcome == GOOD:
        return phrase("verdict.proven", proven=proven, notes=notes).of(language)
    left = [file for file in verdict.files if file.finding == inventory.UNKNOWN]
    names = _names(left, language)
    return phrase("verdict.incomplete", proven=proven, names=names, notes=notes).of(language)


def _joined(clauses: list[str], language: str) -> str:
    return ("; " if language == "en" else "；").join(clauses)


def _part(part: Part, language: str) -> str:
    """Who signed what, and when the office received it."""
    profile, manifest, received, issuer = part.profile, part.manifest, part.receipt, part.issuer
    if profile is None or manifest is None or received is None or issuer is None:
        raise ValueError(part.inside)  # called only for parts that are valid
    when = datetime.fromtimestamp(received.received, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    return phrase(
        "verdict.signed",
        unit=profile.unit_name,
        uscc=profile.uscc,
        serial=profile.serial,
        what=_what(part),
        count=len(manifest.form.attachments),
        office=issuer.office_id,
        when=when,
        leaf=received.leaf_index,
    ).of(language)


def _what(part: Part) -> Phrase:
    form = part.manifest.form if part.manifest else None
    name = part.inside.rstrip("/")
    if isinstance(form, Countersign):
        opinion = Phrase(word("opinion", form.opinion, "zh"), form.opinion)
        return phrase("verdict.opinion", opinion=opinion, folder=name or ".")
    if isinstance(form, Decision):
        decision = Phrase(word("decision", form.decision, "zh"), form.decision)
        return phrase("verdict.decision", decision=decision, folder=name or ".")
    return phrase("verdict.earlier", folder=name) if name else phrase("verdict.filing")


def _notes(verdict: Verdict, language: str) -> str:
    """What is not proven, although everything is valid."""
    missing = [file for file in verdict.files if file.finding == inventory.MISSING]
    notes: list[Phrase] = []
    if missing:
        notes.append(phrase("verdict.missing", names=_names(missing, language)))
    for part, twin in ((part, part.twin) for part in verdict.parts if part.twin is not None):
        copy, first = (visible(one.inside.rstrip("/") or ".") for one in (part, twin))
        notes.append(phrase("verdict.twin", copy=copy, first=first))
    if verdict.root_from_folder:
        notes.append(phrase("verdict.own-root", root=verdict.root))
    notes.append(phrase("verdict.not-proven"))
    return _joined([note.of(language) for note in notes], language)


def _bad(verdict: Verdict, language: str) -> str:
    why = [
        (f"{step.part}: " if step.part else "")
        + f"{word('steps', step.name, language)} ({_reason(step, language)})"
        for step in verdict.failed
    ]
    wrong = [file for file in verdict.files if file.finding in inventory.WRONG]
    left = [
        file for file in verdict.files if file.finding in (inventory.UNKNOWN, inventory.UNCHECKED)
    ]
    clauses: list[Phrase] = []
    if why:
        clauses.append(phrase("verdict.fails", why=(", " if language == "en" else "、").join(why)))
    if wrong:
        clauses.append(phrase("verdict.changed", names=_names(wrong, language)))
    if left:
        clauses.append(phrase("verdict.unverified", names=_names(left, language)))
    said = _joined([clause.of(language) for clause in clauses], language)
    return phrase("verdict.bad", clauses=said).of(language)


def _reason(step: Step, language: str) -> str:
    """Why a step failed, as text, without the final full stop."""
    if step.problem is None:
        return step.found
    return visible(step.problem.message(language).rstrip("。."))


def _names(files: list[File], language: str) -> str:
    shown = (visible(file.name) for file in files[:MOST])
    names = (", " if language == "en" else "、").join(shown)
    if len(files) <= MOST:
        return names
    count, more = str(len(files)), str(len(files) - MOST)
    return phrase("verdict.and-more", names=names, count=count, more=more).of(language)
