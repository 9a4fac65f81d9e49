"""A sealed session between this key and one host (SPEC section 10): encryption and authentication.

    T = hash(hello request || hello reply without its signature)        signature by the device key over "BD1/link" || T
    HKDF-SHA256(salt T, x of the common point, "BD1/session")  ->  four keys: per direction, one to encrypt and one to authenticate
    sealed = counter(8) || hidden || code(16)        hidden = (length(2) || message || zeros) XOR stream        a CBOR byte string on the wire
    stream block n = HMAC(hide, counter || n(2))     code = HMAC(prove, counter || kind || hidden)

Integers are big-endian.  The counter of a request is one more than that of the last request; the
reply has the counter of its request.  A replayed or forged message is not answered; after
LIMIT_BAD_CODES of them the session ends.  ``hello`` opens a session, ``server`` passes all requests
through it.
"""  # noqa: E501

from biandun_protocol.wire.numbers import LIMIT_BAD_CODES, LIMIT_SEAL_PAD
from etoken.crypto.backend import xor
from etoken.crypto.hmac import SIZE, Hmac
from etoken.crypto.pbkdf2 import equal

LABEL = b"BD1/link"
INFO = b"BD1/session"
COUNTER = 8
CODE = 16
LENGTH = 2
LEAST = COUNTER + LIMIT_SEAL_PAD + CODE


class Session:
    """An open session.

    ``common`` is x of the Diffie-Hellman point (32 bytes), which the constructor overwrites;
    ``transcript`` is T.
    """

    def __init__(self, common: bytearray, transcript: bytes) -> None:
        # each a pair: host to key, key to host
        self._hides, self._proves = (Hmac(), Hmac()), (Hmac(), Hmac())
        self._counter = 0
        self.bad_codes = 0
        derive, key = Hmac(), bytearray(SIZE)
        derive.key(bytearray(transcript))
        derive.mac(key, common)
        common[:] = bytes(len(common))
        derive.key(key)
        before = bytearray()
        for number, part in enumerate(
            (self._hides[0], self._proves[0], self._hides[1], self._proves[1]), 1
        ):
            derive.mac(key, before, INFO, bytes((number,)))
            part.key(key)
            before[:] = key
        key[:] = before[:] = bytes(SIZE)
        derive.wipe()

    def open(self, kind: int, sealed: memoryview) -> "bytes | None":
        """Return the message of the next request; None, counted, when it does not verify."""
        message = self._open(kind, sealed)
        if message is None:
            self.bad_codes += 1
        else:
            self._counter += 1
            self.bad_codes = 0
        return message

    @property
    def is_over(self) -> bool:
        """Return whether LIMIT_BAD_CODES messages did not verify."""
        return self.bad_codes >= LIMIT_BAD_CODES

    def _open(self, kind: int, sealed: memoryview) -> "bytes | None":
        if len(sealed) < LEAST or (len(sealed) - COUNTER - CODE) % LIMIT_SEAL_PAD:
            return None
        counter, hidden, code = sealed[:COUNTER], sealed[COUNTER:-CODE], sealed[-CODE:]
        expected = bytearray(SIZE)
        self._proves[0].mac(expected, counter, bytes((kind,)), hidden)
        right = equal(bytes(expected[:CODE]), bytes(code))
        if not right or bytes(counter) != (self._counter + 1).to_bytes(COUNTER, "big"):
            return None
        plain = bytearray(hidden)
        self._hide(self._hides[0], counter, plain)
        size = int.from_bytes(plain[:LENGTH], "big")
        message = (
            bytes(memoryview(plain)[LENGTH : LENGTH + size])
            if size <= len(plain) - LENGTH
            else None
        )
        plain[:] = bytes(len(plain))
        return message

    def seal(self, kind: int, message: bytes) -> bytes:
        """Seal the reply to the request that was opened last; return a CBOR byte string."""
        size = -(-(LENGTH + len(message)) // LIMIT_SEAL_PAD) * LIMIT_SEAL_PAD
        total = COUNTER + size + CODE
        head = bytes((0x58, total)) if total < 256 else bytes((0x59, total >> 8, total & 0xFF))
        out = bytearray(len(head) + total)
        out[: len(head)] = head
        view, at = memoryview(out), len(head)
        counter, hidden = view[at : at + COUNTER], view[at + COUNTER : -CODE]
        counter[:] = self._counter.to_bytes(COUNTER, "big")
        hidden[:LENGTH] = len(message).to_bytes(LENGTH, "big")
        hidden[LENGTH : LENGTH + len(message)] = message
        self._hide(self._hides[1], counter, hidden)
        code = bytearray(SIZE)
        self._proves[1].mac(code, counter, bytes((kind,)), hidden)
        view[-CODE:] = memoryview(code)[:CODE]
        return bytes(out)

    @staticmethod
    def _hide(key: Hmac, counter: memoryview, text: "bytearray | memoryview") -> None:
        block, view = bytearray(SIZE), memoryview(text)
        for number in range(len(text) // SIZE):
            key.mac(block, counter, number.to_bytes(2, "big"))
            part = view[number * SIZE : (number + 1) * SIZE]
            xor(part, part, block)
        block[:] = bytes(SIZE)

    def wipe(self) -> None:
        """Overwrite the keys: the session is over."""
        for part in self._hides + self._proves:
            part.wipe()


def sealed_part(message: bytes) -> "memoryview | None":
    """Return the content of a message that is one CBOR byte string; None for a message in clear."""
    if len(message) > 2 and message[0] == 0x58 and message[1] == len(message) - 2:
        return memoryview(message)[2:]
    if len(message) > 3 and message[0] == 0x59 and message[1] << 8 | message[2] == len(message) - 3:
        return memoryview(message)[3:]
    return None
