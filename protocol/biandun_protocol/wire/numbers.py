"""Numbers and limits of the protocol: written from schema.toml by tools/generate.py; change the schema, not this file."""

PROTOCOL_VERSION = 1

LIMIT_FRAME = 4096
LIMIT_MESSAGE = 8192
LIMIT_MANIFEST = 1048576
LIMIT_SUMMARY = 1024
LIMIT_ATTACHMENT = 20971520
LIMIT_ATTACHMENTS = 50
LIMIT_X509 = 1536
LIMIT_DEPTH = 8
LIMIT_MAP = 64
LIMIT_WINDOW = 8
LIMIT_KEEPALIVE_MS = 100
LIMIT_RETRANSMIT_MS = 500
LIMIT_PRESENCE_MS = 30000
LIMIT_IDEMPOTENCY_KEY = 16
LIMIT_NONCE = 16
LIMIT_RECEIPT_PATH = 63
LIMIT_LINKS = 512
LIMIT_LINK_EXPORT = 64
LIMIT_USER_SLOTS = 8
LIMIT_PIN_LEAST = 6
LIMIT_PIN_MOST = 32
LIMIT_PIN_TRIES = 6
LIMIT_AUTO_LOCK_MS = 600000
LIMIT_PIECE = 2048
LIMIT_SECTIONS = 12
LIMIT_OUTBOX = 32768
LIMIT_BATCH = 64
LIMIT_BATCH_MS = 300000
LIMIT_AUDIT = 64
LIMIT_PARCELS = 8
LIMIT_BAD_CODES = 8
LIMIT_SEAL_PAD = 128
LIMIT_SEQ = 4000000
LIMIT_IMAGE = 389120
LIMIT_TRIALS = 3
LIMIT_SHARE = 16
LIMIT_CODE = 8
LIMIT_UNBLOCK_TRIES = 10
LIMIT_RESET_HOLD_MS = 10000

KIND_REQUEST = 1
KIND_REPLY = 2
KIND_ERROR = 3
KIND_KEEPALIVE = 4
KIND_CANCEL = 5
KIND_RESYNC = 6
KIND_ABORTED = 7
KIND_DATA = 8
KIND_ACK = 9

PHASE_WORKING = 1
PHASE_WAITING_PRESENCE = 2
PHASE_SIGNING = 3
PHASE_WRITING = 4
PHASE_VERIFYING = 5

STATE_BLANK = 0
STATE_ANCHORED = 1
STATE_KEYED = 2
STATE_PERSONALISED = 3

STANDING_ACTIVE = 0
STANDING_SUSPENDED = 1
STANDING_REVOKED = 2

CLASS_SIMULATED = 0
CLASS_TRAINING = 1
CLASS_PRODUCTION = 2

EVENT_PERSONALISED = 1
EVENT_PIN_SET = 2
EVENT_PIN_CHANGED = 3
EVENT_PIN_LOCKED = 4
EVENT_CARD_IN_FORCE = 5
EVENT_BATCH_CONFIRMED = 6
EVENT_SET_BACK = 7
EVENT_REINSTATED = 8
EVENT_RESET = 9
EVENT_OFFICERS_SET = 10
EVENT_UNBLOCKED = 11
EVENT_UNBLOCK_WRONG = 12
EVENT_USER_REMOVED = 13
EVENT_UPDATED = 14
EVENT_RENEWED = 15
EVENT_SUCCEEDED = 16
EVENT_STATUS_TAKEN = 17
EVENT_TIME_SET = 18

COMMAND_INFO = 1
COMMAND_INSTALL_ANCHOR = 2
COMMAND_GENERATE_KEY = 3
COMMAND_PROVE_POSSESSION = 4
COMMAND_PERSONALISE = 5
COMMAND_SIGN_BEGIN = 6
COMMAND_SIGN_FINISH = 7
COMMAND_FETCH = 8
COMMAND_CHAIN_STATE = 9
COMMAND_STORE_RECEIPT = 10
COMMAND_WIPE = 11
COMMAND_READ_CERTIFICATE = 12
COMMAND_SET_PIN = 13
COMMAND_UNLOCK = 14
COMMAND_LOCK = 15
COMMAND_CHANGE_PIN = 16
COMMAND_LOGIN = 17
COMMAND_EXPORT_LINKS = 18
COMMAND_CHALLENGE = 19
COMMAND_REINSTATE = 20
COMMAND_FACTORY_RESET = 21
COMMAND_BEGIN_CARD = 22
COMMAND_CARD_SECTION = 23
COMMAND_READ_CARD = 24
COMMAND_READ_SECTION = 25
COMMAND_OUTBOX_BEGIN = 26
COMMAND_OUTBOX_PART = 27
COMMAND_OUTBOX_ENTRY = 28
COMMAND_OUTBOX_READ = 29
COMMAND_OUTBOX_DROP = 30
COMMAND_HELLO = 31
COMMAND_CONFIRM_BATCH = 32
COMMAND_EXPORT_AUDIT = 33
COMMAND_SET_OFFICERS = 34
COMMAND_EXPORT_SHARES = 35
COMMAND_UNBLOCK = 36
COMMAND_REMOVE_USER = 37
COMMAND_UPDATE_BEGIN = 38
COMMAND_UPDATE_PART = 39
COMMAND_UPDATE_FINISH = 40
COMMAND_SUCCEED = 41
COMMAND_STATUS = 42
COMMAND_SET_TIME = 43
COMMAND_CONDITION = 44

ERROR_UNKNOWN_COMMAND = 1
ERROR_UNSUPPORTED_VERSION = 2
ERROR_MALFORMED = 3
ERROR_UNKNOWN_FIELD = 4
ERROR_MISSING_FIELD = 5
ERROR_BAD_FIELD = 6
ERROR_TOO_LARGE = 7
ERROR_REQUEST_ID_REUSED = 8
ERROR_WRONG_STATE = 9
ERROR_NOT_FOUND = 10
ERROR_NO_STREAM = 12
ERROR_CANCELLED = 13
ERROR_PRESENCE_REFUSED = 14
ERROR_PRESENCE_TIMEOUT = 15
ERROR_STORE_FULL = 16
ERROR_OUT_OF_MEMORY = 17
ERROR_INTERNAL = 18
ERROR_STORE_DAMAGED = 19
ERROR_LENGTH_MISMATCH = 20
ERROR_DIGEST_MISMATCH = 21
ERROR_SUMMARY_MALFORMED = 22
ERROR_UNIT_MISMATCH = 23
ERROR_SCHEMA_UNKNOWN = 24
ERROR_PURPOSE_REFUSED = 25
ERROR_IDEMPOTENCY_CONFLICT = 26
ERROR_CLOCK_BEHIND = 27
ERROR_CERTIFICATE_EXPIRED = 28
ERROR_ANCHOR_PRESENT = 30
ERROR_ANCHOR_INVALID = 31
ERROR_PROFILE_INVALID = 32
ERROR_SERIAL_MISMATCH = 33
ERROR_KEY_MISMATCH = 34
ERROR_ORDER_INVALID = 35
ERROR_ORDER_STALE = 36
ERROR_CARD_INVALID = 37
ERROR_CARD_OLDER = 38
ERROR_OUTBOX_FULL = 39
ERROR_RECEIPT_PRESENT = 65
ERROR_CARD_STALE = 66
ERROR_OFFLINE_LIMIT = 67
ERROR_SESSION_REQUIRED = 47
ERROR_SESSION_LOST = 48
ERROR_SESSION_UNAVAILABLE = 49
ERROR_PIN_REQUIRED = 50
ERROR_PIN_WRONG = 51
ERROR_PIN_LOCKED = 52
ERROR_PIN_FORMAT = 53
ERROR_PIN_UNSET = 54
ERROR_PIN_SET = 55
ERROR_SLOT_REFUSED = 56
ERROR_ORIGIN_MALFORMED = 57
ERROR_PIN_WAIT = 58
ERROR_PIN_WEAK = 59
ERROR_OFFICERS_INVALID = 68
ERROR_OFFICERS_OLDER = 69
ERROR_UNBLOCK_UNSET = 70
ERROR_UNBLOCK_WRONG = 71
ERROR_UNBLOCK_LOCKED = 72
ERROR_RELEASE_INVALID = 73
ERROR_RELEASE_OLDER = 74
ERROR_UPDATE_UNAVAILABLE = 75
ERROR_UPDATE_INCOMPLETE = 76
ERROR_FIRMWARE_OUTDATED = 77
ERROR_PROFILE_OLDER = 78
ERROR_STATUS_INVALID = 79
ERROR_STATUS_OLDER = 80
ERROR_KEY_SUSPENDED = 81
ERROR_CERTIFICATE_REVOKED = 82
ERROR_RECEIPT_MALFORMED = 40
ERROR_RECEIPT_FOREIGN = 41
ERROR_RECEIPT_SIGNATURE = 42
ERROR_RECEIPT_MISMATCH = 43
ERROR_RECEIPT_PROOF = 44
ERROR_RECEIPT_OLDER = 45
ERROR_RECEIPT_CONSISTENCY = 46
ERROR_SECRET_INVALID = 60
ERROR_SIGNATURE_FAULT = 61
ERROR_ENTROPY_FAILED = 62
ERROR_ROLLED_BACK = 63

PURPOSE_FILING = "filing"
PURPOSE_COUNTERSIGN = "countersign"
PURPOSE_DECISION = "decision"
PURPOSE_RECEIPT_ACK = "receipt-ack"
PURPOSE_SUCCESSION = "succession"
PURPOSE_LOGIN = "login"
PURPOSE_POSSESSION = "possession"
PURPOSE_LINK = "link"
PURPOSE_RECEIPT = "receipt"
PURPOSE_CARD = "card"
PURPOSE_CHECKPOINT = "checkpoint"
PURPOSE_STATUS = "status"
PURPOSE_PROFILE = "profile"
PURPOSE_ISSUER = "issuer"
PURPOSE_RESET = "reset"
PURPOSE_REINSTATE = "reinstate"
PURPOSE_SET_TIME = "set-time"
PURPOSE_UNBLOCK = "unblock"
PURPOSE_RELEASE = "release"

SCHEMA_FILING = "biandun-filing/1"
SCHEMA_ISSUER = "biandun-issuer/1"
SCHEMA_PROFILE = "biandun-profile/1"
SCHEMA_POSSESSION = "biandun-possession/1"
SCHEMA_OFFER = "biandun-offer/1"
SCHEMA_KEY_REQUEST = "biandun-key-request/1"
SCHEMA_GRANT = "biandun-grant/1"
SCHEMA_RECEIPT_BUNDLE = "biandun-receipt/1"
SCHEMA_COUNTERSIGN = "biandun-countersign/1"
SCHEMA_DECISION = "biandun-decision/1"
SCHEMA_LOGIN = "biandun-login/1"
SCHEMA_LINKS = "biandun-links/1"
SCHEMA_SIGNED = "biandun-signed/1"
SCHEMA_CHALLENGE = "biandun-challenge/1"
SCHEMA_ORDER = "biandun-order/1"
SCHEMA_CARD = "biandun-card/1"
SCHEMA_PARCEL = "biandun-parcel/1"
SCHEMA_AUDIT = "biandun-audit/1"
SCHEMA_AUDIT_EXPORT = "biandun-audit-export/1"
SCHEMA_INVITATION = "biandun-invitation/1"
SCHEMA_APPLICATION = "biandun-application/1"
SCHEMA_RELEASE = "biandun-release/1"
SCHEMA_RELEASE_FILE = "biandun-release-file/1"
SCHEMA_OFFICERS = "biandun-officers/1"
SCHEMA_SHARES = "biandun-shares/1"
SCHEMA_SHARES_EXPORT = "biandun-shares-export/1"
SCHEMA_UNBLOCK_ASK = "biandun-unblock-ask/1"
SCHEMA_SUCCESSION = "biandun-succession/1"
SCHEMA_SUCCESSION_ASK = "biandun-succession-ask/1"
SCHEMA_SUCCESSION_GRANT = "biandun-succession-grant/1"
SCHEMA_STATUS = "biandun-status/1"

STATE_NAMES = {
    0: "blank",
    1: "anchored",
    2: "keyed",
    3: "personalised",
}
STANDING_NAMES = {
    0: "active",
    1: "suspended",
    2: "revoked",
}
CLASS_NAMES = {
    0: "simulated",
    1: "training",
    2: "production",
}
PHASE_NAMES = {
    1: "working",
    2: "waiting_presence",
    3: "signing",
    4: "writing",
    5: "verifying",
}
EVENT_NAMES = {
    1: "personalised",
    2: "pin-set",
    3: "pin-changed",
    4: "pin-locked",
    5: "card-in-force",
    6: "batch-confirmed",
    7: "set-back",
    8: "reinstated",
    9: "reset",
    10: "officers-set",
    11: "unblocked",
    12: "unblock-wrong",
    13: "user-removed",
    14: "updated",
    15: "renewed",
    16: "succeeded",
    17: "status-taken",
    18: "time-set",
}
ERROR_NAMES = {
    1: "unknown-command",
    2: "unsupported-version",
    3: "malformed",
    4: "unknown-field",
    5: "missing-field",
    6: "bad-field",
    7: "too-large",
    8: "request-id-reused",
    9: "wrong-state",
    10: "not-found",
    12: "no-stream",
    13: "cancelled",
    14: "presence-refused",
    15: "presence-timeout",
    16: "store-full",
    17: "out-of-memory",
    18: "internal",
    19: "store-damaged",
    20: "length-mismatch",
    21: "digest-mismatch",
    22: "summary-malformed",
    23: "unit-mismatch",
    24: "schema-unknown",
    25: "purpose-refused",
    26: "idempotency-conflict",
    27: "clock-behind",
    28: "certificate-expired",
    30: "anchor-present",
    31: "anchor-invalid",
    32: "profile-invalid",
    33: "serial-mismatch",
    34: "key-mismatch",
    35: "order-invalid",
    36: "order-stale",
    37: "card-invalid",
    38: "card-older",
    39: "outbox-full",
    65: "receipt-present",
    66: "card-stale",
    67: "offline-limit",
    47: "session-required",
    48: "session-lost",
    49: "session-unavailable",
    50: "pin-required",
    51: "pin-wrong",
    52: "pin-locked",
    53: "pin-format",
    54: "pin-unset",
    55: "pin-set",
    56: "slot-refused",
    57: "origin-malformed",
    58: "pin-wait",
    59: "pin-weak",
    68: "officers-invalid",
    69: "officers-older",
    70: "unblock-unset",
    71: "unblock-wrong",
    72: "unblock-locked",
    73: "release-invalid",
    74: "release-older",
    75: "update-unavailable",
    76: "update-incomplete",
    77: "firmware-outdated",
    78: "profile-older",
    79: "status-invalid",
    80: "status-older",
    81: "key-suspended",
    82: "certificate-revoked",
    40: "receipt-malformed",
    41: "receipt-foreign",
    42: "receipt-signature",
    43: "receipt-mismatch",
    44: "receipt-proof",
    45: "receipt-older",
    46: "receipt-consistency",
    60: "secret-invalid",
    61: "signature-fault",
    62: "entropy-failed",
    63: "rolled-back",
}
ROLES = {
    "unit": ("filing", "receipt-ack", "succession", "login", "link"),
    "supervisor": ("filing", "countersign", "receipt-ack", "succession", "login", "link"),
    "officer": ("decision", "succession", "login", "link"),
    "seal-keeper": ("succession", "login", "link"),
    "partner": ("succession", "login", "link"),
    "key-administrator": ("succession", "login", "link"),
}
RETRIABLE_ERRORS = (12, 13, 14, 15, 17, 48, 58)
SESSION_COMMANDS = (6, 7, 13, 14, 16, 17, 18, 22, 23, 24, 25, 26, 27, 29, 30, 32, 34, 36, 37, 41)
CHAINED_PURPOSES = (
    "filing",
    "countersign",
    "decision",
    "receipt-ack",
    "succession",
)
KEY_PURPOSES = (
    "filing",
    "countersign",
    "decision",
    "receipt-ack",
    "succession",
    "login",
    "possession",
    "link",
)
OFFICE_PURPOSES = (
    "receipt",
    "card",
    "checkpoint",
    "status",
    "profile",
    "issuer",
    "reset",
    "reinstate",
    "set-time",
    "unblock",
    "release",
)
