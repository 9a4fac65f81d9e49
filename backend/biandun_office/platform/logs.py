"""Log lines as JSON on stderr: a dotted action name and plain fields; never names of people, never
secrets.
"""

import json
import logging
from datetime import UTC, datetime

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
    """Log that ``name`` happened, such as ``evidence.statement.accepted``."""
    _log.info(name, extra={"fields": fields})
