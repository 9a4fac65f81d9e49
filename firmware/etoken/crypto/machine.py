"""The field machine: the interface that every backend of the key's arithmetic implements.

A machine works for one curve.  It has 64 registers of 256 bits, runs a public program of four-byte
instructions (operation, d, a, b) and never branches, indexes or stops depending on a secret.
Secrets go in and results come out as bytes in ``io``; no intermediate value becomes a Python
object.

    run(program, io) -> flags      io: slots of 32 bytes, big-endian; flags: the bits that tests raised, 0 when none did
    table                          bytearray: combs, eight blocks of 32 entries, in the machine's own form

``mod p`` operations take and return values below p in Montgomery form (x R mod p, R depends on the
machine); ``mod n`` ones values below n.  A multiplication divides by R.  Registers from CONSTANTS
on are set up once and not written to.

    END                    stop                              LOOP d         counter = d; NEXT comes back to here, d times
    MUL  d = a b / R       mod p                             NEXT           counter - 1, back unless that is below 0
    SQR  d = a a / R       mod p                             LOAD d, a      register d = slot a of io
    ADD  d = a + b         mod p                             STORE d, a     slot d of io = register a
    SUB  d = a - b         mod p                             MOVE d, a
    HALF d = a / 2         mod p                             BITS d, a, b   signs of scalar a into d, 0 or 1; see below
    INVP d = 1 / a         mod p, plain; 0 of 0              PICK d, a      d, d+1 = signed entry of comb block a
    MULN ADDN SUBN INVN    the same mod n                    TAKE d, a      the same for a public scalar
    REDN d = a mod n       a below 2^256                     WINDOW d       d, d+1 = signed entry of the window
    LOWS d = min(a, n - a)                                   SAVE d, a      entry d of ``table`` = registers a, a+1
    ZERO  d, a             raise flags d if a = 0            FETCH d, a     d, d+1 = entry a of ``table``
    LEAST d, a, b          raise flags d if a >= b           WIPE           zero registers below CONSTANTS, and all scratch
    OTHER d, a, b          raise flags d if a differs from b

BITS writes an odd scalar k (n is added to an even one) as signs: k = sum of (2 s_i - 1) 2^i for i
below 258 (b = 0, combs) or 260 (b = 1, windows).  So no digit is ever zero (Hamburg, Fast and
compact elliptic-curve cryptography, section 3.3).  PICK reads the six signs i + 43 t (i = counter +
11 (a mod 4), t = 0 to 5, scalar a div 4), WINDOW the four from 4 * counter on of scalar 1.  The
highest sign selects the entry or its negative, the others select the entry; all entries are read
every time.  TAKE is PICK for public scalars: it reads the one entry only.

A program must ensure: scalars of BITS and LOWS are below n; no y of a table is 0; at most one
operand of MUL has up to 256 bits instead of being below p; loops do not nest, and the counter keeps
its value after them; blocks 3 and 7 have columns 0 to 9 only.  WIPE does not touch io and
``table``.
"""  # noqa: E501

END, MUL, SQR, ADD, SUB, HALF, INVP, MULN, ADDN, SUBN, INVN, REDN, LOWS, MOVE, LOAD, STORE = range(
    16
)
LOOP, NEXT, BITS, PICK, TAKE, WINDOW, SAVE, ZERO, LEAST, OTHER, WIPE, FETCH = range(16, 28)
OPERATIONS = 28

REGISTERS = 64
WINDOW_TABLE = 32  # registers 32 to 39: x of 1, 3, 5 … 15 times a point; 40 to 47: their y
CONSTANTS = 48
C_ZERO, C_ONE, C_UNIT, C_P, C_N, C_RRP, C_R3P, C_RRN, C_B, C_GX, C_GY = range(48, 59)
C_SPARE = 59  # from here on: constants of the backends' own

TEETH, SPACING = 6, 43
COMB_BLOCKS, BLOCK_COLUMNS = 4, 11  # the last block of a comb has one column less
COMB_SIGNS, WINDOW_SIGNS = 258, 260
ENTRIES = 32  # a block of a comb
BLOCKS = 8  # 0 to 3: comb of the base point, 4 to 7: comb of the key's own point

_reserved = [bytearray(BLOCKS * ENTRIES * 64)]


def new_table() -> bytearray:
    """Return the table of a machine.

    The first one was allocated at import, while the heap was not fragmented.
    """
    return _reserved.pop() if _reserved else bytearray(BLOCKS * ENTRIES * 64)


MACROS = 128  # programs are stored with macros, numbered from here on


def expand(program: bytes, macros: "tuple[bytes, ...]") -> bytes:
    """Expand the macros of a program.

    Programs are public, so the time that this takes reveals nothing.
    """
    out = bytearray()
    for at in range(0, len(program), 4):
        if program[at] >= MACROS:
            out += expand(macros[program[at] - MACROS], macros)
        else:
            out += program[at : at + 4]
    return bytes(out)


TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Machine(Protocol):
        """The interface of a backend."""

        table: bytearray

        def run(self, program: bytes, io: bytearray) -> int: ...  # noqa: D102
