"""All operations on points of a curve, as programs of its field machine.

Key pairs, signatures, verification, Diffie-Hellman.  Scalars and coordinates are 32 bytes,
big-endian; a public key is 04 || x || y.  Secrets come in as bytes-like objects, are held in one
bytearray while the machine works and are overwritten before a function returns; none becomes a
Python integer.

The combs (see ``machine``) are computed here when first used in a boot: that of the base point and
that of the key's own public key.  The second one makes verifying a fresh signature as cheap as
making it.  Neighbours: ``ecdsa`` and ``sm2`` define what is signed.
"""

# ``verify`` gets unchecked input
# pyright: reportUnnecessaryIsInstance=false
from etoken.crypto import backend, programs
from etoken.crypto import machine as m
from etoken.crypto.faults import SecretInvalid, SignatureFault
from etoken.crypto.hashes import ZEROS
from etoken.crypto.nonces import Nonces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from etoken.crypto.curves import Curve

SIZE = 32
NONCES = 8  # candidates at most; each is rejected with a probability of 2^-32 or less
OWN = m.COMB_BLOCKS  # first block of the second comb


def nothing() -> None:
    """The ``tick`` of a caller that sends no keep-alives."""


class Points:
    """One curve on this interpreter's backend.

    ``tick`` is called before each stretch of work, so that keep-alives can be sent.
    """

    def __init__(self, curve: "Curve", machine: "m.Machine | None" = None) -> None:
        self._curve = curve
        self._machine = machine or backend.machine(curve)
        self._io = bytearray(SIZE * programs.IO_SLOTS)
        self._view = memoryview(self._io)
        self._spelt: "dict[int, bytes]" = {}
        self._ready = False
        self._own = b""

    # --- key pairs ----------------------------------------------------
    def new_secret(self, fill: "Callable[[bytearray], object]") -> bytearray:
        """Draw a private key from 1 to n - 2 (FIPS 186-5 A.2.2, testing candidates).

        ``fill`` overwrites a bytearray with random bytes.
        """
        secret = bytearray(SIZE)
        while True:
            fill(secret)
            if self._in_range(secret):
                return secret

    def _in_range(self, secret: bytearray) -> bool:
        """Return whether the secret is from 1 to n - 2.

        The result is public; computing it takes the same time for every candidate.
        """
        borrow_zero = borrow_most = 0
        most = (self._curve.n - 2).to_bytes(SIZE, "big")
        for index in range(SIZE - 1, -1, -1):
            borrow_zero = (secret[index] - (1 if index == SIZE - 1 else 0) + borrow_zero) >> 8
            borrow_most = (most[index] - secret[index] + borrow_most) >> 8
        return borrow_zero == borrow_most == 0

    def public_key(
        self, secret: "bytes | bytearray", tick: "Callable[[], None]" = nothing
    ) -> bytes:
        """Return the public key (65 bytes) of a private key from 1 to n - 1.

        Raises SecretInvalid, SignatureFault.
        """
        self.prepare(b"", tick)
        nonces = Nonces(secret, bytes(SIZE), b"", b"public")
        try:
            self._put(programs.IO_D, secret)
            self._put_blind(programs.IO_Z, nonces)
            flags = self._run(programs.PUBLIC, tick)
            if flags & programs.EXCEPTION:
                flags = self._run(programs.PUBLIC_COMPLETE, tick)
            if flags & programs.BAD_SECRET:
                raise SecretInvalid
            if flags:
                self._doubt()
                raise SignatureFault
            return b"\x04" + bytes(self._slots(programs.IO_X, 2))
        finally:
            nonces.wipe()
            self._wipe()

    def shared(
        self,
        secret: "bytes | bytearray",
        public: bytes,
        fresh: bytes,
        tick: "Callable[[], None]" = nothing,
    ) -> "bytearray | None":
        """Diffie-Hellman (SEC 1 section 3.3.1): return x of the secret times a point.

        None when ``public`` is not on the curve.

        Raises SecretInvalid, SignatureFault when the result is not on the curve.
        """
        nonces = Nonces(secret, bytes(SIZE), fresh, b"shared")
        try:
            self._put(programs.IO_D, secret)
            self._put_blind(programs.IO_Z, nonces)
            if not self._put_point(public):
                return None
            flags = self._run(programs.SHARED, tick)
            if (
                flags & programs.EXCEPTION
                and not flags & programs.REFUSED
                and self._put_point(public)
            ):
                flags = self._run(programs.SHARED_COMPLETE, tick)
            if flags & programs.BAD_SECRET:
                raise SecretInvalid
            if flags & programs.BAD_RESULT and not flags & programs.REFUSED:
                raise SignatureFault
            return None if flags else bytearray(self._slots(programs.IO_X, 1))
        finally:
            nonces.wipe()
            self._wipe()

    def is_point(self, public: bytes) -> bool:
        """Return whether ``public`` is an uncompressed point of the curve."""
        return self._put_point(public) and not self._run(programs.ON_CURVE, nothing)

    # --- signatures ---------------------------------------------------
    def sign(
        self,
        scheme: "Scheme",
        secret: "bytes | bytearray",
        public: bytes,
        digest: bytes,
        fresh: bytes,
        tick: "Callable[[], None]" = nothing,
    ) -> bytes:
        """Sign a digest (32 bytes) and verify the signature under ``public`` before returning it.

        Raises SecretInvalid, SignatureFault.
        """
        self.prepare(public, tick)
        reduced = (int.from_bytes(digest, "big") % self._curve.n).to_bytes(SIZE, "big")
        nonces = Nonces(secret, reduced, fresh, scheme.label)
        try:
            for _ in range(NONCES):
                nonces.next(self._slots(programs.IO_K, 1))
                self._put(programs.IO_D, secret)
                self._put(programs.IO_E, digest)
                self._put_blind(programs.IO_Z, nonces)
                self._put_blind(programs.IO_BLIND, nonces)
                flags = self._run(scheme.sign, tick)
                if flags & programs.BAD_SECRET:
                    raise SecretInvalid
                if not flags:
                    break
            else:
                raise SignatureFault
            self._slots(programs.IO_K, 2)[:] = ZEROS  # K and D: verifying needs no secret
            # a fault while signing can give the private key away (docs/design/key.md, "Entropy and
            # signatures"): such a signature must never leave.  The digest is stored again: a faulty
            # one may have been signed
            self._put(programs.IO_E, digest)
            signature = bytes(self._slots(programs.IO_R, 2))
            if self._run(scheme.check, tick) and not self.verify(
                scheme, public, digest, signature, tick
            ):
                raise SignatureFault
            if (
                bytes(self._slots(programs.IO_R, 2)) != signature
                or bytes(self._slots(programs.IO_E, 1)) != digest
            ):
                raise SignatureFault  # another signature was verified
            return signature
        except SignatureFault:
            self._doubt()
            raise
        finally:
            nonces.wipe()
            self._wipe()

    def verify(
        self,
        scheme: "Scheme",
        public: bytes,
        digest: bytes,
        signature: bytes,
        tick: "Callable[[], None]" = nothing,
    ) -> bool:
        """Return whether r || s verifies for a digest (32 bytes) under ``public``; never raises."""
        if (
            not isinstance(signature, bytes)
            or len(signature) != 2 * SIZE
            or not self._put_point(public)
        ):
            return False
        self.prepare(b"", tick)
        for program in (scheme.verify, scheme.verify_complete):
            self._put(programs.IO_E, digest)
            self._slots(programs.IO_R, 2)[:] = signature
            self._put_point(public)
            flags = self._run(program, tick)
            if not flags & programs.EXCEPTION:
                return flags == 0
        return False

    # --- the machine --------------------------------------------------
    def _run(self, program: bytes, tick: "Callable[[], None]") -> int:
        tick()
        name = id(program)  # a constant of ``programs``: its id is stable
        if name not in self._spelt:
            self._spelt[name] = m.expand(program, programs.MACROS)
        return self._machine.run(self._spelt[name], self._io)

    def _slots(self, first: int, count: int) -> memoryview:
        return self._view[SIZE * first : SIZE * (first + count)]

    def _put(self, slot: int, value: "bytes | bytearray") -> None:
        self._slots(slot, 1)[:] = value

    def _put_blind(self, slot: int, nonces: Nonces) -> None:
        """Store a random number below p and n, derived from what nobody outside can predict."""
        nonces.blind(self._slots(slot, 1), slot)
        self._io[SIZE * slot] &= 0x7F
        self._io[SIZE * slot + SIZE - 1] |= 1  # not zero

    def _put_point(self, public: bytes) -> bool:
        if not isinstance(public, bytes) or len(public) != 1 + 2 * SIZE or public[0] != 4:
            return False
        self._slots(programs.IO_X, 2)[:] = memoryview(public)[1:]
        return True

    def _doubt(self) -> None:
        """After a fault that may have been in the combs: compute them anew before the next use."""
        self._ready = False
        self._own = b""

    def _wipe(self) -> None:
        for at in range(0, len(self._io), len(ZEROS)):
            self._view[at : at + len(ZEROS)] = ZEROS[: len(self._io) - at]

    # --- combs --------------------------------------------------------
    @property
    def table(self) -> bytearray:
        """The combs, in the format of ``machine``."""
        return self._machine.table

    def prepare(self, public: bytes = b"", tick: "Callable[[], None]" = nothing) -> None:
        """Compute the missing combs: of the base point, and of ``public`` unless it is empty.

        Raises SignatureFault when ``public`` is not on the curve.
        """
        if not self._ready:
            x, y = self._curve.g
            self._build(x.to_bytes(SIZE, "big") + y.to_bytes(SIZE, "big"), 0, tick)
            self._ready = True
        if public and public != self._own:
            self._own = b""
            if not self.is_point(public):
                raise SignatureFault  # nothing can be verified under it
            self._build(public[1:], OWN, tick)
            self._own = public

    def _build(self, point: bytes, first: int, tick: "Callable[[], None]") -> None:
        """Fill four blocks of the table.

        Entry i of a block is the sum of six teeth, with the signs given by the bits of i.  The
        entries follow each other in Gray code, so each is the previous one plus or minus one tooth
        doubled.  The teeth of a block are those of the previous block, doubled BLOCK_COLUMNS times.
        """
        self._slots(programs.IO_X, 2)[:] = point
        self._table(programs.TABLE_START)
        for block in range(m.COMB_BLOCKS):
            tick()
            for tooth in range(m.TEETH):
                if block:
                    self._resume(programs.TEETH_AT + 2 * tooth)
                    self._double(m.BLOCK_COLUMNS)
                elif tooth:
                    self._double(m.SPACING - 1)  # the previous tooth was doubled once already
                self._keep(programs.TEETH_AT + 2 * tooth)
                if tooth < m.TEETH - 1:
                    self._double(1)
                    self._keep(programs.DOUBLES_AT + 2 * tooth)
            self._fill(m.ENTRIES * (first + block))

    def _fill(self, first: int) -> None:
        """Compute the entries of one block from its teeth."""
        self._resume(programs.TEETH_AT + 2 * (m.TEETH - 1))
        for tooth in range(m.TEETH - 2):
            program = bytearray(programs.TABLE_ADD)
            self._name(program, 0, programs.TEETH_AT + 2 * tooth, False)
            self._table(bytes(program))
        gray = 0
        for group in range(0, m.ENTRIES, programs.GROUP):
            program = bytearray(programs.TABLE_GROUP)
            for index in range(programs.GROUP):
                if group + index == 0:  # all signs minus: the last tooth but one completes it
                    self._name(program, 0, programs.TEETH_AT + 2 * (m.TEETH - 2), False)
                else:
                    tooth = 0
                    while not (group + index) >> tooth & 1:
                        tooth += 1
                    gray ^= 1 << tooth
                    self._name(
                        program,
                        programs.STEP * index,
                        programs.DOUBLES_AT + 2 * tooth,
                        bool(gray >> tooth & 1),
                    )
                program[programs.STEP * (index + 1) - 3] = first + gray
                back = programs.BACK_AT + programs.BACK * (programs.GROUP - 1 - index)
                program[back + 2] = program[back + 4 * 5 + 1] = first + gray
            self._table(bytes(program))

    def _table(self, program: bytes) -> None:
        """Run a program that computes combs.

        No point of the curve leads to an exceptional case of the addition formulas.

        Raises SignatureFault.
        """
        if self._machine.run(program, self._io):
            raise SignatureFault

    @staticmethod
    def _name(program: bytearray, at: int, register: int, positive: bool) -> None:
        """Patch two instructions at ``at`` to add the stored point ``register``, or subtract it."""
        program[at + 2] = register
        program[at + 4] = m.ADD if positive else m.SUB
        program[at + 7] = register + 1

    def _resume(self, register: int) -> None:
        """(X : Y : Z) = a stored point."""
        # fmt: off
        move = (
            m.MOVE, programs.X, register, 0,
            m.MOVE, programs.Y, register + 1, 0,
            m.MOVE, programs.Z, m.C_ONE, 0,
            m.END, 0, 0, 0,
        )
        # fmt: on
        self._table(bytes(move))

    def _double(self, times: int) -> None:
        program = bytearray(programs.TABLE_DOUBLE)
        program[1] = times - 1
        self._table(bytes(program))

    def _keep(self, register: int) -> None:
        program = bytearray(programs.TABLE_TOOTH)
        program[4 * 4 + 1] = register
        program[4 * 6 + 1] = register + 1
        self._table(bytes(program))


class Scheme:
    """A signature scheme: its programs, and the label that separates its nonces from others'."""

    def __init__(
        self, label: bytes, sign: bytes, check: bytes, verify: bytes, verify_complete: bytes
    ) -> None:
        self.label = label
        self.sign = sign
        self.check = check
        self.verify = verify
        self.verify_complete = verify_complete


_made: "dict[str, Points]" = {}


def points(curve: "Curve") -> Points:
    """Return the one ``Points`` of a curve, made at first use."""
    if curve.name not in _made:
        _made[curve.name] = Points(curve)
    return _made[curve.name]
