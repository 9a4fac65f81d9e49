"""What stops a signature from inside: each ends the command, is written to the key's log and has an
error of its own.
"""


class SignatureFault(Exception):
    """A fresh signature did not verify: the hardware is faulty, or somebody made it so."""


class SecretInvalid(ValueError):
    """A private key outside its range: what stands on flash is no longer what was put there."""
