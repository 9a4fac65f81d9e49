"""The programs of the field machine, which do all of the key's curve arithmetic.

Points are Jacobian (X : Y : Z) with the formulas of Hankerson, Menezes, Vanstone, *Guide to ECC*,
algorithms 3.21 and 3.22, whose only exceptional case is detected at the end (Z = 0); or, in the
programs named COMPLETE, projective with the formulas of Renes, Costello and Batina (eprint
2015/1060, algorithm 4), which have no exceptional case.
"""

from etoken.crypto import machine as m

# registers
X, Y, Z, T1, T2, T3, T4, QX, QY = range(9)
K, D, E, R, S, BLIND, W, V = range(10, 18)
SX, SY, SZ = 20, 21, 22  # a second point
U = range(23, 32)  # more temporaries

# flags that programs raise
BAD_SECRET, BAD_NONCE, BAD_RESULT, EXCEPTION, REFUSED = 1, 2, 4, 8, 16

# slots of io
IO_K, IO_D, IO_E, IO_Z, IO_BLIND, IO_R, IO_S, IO_X, IO_Y, IO_W = range(10)
IO_SLOTS = 10

Ops = list[tuple[int, ...]]


def double_ops() -> Ops:
    """(X : Y : Z) doubled; 4 M, 4 S, 10 additions."""
    return [
        (m.SQR, T1, Z),
        (m.SUB, T2, X, T1),
        (m.ADD, T1, X, T1),
        (m.MUL, T2, T2, T1),
        (m.ADD, T1, T2, T2),
        (m.ADD, T2, T1, T2),
        (m.ADD, Y, Y, Y),
        (m.MUL, Z, Y, Z),
        (m.SQR, Y, Y),
        (m.MUL, T3, Y, X),
        (m.SQR, Y, Y),
        (m.HALF, Y, Y),
        (m.SQR, X, T2),
        (m.ADD, T1, T3, T3),
        (m.SUB, X, X, T1),
        (m.SUB, T1, T3, X),
        (m.MUL, T1, T1, T2),
        (m.SUB, Y, T1, Y),
    ]


def add_ops(keep: int | None = None) -> Ops:
    """(X : Y : Z) plus the affine (QX, QY); 8 M, 3 S, 7 additions.

    Register ``keep`` gets the factor by which Z is multiplied.
    """
    return [
        (m.SQR, T1, Z),
        (m.MUL, T2, T1, Z),
        (m.MUL, T1, T1, QX),
        (m.MUL, T2, T2, QY),
        (m.SUB, T1, T1, X),
        (m.SUB, T2, T2, Y),
        *([] if keep is None else [(m.MOVE, keep, T1)]),
        (m.MUL, Z, Z, T1),
        (m.SQR, T3, T1),
        (m.MUL, T4, T3, T1),
        (m.MUL, T3, T3, X),
        (m.ADD, T1, T3, T3),
        (m.SQR, X, T2),
        (m.SUB, X, X, T1),
        (m.SUB, X, X, T4),
        (m.SUB, T3, T3, X),
        (m.MUL, T3, T3, T2),
        (m.MUL, T4, T4, Y),
        (m.SUB, Y, T3, T4),
    ]


def add_complete_ops(second: tuple[int, int, int]) -> Ops:
    """Projective (X : Y : Z) plus ``second``, any two points of the curve.

    12 M, 2 by b, 29 additions.
    """
    x2, y2, z2 = second
    t0, t1, t2, t3, t4, x3, y3, z3 = U[:8]
    return [
        (m.MUL, t0, X, x2), (m.MUL, t1, Y, y2), (m.MUL, t2, Z, z2),
        (m.ADD, t3, X, Y), (m.ADD, t4, x2, y2), (m.MUL, t3, t3, t4), (m.ADD, t4, t0, t1), (m.SUB, t3, t3, t4),
        (m.ADD, t4, Y, Z), (m.ADD, x3, y2, z2), (m.MUL, t4, t4, x3), (m.ADD, x3, t1, t2), (m.SUB, t4, t4, x3),
        (m.ADD, x3, X, Z), (m.ADD, y3, x2, z2), (m.MUL, x3, x3, y3), (m.ADD, y3, t0, t2), (m.SUB, y3, x3, y3),
        (m.MUL, z3, m.C_B, t2), (m.SUB, x3, y3, z3), (m.ADD, z3, x3, x3), (m.ADD, x3, x3, z3),
        (m.SUB, z3, t1, x3), (m.ADD, x3, t1, x3), (m.MUL, y3, m.C_B, y3),
        (m.ADD, t1, t2, t2), (m.ADD, t2, t1, t2), (m.SUB, y3, y3, t2), (m.SUB, y3, y3, t0),
        (m.ADD, t1, y3, y3), (m.ADD, y3, t1, y3), (m.ADD, t1, t0, t0), (m.ADD, t0, t1, t0), (m.SUB, t0, t0, t2),
        (m.MUL, t1, t4, y3), (m.MUL, t2, t0, y3), (m.MUL, y3, x3, z3), (m.ADD, Y, y3, t2),
        (m.MUL, x3, t3, x3), (m.SUB, X, x3, t1), (m.MUL, z3, t4, z3), (m.MUL, t1, t3, t0), (m.ADD, Z, z3, t1),
    ]  # fmt: skip


# --- macros: stored programs refer to these by number, and are expanded when they first run -----
DOUBLE, ADD, WINDOW_TABLE, DOUBLE_COMPLETE, ADD_ENTRY_COMPLETE, ADD_SECOND_COMPLETE = range(
    128, 134
)


def double() -> Ops:
    """Macro ``double_ops``."""
    return [(DOUBLE,)]


def add() -> Ops:
    """Macro ``add_ops``."""
    return [(ADD,)]


def window_table() -> Ops:
    """Macro ``window_table_ops``."""
    return [(WINDOW_TABLE,)]


def add_complete(second: tuple[int, int, int]) -> Ops:
    """Macro of ``add_complete_ops`` for one of three."""
    return [({X: DOUBLE_COMPLETE, QX: ADD_ENTRY_COMPLETE, SX: ADD_SECOND_COMPLETE}[second[0]],)]


def macros() -> list[Ops]:
    """The macros in the order of their numbers."""
    completes = [
        add_complete_ops(second) for second in ((X, Y, Z), (QX, QY, m.C_ONE), (SX, SY, SZ))
    ]
    return [double_ops(), add_ops(), window_table_ops(), *completes]


def randomise() -> Ops:
    """The affine (X, Y) as (X z^2 : Y z^3 : z) with random z from io.

    So no intermediate value can be predicted.
    """
    return [
        (m.LOAD, Z, IO_Z),
        (m.MUL, Z, Z, m.C_RRP),
        (m.SQR, T1, Z),
        (m.MUL, X, X, T1),
        (m.MUL, T1, T1, Z),
        (m.MUL, Y, Y, T1),
    ]


def comb() -> Ops:
    """(X : Y : Z) = scalar 0 times the base point; 10 doublings, 42 additions."""
    ops: Ops = [(m.LOOP, m.BLOCK_COLUMNS - 1), (m.PICK, X, 0), *randomise()]
    for block in range(1, m.COMB_BLOCKS - 1):  # the last block lacks this column
        ops += [(m.PICK, QX, block), *add()]
    ops += [(m.LOOP, m.BLOCK_COLUMNS - 2), *double()]
    for block in range(m.COMB_BLOCKS):
        ops += [(m.PICK, QX, block), *add()]
    return [*ops, (m.NEXT,)]


def comb_public(combs: tuple[int, ...]) -> Ops:
    """(X : Y : Z) = the sum of public scalars times the points of these combs.

    One run of doublings serves all.
    """
    blocks = [m.COMB_BLOCKS * comb + block for comb in combs for block in range(m.COMB_BLOCKS)]
    ops: Ops = [(m.LOOP, m.BLOCK_COLUMNS - 1), (m.TAKE, X, blocks[0]), (m.MOVE, Z, m.C_ONE)]
    for block in blocks[1:]:
        if block % m.COMB_BLOCKS != m.COMB_BLOCKS - 1:
            ops += [(m.TAKE, QX, block), *add()]
    ops += [(m.LOOP, m.BLOCK_COLUMNS - 2), *double()]
    for block in blocks:
        ops += [(m.TAKE, QX, block), *add()]
    return [*ops, (m.NEXT,)]


def comb_complete() -> Ops:
    """(X : Y : Z) = scalar 0 times the base point, without exceptional cases."""
    one = (QX, QY, m.C_ONE)
    ops: Ops = [(m.LOOP, m.BLOCK_COLUMNS - 1), (m.PICK, X, 0), (m.MOVE, Z, m.C_ONE)]
    for block in range(1, m.COMB_BLOCKS - 1):
        ops += [(m.PICK, QX, block), *add_complete(one)]
    ops += [(m.LOOP, m.BLOCK_COLUMNS - 2), *add_complete((X, Y, Z))]
    for block in range(m.COMB_BLOCKS):
        ops += [(m.PICK, QX, block), *add_complete(one)]
    return [*ops, (m.NEXT,)]


def affine() -> Ops:
    """(X, Y) from Jacobian; raises flag EXCEPTION if Z = 0."""
    return [
        (m.ZERO, EXCEPTION, Z),
        (m.INVP, Z, Z),
        (m.MUL, Z, Z, m.C_R3P),
        (m.SQR, T1, Z),
        (m.MUL, X, X, T1),
        (m.MUL, T1, T1, Z),
        (m.MUL, Y, Y, T1),
    ]


def affine_complete() -> Ops:
    """(X, Y) from projective; raises flag EXCEPTION for the point at infinity."""
    return [
        (m.ZERO, EXCEPTION, Z),
        (m.INVP, Z, Z),
        (m.MUL, Z, Z, m.C_R3P),
        (m.MUL, X, X, Z),
        (m.MUL, Y, Y, Z),
    ]


def plain(*registers: int) -> Ops:
    """Convert from Montgomery form."""
    return [(m.MUL, register, register, m.C_UNIT) for register in registers]


def scalar(register: int, slot: int, flag: int) -> Ops:
    """Load a scalar that must be from 1 to n - 1."""
    return [(m.LOAD, register, slot), (m.ZERO, flag, register), (m.LEAST, flag, register, m.C_N)]


def point(slot_x: int, slot_y: int) -> Ops:
    """(SX, SY) = the point in io, in Montgomery form; REFUSED when it is not on the curve."""
    return [
        (m.LOAD, SX, slot_x), (m.LOAD, SY, slot_y), (m.LEAST, REFUSED, SX, m.C_P), (m.LEAST, REFUSED, SY, m.C_P),
        (m.MUL, SX, SX, m.C_RRP), (m.MUL, SY, SY, m.C_RRP), *must_be_on_curve(SX, SY, REFUSED),
    ]  # fmt: skip


def window_table_ops() -> Ops:
    """Registers from WINDOW_TABLE on = 1, 3 … 15 times the affine (SX, SY).

    Each multiple is the previous one plus 2 P.  The additions store the factors by which Z was
    multiplied, so one inversion at the end makes all seven affine.
    """
    ops: Ops = [
        (m.MOVE, X, SX),
        (m.MOVE, Y, SY),
        (m.MOVE, Z, m.C_ONE),
        *double(),
        *affine(),
        (m.MOVE, QX, X),
        (m.MOVE, QY, Y),
    ]
    ops += [(m.MOVE, X, SX), (m.MOVE, Y, SY), (m.MOVE, Z, m.C_ONE)]
    ops += [(m.MOVE, m.WINDOW_TABLE, X), (m.MOVE, m.WINDOW_TABLE + 8, Y)]
    for index in range(1, 8):
        where = m.WINDOW_TABLE + index
        ops += [*add_ops(keep=U[index]), (m.MOVE, where, X), (m.MOVE, where + 8, Y)]
    ops += [(m.ZERO, EXCEPTION, Z), (m.INVP, T1, Z), (m.MUL, T1, T1, m.C_R3P)]
    for index in range(7, 0, -1):
        where = m.WINDOW_TABLE + index
        ops += [
            (m.SQR, T2, T1), (m.MUL, where, where, T2), (m.MUL, T2, T2, T1), (m.MUL, where + 8, where + 8, T2),
            (m.MUL, T1, T1, U[index]),
        ]  # fmt: skip
    return ops


def window(*, blind: bool) -> Ops:
    """(X : Y : Z) = scalar 1 times the point of the window table."""
    ops: Ops = [(m.LOOP, 64), (m.WINDOW, X)]
    ops += randomise() if blind else [(m.MOVE, Z, m.C_ONE)]
    return [*ops, (m.LOOP, 63), *(4 * double()), (m.WINDOW, QX), *add(), (m.NEXT,)]


def window_complete() -> Ops:
    """The same without exceptional cases."""
    ops: Ops = [
        (m.LOOP, 64),
        (m.WINDOW, X),
        (m.MOVE, Z, m.C_ONE),
        (m.LOOP, 63),
        *(4 * add_complete((X, Y, Z))),
    ]
    return [*ops, (m.WINDOW, QX), *add_complete((QX, QY, m.C_ONE)), (m.NEXT,)]


def projective() -> Ops:
    """(X : Y : Z) from Jacobian to projective."""
    return [(m.MUL, X, X, Z), (m.SQR, T1, Z), (m.MUL, Z, Z, T1)]


STOP: Ops = [(m.WIPE,), (m.END,)]
KEEP: Ops = [(m.MOVE, SX, X), (m.MOVE, SY, Y), (m.MOVE, SZ, Z)]


def public() -> Ops:
    """io D times the base point, to io X and Y."""
    return [*scalar(K, IO_D, BAD_SECRET), (m.BITS, 0, K), *comb(), *affine(), *point_out()]


def public_complete() -> Ops:
    """The same without exceptional cases."""
    return [
        *scalar(K, IO_D, BAD_SECRET),
        (m.BITS, 0, K),
        *comb_complete(),
        *affine_complete(),
        *point_out(),
    ]


def must_be_on_curve(x: int, y: int, flag: int) -> Ops:
    """Raise ``flag`` unless y^2 = x^3 - 3 x + b, in Montgomery form."""
    t, u = U[0], U[1]
    return [
        (m.SQR, t, x), (m.SUB, t, t, m.C_ONE), (m.SUB, t, t, m.C_ONE), (m.SUB, t, t, m.C_ONE), (m.MUL, t, t, x),
        (m.ADD, t, t, m.C_B), (m.SQR, u, y), (m.OTHER, flag, t, u),
    ]  # fmt: skip


def point_out() -> Ops:
    """Store the affine (X, Y) in io.

    After a faulty table entry or step it is a point of another curve, which is detected.
    """
    return [
        *must_be_on_curve(X, Y, BAD_RESULT),
        *plain(X, Y),
        (m.STORE, IO_X, X),
        (m.STORE, IO_Y, Y),
        *STOP,
    ]


def shared() -> Ops:
    """io X and Y = io D times the point in io: Diffie-Hellman."""
    ops = [*scalar(K, IO_D, BAD_SECRET), *point(IO_X, IO_Y), (m.BITS, 1, K, 1), *window_table()]
    return [*ops, *window(blind=True), *affine(), *point_out()]


def shared_complete() -> Ops:
    """The same without exceptional cases."""
    ops = [*scalar(K, IO_D, BAD_SECRET), *point(IO_X, IO_Y), (m.BITS, 1, K, 1), *window_table()]
    return [*ops, *window_complete(), *affine_complete(), *point_out()]


def on_curve() -> Ops:
    """Check that the point in io is on the curve."""
    return [*point(IO_X, IO_Y), *STOP]


def sign_begin() -> Ops:
    """The common part of both signatures: X = x of k G, plain, mod n; loads D, E, BLIND."""
    return [
        *scalar(K, IO_K, BAD_NONCE), (m.BITS, 0, K), *comb(), *affine(), *plain(X), (m.REDN, X, X),
        *scalar(D, IO_D, BAD_SECRET), (m.LOAD, E, IO_E), (m.REDN, E, E), (m.LOAD, BLIND, IO_BLIND),
    ]  # fmt: skip


def sign_end() -> Ops:
    """Store (R, S) in io unless one of them is zero."""
    return [
        (m.ZERO, BAD_RESULT, R),
        (m.ZERO, BAD_RESULT, S),
        (m.STORE, IO_R, R),
        (m.STORE, IO_S, S),
        *STOP,
    ]


def sign_es256() -> Ops:
    """r = x mod n, s = (e + r d) / k, low s; everything secret is blinded by b.

    One inversion serves for 1 / k and for 1 / s, which is stored in io W (with the sign before low
    s) so that ``check`` needs none.
    """
    product, inverse = U[0], U[1]
    return [
        *sign_begin(), (m.MOVE, R, X),
        (m.MULN, K, K, BLIND),  # k b / R
        # (e + r d) b / R
        (m.MULN, V, D, BLIND), (m.MULN, S, R, m.C_RRN), (m.MULN, V, S, V), (m.MULN, E, E, BLIND), (m.ADDN, V, V, E),
        (m.MULN, product, K, V), (m.INVN, inverse, product),
        (m.MULN, W, inverse, V), (m.MULN, S, V, W), (m.MULN, S, S, m.C_RRN), (m.LOWS, S, S),
        (m.MULN, W, inverse, K), (m.MULN, W, K, W), (m.MULN, W, W, m.C_RRN), (m.STORE, IO_W, W),
        *sign_end(),
    ]  # fmt: skip


def sign_sm2() -> Ops:
    """r = e + x, s = (k + r) / (1 + d) - r, a form that multiplies no secret by r.

    GB/T 32918.2 section 6.1.
    """
    return [
        *sign_begin(), (m.ADDN, R, E, X), (m.ADDN, V, R, K), (m.ZERO, BAD_RESULT, V),
        (m.ADDN, W, D, m.C_UNIT), (m.ZERO, BAD_SECRET, W), (m.MULN, W, W, BLIND), (m.INVN, W, W),
        (m.MULN, V, V, BLIND), (m.MULN, V, V, W), (m.MULN, V, V, m.C_RRN), (m.SUBN, S, V, R),
        *sign_end(),
    ]  # fmt: skip


def signature() -> Ops:
    """R, S, E from io; both of the signature from 1 to n - 1."""
    return [*scalar(R, IO_R, REFUSED), *scalar(S, IO_S, REFUSED), (m.LOAD, E, IO_E), (m.REDN, E, E)]


def factors_es256() -> Ops:
    """K = e / s for the base point, D = r / s for the key."""
    return [
        (m.INVN, W, S), (m.MULN, K, E, m.C_RRN), (m.MULN, K, K, W), (m.MULN, D, R, m.C_RRN), (m.MULN, D, D, W),
        (m.MOVE, V, R),  # what x mod n must be
    ]  # fmt: skip


def factors_known() -> Ops:
    """The same with 1 / s or -1 / s in io.

    t = s w must be 1 or -1, and w t is the inverse either way.
    """
    t = U[0]
    return [
        (m.LOAD, W, IO_W), (m.REDN, W, W), (m.MULN, W, W, m.C_RRN), (m.MULN, t, S, W), (m.MULN, U[1], t, m.C_RRN), (m.MULN, U[1], U[1], t),
        (m.OTHER, REFUSED, U[1], m.C_UNIT), (m.MULN, W, W, t),
        (m.MULN, K, E, m.C_RRN), (m.MULN, K, K, W), (m.MULN, D, R, m.C_RRN), (m.MULN, D, D, W), (m.MOVE, V, R),
    ]  # fmt: skip


def factors_sm2() -> Ops:
    """K = s for the base point, D = r + s for the key."""
    return [(m.MOVE, K, S), (m.ADDN, D, R, S), (m.ZERO, REFUSED, D), (m.SUBN, V, R, E)]


def check(factors: Ops) -> Ops:
    """Verify a signature of this key with the combs of base point and public key.

    Raises flag REFUSED unless x = V; the result means nothing after EXCEPTION.
    """
    return [
        *signature(), *factors, (m.BITS, 0, K), (m.BITS, 1, D), *comb_public((0, 1)),
        (m.ZERO, EXCEPTION, Z), (m.SQR, T1, Z), (m.MUL, T2, V, m.C_RRP), (m.MUL, T2, T2, T1), (m.OTHER, REFUSED, X, T2), *STOP,
    ]  # fmt: skip


def verify(factors: Ops) -> Ops:
    """Verify a signature of the key in io X and Y."""
    return [
        *signature(), *factors, *point(IO_X, IO_Y), (m.BITS, 0, K), (m.BITS, 1, D, 1), *window_table(),
        *window(blind=False), (m.ZERO, EXCEPTION, Z), *projective(), *KEEP, *comb_public((0,)), (m.ZERO, EXCEPTION, Z), *projective(),
        *verify_end(),
    ]  # fmt: skip


def verify_complete(factors: Ops) -> Ops:
    """The same without exceptional cases."""
    return [
        *signature(), *factors, *point(IO_X, IO_Y), (m.BITS, 0, K), (m.BITS, 1, D, 1), *window_table(),
        *window_complete(), *KEEP, *comb_complete(), *verify_end(),
    ]  # fmt: skip


def verify_end() -> Ops:
    """Add the two products; the sum must not be infinity, and its x mod n must be V."""
    return [
        *add_complete((SX, SY, SZ)), (m.ZERO, REFUSED, Z), (m.INVP, Z, Z), (m.MUL, Z, Z, m.C_R3P), (m.MUL, X, X, Z),
        *plain(X), (m.REDN, X, X), (m.OTHER, REFUSED, X, V), *STOP,
    ]  # fmt: skip


# --- building a comb: ``Points._build`` runs TABLE_* one after the other ---
TEETH_AT = 10  # registers of the six points 2^(43 t) P; then five times their doubles
DOUBLES_AT = TEETH_AT + 2 * m.TEETH


def affine_to(d: int) -> Ops:
    """Registers d, d + 1 = affine (X : Y : Z), which is kept."""
    return [
        (m.ZERO, EXCEPTION, Z), (m.INVP, T1, Z), (m.MUL, T1, T1, m.C_R3P), (m.SQR, T2, T1), (m.MUL, d, X, T2),
        (m.MUL, T2, T2, T1), (m.MUL, d + 1, Y, T2),
    ]  # fmt: skip


def table_start() -> Ops:
    """(X : Y : Z) = the point in io."""
    return [
        (m.LOAD, X, IO_X), (m.LOAD, Y, IO_Y), (m.MUL, X, X, m.C_RRP), (m.MUL, Y, Y, m.C_RRP), (m.MOVE, Z, m.C_ONE), (m.END,),
    ]  # fmt: skip


def table_double() -> Ops:
    """Double as often as operand 1 of the first instruction says, plus one."""
    return [(m.LOOP, 0), *double_ops(), (m.NEXT,), (m.END,)]


def table_tooth() -> Ops:
    """Store the point as affine; operand 1 of instructions 4 and 6 names its registers."""
    return [*affine_to(0), (m.END,)]


def table_add() -> Ops:
    """Add the stored point that operand 2 of the first two instructions names.

    The second instruction adds or subtracts.
    """
    return [(m.MOVE, QX, 0), (m.ADD, QY, m.C_ZERO, 0), *add_ops(), (m.END,)]


GROUP = 8  # entries that become affine with one inversion
FACTORS_AT = m.WINDOW_TABLE  # the factors by which additions multiplied Z


def table_step(index: int) -> Ops:
    """Do the same, and save the sum, not affine yet.

    Operand 1 of the last instruction names the entry.
    """
    return [
        (m.MOVE, QX, 0),
        (m.ADD, QY, m.C_ZERO, 0),
        *add_ops(keep=FACTORS_AT + index),
        (m.SAVE, 0, X),
    ]


def table_back(index: int) -> Ops:
    """Make an entry affine; T1 = 1 / Z is updated for the previous one.

    Operand 2 of the first and operand 1 of the last but one instruction name the entry.
    """
    return [
        (m.FETCH, QX, 0), (m.SQR, T2, T1), (m.MUL, QX, QX, T2), (m.MUL, T2, T2, T1), (m.MUL, QY, QY, T2), (m.SAVE, 0, QX),
        (m.MUL, T1, T1, FACTORS_AT + index),
    ]  # fmt: skip


STEP, BACK = 4 * len(table_step(0)), 4 * len(table_back(0))  # bytes
BACK_AT = GROUP * STEP + 4 * 3


def table_group() -> Ops:
    """Compute GROUP entries, each the previous one plus or minus a stored point."""
    ops = [op for index in range(GROUP) for op in table_step(index)]
    ops += [(m.ZERO, EXCEPTION, Z), (m.INVP, T1, Z), (m.MUL, T1, T1, m.C_R3P)]
    return [*ops, *(op for index in reversed(range(GROUP)) for op in table_back(index)), (m.END,)]


PROGRAMS: dict[str, Ops] = {
    "PUBLIC": public(),
    "PUBLIC_COMPLETE": public_complete(),
    "SHARED": shared(),
    "SHARED_COMPLETE": shared_complete(),
    "ON_CURVE": on_curve(),
    "SIGN_ES256": sign_es256(),
    "SIGN_SM2": sign_sm2(),
    "CHECK_ES256": check(factors_known()),
    "CHECK_SM2": check(factors_sm2()),
    "VERIFY_ES256": verify(factors_es256()),
    "VERIFY_SM2": verify(factors_sm2()),
    "VERIFY_COMPLETE_ES256": verify_complete(factors_es256()),
    "VERIFY_COMPLETE_SM2": verify_complete(factors_sm2()),
    "TABLE_START": table_start(),
    "TABLE_DOUBLE": table_double(),
    "TABLE_TOOTH": table_tooth(),
    "TABLE_ADD": table_add(),
    "TABLE_GROUP": table_group(),
}


def assemble(ops: Ops) -> bytes:
    """Return four bytes for each instruction, with 0 for missing operands; macros stay."""
    return b"".join(bytes((*op, 0, 0, 0)[:4]) for op in ops)
