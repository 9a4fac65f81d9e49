"""Record types of the vault in the journal.  Numbers are kept for ever: old keys are read by new firmware."""

ANCHOR = 1  # [root public key, issuer statement, issuer manifest]
KEY_PAIR = 2  # [private key, public point]
PROFILE = 3  # [profile statement, profile manifest, x509]
STATEMENT = 4  # number = seq: [idempotency key, purpose, digest, header, signature]
RECEIPT = 5  # number = seq: [receipt statement, receipt payload]
LOG_POINT = 6  # [log size, root, time floor]
GENERATION = 7  # how often the key was wiped
PIN = 8  # number = user slot: [salt, iterations, verifier]
PIN_FAILURES = 9  # number = user slot: one byte, wrong PINs since the last right one
LINK = 10  # number = seq: idempotency key, digest and name of a statement that made room for others
DEVICE_SECRET = 11  # 32 random bytes made at first boot; a board with one-time-programmable memory keeps it there
SEED = 12  # boot count (4 bytes) and 32 bytes that go into the next boot's seed: written once in a boot that needs randomness
FAULT = 13  # number = place in a ring of eight: [how many so far, wire error number, boot count]
