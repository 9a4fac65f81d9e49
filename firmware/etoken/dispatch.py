"""The table of commands: number -> handler, and what it may cost.

When a key takes a command stands in the protocol's schema, from which its request is generated: the
states as ``STATES``, the need of a session as ``SESSION_COMMANDS``.

A handler is one function in one file of ``commands/``; it takes the token and a typed request and
returns a typed reply.  What it refuses it raises as ``Refused`` with a wire error number: those go
to the host.  Faults of the key itself (its source of randomness, its private key, a signature of
its own) get their number and their entry in the key's log here.  Everything else that escapes a
handler is a bug and is answered as ``internal``.

Each command declares two budgets, and ``tests/simulator/test_budgets.py`` holds them against what
it needs:

    heap    KiB of memory that it takes at its peak.  If so much is not free in pieces of 512 bytes, it is refused as ``out-of-memory``
            before it has done anything.  So it hardly ever runs out half-way; when it does all the same (compaction wants its
            index in one piece), the answer is the same and nothing is lost: what is on flash is whole at every moment.
            Measured on the unix port, whose blocks are twice those of a board.
    flash   bytes it may program.  Compaction comes on top: each sector that was erased may be programmed once, and as many
            sectors may be erased as ``COMPACTIONS`` compactions need.  Whoever declares 0 may do neither.  Writing more is a
            bug, reported and noted in the key's log once in a boot; the answer goes out all the same, because what it says
            is committed, and a signature that was made must not be lost over its price.

Neighbours: ``server`` calls ``run``; ``commands`` fill the table when they are imported.
"""  # noqa: E501

from biandun_protocol.wire import codec
from biandun_protocol.wire.numbers import (
    ERROR_DIGEST_MISMATCH,
    ERROR_ENTROPY_FAILED,
    ERROR_INTERNAL,
    ERROR_OUT_OF_MEMORY,
    ERROR_SECRET_INVALID,
    ERROR_SESSION_REQUIRED,
    ERROR_SIGNATURE_FAULT,
    ERROR_STORE_DAMAGED,
    ERROR_STORE_FULL,
    ERROR_UNKNOWN_COMMAND,
    ERROR_WRONG_STATE,
    SESSION_COMMANDS,
)
from etoken import heap
from etoken.crypto.faults import SecretInvalid, SignatureFault
from etoken.entropy import EntropyFailed
from etoken.refusal import Refused
from etoken.store.images import ImageBroken
from etoken.store.journal import StoreDamaged, StoreFull
from etoken.token import Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from etoken.meter import MeteredFlash

    Request = TypeVar("Request", bound=codec.Request)
    Handler = Callable[[Token, Request], codec.Message]

KIB = 1024
# at most in one command: a key that is nearly full lets go of a little more each time
COMPACTIONS = 5


class OverBudget(Exception):
    """A command programmed or erased more flash than it declares: (name, bytes programmed, sectors
    erased).
    """


class Entry:
    """One row of the table."""

    def __init__(
        self,
        request: "type[Any]",
        handler: "Callable[[Token, Any], codec.Message]",
        heap: int,
        flash: int,
        reads_only: bool,
    ) -> None:
        self.in_session = request.NUMBER in SESSION_COMMANDS
        self.request = request
        self.handler = handler
        self.heap = heap
        self.flash = flash
        self.reads_only = reads_only

    def affords(self, flash: "MeteredFlash") -> bool:
        """Is what was written within the budget?"""
        if not self.flash:
            return flash.programmed == flash.erased == 0
        sectors = flash.size // flash.sector
        return (
            flash.programmed <= self.flash + flash.erased * flash.sector
            and flash.erased <= COMPACTIONS * sectors
        )


COMMANDS: "dict[int, Entry]" = {}


def command(
    request: "type[Request]",
    heap: int,
    flash: int,
    reads_only: bool = False,
) -> "Callable[[Callable[[Token, Request], codec.Message]], Callable[[Token, Request], codec.Message]]":  # noqa: E501
    """Enter a handler into the table under the number of its request; ``heap`` in KiB, ``flash`` in
    bytes.

    What ``reads_only`` still works on a key whose flash contradicts itself.
    """

    def enter(
        handler: "Callable[[Token, Request], codec.Message]",
    ) -> "Callable[[Token, Request], codec.Message]":
        COMMANDS[request.NUMBER] = Entry(request, handler, heap, flash, reads_only)
        return handler

    return enter


def run(token: Token, raw: bytes, sealed: bool = False) -> bytes:
    """Decode a request, run its handler and return the encoded reply; ``sealed``: did it come
    through the session?  Raises Refused.
    """
    try:
        number, fields = codec.split_request(raw)
        entry = COMMANDS.get(number)
        if entry is None:
            raise Refused(ERROR_UNKNOWN_COMMAND)
        request = codec.from_map(entry.request, fields)
        if token.state not in entry.request.STATES:
            raise Refused(ERROR_WRONG_STATE)
        if entry.in_session and not sealed and token.vault.identity.needs_session:
            raise Refused(ERROR_SESSION_REQUIRED)
        if token.vault.damaged and not entry.reads_only:
            raise Refused(ERROR_STORE_DAMAGED)
        if not heap.is_free(entry.heap * KIB):
            raise Refused(ERROR_OUT_OF_MEMORY)
        token.flash.reset()
        try:
            reply = codec.encode(entry.handler(token, request))
        except Refused:
            _account(token, entry)
            raise
        _account(token, entry)
        return reply
    except Refused:
        raise
    except codec.MessageError as error:
        raise Refused(error.code, error.field)
    except EntropyFailed:
        raise _logged(token, ERROR_ENTROPY_FAILED)
    except SecretInvalid:
        raise _logged(token, ERROR_SECRET_INVALID)
    except SignatureFault:
        raise _logged(token, ERROR_SIGNATURE_FAULT)
    except ImageBroken:
        raise Refused(ERROR_DIGEST_MISMATCH)
    except StoreFull:
        raise Refused(ERROR_STORE_FULL)
    except StoreDamaged:
        raise Refused(ERROR_STORE_DAMAGED)
    except MemoryError:
        raise Refused(ERROR_OUT_OF_MEMORY)
    except EOFError:
        raise  # the link is gone: nobody is left to answer
    except Exception as error:
        token.board.report(error)
        raise Refused(ERROR_INTERNAL)


def _account(token: Token, entry: Entry) -> None:
    """Tell of a command that came to its end and wrote too much; what it did stands.

    Not of one that failed in the middle of a compaction: what it copied is erased by the next one.
    """
    if entry.affords(token.flash):
        return
    token.board.report(
        OverBudget(entry.request.__name__, token.flash.programmed, token.flash.erased)
    )
    if not token.overspent:
        # the log keeps eight entries: one bug must not push all others out, nor wear the flash
        # itself
        token.overspent = True
        _logged(token, ERROR_INTERNAL)


def _logged(token: Token, code: int) -> Refused:
    """Write a fault of the key into its log and return the refusal."""
    try:
        token.vault.faults.add(code, token.vault.seed.boots)
    except Exception as error:  # a log that cannot be written must not hide why the key refuses
        token.board.report(error)
    return Refused(code)
