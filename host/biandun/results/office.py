"""The office: logins, its log, cases, and what was done with them there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from biandun.results.naming import AMONG, AND_BODY, called
from biandun_protocol.forms.form import ApplicationDocument, Form


@dataclass(frozen=True, kw_only=True)
class LoggedIn:
    """A login, and when it ends, as the office says it."""

    office: str
    unit_name: str | None
    roles: Sequence[str]
    expires: str


@dataclass(frozen=True, kw_only=True)
class LoggedOut:
    """The office where a login was ended."""

    office: str


@dataclass(frozen=True, kw_only=True)
class LogHead:
    """Size and root of the office's evidence log, and when it was told."""

    size: int
    root: str
    time: int


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """A case in a list."""

    number: str
    kind: str
    state: str
    state_name: str
    uscc: str
    unit_name: str
    opened: int


@dataclass(frozen=True, kw_only=True)
class CaseVersion:
    """A version of a filing: its statement, and since when the office has it."""

    statement: str
    version: int
    received: int


@dataclass(frozen=True, kw_only=True)
class CaseStep:
    """A signed step of a case: who did what, from which state to which, and where it stands in the
    log.
    """

    step: int
    version: int
    purpose: str
    action: str
    before: str = field(metadata=called("from"))
    after: str = field(metadata=called("to"))
    uscc: str
    unit_name: str
    serial: str
    seq: int
    statement: str
    received: int
    opinion: str
    text: str
    leaf_index: int


@dataclass(frozen=True, kw_only=True)
class CaseDetails(CaseLine):
    """A case as the office tells it: the versions of its filing and its history, oldest first."""

    statements: Sequence[CaseVersion]
    history: Sequence[CaseStep]


@dataclass(frozen=True, kw_only=True)
class CaseInWords:
    """The same, and each form of its newest version, by purpose and place."""

    details: CaseDetails = field(metadata=AMONG)
    forms: Mapping[str, Form] = field(metadata=AMONG)


@dataclass(frozen=True, kw_only=True)
class Signing:
    """Who signed something, when it was prepared, and since when the office has it."""

    unit_name: str
    uscc: str
    unit_code: str
    region: str
    prepared_by: str
    prepared_on: str
    received: int
    serial: str
    seq: int | None
    statement: str


@dataclass(frozen=True, kw_only=True)
class AttachmentRow:
    """An attachment, and what was signed with it."""

    purpose: str
    file: str
    role: str
    size: int = field(metadata=called("bytes"))
    sha256: bytes


@dataclass(frozen=True, kw_only=True)
class OpinionRow:
    """What a supervising department said, and with which document."""

    opinion: str
    text: str
    document: ApplicationDocument | None
    signing: Signing = field(metadata=AMONG)


@dataclass(frozen=True, kw_only=True)
class DecisionRow:
    """What the office decided."""

    decision: str
    text: str
    signing: Signing = field(metadata=AMONG)


@dataclass(frozen=True, kw_only=True)
class CaseDescription:
    """The newest version of a case: its form in full, and what was said of it."""

    case: str
    state: str
    signing: Signing = field(metadata=AMONG)
    form: Form = field(metadata=AND_BODY)
    attachments: Sequence[AttachmentRow]
    opinions: Sequence[OpinionRow]
    decisions: Sequence[DecisionRow]


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A case in a folder that verifies; ``warning`` says that its root came with it."""

    folder: Path
    case: str
    good: bool
    outcome: str = field(metadata=called("verdict"))
    root: str
    warning: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A decision that the office has, ``new`` or since before, and its folder."""

    case: str
    decision: str
    statement_id: str
    new: bool
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Numbers of a key's chain that have not arrived, both ends included."""

    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class GapsClosed:
    """Numbers that an export filled, and the stretches that are still missing."""

    closed: Sequence[int]
    open: Sequence[Stretch]
