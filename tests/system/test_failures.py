"""Every failure that the product knows, in one table; and those that have no test elsewhere,
provoked here.

``failures.py`` has a row for each code of the message catalogue: what the program's exit status is,
what HTTP says, what is left unchanged, and the test that provokes it.  A code without a row, a row
without its test, or a page of the documentation that differs from the table fails here.
"""

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from biandun import errors
from biandun.files import read_file
from biandun.key.connection import Connection
from biandun.keys import Key
from biandun.known_keys import Known, KnownKeys
from biandun_office.platform.errors import http_status
from biandun_protocol import book, catalogue, cbor, cose, receipt
from biandun_protocol.errors import StatementProblem
from biandun_protocol.receipt import Receipt
from biandun_protocol.secret import Secret
from biandun_protocol.wire import codec, frames
from biandun_protocol.wire import statement as wire_statement
from biandun_protocol.wire.messages import InfoRequest, SetPinRequest
from biandun_protocol.wire.numbers import ERROR_NAMES, KIND_REQUEST
from biandun_simulator.interpreter import SimulatorMissing
from biandun_simulator.simulated_key import SimulatorFailed
from tests.firmware.conftest import Wire, ask
from tests.support import softkey
from tests.support.person import PIN, Person
from tests.support.softoffice import SoftOffice
from tests.system.failures import ROWS, page

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("code", book.ERRORS)
def test_every_code_has_a_row_and_words_in_both_languages(code: str) -> None:
    assert code in ROWS, "add the failure to tests/system/failures.py"
    entry = catalogue.entry(code)
    assert all((entry.zh, entry.en, entry.next_zh, entry.next_en))


def test_the_table_has_no_row_for_a_code_that_is_gone() -> None:
    assert set(ROWS) - set(book.ERRORS) == set()


@cache
def provocations(path: Path) -> dict[str, str]:
    """Test name -> its source with decorators and with the module's constants that it names."""
    source = path.read_text("utf-8")
    tree, lines = ast.parse(source), source.splitlines()
    constants = {
        target.id: "\n".join(lines[node.lineno - 1 : node.end_lineno])
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            start = min([decorator.lineno for decorator in node.decorator_list] + [node.lineno])
            text = "\n".join(lines[start - 1 : node.end_lineno])
            names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            found[node.name] = text + "".join(constants.get(name, "") for name in names)
    return found


@pytest.mark.parametrize("code", ROWS)
def test_every_row_names_a_test_that_provokes_it(code: str) -> None:
    path, _, name = ROWS[code].proof.partition("::")
    assert f'"{code}' in provocations(ROOT / path).get(name, "")


@pytest.mark.parametrize("code", [code for code, row in ROWS.items() if row.http is not None])
def test_the_table_says_what_http_says(code: str) -> None:
    assert ROWS[code].http == http_status(code)


@pytest.mark.parametrize("code", ERROR_NAMES.values())
def test_the_table_says_with_what_status_a_refusal_of_the_key_ends(code: str) -> None:
    number = next(number for number, name in ERROR_NAMES.items() if name == code)
    assert ROWS[code].exit == errors.KeyRefused(number).exit_status


def test_the_page_of_the_documentation_is_the_table() -> None:
    assert (ROOT / "docs" / "failures.md").read_text("utf-8") == page(), (
        "run: python -m tests.system.failures"
    )


# --- failures that no other test provokes -----------------------------


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def soft() -> SoftOffice:
    return SoftOffice()


@pytest.fixture
def key(wire: Wire, soft: SoftOffice) -> Key:
    key = wire.open()
    key.personalise(soft.grant(key.answer_offer(soft.offer())))
    key.set_pin(PIN)
    return key


REQUESTS = {
    "unknown-command": cbor.dumps([99, {}]),
    "unsupported-version": codec.encode_request(InfoRequest(99)),
    "unknown-field": cbor.dumps([1, {0: 1, 9: 1}]),
    "missing-field": cbor.dumps([1, {}]),
    "bad-field": cbor.dumps([1, {0: "1"}]),
    "malformed": b"\xff",
}


@pytest.mark.parametrize("code", REQUESTS)
def test_a_request_that_breaks_a_rule_is_answered_by_its_number(code: str, key: Key) -> None:
    with pytest.raises(errors.KeyRefused) as caught:
        key.connection.call(REQUESTS[code])
    assert caught.value.code == code


def last_answer(wire: Wire, data: bytes) -> bytes:
    reader = frames.FrameReader()
    answer = wire.key.feed(data)
    reader.put(answer, len(answer))
    frame = reader.next()
    assert frame is not None
    return bytes(frame.payload)


def test_a_request_over_the_limit_is_too_large(key: Key, wire: Wire) -> None:
    parts = [
        frames.encode_frame(KIND_REQUEST, 9000, at, bytes(4000), more=at < 8000)
        for at in (0, 4000, 8000)
    ]
    payload = last_answer(wire, b"".join(parts))
    assert ERROR_NAMES[cbor.loads(payload)[0]] == "too-large"  # type: ignore[index]


def test_a_request_id_used_for_other_bytes_is_refused(key: Key, wire: Wire) -> None:
    wire.key.feed(frames.encode_frame(KIND_REQUEST, 9000, 0, REQUESTS["missing-field"]))
    payload = last_answer(wire, frames.encode_frame(KIND_REQUEST, 9000, 0, REQUESTS["bad-field"]))
    assert ERROR_NAMES[cbor.loads(payload)[0]] == "request-id-reused"  # type: ignore[index]


def test_nobody_at_the_button_ends_in_a_timeout(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    wire.presence(None)
    with pytest.raises(errors.KeyRefused) as caught:
        ask(key, SetPinRequest(1, b"another one"))
    assert caught.value.code == "presence-timeout"


def test_a_sealed_message_that_no_session_opens_is_answered_in_clear(key: Key) -> None:
    with pytest.raises(errors.KeyRefused) as caught:
        key.connection.call(b"\x58\x98" + bytes(152))
    assert caught.value.code == "session-lost"


def test_another_device_under_a_known_serial_number_gets_no_pin(
    key: Key, wire: Wire, tmp_path: Path
) -> None:
    known = KnownKeys(tmp_path / "known.json")
    known.remember("BD-TEST-0001", Known("00", "", "", "", 0))
    with pytest.raises(errors.KeyChanged) as caught:
        Key(Connection(wire), Person(), known).unlock()
    assert caught.value.code == "key-changed"


def test_a_new_key_that_is_not_confirmed_gets_no_pin(key: Key, wire: Wire, tmp_path: Path) -> None:
    class Doubter(Person):
        def new_key(self, serial: str, unit_name: str, fingerprint: str, root_known: bool) -> bool:
            return False

    with pytest.raises(errors.KeyUnknown) as caught:
        Key(Connection(wire), Doubter(), KnownKeys(tmp_path / "known.json")).unlock()
    assert caught.value.code == "key-unknown"


def test_a_key_that_did_not_sign_the_hello_gets_no_pin(
    key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = wire.open()
    profile, own = again.profile(), again.certificate()
    profile.device_key = own.root.point
    monkeypatch.setattr(again, "profile", lambda _: profile)
    with pytest.raises(errors.KeyNotGenuine) as caught:
        again.unlock()
    assert caught.value.code == "key-not-genuine"


def test_a_second_first_pin_is_refused(key: Key) -> None:
    with pytest.raises(errors.KeyRefused) as caught:
        key.set_pin(Secret(b"another"))
    assert caught.value.code == "pin-set"


def test_a_receipt_whose_signature_is_wrong_is_refused_by_the_key(
    key: Key, soft: SoftOffice
) -> None:
    genuine = soft.take_in(
        key.sign(softkey.manifest(), purpose="filing", idempotency_key=b"k" * 16).statement
    )
    protected, digest, signature = wire_statement.split(genuine.statement)
    forged = wire_statement.assemble(
        protected, digest, signature[:-1] + bytes((signature[-1] ^ 1,))
    )
    with pytest.raises(errors.KeyRefused) as caught:
        key.keep_receipt(Receipt(forged, genuine.payload))
    assert caught.value.code == "receipt-signature"


def test_an_unknown_error_of_a_newer_key_keeps_its_number() -> None:
    problem = errors.KeyRefused(222)
    assert problem.code == "key-error-unknown"
    assert "222" in problem.message("zh")


def test_an_unknown_algorithm_is_named(soft: SoftOffice) -> None:
    protected, digest, signature = wire_statement.split(soft.anchor.statement)
    labels = cbor.loads(protected)
    labels[1] = -8  # type: ignore[index]
    with pytest.raises(StatementProblem) as caught:
        cose.parse(wire_statement.assemble(cbor.dumps(labels), digest, signature), purpose="issuer")
    assert caught.value.code == "algorithm-unknown"


def test_a_folder_in_the_place_of_a_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(errors.FolderProblem) as caught:
        read_file(tmp_path)
    assert caught.value.code == "file-unreadable"


@pytest.mark.parametrize(
    ("kind", "code"),
    [(SimulatorMissing, "simulator-missing"), (SimulatorFailed, "simulator-failed")],
)
def test_the_simulators_failures_have_codes(
    kind: Callable[..., errors.HostProblem], code: str
) -> None:
    assert kind(serial="BD-000001", detail="x").code == code


def test_a_receipt_bundle_of_another_schema_is_malformed() -> None:
    assert receipt.ReceiptProblem().code == "receipt-malformed"
