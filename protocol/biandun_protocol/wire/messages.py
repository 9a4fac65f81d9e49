"""Messages and records of the protocol: written from schema.toml by tools/generate.py; change the schema, not this file."""

from biandun_protocol.wire import codec


class ErrorInfo(codec.Message):
    """Payload of an error frame."""

    FIELDS = (
        (0, "code", codec.UINT, 255, True),
        (1, "field", codec.UINT, 23, False),
        (2, "tries_left", codec.UINT, 255, False),
        (3, "wait_ms", codec.UINT, 65535, False),
    )


class KeepAlive(codec.Message):
    """Payload of a keep-alive frame: what the key is doing, and its progress in thousandths."""

    FIELDS = (
        (0, "phase", codec.UINT, 255, True),
        (1, "permille", codec.UINT, 1000, True),
    )


class Resync(codec.Message):
    """Payload of a resync frame, both ways.  The host sends the nonce, which names the link; the key echoes it and adds the rest."""

    FIELDS = (
        (0, "nonce", codec.OCTETS, 8, True),
        (1, "version", codec.UINT, 255, False),
        (2, "last_completed", codec.UINT, 65535, False),
    )


class Summary(codec.Message):
    """First element of a manifest: the part that the key reads and checks before it signs."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "uscc", codec.TEXT, 18, True),
        (2, "filing_type", codec.TEXT, 32, True),
        (3, "attachments", codec.UINT, 50, True),
        (4, "case", codec.TEXT, 32, False),
    )


class IssuerManifest(codec.Message):
    """The root's certificate of the office's signing key, in CBOR (payload of an `issuer` statement)."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "office_id", codec.TEXT, 64, True),
        (2, "public_key", codec.OCTETS, 65, True),
        (3, "x5t", codec.OCTETS, 32, True),
        (4, "not_before", codec.UINT, 0, True),
        (5, "not_after", codec.UINT, 0, True),
    )


class ProfileManifest(codec.Message):
    """The office's certificate of one key, in CBOR (payload of a `profile` statement)."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "version", codec.UINT, 0, True),
        (2, "serial", codec.TEXT, 24, True),
        (3, "public_key", codec.OCTETS, 65, True),
        (4, "uscc", codec.TEXT, 18, True),
        (5, "unit_code", codec.TEXT, 16, True),
        (6, "unit_name", codec.TEXT, 480, True),
        (7, "region", codec.TEXT, 6, True),
        (8, "purposes", codec.TEXTS, 16, True),
        (9, "hardware_class", codec.UINT, 2, True),
        (10, "not_before", codec.UINT, 0, True),
        (11, "not_after", codec.UINT, 0, True),
        (12, "x5t", codec.OCTETS, 32, True),
        (13, "device_key", codec.OCTETS, 65, False),
        (14, "role", codec.TEXT, 24, False),
    )


class LoginManifest(codec.Message):
    """What a key signs to log in: bound to the office, the origin that the user logs in to, and one nonce (payload of a `login` statement)."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "office_id", codec.TEXT, 64, True),
        (2, "origin", codec.TEXT, 128, True),
        (3, "nonce", codec.OCTETS, 16, True),
        (4, "serial", codec.TEXT, 24, True),
    )


class LinksManifest(codec.Message):
    """Names of consecutive statements of the key: closes gaps when a package was lost (payload of a `link` statement)."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "serial", codec.TEXT, 24, True),
        (2, "first", codec.UINT, 0, True),
        (3, "ids", codec.HASHES, 64, True),
    )


class Challenge(codec.Message):
    """A key's request for an order, as a file: the nonce that the order must name, and the head of the key's chain."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "serial", codec.TEXT, 24, True),
        (2, "kid", codec.OCTETS, 16, True),
        (3, "nonce", codec.OCTETS, 16, True),
        (4, "generation", codec.UINT, 0, True),
        (5, "seq", codec.UINT, 0, True),
        (6, "head", codec.OCTETS, 32, True),
        (7, "forgotten", codec.UINT, 0, False),
    )


class OrderManifest(codec.Message):
    """An order of the office to one key, carried out once (payload of a `reset`, `reinstate` or `set-time` statement).  A reinstated key continues its chain after `seq`, whose name is `head`, or if that is absent the name of the order.  `time` is the time floor to be set; times above it and up to `until` that the office stated before its log had `entries` entries were wrong."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "serial", codec.TEXT, 24, True),
        (2, "nonce", codec.OCTETS, 16, True),
        (3, "seq", codec.UINT, 0, False),
        (4, "head", codec.OCTETS, 32, False),
        (5, "time", codec.UINT, 0, False),
        (6, "until", codec.UINT, 0, False),
        (7, "entries", codec.UINT, 0, False),
    )


class OfficersManifest(codec.Message):
    """The two officers who can unblock a key together: the key seals its shares to them (payload of an `unblock` statement)."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "version", codec.UINT, 0, True),
        (2, "first_name", codec.TEXT, 60, True),
        (3, "first_key", codec.OCTETS, 65, True),
        (4, "second_name", codec.TEXT, 60, True),
        (5, "second_key", codec.OCTETS, 65, True),
    )


class SharesManifest(codec.Message):
    """A key's two shares, each sealed to one officer; `number` rises with each pair that the key makes."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "serial", codec.TEXT, 24, True),
        (2, "number", codec.UINT, 0, True),
        (3, "officers", codec.UINT, 0, True),
        (4, "first", codec.OCTETS, 97, True),
        (5, "second", codec.OCTETS, 97, True),
    )


class SharesExport(codec.Message):
    """A key's shares as a file, signed by the device key."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "manifest", codec.BYTES, 512, True),
        (2, "signature", codec.OCTETS, 64, True),
    )


class UnblockAsk(codec.Message):
    """A request to unblock a key, for its officers, as a file; it can also be read out on the phone."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "serial", codec.TEXT, 24, True),
        (2, "slot", codec.UINT, 7, True),
        (3, "number", codec.UINT, 0, True),
        (4, "check", codec.TEXT, 4, True),
    )


class ReleaseManifest(codec.Message):
    """A firmware release: its target, its number, the lowest number that a key accepts once it runs, and its image (payload of two `release` statements: vendor, operator)."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "target", codec.TEXT, 24, True),
        (2, "version", codec.TEXT, 24, True),
        (3, "number", codec.UINT, 0, True),
        (4, "floor", codec.UINT, 0, True),
        (5, "length", codec.UINT, 389120, True),
        (6, "digest", codec.OCTETS, 32, True),
    )


class ReleaseFile(codec.Message):
    """The head of a release file: the manifest, the vendor's statement in each suite, and the operator's statement in the suite of its keys.  The image follows it in the file."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "manifest", codec.BYTES, 512, True),
        (2, "vendor_es256", codec.BYTES, 1024, True),
        (3, "vendor_sm2", codec.BYTES, 1024, True),
        (4, "operator", codec.BYTES, 1024, False),
    )


class CardManifest(codec.Message):
    """A unit card: its unit, its term, and the digests of its sections, which are sent separately (payload of a `card` statement)."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "uscc", codec.TEXT, 18, True),
        (2, "version", codec.UINT, 0, True),
        (3, "issued", codec.UINT, 0, True),
        (4, "not_after", codec.UINT, 0, True),
        (5, "max_offline", codec.UINT, 0, True),
        (6, "sections", codec.HASHES, 12, True),
    )


class StatusManifest(codec.Message):
    """Whether a key may sign: the office's latest decision about its newest key pair, its time, and a number that rises with each decision (payload of a `status` statement)."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "serial", codec.TEXT, 24, True),
        (2, "kid", codec.OCTETS, 16, True),
        (3, "standing", codec.UINT, 2, True),
        (4, "since", codec.UINT, 0, True),
        (5, "number", codec.UINT, 0, True),
    )


class PossessionManifest(codec.Message):
    """What a key signs to prove that it holds its private key (payload of a `possession` statement)."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "office_id", codec.TEXT, 64, True),
        (2, "nonce", codec.OCTETS, 16, True),
        (3, "serial", codec.TEXT, 24, True),
        (4, "public_key", codec.OCTETS, 65, True),
        (5, "device_key", codec.OCTETS, 65, False),
    )


class SuccessionManifest(codec.Message):
    """The key pair that replaces the one that signs this (payload of a `succession` statement)."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "office_id", codec.TEXT, 64, True),
        (2, "serial", codec.TEXT, 24, True),
        (3, "public_key", codec.OCTETS, 65, True),
    )


class AuditManifest(codec.Message):
    """The key's audit ring: entries from `first` on, each linked to the one before; `before` is the link before the first."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "serial", codec.TEXT, 24, True),
        (2, "first", codec.UINT, 0, True),
        (3, "before", codec.OCTETS, 32, True),
        (4, "entries", codec.BYTES, 4096, True),
    )


class AuditExport(codec.Message):
    """An audit ring as a file, signed by the device key."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "manifest", codec.BYTES, 5120, True),
        (2, "signature", codec.OCTETS, 64, True),
    )


class Offer(codec.Message):
    """File 1 of enrolment, office to key: the anchor, and a nonce that can be used once."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "office_id", codec.TEXT, 64, True),
        (2, "office_name", codec.TEXT, 480, True),
        (3, "root_public_key", codec.OCTETS, 65, True),
        (4, "issuer_statement", codec.BYTES, 1024, True),
        (5, "issuer_manifest", codec.BYTES, 512, True),
        (6, "nonce", codec.OCTETS, 16, True),
        (7, "uscc", codec.TEXT, 18, True),
        (8, "unit_name", codec.TEXT, 480, True),
    )


class KeyRequest(codec.Message):
    """File 2 of enrolment, key to office: the proof of possession over the nonce."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "statement", codec.BYTES, 1024, True),
        (2, "manifest", codec.BYTES, 512, True),
    )


class Grant(codec.Message):
    """File 3 of enrolment, office to key: the certificate in both forms, and the X.509 chain up to the root."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "profile_statement", codec.BYTES, 1024, True),
        (2, "profile_manifest", codec.BYTES, 2048, True),
        (3, "x509", codec.BYTES, 1536, True),
        (4, "issuing_x509", codec.BYTES, 1536, True),
        (5, "root_x509", codec.BYTES, 1536, True),
    )


class SuccessionAsk(codec.Message):
    """A request to certify the next key pair of a key in service, as a file: the statement of the old key pair, and the new one's proof of possession over it."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "statement", codec.BYTES, 1024, True),
        (2, "manifest", codec.BYTES, 512, True),
        (3, "possession_statement", codec.BYTES, 1024, True),
        (4, "possession_manifest", codec.BYTES, 512, True),
    )


class SuccessionGrant(codec.Message):
    """The head of the answer: the `ReceiptBundle` of the statement, and the proof that the log extends the one that the key verified last.  The `Grant` for the new key pair follows it in the file."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "receipt", codec.BYTES, 4096, True),
        (2, "consistency", codec.HASHES, 64, False),
    )


class Invitation(codec.Message):
    """File 1 of enrolment by an office that has named its unblocking officers: the offer, and the `SignedManifest` that names them."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "offer", codec.BYTES, 4096, True),
        (2, "officers", codec.BYTES, 2048, True),
    )


class Application(codec.Message):
    """File 2 of enrolment that answers an `Invitation`: the request, and the `SharesExport` of the key."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "request", codec.BYTES, 2048, True),
        (2, "shares", codec.BYTES, 1024, True),
    )


class SignedManifest(codec.Message):
    """A statement together with its manifest, for manifests that are small."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "statement", codec.BYTES, 1024, True),
        (2, "manifest", codec.BYTES, 4096, True),
    )


class ReceiptBundle(codec.Message):
    """A receipt as the office hands it out: its statement, and the payload whose digest the statement carries."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "statement", codec.BYTES, 1024, True),
        (2, "payload", codec.BYTES, 4096, True),
    )


class InfoRequest(codec.Request):
    """Describe the key and its abilities; works in every state."""

    NUMBER = 1
    STATES = (0, 1, 2, 3)
    FIELDS = (
        (0, "version", codec.UINT, 0, True),
    )


class InfoReply(codec.Message):
    """Answer to ``info``."""

    FIELDS = (
        (0, "version", codec.UINT, 0, True),
        (1, "firmware", codec.TEXT, 24, True),
        (2, "serial", codec.TEXT, 24, True),
        (3, "hardware_class", codec.UINT, 2, True),
        (4, "state", codec.UINT, 3, True),
        (5, "generation", codec.UINT, 0, True),
        (6, "window", codec.UINT, 0, True),
        (7, "algorithms", codec.TEXTS, 4, True),
        (8, "public_key", codec.OCTETS, 65, False),
        (9, "office_id", codec.TEXT, 64, False),
        (10, "uscc", codec.TEXT, 18, False),
        (11, "unit_code", codec.TEXT, 16, False),
        (12, "unit_name", codec.TEXT, 480, False),
        (13, "region", codec.TEXT, 6, False),
        (14, "purposes", codec.TEXTS, 16, False),
        (15, "not_after", codec.UINT, 0, False),
        (16, "profile_version", codec.UINT, 0, False),
        (17, "x5t", codec.OCTETS, 32, False),
        (18, "pin_slots", codec.UINT, 0, False),
        (19, "unlocked_slot", codec.UINT, 7, False),
        (20, "suite", codec.TEXT, 8, False),
        (21, "faults", codec.UINT, 0, False),
        (22, "last_fault", codec.UINT, 255, False),
    )


class InstallAnchorRequest(codec.Request):
    """Give a blank key its root of trust and the office's signing key; once, irrevocably."""

    NUMBER = 2
    STATES = (0, 1, 2, 3)
    FIELDS = (
        (0, "root_public_key", codec.OCTETS, 65, True),
        (1, "issuer_statement", codec.BYTES, 1024, True),
        (2, "issuer_manifest", codec.BYTES, 512, True),
    )


class InstallAnchorReply(codec.Message):
    """Answer to ``install_anchor``."""

    FIELDS = (
        (0, "office_id", codec.TEXT, 64, True),
    )


class GenerateKeyRequest(codec.Request):
    """Make the key pair on the key; only the public point ever leaves it."""

    NUMBER = 3
    STATES = (1, 2)


class GenerateKeyReply(codec.Message):
    """Answer to ``generate_key``."""

    FIELDS = (
        (0, "public_key", codec.OCTETS, 65, True),
    )


class ProvePossessionRequest(codec.Request):
    """Sign the office's nonce with the new key pair, to prove possession before it is certified."""

    NUMBER = 4
    STATES = (2,)
    FIELDS = (
        (0, "nonce", codec.OCTETS, 16, True),
    )


class ProvePossessionReply(codec.Message):
    """Answer to ``prove_possession``."""

    FIELDS = (
        (0, "header", codec.BYTES, 1024, True),
        (1, "signature", codec.OCTETS, 64, True),
        (2, "manifest", codec.BYTES, 512, True),
    )


class PersonaliseRequest(codec.Request):
    """Store the profile of this key, signed by the office, and its X.509 certificate."""

    NUMBER = 5
    STATES = (2, 3)
    FIELDS = (
        (0, "profile_statement", codec.BYTES, 1024, True),
        (1, "profile_manifest", codec.BYTES, 2048, True),
        (2, "x509", codec.BYTES, 1536, True),
    )


class PersonaliseReply(codec.Message):
    """Answer to ``personalise``."""

    FIELDS = (
        (0, "profile_version", codec.UINT, 0, True),
    )


class SignBeginRequest(codec.Request):
    """Announce a manifest; its bytes follow as data frames under this request's id."""

    NUMBER = 6
    STATES = (3,)
    FIELDS = (
        (0, "idempotency_key", codec.OCTETS, 16, True),
        (1, "purpose", codec.TEXT, 16, True),
        (2, "length", codec.UINT, 1048576, True),
        (3, "digest", codec.OCTETS, 32, True),
        (4, "claimed_time", codec.UINT, 0, False),
    )


class SignBeginReply(codec.Message):
    """Answer to ``sign_begin``."""

    FIELDS = (
        (0, "window", codec.UINT, 0, True),
        (1, "done", codec.BOOL, 0, True),
    )


class SignFinishRequest(codec.Request):
    """After the whole manifest was sent: check it, ask for presence, sign, store the statement, reply."""

    NUMBER = 7
    STATES = (3,)
    FIELDS = (
        (0, "idempotency_key", codec.OCTETS, 16, True),
    )


class SignFinishReply(codec.Message):
    """Answer to ``sign_finish``."""

    FIELDS = (
        (0, "seq", codec.UINT, 0, True),
        (1, "header", codec.BYTES, 1024, True),
        (2, "digest", codec.OCTETS, 32, True),
        (3, "signature", codec.OCTETS, 64, True),
    )


class FetchRequest(codec.Request):
    """Return a statement, by its idempotency key or by its sequence number, and the receipt stored with it."""

    NUMBER = 8
    STATES = (3,)
    FIELDS = (
        (0, "idempotency_key", codec.OCTETS, 16, False),
        (1, "seq", codec.UINT, 0, False),
    )


class FetchReply(codec.Message):
    """Answer to ``fetch``."""

    FIELDS = (
        (0, "seq", codec.UINT, 0, True),
        (1, "idempotency_key", codec.OCTETS, 16, True),
        (2, "header", codec.BYTES, 1024, True),
        (3, "digest", codec.OCTETS, 32, True),
        (4, "signature", codec.OCTETS, 64, True),
        (5, "receipt_statement", codec.BYTES, 1024, False),
        (6, "receipt_payload", codec.BYTES, 4096, False),
    )


class ChainStateRequest(codec.Request):
    """Report the head of the key's chain of statements, and the office's log as verified last."""

    NUMBER = 9
    STATES = (3,)


class ChainStateReply(codec.Message):
    """Answer to ``chain_state``."""

    FIELDS = (
        (0, "seq", codec.UINT, 0, True),
        (1, "head", codec.OCTETS, 32, True),
        (2, "receipted", codec.UINT, 0, True),
        (3, "log_size", codec.UINT, 0, True),
        (4, "log_root", codec.OCTETS, 32, True),
        (5, "time_floor", codec.UINT, 0, True),
        (6, "waiting", codec.UINT, 0, True),
        (7, "last_key", codec.OCTETS, 16, False),
        (8, "forgotten", codec.UINT, 0, False),
        (9, "card_version", codec.UINT, 0, False),
        (10, "parcels", codec.UINT, 8, False),
    )


class StoreReceiptRequest(codec.Request):
    """Verify the office's receipt for one of this key's statements and store it."""

    NUMBER = 10
    STATES = (3,)
    FIELDS = (
        (0, "receipt_statement", codec.BYTES, 1024, True),
        (1, "receipt_payload", codec.BYTES, 4096, True),
        (2, "consistency", codec.HASHES, 126, False),
    )


class StoreReceiptReply(codec.Message):
    """Answer to ``store_receipt``."""

    FIELDS = (
        (0, "seq", codec.UINT, 0, True),
        (1, "log_size", codec.UINT, 0, True),
        (2, "time_floor", codec.UINT, 0, True),
    )


class WipeRequest(codec.Request):
    """Destroy the key pair of a key that has no certificate yet; the anchor and the generation counter stay."""

    NUMBER = 11
    STATES = (0, 1, 2)
    FIELDS = (
        (0, "serial", codec.TEXT, 24, True),
    )


class WipeReply(codec.Message):
    """Answer to ``wipe``."""

    FIELDS = (
        (0, "generation", codec.UINT, 0, True),
    )


class ReadCertificateRequest(codec.Request):
    """Return the X.509 certificate, the profile that the office issued, and the anchor under which it verifies."""

    NUMBER = 12
    STATES = (3,)


class ReadCertificateReply(codec.Message):
    """Answer to ``read_certificate``."""

    FIELDS = (
        (0, "x509", codec.BYTES, 1536, True),
        (1, "profile_statement", codec.BYTES, 1024, True),
        (2, "profile_manifest", codec.BYTES, 2048, True),
        (3, "root_public_key", codec.OCTETS, 65, True),
        (4, "issuer_statement", codec.BYTES, 1024, True),
        (5, "issuer_manifest", codec.BYTES, 512, True),
    )


class SetPinRequest(codec.Request):
    """Give a user slot its first PIN.  Slot 0 needs the button; any other needs user 0 logged in."""

    NUMBER = 13
    STATES = (3,)
    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
        (1, "pin", codec.BYTES, 32, True),
    )


class SetPinReply(codec.Message):
    """Answer to ``set_pin``."""

    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
    )


class UnlockRequest(codec.Request):
    """Log a user in with a PIN; ends with the link, with `lock`, or with another attempt to unlock."""

    NUMBER = 14
    STATES = (3,)
    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
        (1, "pin", codec.BYTES, 32, True),
    )


class UnlockReply(codec.Message):
    """Answer to ``unlock``."""

    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
    )


class LockRequest(codec.Request):
    """Log the user out."""

    NUMBER = 15
    STATES = (0, 1, 2, 3)


class LockReply(codec.Message):
    """Answer to ``lock``."""


class ChangePinRequest(codec.Request):
    """Replace a slot's PIN; the old one is counted and checked as in `unlock`."""

    NUMBER = 16
    STATES = (3,)
    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
        (1, "old", codec.BYTES, 32, True),
        (2, "new", codec.BYTES, 32, True),
    )


class ChangePinReply(codec.Message):
    """Answer to ``change_pin``."""

    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
    )


class LoginRequest(codec.Request):
    """Sign an office's login challenge; uses no sequence number."""

    NUMBER = 17
    STATES = (3,)
    FIELDS = (
        (0, "origin", codec.TEXT, 128, True),
        (1, "nonce", codec.OCTETS, 16, True),
    )


class LoginReply(codec.Message):
    """Answer to ``login``."""

    FIELDS = (
        (0, "header", codec.BYTES, 1024, True),
        (1, "signature", codec.OCTETS, 64, True),
        (2, "manifest", codec.BYTES, 512, True),
    )


class ExportLinksRequest(codec.Request):
    """Sign the names of up to 64 statements in sequence, so that the office can close a gap; uses no sequence number."""

    NUMBER = 18
    STATES = (3,)
    FIELDS = (
        (0, "first", codec.UINT, 0, True),
        (1, "count", codec.UINT, 64, True),
    )


class ExportLinksReply(codec.Message):
    """Answer to ``export_links``."""

    FIELDS = (
        (0, "header", codec.BYTES, 1024, True),
        (1, "signature", codec.OCTETS, 64, True),
        (2, "manifest", codec.BYTES, 4096, True),
    )


class ChallengeRequest(codec.Request):
    """Give out the nonce that the office's next order must name, and the head of the key's chain; the nonce stays the same until it is used."""

    NUMBER = 19
    STATES = (3,)


class ChallengeReply(codec.Message):
    """Answer to ``challenge``."""

    FIELDS = (
        (0, "nonce", codec.OCTETS, 16, True),
        (1, "generation", codec.UINT, 0, True),
        (2, "seq", codec.UINT, 0, True),
        (3, "head", codec.OCTETS, 32, True),
        (4, "forgotten", codec.UINT, 0, False),
    )


class ReinstateRequest(codec.Request):
    """Let a key whose flash was set back sign again; its chain continues where the office's order says."""

    NUMBER = 20
    STATES = (3,)
    FIELDS = (
        (0, "statement", codec.BYTES, 1024, True),
        (1, "manifest", codec.BYTES, 512, True),
    )


class ReinstateReply(codec.Message):
    """Answer to ``reinstate``."""

    FIELDS = (
        (0, "seq", codec.UINT, 0, True),
        (1, "head", codec.OCTETS, 32, True),
    )


class FactoryResetRequest(codec.Request):
    """On the office's order, and while the button is held, destroy key pair, profile, PINs, card and statements."""

    NUMBER = 21
    STATES = (3,)
    FIELDS = (
        (0, "statement", codec.BYTES, 1024, True),
        (1, "manifest", codec.BYTES, 512, True),
    )


class FactoryResetReply(codec.Message):
    """Answer to ``factory_reset``."""

    FIELDS = (
        (0, "generation", codec.UINT, 0, True),
    )


class BeginCardRequest(codec.Request):
    """Announce a newer unit card: the office's statement; its sections follow one by one.  `next` is the index of the first missing one."""

    NUMBER = 22
    STATES = (3,)
    FIELDS = (
        (0, "statement", codec.BYTES, 1024, True),
        (1, "manifest", codec.BYTES, 1024, True),
    )


class BeginCardReply(codec.Message):
    """Answer to ``begin_card``."""

    FIELDS = (
        (0, "version", codec.UINT, 0, True),
        (1, "next", codec.UINT, 12, True),
    )


class CardSectionRequest(codec.Request):
    """Send a section of the announced card; the last missing one puts the new card in force."""

    NUMBER = 23
    STATES = (3,)
    FIELDS = (
        (0, "index", codec.UINT, 11, True),
        (1, "content", codec.BYTES, 2048, True),
    )


class CardSectionReply(codec.Message):
    """Answer to ``card_section``."""

    FIELDS = (
        (0, "version", codec.UINT, 0, True),
        (1, "next", codec.UINT, 12, True),
    )


class ReadCardRequest(codec.Request):
    """Return the office's statement of the unit card; a user must be logged in."""

    NUMBER = 24
    STATES = (3,)


class ReadCardReply(codec.Message):
    """Answer to ``read_card``."""

    FIELDS = (
        (0, "statement", codec.BYTES, 1024, True),
        (1, "manifest", codec.BYTES, 1024, True),
    )


class ReadSectionRequest(codec.Request):
    """Return a section of the unit card; a user must be logged in."""

    NUMBER = 25
    STATES = (3,)
    FIELDS = (
        (0, "index", codec.UINT, 11, True),
    )


class ReadSectionReply(codec.Message):
    """Answer to ``read_section``."""

    FIELDS = (
        (0, "content", codec.BYTES, 2048, True),
    )


class OutboxBeginRequest(codec.Request):
    """Announce a parcel for the outbox: the package of a statement that this key signed, by its idempotency key.  `next` is the index of the first missing part."""

    NUMBER = 26
    STATES = (3,)
    FIELDS = (
        (0, "name", codec.OCTETS, 16, True),
        (1, "length", codec.UINT, 32768, True),
        (2, "digest", codec.OCTETS, 32, True),
    )


class OutboxBeginReply(codec.Message):
    """Answer to ``outbox_begin``."""

    FIELDS = (
        (0, "next", codec.UINT, 16, True),
    )


class OutboxPartRequest(codec.Request):
    """Send a part of a parcel: 2048 bytes, the last one the remaining bytes."""

    NUMBER = 27
    STATES = (3,)
    FIELDS = (
        (0, "name", codec.OCTETS, 16, True),
        (1, "index", codec.UINT, 15, True),
        (2, "content", codec.BYTES, 2048, True),
    )


class OutboxPartReply(codec.Message):
    """Answer to ``outbox_part``."""

    FIELDS = (
        (0, "next", codec.UINT, 16, True),
    )


class OutboxEntryRequest(codec.Request):
    """Describe the parcel at a place of the outbox; it is complete when `next` is the number of its parts."""

    NUMBER = 28
    STATES = (3,)
    FIELDS = (
        (0, "place", codec.UINT, 7, True),
    )


class OutboxEntryReply(codec.Message):
    """Answer to ``outbox_entry``."""

    FIELDS = (
        (0, "name", codec.OCTETS, 16, True),
        (1, "length", codec.UINT, 32768, True),
        (2, "digest", codec.OCTETS, 32, True),
        (3, "next", codec.UINT, 16, True),
    )


class OutboxReadRequest(codec.Request):
    """Return a part of a parcel; a user must be logged in."""

    NUMBER = 29
    STATES = (3,)
    FIELDS = (
        (0, "name", codec.OCTETS, 16, True),
        (1, "index", codec.UINT, 15, True),
    )


class OutboxReadReply(codec.Message):
    """Answer to ``outbox_read``."""

    FIELDS = (
        (0, "content", codec.BYTES, 2048, True),
    )


class OutboxDropRequest(codec.Request):
    """Delete a parcel from the outbox.  Storing the receipt of its statement does the same."""

    NUMBER = 30
    STATES = (3,)
    FIELDS = (
        (0, "name", codec.OCTETS, 16, True),
    )


class OutboxDropReply(codec.Message):
    """Answer to ``outbox_drop``."""


class HelloRequest(codec.Request):
    """Open a sealed session: an ephemeral point of either side, signed by the device key that the office certified."""

    NUMBER = 31
    STATES = (3,)
    FIELDS = (
        (0, "version", codec.UINT, 0, True),
        (1, "suite", codec.TEXT, 8, True),
        (2, "nonce", codec.OCTETS, 16, True),
        (3, "point", codec.OCTETS, 65, True),
    )


class HelloReply(codec.Message):
    """Answer to ``hello``."""

    FIELDS = (
        (0, "nonce", codec.OCTETS, 16, True),
        (1, "point", codec.OCTETS, 65, True),
        (2, "certificate", codec.OCTETS, 32, True),
        (3, "signature", codec.OCTETS, 64, True),
    )


class ConfirmBatchRequest(codec.Request):
    """Confirm up to 64 manifests with one press of the button: each may then be signed once, without another press, within five minutes."""

    NUMBER = 32
    STATES = (3,)
    FIELDS = (
        (0, "purpose", codec.TEXT, 16, True),
        (1, "digests", codec.HASHES, 64, True),
    )


class ConfirmBatchReply(codec.Message):
    """Answer to ``confirm_batch``."""

    FIELDS = (
        (0, "digest", codec.OCTETS, 32, True),
        (1, "count", codec.UINT, 64, True),
    )


class ExportAuditRequest(codec.Request):
    """Return the audit ring, signed by the device key; needs no PIN, so that it can be read from a locked key."""

    NUMBER = 33
    STATES = (3,)


class ExportAuditReply(codec.Message):
    """Answer to ``export_audit``."""

    FIELDS = (
        (0, "manifest", codec.BYTES, 5120, True),
        (1, "signature", codec.OCTETS, 64, True),
    )


class SetOfficersRequest(codec.Request):
    """Store the two officers who can unblock this key; the key makes two shares and seals one to each.  Before it has a certificate, or by user 0."""

    NUMBER = 34
    STATES = (2, 3)
    FIELDS = (
        (0, "statement", codec.BYTES, 1024, True),
        (1, "manifest", codec.BYTES, 512, True),
    )


class SetOfficersReply(codec.Message):
    """Answer to ``set_officers``."""

    FIELDS = (
        (0, "number", codec.UINT, 0, True),
    )


class ExportSharesRequest(codec.Request):
    """Return the sealed shares, signed by the device key; needs no PIN, so that they can be read from a locked key."""

    NUMBER = 35
    STATES = (2, 3)


class ExportSharesReply(codec.Message):
    """Answer to ``export_shares``."""

    FIELDS = (
        (0, "manifest", codec.BYTES, 512, True),
        (1, "signature", codec.OCTETS, 64, True),
    )


class UnblockRequest(codec.Request):
    """Set a new PIN with the codes of both officers: the attempt is counted, the codes are used up, and the key makes new shares."""

    NUMBER = 36
    STATES = (3,)
    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
        (1, "first", codec.OCTETS, 8, True),
        (2, "second", codec.OCTETS, 8, True),
        (3, "pin", codec.BYTES, 32, True),
    )


class UnblockReply(codec.Message):
    """Answer to ``unblock``."""

    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
        (1, "number", codec.UINT, 0, True),
    )


class RemoveUserRequest(codec.Request):
    """Remove a user's PIN; user 0 confirms it and cannot be removed."""

    NUMBER = 37
    STATES = (3,)
    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
    )


class RemoveUserReply(codec.Message):
    """Answer to ``remove_user``."""

    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
    )


class UpdateBeginRequest(codec.Request):
    """Announce a firmware release that vendor and operator have signed; `next` is the offset of the first missing byte of the image."""

    NUMBER = 38
    STATES = (1, 2, 3)
    FIELDS = (
        (0, "vendor", codec.BYTES, 1024, True),
        (1, "operator", codec.BYTES, 1024, True),
        (2, "manifest", codec.BYTES, 512, True),
    )


class UpdateBeginReply(codec.Message):
    """Answer to ``update_begin``."""

    FIELDS = (
        (0, "next", codec.UINT, 389120, True),
    )


class UpdatePartRequest(codec.Request):
    """Send a part of the image: 2048 bytes, the last one the remaining bytes."""

    NUMBER = 39
    STATES = (1, 2, 3)
    FIELDS = (
        (0, "offset", codec.UINT, 389120, True),
        (1, "content", codec.BYTES, 2048, True),
    )


class UpdatePartReply(codec.Message):
    """Answer to ``update_part``."""

    FIELDS = (
        (0, "next", codec.UINT, 389120, True),
    )


class UpdateFinishRequest(codec.Request):
    """After the whole image was sent: compare its digest; the key runs it from its next start, and keeps it if it passes its self-test."""

    NUMBER = 40
    STATES = (1, 2, 3)


class UpdateFinishReply(codec.Message):
    """Answer to ``update_finish``."""

    FIELDS = (
        (0, "number", codec.UINT, 0, True),
    )


class SucceedRequest(codec.Request):
    """Make the next key pair of a key in service, and sign its succession with the old one; needs user 0 and the button."""

    NUMBER = 41
    STATES = (3,)


class SucceedReply(codec.Message):
    """Answer to ``succeed``."""

    FIELDS = (
        (0, "header", codec.BYTES, 1024, True),
        (1, "signature", codec.OCTETS, 64, True),
        (2, "manifest", codec.BYTES, 512, True),
        (3, "possession_header", codec.BYTES, 1024, True),
        (4, "possession_signature", codec.OCTETS, 64, True),
        (5, "possession_manifest", codec.BYTES, 512, True),
    )


class StatusRequest(codec.Request):
    """Store the office's status of this key, if the request has one, and return the status in force; active, 0, 0 before the first."""

    NUMBER = 42
    STATES = (3,)
    FIELDS = (
        (0, "statement", codec.BYTES, 1024, False),
        (1, "manifest", codec.BYTES, 512, False),
    )


class StatusReply(codec.Message):
    """Answer to ``status``."""

    FIELDS = (
        (0, "standing", codec.UINT, 2, True),
        (1, "since", codec.UINT, 0, True),
        (2, "number", codec.UINT, 0, True),
    )


class SetTimeRequest(codec.Request):
    """Set the time floor as the office's order says, also to an earlier time, because the office's clock was wrong when the key last verified a time from it."""

    NUMBER = 43
    STATES = (3,)
    FIELDS = (
        (0, "statement", codec.BYTES, 1024, True),
        (1, "manifest", codec.BYTES, 512, True),
    )


class SetTimeReply(codec.Message):
    """Answer to ``set_time``."""

    FIELDS = (
        (0, "time_floor", codec.UINT, 0, True),
    )


class ConditionRequest(codec.Request):
    """Report the key's condition in any state: whether its flash is damaged, and the PIN attempts left for each slot; 255 for a slot without a PIN."""

    NUMBER = 44
    STATES = (0, 1, 2, 3)


class ConditionReply(codec.Message):
    """Answer to ``condition``."""

    FIELDS = (
        (0, "damaged", codec.BOOL, 0, True),
        (1, "tries", codec.OCTETS, 8, True),
    )
