"""Offsets in the work area of the kernels, in bytes.

Written by firmware/kernels/generate.py; change the tools, not this file.
"""

REGISTER = 32
MODULI = 2448
MODULUS_SIZE = 80
LIMBS = 19
BATCH = 14
WORK_SIZE = 2608
