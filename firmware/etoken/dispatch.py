"""The table of commands: number -> handler, and the memory and flash that it may use.

Which states a command works in (``STATES``) and whether it needs a session (``SESSION_COMMANDS``)
is defined in the protocol's schema, from which the requests are generated.

A handler is one function in one file of ``commands/``: it takes the token and a typed request and
returns a typed reply.  A handler refuses by raising ``Refused`` with a wire error number, which is
sent to the host.  Faults of the key itself (entropy source, private key, a signature that does not
verify) are mapped to their error number here and written to the key's log of faults.  Any other
exception of a handler is a bug and is answered as ``internal``.

Each command declares two budgets; ``tests/simulator/test_budgets.py`` compares them with what it
uses:

    heap    KiB of memory at the peak.  If that much is not free in pieces of 512 bytes, the command is refused as
            ``out-of-memory`` before it has done anything.  So memory hardly ever runs out half-way; when it does (compaction
            needs its index in one piece), the error is the same and nothing is lost: flash is consistent at every moment.
            Measured on the unix port, whose blocks are twice the size of a board's.
    flash   bytes that it may program.  Compaction comes on top: each erased sector may be programmed once, and as many
            sectors may be erased as ``COMPACTIONS`` compactions need.  A command with 0 may neither program nor erase.
            Writing more is a bug: it is reported, and logged once in a boot.  The reply is sent all the same, because what it
            says is committed, and a signature must not be lost because it wrote too much.

Neighbours: ``server`` calls ``run``; the modules of ``commands`` fill the table when imported.
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
# at most in one command: a nearly full key compacts several times, dropping more each time
COMPACTIONS = 5


class OverBudget(Exception):
    """A command programmed or erased more flash than it declares.

    Arguments: name of the request, bytes programmed, sectors erased.
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
        """Return whether what was written to flash is within the budget."""
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
    """Enter a handler into the table under the number of its request.

    ``heap`` is in KiB, ``flash`` in bytes.  A command that ``reads_only`` is also carried out on a
    key whose flash is damaged.
    """

    def enter(
        handler: "Callable[[Token, Request], codec.Message]",
    ) -> "Callable[[Token, Request], codec.Message]":
        COMMANDS[request.NUMBER] = Entry(request, handler, heap, flash, reads_only)
        return handler

    return enter


def run(token: Token, raw: bytes, sealed: bool = False) -> bytes:
    """Decode a request, run its handler and return the encoded reply.

    ``sealed`` says whether the request came through the session.

    Raises Refused.
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
        raise  # the link is closed: there is nobody to answer
    except Exception as error:
        token.board.report(error)
        raise Refused(ERROR_INTERNAL)


def _account(token: Token, entry: Entry) -> None:
    """Report a finished command that wrote more than its budget; its effect stands.

    A command that failed in the middle of a compaction is not reported here: the next compaction
    erases what it copied.
    """
    if entry.affords(token.flash):
        return
    token.board.report(
        OverBudget(entry.request.__name__, token.flash.programmed, token.flash.erased)
    )
    if not token.overspending_logged:
        # once in a boot: the log keeps eight entries, and one bug must neither displace all
        # others nor wear the flash
        token.overspending_logged = True
        _logged(token, ERROR_INTERNAL)


def _logged(token: Token, code: int) -> Refused:
    """Write a fault of the key into its log and return the Refused to be raised."""
    try:
        token.vault.faults.add(code, token.vault.seed.boots)
    except Exception as error:  # a log that cannot be written must not hide why the key refuses
        token.board.report(error)
    return Refused(code)
