"""Record kinds of the vault in the journal.

A number is never reused, because new firmware reads the flash of old keys.
"""

# the device secret, 32 random bytes, on boards without one-time-programmable memory; compaction
# writes it first
DEVICE = 0
ANCHOR = 1  # [root public key, issuer statement, issuer manifest]
# [public point, scheme, private key sealed as the scheme says]: see ``keys``
KEY_PAIR = 2
PROFILE = 3  # [profile statement, profile manifest, x509]
STATEMENT = 4  # number = seq: [idempotency key, purpose, digest, header, signature]
RECEIPT = 5  # number = seq: [receipt statement, receipt payload]
# [log size, root, time floor, sequence number when the office was last verified], and after an
# order to set the time: the latest time that was taken back, and the size of the log when it was
LOG_POINT = 6
GENERATION = 7  # how often the key was wiped, big-endian
# number = user slot: [salt, iterations, data key sealed under the PIN's key, and for a PIN set with
# the officers' codes the number of their shares]; empty when the user was removed
PIN = 8
# number = user slot: wrong PINs since the last right one (1 byte), board's tally then (4 bytes)
PIN_FAILURES = 9
LINK = 10  # number = seq: idempotency key, digest and name of a statement that was dropped
# boot count (4 bytes) and seed for the next boot (32 bytes): written once in a boot that needs
# randomness
SEED = 12
FAULT = 13  # number = place in a ring of eight: [how many so far, wire error number, boot count]
# 11, 14 and 15 are not used any more
# nonce for the next order of the office (16 bytes), tally (4 bytes) and time floor (8 bytes; not in
# 0.3.0) at that time; empty when it was used
CHALLENGE = 16
CARD = 17  # [statement, manifest, side]: the unit card in force
NEXT_CARD = 18  # the same for the card that is arriving; empty when none is
SECTION = 19  # number = side * 64 + index: digest, then the section sealed under the data key
PARCEL = 20  # number = place: [idempotency key, digest, length]; empty when it was taken out
# number = place * 64 + index: first half of the parcel's digest, then the part sealed under the
# data key
PART = 21
# [public point, scheme, private key sealed under the device key]: authenticates sessions; survives
# a reset
DEVICE_KEY = 22
AUDIT = 23  # number = count of the event modulo 65: [count, event, boots, seq, detail, link]
OFFICERS = 24  # [version of the office's statement, first point, second point]
# [number, version of the officers, envelope, envelope, 0, both shares under the device key | 1,
# data key under the codes of each slot]
SHARES = 25
# number of the shares (4 bytes), wrong codes for them (1 byte), board's tally then (4 bytes)
UNBLOCK_FAILURES = 26
FIRMWARE = 27  # the lowest release number of firmware that may sign (4 bytes)
# as KEY_PAIR, sealed under the data key: the pair that replaces it once a profile names it; then
# empty
NEXT_KEY_PAIR = 28
STATUS = 29  # StatusManifest: the office's latest status of this key

# the board's tally, and how many attempts of it were missing on flash when this was detected (4
# bytes each).  The highest kind, so that compaction writes it last: a truncated bank lacks it, and
# a key pair without it means that flash was set back
TALLY = 255

# kinds that may be written before the device has a secret
BEFORE_SECRET = (ANCHOR, GENERATION, SEED, FAULT)
