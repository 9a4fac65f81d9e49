"""A verifier written from SPEC.md alone refuses what ours refuses, and accepts what ours accepts.

``spec_verifier`` is that verifier.  Every vector, and mutations that are generated from a folder,
go to both; a mutation is signed properly wherever somebody could sign it, so that only the rule in
question stands between it and being believed.
"""

import ast
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from biandun import evidence
from biandun_office.office.keys import new_key
from biandun_protocol import cbor, cose, package, receipt
from biandun_protocol.algorithms import BY_NAME, ES256, SM2, PublicKey
from biandun_protocol.certificate import Signed, sign_issuer, sign_profile
from biandun_protocol.errors import ProtocolProblem
from biandun_protocol.receipt import Receipt
from biandun_protocol.wire import codec
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import IssuerManifest, ProfileManifest
from biandun_protocol.wire.numbers import KEY_PURPOSES, OFFICE_PURPOSES, ROLES
from biandun_protocol.wire.statement import ReceiptPayload
from tests.protocol import spec_verifier as spec
from tests.support.softkey import SoftKey, attachment, manifest
from tests.support.softoffice import NOW, SoftOffice
from tests.support.softserver import root_certificate

VECTORS = Path(__file__).resolve().parents[2] / "protocol" / "vectors"
PDF = b"%PDF-1.7 one page"
MODULE = Path(spec.__file__)
Files = dict[str, bytes]


def test_the_verifier_rests_on_nothing_of_this_project() -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(MODULE.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or ".")
    outside = {name.partition(".")[0] for name in imported}
    assert outside <= {
        "re",
        "unicodedata",
        "collections",
        "dataclasses",
        "datetime",
        "hashlib",
        "typing",
        "cryptography",
    }


# the vectors


def cases(section: str) -> Iterator[Any]:
    for name, suite in (("statements.json", "ES256"), ("statements-sm2.json", "SM2")):
        document = json.loads((VECTORS / name).read_text("utf-8"))
        keys = {entry["name"]: bytes.fromhex(entry["public"]) for entry in document["keys"]}
        valid = {entry["name"]: entry for entry in document["valid"]}
        for entry in document[section]:
            yield pytest.param(
                entry, keys, valid, suite, id=f"{suite}-{entry['name'].replace(' ', '-')}"
            )


def key_of(entry: dict[str, Any], keys: dict[str, bytes], suite: str) -> spec.Key:
    point = keys[entry["signer"]]
    return spec.Key(BY_NAME[entry.get("suite", suite)].alg, point)


@pytest.mark.parametrize(("entry", "keys", "valid", "suite"), list(cases("valid")))
def test_what_the_vectors_call_good_is_accepted(
    entry: Any, keys: Any, valid: Any, suite: str
) -> None:
    found = spec.verify_statement(
        bytes.fromhex(entry["statement"]), entry["purpose"], key_of(entry, keys, suite)
    )
    assert found.id.hex() == entry["statement_id"]
    spec.covers(found, bytes.fromhex(entry["manifest"]))


@pytest.mark.parametrize(("entry", "keys", "valid", "suite"), list(cases("refused")))
def test_what_the_vectors_call_bad_is_refused_by_the_code_of_section_4_3(
    entry: Any, keys: Any, valid: Any, suite: str
) -> None:
    with pytest.raises(spec.Refused) as caught:
        spec.verify_statement(
            bytes.fromhex(entry["statement"]), entry["purpose"], key_of(entry, keys, suite)
        )
    assert str(caught.value) == entry["code"]


@pytest.mark.parametrize(("entry", "keys", "valid", "suite"), list(cases("receipts")))
def test_receipts_are_judged_as_their_vectors_say(
    entry: Any, keys: Any, valid: Any, suite: str
) -> None:
    alg, of = BY_NAME[suite].alg, valid[entry["of"]]
    statement = spec.verify_statement(
        bytes.fromhex(of["statement"]), of["purpose"], key_of(of, keys, suite)
    )
    issuer = {
        "office_id": "629900",
        "public_key": keys["office"],
        "x5t": sha256(b"X.509 of office").digest(),
    }
    try:
        spec.verify_receipt(
            bytes.fromhex(entry["receipt"]), bytes.fromhex(entry["payload"]), statement, issuer, alg
        )
        code = "ok"
    except spec.Refused as refusal:
        code = str(refusal)
    assert code == entry["code"]


@pytest.mark.parametrize("kind", ["valid", "invalid", "incomplete"])
def test_cbor_is_read_as_its_vectors_say(kind: str) -> None:
    for entry in json.loads((VECTORS / "cbor.json").read_text("utf-8"))[kind]:
        try:
            spec.decode(bytes.fromhex(entry["cbor"]), "no")
            good = True
        except spec.Refused:
            good = False
        assert good == (kind == "valid"), entry["name"]


# generated folders


@dataclass
class Scene:
    """A unit's key, an office, and the folder of a filing of two statements in the log."""

    office: SoftOffice
    key: SoftKey

    @classmethod
    def make(cls, suite: str = "ES256") -> "Scene":
        office = SoftOffice(algorithm=BY_NAME[suite], purposes=tuple(ROLES["supervisor"]))
        return cls(office, SoftKey(signer=new_key(office.algorithm)))

    @property
    def algorithm(self) -> Any:
        return self.office.algorithm

    def files(self, **how: Any) -> Files:
        """The folder; ``how`` names what is different: profile, issuer, header, signer, raw,
        purpose, received, receipt.
        """
        office, key = self.office, self.key
        issuer = self._issuer(how.get("issuer", {}))
        grant = office.grant_for(key.serial, key.signer.public_key)
        profile = ProfileManifest(
            **{
                **codec.decode(ProfileManifest, grant.profile_manifest).__dict__,
                **how.get("profile", {}),
            }
        )
        issuing = {
            "office_id": office.office_id,
            "region": office.region,
            "x5t": office.issuer_manifest.x5t,
        }
        signed = sign_profile(
            how.get("profile_signer", office.issuer),
            manifest=profile,
            **issuing | how.get("profile_names", {}),
        )
        raw = how.get("raw") or manifest(attachments=(attachment(PDF),))
        statement = self._statement(raw, profile, how)
        bundle = self._receipt(statement, how)
        return {
            "issuer.cose": issuer.statement,
            "issuer.cbor": issuer.manifest,
            "profile.cose": signed.statement,
            "profile.cbor": signed.manifest,
            "certificate.der": grant.x509,
            "manifest.cbor": raw,
            "attachments/用编申请.pdf": PDF,
            "statement.cose": statement,
            "receipt.cbor": bundle.encode(),
        }

    def _issuer(self, changed: dict[str, Any]) -> Signed:
        names = {"region": self.office.region, "root_x5t": sha256(self.office.root_x509).digest()}
        fields = {**self.office.issuer_manifest.__dict__, **changed}
        return sign_issuer(self.office.root, manifest=IssuerManifest(**fields), **names)

    def _statement(self, raw: bytes, profile: ProfileManifest, how: dict[str, Any]) -> bytes:
        """Signed properly, whatever is in the header: ``header`` edits the labels before they are
        signed.
        """
        signer, purpose = how.get("signer", self.key.signer), how.get("purpose", "filing")
        own: dict[int, object] = {
            2: "12629900MB00000274", 3: "629900-0002", 4: "629900", 5: 0, 7: 1, 8: bytes(32), 9: len(raw), 12: 1, 13: "0.1.0", 14: 0,
        }  # fmt: skip
        kid = PublicKey.of(self.key.signer if how.get("kid_of_key") else signer).kid
        x5t = codec.decode(ProfileManifest, codec.encode(profile)).x5t
        iss, sub = f"urn:biandun:key:{self.key.serial}", f"urn:biandun:unit:{own[2]}"
        protected = wire.protected_header(signer.algorithm, kid, iss, sub, purpose, x5t, own)
        labels = cbor.loads(protected)
        how.get("header", lambda labels: None)(labels)
        protected = cbor.dumps(labels)
        digest = signer.algorithm.digest(raw)
        aad = how.get("aad", purpose)
        return wire.assemble(
            protected, digest, signer.sign(wire.to_be_signed(protected, aad, digest))
        )

    def _receipt(self, raw: bytes, how: dict[str, Any]) -> Receipt:
        """A receipt for the statement's bytes, even if nobody would have taken them in."""
        self.office.leaves[:] = [b"\1" * 32]
        protected, digest, _ = wire.split(raw)
        name = wire.statement_id(
            self.algorithm,
            wire.to_be_signed(protected, how.get("aad", how.get("purpose", "filing")), digest),
        )
        received = how.get("received", NOW)
        self.office.leaves.append(
            sha256(b"\0" + wire.log_leaf(name, raw, digest, received)).digest()
        )
        made = self.office.receipt(1, name, received)
        if "receipt" not in how:
            return made
        payload: ReceiptPayload = how["receipt"](made.read()) or made.read()
        signer = how.get("receipt_signer", self.office.issuer)
        return receipt.sign_receipt(
            signer, payload=payload, **self._names | how.get("receipt_names", {})
        )

    @property
    def _names(self) -> dict[str, Any]:
        return {
            "office_id": self.office.office_id,
            "region": self.office.region,
            "x5t": self.office.issuer_manifest.x5t,
        }


def ours(files: Files, folder: Path, root: bytes) -> str:
    """ "good", or the code of the step that our verifier stops at."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    failed = evidence.verify_folder(folder, root).failed
    for name in files:
        (folder / name).unlink()
    return failed[0].found if failed else "good"


def theirs(files: Files, root: bytes) -> str:
    """ "good", or the code that the other verifier refuses with."""
    try:
        spec.verify_folder(files, spec.root_key(root))
    except spec.Refused as refusal:
        return str(refusal)
    return "good"


def agree(files: Files, folder: Path, root: bytes, what: str) -> str:
    """Both verdicts are the same; returns theirs."""
    mine, other = ours(files, folder, root), theirs(files, root)
    assert (mine == "good") == (other == "good"), f"{what}: ours {mine}, from the text {other}"
    return other


def own(field: int, value: object) -> Callable[[Any], None]:
    return lambda labels: labels[-70001].update({field: value})


def without(field: int) -> Callable[[Any], None]:
    return lambda labels: labels[-70001].pop(field)


def label(number: object, value: object) -> Callable[[Any], None]:
    return lambda labels: labels.update({number: value})


VALUES = [
    0,
    1,
    2,
    -1,
    True,
    False,
    "",
    "x",
    "629900",
    "x" * 30,
    b"",
    bytes(16),
    bytes(32),
    [],
    [1, bytes(32)],
    {},
    2**63 - 1,
    2**63,
]
OTHER_UNIT = "11629900MB0000019C"
BEFORE, AFTER = NOW - 86400, NOW + 1000


def swapped(purpose: str, field: int = 1) -> Callable[[Any], None]:
    def edit(labels: Any) -> None:
        labels[-70001][field] = purpose
        labels[16], labels[259] = wire.media_type(purpose, "cose"), wire.media_type(purpose, "cbor")

    return edit


def rebuilt(**changed: object) -> Callable[[ReceiptPayload], ReceiptPayload]:
    def edit(payload: ReceiptPayload) -> ReceiptPayload:
        return ReceiptPayload(**{**payload.__dict__, **changed})  # type: ignore[arg-type]

    return edit


def for_another(labels: Any) -> None:
    """Say to be a statement of another unit."""
    labels[-70001][2] = OTHER_UNIT
    labels[15][2] = f"urn:biandun:unit:{OTHER_UNIT}"


HOW: dict[str, dict[str, Any]] = {
    "another key pair": {"signer": new_key(ES256)},
    "another key pair under the kid of the key": {"signer": new_key(ES256), "kid_of_key": True},
    "the header of another unit": {"header": for_another},
    "header and manifest of another unit": {"header": for_another, "raw": manifest(uscc=OTHER_UNIT, supervisor_uscc=None)},
    "header and manifest of another region": {"header": own(4, "629902"), "raw": manifest(region="629902")},
    "header and manifest of another unit code": {"header": own(3, "629900-9999"), "raw": manifest(unit_code="629900-9999")},
    "the manifest of another region": {"raw": manifest(region="629902")},
    "the manifest of another unit": {"raw": manifest(uscc=OTHER_UNIT, supervisor_uscc=None)},
    "the header of another serial": {"header": lambda labels: labels[15].update({1: "urn:biandun:key:BD-OTHER"})},
    "the header of another certificate": {"header": label(34, [-16, bytes(32)])},
    **{f"a profile for {name}": {"profile": {name: value}} for name, value in (
        ("serial", "BD-OTHER"), ("uscc", OTHER_UNIT), ("unit_code", "629900-9999"), ("region", "629902"), ("x5t", bytes(32)),
        ("purposes", []), ("purposes", ["login"]), ("hardware_class", 2), ("role", "unit"), ("role", "no such role"),
        ("version", 0), ("unit_name", "另一个名称"), ("device_key", bytes(65)),
    )},
    "a profile with purposes of the office": {"profile": {"purposes": ["filing", "receipt"]}},
    "a profile with a purpose twice": {"profile": {"purposes": ["filing", "filing"]}},
    "a profile of another schema": {"profile": {"schema": "biandun-profile/2"}},
    "a profile of another office": {"profile_signer": new_key(ES256)},
    "a profile under another name": {"profile_names": {"office_id": "other"}},
    "a profile under another certificate": {"profile_names": {"x5t": bytes(32)}},
    "a profile of another region in its header": {"profile_names": {"region": "629902"}},
    "an issuer under another name": {"issuer": {"office_id": "other"}},
    "an issuer of another schema": {"issuer": {"schema": "biandun-issuer/2"}},
    "an issuer with another point": {"issuer": {"public_key": b"\4" + bytes(64)}},
    **{
        f"{who} from {first - NOW} to {last - NOW}": {who: {"not_before": first, "not_after": last}}
        for who in ("issuer", "profile")
        for first, last in (
            (NOW, AFTER), (NOW + 1, AFTER), (BEFORE, NOW), (BEFORE, NOW - 1), (NOW, NOW), (AFTER, BEFORE), (0, 2**63 - 1), (NOW - 1, NOW + 1),
        )
    },
    **{f"swapped to {purpose}": {"header": swapped(purpose)} for purpose in (*KEY_PURPOSES, *OFFICE_PURPOSES, "", "x")},
    **{f"swapped to {purpose} with its external data": {"header": swapped(purpose), "aad": purpose} for purpose in KEY_PURPOSES},
    "external data of another purpose": {"aad": "decision"},
    "a receipt for another statement": {"receipt": rebuilt(statement_id=bytes(32))},
    "a receipt at another place": {"receipt": rebuilt(leaf_index=0)},
    "a receipt at no place": {"receipt": rebuilt(leaf_index=2)},
    "a receipt of another size": {"receipt": rebuilt(tree_size=3)},
    "a receipt of another root": {"receipt": rebuilt(root=bytes(32))},
    "a receipt without a path": {"receipt": rebuilt(path=[])},
    "a receipt with a longer path": {"receipt": rebuilt(path=[b"\1" * 32, bytes(32)])},
    "a receipt of another time": {"receipt": rebuilt(received=NOW + 1)},
    "a receipt of another office": {"receipt": lambda payload: payload, "receipt_signer": new_key(ES256)},
    "a receipt under another name": {"receipt": lambda payload: payload, "receipt_names": {"office_id": "other"}},
    "a receipt under another certificate": {"receipt": lambda payload: payload, "receipt_names": {"x5t": bytes(32)}},
    "a receipt of another region": {"receipt": lambda payload: payload, "receipt_names": {"region": "629902"}},
    **{f"received at {moment}": {"received": moment} for moment in (0, 1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**62)},
}  # fmt: skip
GOOD = {  # these differ from the base, and nothing that is told of them is judged
    "a profile for hardware_class", "a profile for role", "a profile for version", "a profile for unit_name", "a profile with a purpose twice",
    "a profile for device_key", "a profile of another region in its header", "a receipt of another region", "issuer from 0 to 1000",
    "profile from 0 to 1000", "issuer from -86400 to 0", "profile from -86400 to 0", "issuer from -1 to 1", "profile from -1 to 1",
}  # fmt: skip


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene.make()


@pytest.fixture(scope="module")
def root(scene: Scene) -> bytes:
    return root_certificate(scene.office)


@pytest.mark.parametrize("suite", ["ES256", "SM2"])
def test_both_accept_a_genuine_folder(suite: str, tmp_path: Path) -> None:
    scene = Scene.make(suite)
    assert agree(scene.files(), tmp_path, root_certificate(scene.office), "genuine") == "good"


def test_both_judge_alike_whatever_somebody_signs(
    scene: Scene, root: bytes, tmp_path: Path
) -> None:
    verdicts = {what: agree(scene.files(**how), tmp_path, root, what) for what, how in HOW.items()}
    accepted = {what for what, verdict in verdicts.items() if verdict == "good"}
    wide = {f"{who} from {-NOW} to {2**63 - 1 - NOW}" for who in ("issuer", "profile")}
    assert accepted == GOOD | wide | {
        "swapped to filing",
        "swapped to filing with its external data",
    }


@pytest.mark.parametrize("field", [*range(18), "seq"])
def test_both_judge_alike_whatever_a_field_of_the_header_holds(
    scene: Scene, root: bytes, tmp_path: Path, field: Any
) -> None:
    for value in VALUES:
        agree(scene.files(header=own(field, value)), tmp_path, root, f"field {field} is {value!r}")
    if field in (*range(5), *range(7, 10), 12, 13, 14):
        assert (
            agree(scene.files(header=without(field)), tmp_path, root, f"field {field} is absent")
            != "good"
        )


@pytest.mark.parametrize("number", [1, 2, 3, 4, 15, 16, 34, 35, 258, 259, -70001, "alg"])
def test_both_judge_alike_whatever_a_label_holds(
    scene: Scene, root: bytes, tmp_path: Path, number: Any
) -> None:
    for value in (
        *VALUES,
        -7,
        -16,
        [-16, bytes(32)],
        [True, bytes(32)],
        {1: "urn:biandun:key:BD-TEST-0001"},
        {1: 1},
    ):
        agree(
            scene.files(header=label(number, value)), tmp_path, root, f"label {number} is {value!r}"
        )


FORM_VALUES = [
    "",
    " ",
    "x",
    "x ",
    "\u3000x",
    "a\nb",
    "a \nb",
    " a",
    "\u200b",
    "x" * 3000,
    0,
    1,
    999,
    1000,
    True,
    b"",
    [],
    {},
    "2026-02-30",
    "0000-01-01",
]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a body."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, content in inner:
        yield (*at, key)
        yield from places(content, (*at, key))


def changed_at(raw: bytes, at: tuple[Any, ...], value: object) -> bytes:
    summary, body = cbor.items(cbor.loads(raw))
    place: Any = body
    for key in at[:-1]:
        place = place[key]
    if value is None:
        del place[at[-1]]
    else:
        place[at[-1]] = value
    return cbor.dumps([summary, body])


def test_both_judge_alike_whatever_stands_in_a_form() -> None:
    raw = manifest(attachments=(attachment(PDF),))
    body = cbor.items(cbor.loads(raw))[1]
    judged = 0
    for at in (*places(body), ("case",), ("extra",), ("items", 0, "extra")):
        for value in (*FORM_VALUES, None):
            try:
                changed = changed_at(raw, at, value)
            except (KeyError, IndexError):
                continue
            verdicts: list[bool] = []
            for read, refusal in (
                (package.read, ProtocolProblem),
                (spec.read_manifest, spec.Refused),
            ):
                try:
                    read(changed, "filing")
                    verdicts.append(True)
                except refusal:
                    verdicts.append(False)
            assert verdicts[0] == verdicts[1], (at, value)
            judged += 1
    assert judged > 500


@pytest.mark.parametrize("seed", range(4))
def test_both_refuse_a_folder_with_any_byte_changed(
    scene: Scene, root: bytes, tmp_path: Path, seed: int
) -> None:
    files, chance = scene.files(), random.Random(seed)
    for name, content in files.items():
        for _ in range(6):
            at, flip = chance.randrange(len(content)), chance.randrange(1, 256)
            altered = content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :]
            assert agree({**files, name: altered}, tmp_path, root, f"{name} at {at}") != "good"
        for cut in (content[:-1], content + b"\0", b""):
            assert agree({**files, name: cut}, tmp_path, root, f"{name} cut or longer") != "good"
        if name != "attachments/用编申请.pdf":
            lacks = {other: files[other] for other in files if other != name}
            assert agree(lacks, tmp_path, root, f"without {name}") != "good"


def test_a_root_of_another_office_is_refused_by_both(scene: Scene, tmp_path: Path) -> None:
    assert (
        agree(scene.files(), tmp_path, root_certificate(SoftOffice(seed=9000)), "another root")
        == "kid-mismatch"
    )


def test_an_office_key_of_the_other_suite_is_refused_by_both(
    scene: Scene, root: bytes, tmp_path: Path
) -> None:
    other = {"issuer": {"public_key": new_key(SM2).public_key}}
    assert agree(scene.files(**other), tmp_path, root, "a point of the other suite") in (
        "key-invalid",
        "kid-mismatch",
    )


def test_the_text_is_needed(scene: Scene, root: bytes) -> None:
    """The negative control: a verifier that leaves out step 7 takes the key of one unit for that of
    another.
    """
    files = scene.files(profile={"uscc": OTHER_UNIT})
    assert theirs(files, root) == "certificate-mismatch"
    statement = cose.parse(files["statement.cose"], purpose="filing")
    cose.verify(statement, PublicKey.of(scene.key.signer))
