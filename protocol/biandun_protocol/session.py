"""The host's half of a sealed session with a key (SPEC section 10); no I/O.

    T = hash(hello request || hello reply without its signature)        signature by the device key over "BD1/link" || T
    HKDF-SHA256(salt T, x of the common point, "BD1/session")  ->  host to key: hide, prove; key to host: hide, prove
    sealed = counter(8) || hidden || code(16)        hidden = (length(2) || message || zeros) XOR stream        a CBOR byte string
    stream block n = HMAC(hide, counter || n(2))     code = HMAC(prove, counter || kind || hidden)

Integers are big-endian.  ``hide`` keys encrypt, ``prove`` keys authenticate.  The counter of a
reply is that of its request; each is used once in each direction.
"""  # noqa: E501

import hmac
import secrets
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from biandun_protocol import cbor, sm2
from biandun_protocol.algorithms import ES256, Algorithm, PublicKey, load_point, point_of
from biandun_protocol.errors import StatementProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import HelloReply, HelloRequest
from biandun_protocol.wire.numbers import LIMIT_NONCE, LIMIT_SEAL_PAD, PROTOCOL_VERSION

LABEL = b"BD1/link"
INFO = b"BD1/session"
COUNTER = 8
CODE = 16
LENGTH = 2
BLOCK = 32


class Ephemeral(Protocol):
    """An ephemeral key pair."""

    @property
    def point(self) -> bytes:
        """The uncompressed point (65 bytes)."""
        ...

    def common(self, point: bytes) -> bytes:
        """Return x (32 bytes) of the private key times the other side's point.

        Raises StatementProblem(key-invalid).
        """
        ...


class EphemeralP256:
    """An ephemeral key pair on P-256."""

    def __init__(self) -> None:
        self._secret = ec.generate_private_key(ec.SECP256R1())
        self.point = point_of(self._secret.public_key())

    def __repr__(self) -> str:
        return "<EphemeralP256>"

    def common(self, point: bytes) -> bytes:
        """Return x of the product."""
        return self._secret.exchange(ec.ECDH(), load_point(point))


class EphemeralSm2:
    """An ephemeral key pair on sm2p256v1."""

    def __init__(self) -> None:
        self._secret = secrets.randbelow(sm2.N - 4) + 2
        x, y = sm2.multiply(sm2.G, self._secret)
        self.point = b"\4" + x.to_bytes(32, "big") + y.to_bytes(32, "big")

    def __repr__(self) -> str:
        return "<EphemeralSm2>"

    def common(self, point: bytes) -> bytes:
        """Return x of the product."""
        return sm2.common(point, self._secret)


class Opening:
    """A session being opened: ``request`` is sent to the key, ``finish`` takes its reply."""

    def __init__(self, algorithm: Algorithm) -> None:
        self._algorithm = algorithm
        self._own: Ephemeral = EphemeralP256() if algorithm is ES256 else EphemeralSm2()
        self.request = HelloRequest(
            PROTOCOL_VERSION, algorithm.name, secrets.token_bytes(LIMIT_NONCE), self._own.point
        )

    def finish(self, reply: HelloReply, device_key: bytes, certificate: bytes) -> "Session":
        """Authenticate the key's reply and return the session.

        ``device_key`` must have signed the transcript, and ``certificate``, SHA-256 of the office's
        profile statement, must be the one that the key names.

        Raises StatementProblem: signature-invalid, key-invalid.
        """
        said: dict[object, object] = {0: reply.nonce, 1: reply.point, 2: reply.certificate}
        transcript = self._algorithm.digest(codec.encode_request(self.request) + cbor.dumps(said))
        PublicKey(self._algorithm, device_key).verify(LABEL + transcript, reply.signature)
        if reply.certificate != certificate:
            raise StatementProblem("signature-invalid")
        return Session(self._own.common(reply.point), transcript)


class Session:
    """An open session; not thread-safe."""

    def __init__(self, common: bytes, transcript: bytes) -> None:
        keys = HKDF(hashes.SHA256(), 4 * BLOCK, transcript, INFO).derive(common)
        self._hide_out, self._prove_out, self._hide_in, self._prove_in = (
            keys[at : at + BLOCK] for at in range(0, len(keys), BLOCK)
        )
        self._counter = 0

    def __repr__(self) -> str:
        return "<Session>"

    def seal(self, kind: int, message: bytes) -> bytes:
        """Seal the next request; return a CBOR byte string.

        If the request is repeated, the same bytes are sent again.
        """
        self._counter += 1
        counter = self._counter.to_bytes(COUNTER, "big")
        plain = len(message).to_bytes(LENGTH, "big") + message
        plain += bytes(-len(plain) % LIMIT_SEAL_PAD)
        hidden = _hidden(self._hide_out, counter, plain)
        return cbor.dumps(counter + hidden + _code(self._prove_out, counter, kind, hidden))

    def open(self, kind: int, sealed: bytes) -> bytes | None:
        """Return the key's reply to the last request; None for anything that does not verify."""
        try:
            content = cbor.loads(sealed)
        except cbor.CborError:
            return None
        if not isinstance(content, bytes) or len(content) < COUNTER + LIMIT_SEAL_PAD + CODE:
            return None
        counter, hidden, code = content[:COUNTER], content[COUNTER:-CODE], content[-CODE:]
        if not hmac.compare_digest(_code(self._prove_in, counter, kind, hidden), code):
            return None
        if counter != self._counter.to_bytes(COUNTER, "big"):
            return None
        plain = _hidden(self._hide_in, counter, hidden)
        size = int.from_bytes(plain[:LENGTH], "big")
        return plain[LENGTH : LENGTH + size] if size <= len(plain) - LENGTH else None


def _hidden(key: bytes, counter: bytes, text: bytes) -> bytes:
    blocks = -(-len(text) // BLOCK)
    stream = b"".join(
        hmac.digest(key, counter + number.to_bytes(2, "big"), "sha256") for number in range(blocks)
    )
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))


def _code(key: bytes, counter: bytes, kind: int, hidden: bytes) -> bytes:
    return hmac.digest(key, counter + bytes((kind,)) + hidden, "sha256")[:CODE]
