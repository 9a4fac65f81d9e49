"""Log lines as JSON on stderr: a dotted action name and plain fields; never names of people, never
secrets.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from django.db import connections

_log = logging.getLogger("biandun")


class JsonLines(logging.Formatter):
    """One JSON object a record; ``action`` is the message, ``fields`` come from ``record``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "action": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def speak() -> None:
    """Log every action from now on: a server does; a command answers its user instead."""
    _log.setLevel(logging.INFO)


def action(name: str, /, **fields: object) -> None:
    """Log that ``name`` happened, such as ``evidence.statement.accepted``.

    Inside a transaction nothing has happened yet: the line is written when its commit has
    succeeded, and never when it was rolled back.
    """
    writing = connections["default"]
    if writing.in_atomic_block:
        writing.on_commit(lambda: _write(name, fields))
    else:
        _write(name, fields)


def _write(name: str, fields: Mapping[str, object]) -> None:
    _log.info(name, extra={"fields": fields})
