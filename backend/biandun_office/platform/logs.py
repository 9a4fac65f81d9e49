"""Log lines as JSON on stderr: a dotted action name and plain fields.

They never contain names of people or secrets.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from django.db import connections

_log = logging.getLogger("biandun")


class JsonLines(logging.Formatter):
    """Formats a record as a JSON object: its message as ``action``, and its ``fields``."""

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


def enable() -> None:
    """Log every action from now on, as a server does; a command prints its result instead."""
    _log.setLevel(logging.INFO)


def action(name: str, /, **fields: object) -> None:
    """Log an action, such as ``evidence.statement.accepted``, with its fields.

    Inside a transaction the line is written when the commit has succeeded, and never after a
    rollback.
    """
    writing = connections["default"]
    if writing.in_atomic_block:
        writing.on_commit(lambda: _write(name, fields))
    else:
        _write(name, fields)


def _write(name: str, fields: Mapping[str, object]) -> None:
    _log.info(name, extra={"fields": fields})
