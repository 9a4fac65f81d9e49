"""Record types of the vault in the journal.  Numbers are kept for ever: old keys are read by new
firmware.
"""

# secret of this device, 32 random bytes, on boards without one-time-programmable memory for it;
# compaction puts it first
DEVICE = 0
ANCHOR = 1  # [root public key, issuer statement, issuer manifest]
# [public point, scheme, private key as the scheme has it]: see ``keys``
KEY_PAIR = 2
PROFILE = 3  # [profile statement, profile manifest, x509]
STATEMENT = 4  # number = seq: [idempotency key, purpose, digest, header, signature]
RECEIPT = 5  # number = seq: [receipt statement, receipt payload]
# [log size, root, time floor, sequence number when the office was last heard], and after an order
# to set the time: the last time that is taken back, and the number of log entries that it was
# stated for
LOG_POINT = 6
GENERATION = 7  # how often the key was wiped
# number = user slot: [salt, iterations, data key sealed under the PIN's key, number of the shares
# that it was set by (not always there)]; empty when the user was removed
PIN = 8
# number = user slot: wrong PINs since the last right one (1 byte), attempts in the board's tally
# (4)
PIN_FAILURES = 9
LINK = 10  # number = seq: idempotency key, digest and name of a statement that made room for others
# boot count (4 bytes) and 32 bytes that go into the next boot's seed: written once in a boot that
# needs randomness
SEED = 12
FAULT = 13  # number = place in a ring of eight: [how many so far, wire error number, boot count]
# 11, 14 and 15 are not used any more
# nonce for the next order of the office, tally (4 bytes) and time floor (8; not in 0.3.0) at that
# time; empty when it has been used
CHALLENGE = 16
CARD = 17  # [statement, manifest, side]: the unit card in force
NEXT_CARD = 18  # the same, of the card that is arriving; empty when it has
SECTION = 19  # number = side * 64 + index: digest, then the section sealed under the data key
PARCEL = 20  # number = place: [idempotency key, digest, length]; empty when it was taken out
# number = place * 64 + index: first half of the parcel's digest, then the part sealed under the
# data key
PART = 21
# [public point, scheme, private key sealed under the device key]: signs the opening of sessions,
# outlives a reset
DEVICE_KEY = 22
AUDIT = 23  # number = count of the event modulo 65: [count, event, boots, seq, detail, link]
OFFICERS = 24  # [version of the office's statement, first point, second point]
# [number, version of the officers, envelope, envelope, 0, both shares under the device key | 1,
# data key under the codes of each slot]
SHARES = 25
# number of the shares (4 bytes), wrong codes for them, attempts in the board's tally (4)
UNBLOCK_FAILURES = 26
FIRMWARE = 27  # the least number of a firmware that this key works with (4 bytes)
# as KEY_PAIR, sealed under the data key: what a profile may put in its place; empty when it has
NEXT_KEY_PAIR = 28
STATUS = 29  # StatusManifest: what the office has said last of this key

# attempts in the board's tally, and how many of them flash had forgotten when it was found out (4
# bytes each).  The highest kind there is, so that compaction writes it last: a bank that ends
# before it has no such record, and a key pair without one was set back
TALLY = 255

# what may be written before the device has a secret
BEFORE_SECRET = (ANCHOR, GENERATION, SEED, FAULT)
