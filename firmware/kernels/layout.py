"""Memory layout of the machine-code machines: offsets in bytes, in work area and stack frame."""

from etoken.crypto import machine as m

# work area, a bytearray that Python makes
REGISTER = 32
SIGNS = REGISTER * m.REGISTERS  # two slots of 40 bytes
SIGNS_SIZE = 40
LIMBS = 19  # of 14 bits, for inversion
SCRATCH = SIGNS + 96  # inversion: up to four rows of LIMBS words
# p, then n: LIMBS words of 14 bits and one word 1 / modulus mod 2^14
MODULI = SCRATCH + 4 * 4 * LIMBS
MODULUS_SIZE = 4 * (LIMBS + 1)
WORK_SIZE = MODULI + 2 * MODULUS_SIZE

BATCH = 14  # divsteps a batch
# 602 divsteps; 590 are enough for 256 bits (Bernstein and Yang; Wuille's variant that starts at
# 1/2)
BATCHES = 43

# stack frame
F_WORK, F_PROGRAM, F_IO, F_TABLE, F_COUNTER, F_BACK, F_FLAGS, F_TARGET, F_RETURN, F_COUNT = range(
    0, 40, 4
)
F_PRODUCT = 48  # 16 words
F_SIZE = F_PRODUCT + 64
