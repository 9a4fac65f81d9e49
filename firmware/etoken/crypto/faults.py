"""Faults inside the key that prevent a signature.

Each ends the command, is written to the key's log of faults and has an error number of its own.
"""


class SignatureFault(Exception):
    """A fresh signature did not verify: the hardware is faulty, or was made to fail."""


class SecretInvalid(ValueError):
    """A private key is out of range or does not open: flash does not hold what was written."""
