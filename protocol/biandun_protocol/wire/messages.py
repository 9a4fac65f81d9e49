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

    def __init__(
        self,
        code: int,
        field: "int | None" = None,
        tries_left: "int | None" = None,
        wait_ms: "int | None" = None,
    ) -> None:
        self.code = code
        self.field = field
        self.tries_left = tries_left
        self.wait_ms = wait_ms


class KeepAlive(codec.Message):
    """Payload of a keep-alive frame: what the key is doing and how far it is, in thousandths."""

    FIELDS = (
        (0, "phase", codec.UINT, 255, True),
        (1, "permille", codec.UINT, 1000, True),
    )

    def __init__(
        self,
        phase: int,
        permille: int,
    ) -> None:
        self.phase = phase
        self.permille = permille


class Resync(codec.Message):
    """Payload of a resync frame, both ways.  The host sends the nonce, which names the link; the key echoes it and adds the rest."""

    FIELDS = (
        (0, "nonce", codec.OCTETS, 8, True),
        (1, "version", codec.UINT, 255, False),
        (2, "last_completed", codec.UINT, 65535, False),
    )

    def __init__(
        self,
        nonce: bytes,
        version: "int | None" = None,
        last_completed: "int | None" = None,
    ) -> None:
        self.nonce = nonce
        self.version = version
        self.last_completed = last_completed


class Summary(codec.Message):
    """First element of a manifest: what the key reads and checks before it signs."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "uscc", codec.TEXT, 18, True),
        (2, "filing_type", codec.TEXT, 32, True),
        (3, "attachments", codec.UINT, 50, True),
        (4, "case", codec.TEXT, 32, False),
    )

    def __init__(
        self,
        schema: str,
        uscc: str,
        filing_type: str,
        attachments: int,
        case: "str | None" = None,
    ) -> None:
        self.schema = schema
        self.uscc = uscc
        self.filing_type = filing_type
        self.attachments = attachments
        self.case = case


class IssuerManifest(codec.Message):
    """What the root states about the office's signing key (payload of an `issuer` statement)."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "office_id", codec.TEXT, 64, True),
        (2, "public_key", codec.OCTETS, 65, True),
        (3, "x5t", codec.OCTETS, 32, True),
        (4, "not_before", codec.UINT, 0, True),
        (5, "not_after", codec.UINT, 0, True),
    )

    def __init__(
        self,
        schema: str,
        office_id: str,
        public_key: bytes,
        x5t: bytes,
        not_before: int,
        not_after: int,
    ) -> None:
        self.schema = schema
        self.office_id = office_id
        self.public_key = public_key
        self.x5t = x5t
        self.not_before = not_before
        self.not_after = not_after


class ProfileManifest(codec.Message):
    """What the office states about one key: the certificate in its CBOR form (payload of a `profile` statement)."""

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
    )

    def __init__(
        self,
        schema: str,
        version: int,
        serial: str,
        public_key: bytes,
        uscc: str,
        unit_code: str,
        unit_name: str,
        region: str,
        purposes: list[str],
        hardware_class: int,
        not_before: int,
        not_after: int,
        x5t: bytes,
    ) -> None:
        self.schema = schema
        self.version = version
        self.serial = serial
        self.public_key = public_key
        self.uscc = uscc
        self.unit_code = unit_code
        self.unit_name = unit_name
        self.region = region
        self.purposes = purposes
        self.hardware_class = hardware_class
        self.not_before = not_before
        self.not_after = not_after
        self.x5t = x5t


class LoginManifest(codec.Message):
    """What a key signs to log in: bound to the office, to where the person is logging in, and to one nonce (payload of a `login` statement)."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "office_id", codec.TEXT, 64, True),
        (2, "origin", codec.TEXT, 128, True),
        (3, "nonce", codec.OCTETS, 16, True),
        (4, "serial", codec.TEXT, 24, True),
    )

    def __init__(
        self,
        schema: str,
        office_id: str,
        origin: str,
        nonce: bytes,
        serial: str,
    ) -> None:
        self.schema = schema
        self.office_id = office_id
        self.origin = origin
        self.nonce = nonce
        self.serial = serial


class LinksManifest(codec.Message):
    """Names of a run of the key's statements: closes gaps when a package was lost (payload of a `link` statement)."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "serial", codec.TEXT, 24, True),
        (2, "first", codec.UINT, 0, True),
        (3, "ids", codec.HASHES, 64, True),
    )

    def __init__(
        self,
        schema: str,
        serial: str,
        first: int,
        ids: list[bytes],
    ) -> None:
        self.schema = schema
        self.serial = serial
        self.first = first
        self.ids = ids


class PossessionManifest(codec.Message):
    """What a key signs to prove that it holds its private key (payload of a `possession` statement)."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "office_id", codec.TEXT, 64, True),
        (2, "nonce", codec.OCTETS, 16, True),
        (3, "serial", codec.TEXT, 24, True),
        (4, "public_key", codec.OCTETS, 65, True),
    )

    def __init__(
        self,
        schema: str,
        office_id: str,
        nonce: bytes,
        serial: str,
        public_key: bytes,
    ) -> None:
        self.schema = schema
        self.office_id = office_id
        self.nonce = nonce
        self.serial = serial
        self.public_key = public_key


class Offer(codec.Message):
    """File 1 of enrolment, office to key: the anchor, and a nonce that is good once."""

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

    def __init__(
        self,
        schema: str,
        office_id: str,
        office_name: str,
        root_public_key: bytes,
        issuer_statement: bytes,
        issuer_manifest: bytes,
        nonce: bytes,
        uscc: str,
        unit_name: str,
    ) -> None:
        self.schema = schema
        self.office_id = office_id
        self.office_name = office_name
        self.root_public_key = root_public_key
        self.issuer_statement = issuer_statement
        self.issuer_manifest = issuer_manifest
        self.nonce = nonce
        self.uscc = uscc
        self.unit_name = unit_name


class KeyRequest(codec.Message):
    """File 2 of enrolment, key to office: the proof of possession over the nonce."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "statement", codec.BYTES, 1024, True),
        (2, "manifest", codec.BYTES, 512, True),
    )

    def __init__(
        self,
        schema: str,
        statement: bytes,
        manifest: bytes,
    ) -> None:
        self.schema = schema
        self.statement = statement
        self.manifest = manifest


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

    def __init__(
        self,
        schema: str,
        profile_statement: bytes,
        profile_manifest: bytes,
        x509: bytes,
        issuing_x509: bytes,
        root_x509: bytes,
    ) -> None:
        self.schema = schema
        self.profile_statement = profile_statement
        self.profile_manifest = profile_manifest
        self.x509 = x509
        self.issuing_x509 = issuing_x509
        self.root_x509 = root_x509


class SignedManifest(codec.Message):
    """A statement together with its manifest, for manifests that are small."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "statement", codec.BYTES, 1024, True),
        (2, "manifest", codec.BYTES, 4096, True),
    )

    def __init__(
        self,
        schema: str,
        statement: bytes,
        manifest: bytes,
    ) -> None:
        self.schema = schema
        self.statement = statement
        self.manifest = manifest


class ReceiptBundle(codec.Message):
    """A receipt as the office hands it out: its statement, and the payload whose digest the statement carries."""

    FIELDS = (
        (0, "schema", codec.TEXT, 40, True),
        (1, "statement", codec.BYTES, 1024, True),
        (2, "payload", codec.BYTES, 4096, True),
    )

    def __init__(
        self,
        schema: str,
        statement: bytes,
        payload: bytes,
    ) -> None:
        self.schema = schema
        self.statement = statement
        self.payload = payload


class InfoRequest(codec.Request):
    """Who the key is and what it can do; works in every state."""

    NUMBER = 1
    FIELDS = (
        (0, "version", codec.UINT, 0, True),
    )

    def __init__(
        self,
        version: int,
    ) -> None:
        self.version = version


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

    def __init__(
        self,
        version: int,
        firmware: str,
        serial: str,
        hardware_class: int,
        state: int,
        generation: int,
        window: int,
        algorithms: list[str],
        public_key: "bytes | None" = None,
        office_id: "str | None" = None,
        uscc: "str | None" = None,
        unit_code: "str | None" = None,
        unit_name: "str | None" = None,
        region: "str | None" = None,
        purposes: "list[str] | None" = None,
        not_after: "int | None" = None,
        profile_version: "int | None" = None,
        x5t: "bytes | None" = None,
        pin_slots: "int | None" = None,
        unlocked_slot: "int | None" = None,
        suite: "str | None" = None,
        faults: "int | None" = None,
        last_fault: "int | None" = None,
    ) -> None:
        self.version = version
        self.firmware = firmware
        self.serial = serial
        self.hardware_class = hardware_class
        self.state = state
        self.generation = generation
        self.window = window
        self.algorithms = algorithms
        self.public_key = public_key
        self.office_id = office_id
        self.uscc = uscc
        self.unit_code = unit_code
        self.unit_name = unit_name
        self.region = region
        self.purposes = purposes
        self.not_after = not_after
        self.profile_version = profile_version
        self.x5t = x5t
        self.pin_slots = pin_slots
        self.unlocked_slot = unlocked_slot
        self.suite = suite
        self.faults = faults
        self.last_fault = last_fault


class InstallAnchorRequest(codec.Request):
    """Give a blank key its root of trust and the office's current signing key; once, irrevocably."""

    NUMBER = 2
    FIELDS = (
        (0, "root_public_key", codec.OCTETS, 65, True),
        (1, "issuer_statement", codec.BYTES, 1024, True),
        (2, "issuer_manifest", codec.BYTES, 512, True),
    )

    def __init__(
        self,
        root_public_key: bytes,
        issuer_statement: bytes,
        issuer_manifest: bytes,
    ) -> None:
        self.root_public_key = root_public_key
        self.issuer_statement = issuer_statement
        self.issuer_manifest = issuer_manifest


class InstallAnchorReply(codec.Message):
    """Answer to ``install_anchor``."""

    FIELDS = (
        (0, "office_id", codec.TEXT, 64, True),
    )

    def __init__(
        self,
        office_id: str,
    ) -> None:
        self.office_id = office_id


class GenerateKeyRequest(codec.Request):
    """Make the key pair on the key; only the public point ever leaves it."""

    NUMBER = 3

    def __init__(self) -> None:
        pass


class GenerateKeyReply(codec.Message):
    """Answer to ``generate_key``."""

    FIELDS = (
        (0, "public_key", codec.OCTETS, 65, True),
    )

    def __init__(
        self,
        public_key: bytes,
    ) -> None:
        self.public_key = public_key


class ProvePossessionRequest(codec.Request):
    """Sign the office's nonce, so that the office certifies a key that its holder really has."""

    NUMBER = 4
    FIELDS = (
        (0, "nonce", codec.OCTETS, 16, True),
    )

    def __init__(
        self,
        nonce: bytes,
    ) -> None:
        self.nonce = nonce


class ProvePossessionReply(codec.Message):
    """Answer to ``prove_possession``."""

    FIELDS = (
        (0, "header", codec.BYTES, 1024, True),
        (1, "signature", codec.OCTETS, 64, True),
        (2, "manifest", codec.BYTES, 512, True),
    )

    def __init__(
        self,
        header: bytes,
        signature: bytes,
        manifest: bytes,
    ) -> None:
        self.header = header
        self.signature = signature
        self.manifest = manifest


class PersonaliseRequest(codec.Request):
    """Take in the office-signed profile of this key and its X.509 certificate."""

    NUMBER = 5
    FIELDS = (
        (0, "profile_statement", codec.BYTES, 1024, True),
        (1, "profile_manifest", codec.BYTES, 2048, True),
        (2, "x509", codec.BYTES, 1536, True),
    )

    def __init__(
        self,
        profile_statement: bytes,
        profile_manifest: bytes,
        x509: bytes,
    ) -> None:
        self.profile_statement = profile_statement
        self.profile_manifest = profile_manifest
        self.x509 = x509


class PersonaliseReply(codec.Message):
    """Answer to ``personalise``."""

    FIELDS = (
        (0, "profile_version", codec.UINT, 0, True),
    )

    def __init__(
        self,
        profile_version: int,
    ) -> None:
        self.profile_version = profile_version


class SignBeginRequest(codec.Request):
    """Announce a manifest; its bytes follow as data frames under this request's id."""

    NUMBER = 6
    FIELDS = (
        (0, "idempotency_key", codec.OCTETS, 16, True),
        (1, "purpose", codec.TEXT, 16, True),
        (2, "length", codec.UINT, 1048576, True),
        (3, "digest", codec.OCTETS, 32, True),
        (4, "claimed_time", codec.UINT, 0, False),
    )

    def __init__(
        self,
        idempotency_key: bytes,
        purpose: str,
        length: int,
        digest: bytes,
        claimed_time: "int | None" = None,
    ) -> None:
        self.idempotency_key = idempotency_key
        self.purpose = purpose
        self.length = length
        self.digest = digest
        self.claimed_time = claimed_time


class SignBeginReply(codec.Message):
    """Answer to ``sign_begin``."""

    FIELDS = (
        (0, "window", codec.UINT, 0, True),
        (1, "done", codec.BOOL, 0, True),
    )

    def __init__(
        self,
        window: int,
        done: bool,
    ) -> None:
        self.window = window
        self.done = done


class SignFinishRequest(codec.Request):
    """The whole manifest has been sent: check it, ask for presence, sign, keep, answer."""

    NUMBER = 7
    FIELDS = (
        (0, "idempotency_key", codec.OCTETS, 16, True),
    )

    def __init__(
        self,
        idempotency_key: bytes,
    ) -> None:
        self.idempotency_key = idempotency_key


class SignFinishReply(codec.Message):
    """Answer to ``sign_finish``."""

    FIELDS = (
        (0, "seq", codec.UINT, 0, True),
        (1, "header", codec.BYTES, 1024, True),
        (2, "digest", codec.OCTETS, 32, True),
        (3, "signature", codec.OCTETS, 64, True),
    )

    def __init__(
        self,
        seq: int,
        header: bytes,
        digest: bytes,
        signature: bytes,
    ) -> None:
        self.seq = seq
        self.header = header
        self.digest = digest
        self.signature = signature


class FetchRequest(codec.Request):
    """Give back a statement, by its idempotency key or by its sequence number, and the receipt kept with it."""

    NUMBER = 8
    FIELDS = (
        (0, "idempotency_key", codec.OCTETS, 16, False),
        (1, "seq", codec.UINT, 0, False),
    )

    def __init__(
        self,
        idempotency_key: "bytes | None" = None,
        seq: "int | None" = None,
    ) -> None:
        self.idempotency_key = idempotency_key
        self.seq = seq


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

    def __init__(
        self,
        seq: int,
        idempotency_key: bytes,
        header: bytes,
        digest: bytes,
        signature: bytes,
        receipt_statement: "bytes | None" = None,
        receipt_payload: "bytes | None" = None,
    ) -> None:
        self.seq = seq
        self.idempotency_key = idempotency_key
        self.header = header
        self.digest = digest
        self.signature = signature
        self.receipt_statement = receipt_statement
        self.receipt_payload = receipt_payload


class ChainStateRequest(codec.Request):
    """Where the key's chain of statements stands, and what it last verified of the office's log."""

    NUMBER = 9

    def __init__(self) -> None:
        pass


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
    )

    def __init__(
        self,
        seq: int,
        head: bytes,
        receipted: int,
        log_size: int,
        log_root: bytes,
        time_floor: int,
        waiting: int,
        last_key: "bytes | None" = None,
    ) -> None:
        self.seq = seq
        self.head = head
        self.receipted = receipted
        self.log_size = log_size
        self.log_root = log_root
        self.time_floor = time_floor
        self.waiting = waiting
        self.last_key = last_key


class StoreReceiptRequest(codec.Request):
    """Verify the office's receipt for one of this key's statements and keep it."""

    NUMBER = 10
    FIELDS = (
        (0, "receipt_statement", codec.BYTES, 1024, True),
        (1, "receipt_payload", codec.BYTES, 4096, True),
        (2, "consistency", codec.HASHES, 126, False),
    )

    def __init__(
        self,
        receipt_statement: bytes,
        receipt_payload: bytes,
        consistency: "list[bytes] | None" = None,
    ) -> None:
        self.receipt_statement = receipt_statement
        self.receipt_payload = receipt_payload
        self.consistency = consistency


class StoreReceiptReply(codec.Message):
    """Answer to ``store_receipt``."""

    FIELDS = (
        (0, "seq", codec.UINT, 0, True),
        (1, "log_size", codec.UINT, 0, True),
        (2, "time_floor", codec.UINT, 0, True),
    )

    def __init__(
        self,
        seq: int,
        log_size: int,
        time_floor: int,
    ) -> None:
        self.seq = seq
        self.log_size = log_size
        self.time_floor = time_floor


class WipeRequest(codec.Request):
    """Destroy the key pair, the profile and all statements; the anchor and the generation counter stay."""

    NUMBER = 11
    FIELDS = (
        (0, "serial", codec.TEXT, 24, True),
    )

    def __init__(
        self,
        serial: str,
    ) -> None:
        self.serial = serial


class WipeReply(codec.Message):
    """Answer to ``wipe``."""

    FIELDS = (
        (0, "generation", codec.UINT, 0, True),
    )

    def __init__(
        self,
        generation: int,
    ) -> None:
        self.generation = generation


class ReadCertificateRequest(codec.Request):
    """Give out the X.509 certificate, the profile that the office issued, and the anchor under which the key believes it."""

    NUMBER = 12

    def __init__(self) -> None:
        pass


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

    def __init__(
        self,
        x509: bytes,
        profile_statement: bytes,
        profile_manifest: bytes,
        root_public_key: bytes,
        issuer_statement: bytes,
        issuer_manifest: bytes,
    ) -> None:
        self.x509 = x509
        self.profile_statement = profile_statement
        self.profile_manifest = profile_manifest
        self.root_public_key = root_public_key
        self.issuer_statement = issuer_statement
        self.issuer_manifest = issuer_manifest


class SetPinRequest(codec.Request):
    """Give a user slot its first PIN.  Slot 0 needs the button; any other needs slot 0 unlocked."""

    NUMBER = 13
    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
        (1, "pin", codec.BYTES, 32, True),
    )

    def __init__(
        self,
        slot: int,
        pin: bytes,
    ) -> None:
        self.slot = slot
        self.pin = pin


class SetPinReply(codec.Message):
    """Answer to ``set_pin``."""

    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
    )

    def __init__(
        self,
        slot: int,
    ) -> None:
        self.slot = slot


class UnlockRequest(codec.Request):
    """Let a user in with a PIN; ends with the link, with `lock`, or when another slot is tried."""

    NUMBER = 14
    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
        (1, "pin", codec.BYTES, 32, True),
    )

    def __init__(
        self,
        slot: int,
        pin: bytes,
    ) -> None:
        self.slot = slot
        self.pin = pin


class UnlockReply(codec.Message):
    """Answer to ``unlock``."""

    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
    )

    def __init__(
        self,
        slot: int,
    ) -> None:
        self.slot = slot


class LockRequest(codec.Request):
    """End what `unlock` began."""

    NUMBER = 15

    def __init__(self) -> None:
        pass


class LockReply(codec.Message):
    """Answer to ``lock``."""


    def __init__(self) -> None:
        pass


class ChangePinRequest(codec.Request):
    """Replace a slot's PIN; the old one is counted and checked as in `unlock`."""

    NUMBER = 16
    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
        (1, "old", codec.BYTES, 32, True),
        (2, "new", codec.BYTES, 32, True),
    )

    def __init__(
        self,
        slot: int,
        old: bytes,
        new: bytes,
    ) -> None:
        self.slot = slot
        self.old = old
        self.new = new


class ChangePinReply(codec.Message):
    """Answer to ``change_pin``."""

    FIELDS = (
        (0, "slot", codec.UINT, 7, True),
    )

    def __init__(
        self,
        slot: int,
    ) -> None:
        self.slot = slot


class LoginRequest(codec.Request):
    """Sign an office's login challenge; uses no sequence number."""

    NUMBER = 17
    FIELDS = (
        (0, "origin", codec.TEXT, 128, True),
        (1, "nonce", codec.OCTETS, 16, True),
    )

    def __init__(
        self,
        origin: str,
        nonce: bytes,
    ) -> None:
        self.origin = origin
        self.nonce = nonce


class LoginReply(codec.Message):
    """Answer to ``login``."""

    FIELDS = (
        (0, "header", codec.BYTES, 1024, True),
        (1, "signature", codec.OCTETS, 64, True),
        (2, "manifest", codec.BYTES, 512, True),
    )

    def __init__(
        self,
        header: bytes,
        signature: bytes,
        manifest: bytes,
    ) -> None:
        self.header = header
        self.signature = signature
        self.manifest = manifest


class ExportLinksRequest(codec.Request):
    """Sign the names of up to 64 statements in sequence, so that the office can close a gap; uses no sequence number."""

    NUMBER = 18
    FIELDS = (
        (0, "first", codec.UINT, 0, True),
        (1, "count", codec.UINT, 64, True),
    )

    def __init__(
        self,
        first: int,
        count: int,
    ) -> None:
        self.first = first
        self.count = count


class ExportLinksReply(codec.Message):
    """Answer to ``export_links``."""

    FIELDS = (
        (0, "header", codec.BYTES, 1024, True),
        (1, "signature", codec.OCTETS, 64, True),
        (2, "manifest", codec.BYTES, 4096, True),
    )

    def __init__(
        self,
        header: bytes,
        signature: bytes,
        manifest: bytes,
    ) -> None:
        self.header = header
        self.signature = signature
        self.manifest = manifest
