"""Checks all evidence: the log, the cases derived from it, and the files that it names."""

from dataclasses import dataclass

from biandun_office.evidence import audit, stored
from biandun_office.evidence.stored import Damage, Progress
from biandun_office.flow.replay import replay
from biandun_office.office.identity import Office


@dataclass(frozen=True)
class LogReport:
    """The result of a check; ``faults`` and ``damaged`` are empty if all agrees.

    ``faults`` are sentences, also about the ``damaged`` files.  ``unread`` counts manifests that
    are not in the data folder.
    """

    size: int
    root: bytes
    faults: list[str]
    unread: int
    damaged: list[Damage]


def check_log(
    office: Office, *, contents: bool = True, progress: Progress | None = None
) -> LogReport:
    """Rebuild the log from the statements (``audit.rebuild``), replay the cases, check the files.

    ``contents`` and ``progress`` as in ``stored.check``.
    """
    log, replayed = audit.rebuild(office), replay()
    damaged = stored.check(office.algorithm, contents=contents, progress=progress)
    faults = [*log.faults, *replayed.faults, *map(str, damaged)]
    return LogReport(log.size, log.root, faults, replayed.unread, damaged)
