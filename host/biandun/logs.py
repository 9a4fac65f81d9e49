"""A log of this program as JSON lines: commands with their outcome, requests with their status.

No payload, PIN, token or personal data is logged, so a log can be given to support as it is.
"""

import json
import logging
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from biandun_protocol.errors import Problem

logger = logging.getLogger("biandun")
logger.addHandler(logging.NullHandler())


class JsonLines(logging.Formatter):
    """Formats a record as one line: time, action, and its values."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        values: object = getattr(record, "values", {})
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps(
            {
                "time": when,
                "action": record.getMessage(),
                **(values if isinstance(values, dict) else {}),
            },
            ensure_ascii=False,
        )


class LogFile(logging.FileHandler):
    """A log file that ignores errors, such as a full disk, so that the command itself continues."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Ignore the error: logging would print a traceback for each line."""

    def close(self) -> None:
        """Close the file; ignore an error in flushing it."""
        with suppress(OSError):
            super().close()


@contextmanager
def to_file(path: Path) -> Generator[None]:
    """Append log lines to a file while the block runs.  Raises OSError."""
    handler = LogFile(path, encoding="utf-8")
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
        handler.close()


@contextmanager
def action(name: str, **values: object) -> Generator[dict[str, object]]:
    """Log the block with its duration and outcome; the caller may add values."""
    begun = time.monotonic()
    values["outcome"] = "ok"
    try:
        yield values
    except Problem as problem:
        values["outcome"] = problem.code
        raise
    except BaseException as error:
        values["outcome"] = type(error).__name__
        raise
    finally:
        values["ms"] = round(1000 * (time.monotonic() - begun), 1)
        logger.info(name, extra={"values": values})
