"""The one place that prints: what commands return, and what went wrong.

Data goes to stdout, everything else to stderr.  With ``--json`` both are one JSON object a line.
"""

import contextlib
import os
import shutil
import sys
from collections.abc import Callable
from typing import Protocol, TextIO, cast

from biandun.cli.fields import plain
from biandun.errors import FolderProblem
from biandun_protocol import oserrors
from biandun_protocol.errors import Problem
from biandun_protocol.terminal import shown
from biandun_protocol.terminal.layout import Sections
from biandun_protocol.terminal.shown import Screen
from biandun_protocol.terminal.visible import STAND_IN

LEAST_COLUMNS = 20
NO_READER = 141  # what a shell reports of a program that a closed pipe has ended: 128 + SIGPIPE


class Reader(Protocol):
    """The settings of one run that decide how output looks."""

    as_json: bool
    language: str


class NoReader(Exception):
    """The other end of the pipe on stdout is closed."""


def screen_of(stream: TextIO | None) -> Screen:
    """The width and encoding behind a stream; None is a stream that was closed at the start."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if stream is None or not stream.isatty():
        return Screen(None, encoding)
    return Screen(max(shutil.get_terminal_size().columns, LEAST_COLUMNS), encoding)


def write(text: str) -> None:
    """Send a result to stdout, down to its last byte.

    Raises NoReader, FolderProblem(output-unwritable).
    """
    stream = cast("TextIO | None", sys.stdout)
    if stream is None:
        return
    try:
        stream.write(text + "\n")
        stream.flush()
    except BrokenPipeError:
        raise NoReader from None
    except OSError as error:
        raise FolderProblem("output-unwritable", detail=oserrors.reason(error)) from error


def note(text: str, *, end: str = "\n") -> None:
    """Write text to stderr; an error in doing so is ignored, because it could not be reported."""
    stream = cast("TextIO | None", sys.stderr)
    if stream is None:
        return
    try:
        stream.write(text + end)
        stream.flush()
    except OSError:
        return


def show(value: object, reader: Reader) -> None:
    """Print what a command returned; None prints nothing."""
    if value is not None:
        text = shown.result(
            plain(value, reader.language),
            screen_of(sys.stdout),
            reader.language,
            as_json=reader.as_json,
        )
        write(text)


def show_aside(value: Sections, reader: Reader) -> None:
    """Print a text that a person should read before answering, to stderr."""
    note(shown.text(value, screen_of(sys.stderr), reader.language))


def say(text: str) -> None:
    """Print a remark beside the result, to stderr."""
    note(shown.remark(text, screen_of(sys.stderr)))


def show_problem(problem: Problem, reader: Reader) -> None:
    """Print what went wrong to stderr."""
    note(shown.problem(problem, screen_of(sys.stderr), reader.language, as_json=reader.as_json))


def to_the_end(run: Callable[[], int]) -> int:
    """Run a program on the process's own streams, flush them, and return its exit status.

    A character that the console cannot encode is replaced by a stand-in; output that the reader of
    a closed pipe did not read is dropped.
    """
    streams = [
        stream
        for stream in cast("tuple[TextIO | None, ...]", (sys.stdout, sys.stderr))
        if stream is not None
    ]
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            with contextlib.suppress(ValueError, OSError):
                reconfigure(errors=STAND_IN)
    status = run()
    for stream in streams:
        try:
            stream.flush()
        except (OSError, ValueError):
            _drop(stream)
    return status


def _drop(stream: TextIO) -> None:
    """Redirect a stream to the null device, so that what is still buffered is discarded.

    Otherwise the interpreter would flush it once more at exit and print an error.
    """
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
