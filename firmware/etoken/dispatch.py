"""The table of commands: number -> handler and the states in which the key accepts it.

A handler is one function in one file of ``commands/``; it takes the token and a typed request and returns a typed reply.
What it refuses it raises as ``Refused`` with a wire error number: those go to the host.  Faults of the key itself (its source
of randomness, its private key, a signature of its own) get their number and their entry in the key's log here.  Everything else
that escapes a handler is a bug and is answered as ``internal``.
Neighbours: ``server`` calls ``run``; ``commands`` fill the table when they are imported.
"""

from biandun_protocol.wire import codec
from biandun_protocol.wire.numbers import (
    ERROR_ENTROPY_FAILED,
    ERROR_INTERNAL,
    ERROR_OUT_OF_MEMORY,
    ERROR_SECRET_INVALID,
    ERROR_SIGNATURE_FAULT,
    ERROR_STORE_DAMAGED,
    ERROR_STORE_FULL,
    ERROR_UNKNOWN_COMMAND,
    ERROR_WRONG_STATE,
    STATE_ANCHORED,
    STATE_BLANK,
    STATE_KEYED,
    STATE_PERSONALISED,
)
from etoken.crypto.faults import SecretInvalid, SignatureFault
from etoken.entropy import EntropyFailed
from etoken.refusal import Refused
from etoken.store.journal import StoreDamaged, StoreFull
from etoken.token import Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Request = TypeVar("Request", bound=codec.Request)
    Handler = Callable[[Token, Request], codec.Message]

ANY_STATE = (STATE_BLANK, STATE_ANCHORED, STATE_KEYED, STATE_PERSONALISED)


class Entry:
    """One row of the table."""

    def __init__(
        self, request: "type[Any]", handler: "Callable[[Token, Any], codec.Message]", states: "tuple[int, ...]", reads_only: bool
    ) -> None:
        self.request = request
        self.handler = handler
        self.states = states
        self.reads_only = reads_only


COMMANDS: "dict[int, Entry]" = {}


def command(
    request: "type[Request]", states: "tuple[int, ...]", reads_only: bool = False
) -> "Callable[[Callable[[Token, Request], codec.Message]], Callable[[Token, Request], codec.Message]]":
    """Enter a handler into the table under the number of its request.

    What ``reads_only`` still works on a key whose flash contradicts itself.
    """

    def enter(handler: "Callable[[Token, Request], codec.Message]") -> "Callable[[Token, Request], codec.Message]":
        COMMANDS[request.NUMBER] = Entry(request, handler, states, reads_only)
        return handler

    return enter


def run(token: Token, raw: bytes) -> bytes:
    """Decode a request, run its handler and return the encoded reply.  Raises Refused."""
    try:
        number, fields = codec.split_request(raw)
        entry = COMMANDS.get(number)
        if entry is None:
            raise Refused(ERROR_UNKNOWN_COMMAND)
        request = codec.from_map(entry.request, fields)
        if token.state not in entry.states:
            raise Refused(ERROR_WRONG_STATE)
        if token.vault.damaged and not entry.reads_only:
            raise Refused(ERROR_STORE_DAMAGED)
        return codec.encode(entry.handler(token, request))
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


def _logged(token: Token, code: int) -> Refused:
    """Write a fault of the key into its log and return the refusal."""
    try:
        token.vault.faults.add(code, token.vault.seed.boots)
    except Exception as error:  # a log that cannot be written must not hide why the key refuses
        token.board.report(error)
    return Refused(code)
