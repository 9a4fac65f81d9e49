"""What this program did, one JSON object a line: commands by name and outcome, requests by path and
status.

Never what they carried: no payload, no PIN, no token, no personal data passes through here, so a
log may be handed to support as it is.
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
    """A record as one line: time, action, and the values that were given with it."""

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
    """A log that cannot be written, on a full disk say, is left incomplete: the command itself goes
    on and ends as it would.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say nothing: logging would print a traceback for each line."""

    def close(self) -> None:
        """Close the file; what could not be written before cannot be written now."""
        with suppress(OSError):
            super().close()


@contextmanager
def to_file(path: Path) -> Generator[None]:
    """Append to a file for a while.  Raises OSError."""
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
    """Log what happens inside with its duration and outcome; the caller may add values."""
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
