"""The whole evidence checked: the log, the cases that follow from it, and the files that it rests
on.
"""

from dataclasses import dataclass

from biandun_office.evidence import audit, stored
from biandun_office.evidence.stored import Damage, Progress
from biandun_office.flow.replay import replay
from biandun_office.office.identity import Office


@dataclass(frozen=True)
class LogReport:
    """What the check found: ``faults`` in sentences, the ``damaged`` files, which are among them,
    too; both empty when all agrees.

    ``unread`` counts manifests that are not in the data folder.
    """

    size: int
    root: bytes
    faults: list[str]
    unread: int
    damaged: list[Damage]


def check_log(
    office: Office, *, contents: bool = True, progress: Progress | None = None
) -> LogReport:
    """Rebuild the log from the statements (``audit.rebuild``) and replay the cases.

    Then every file that the evidence names is looked for and hashed; ``contents`` and ``progress``
    as in ``stored.check``.
    """
    log, replayed = audit.rebuild(office), replay()
    damaged = stored.check(office.algorithm, contents=contents, progress=progress)
    faults = [*log.faults, *replayed.faults, *map(str, damaged)]
    return LogReport(log.size, log.root, faults, replayed.unread, damaged)
