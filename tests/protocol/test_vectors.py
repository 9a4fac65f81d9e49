"""Both interpreters do with every vector what the vector says, and say so in the same bytes."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cbor2

RUNNER = Path(__file__).with_name("vector_runner.py")
Vectors = dict[str, Any]


def the_runner() -> Any:
    spec = importlib.util.spec_from_file_location("vector_runner", RUNNER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def expected_cobs(section: str, entry: Vectors) -> str:
    if section == "valid":
        return f"{entry['encoded']} {entry['decoded']}"
    return entry["decoded"] if section == "decodes" else "invalid"


def expected_frames(section: str, entry: Vectors) -> str:
    if section == "streams":
        return f"{' '.join(entry['frames'])} dropped {entry['dropped']}"
    shown = f"{entry['kind']}.{entry['flags']}.{entry['request_id']}.{entry['offset']}.{entry['payload']}"
    return f"{entry['wire']} {shown} dropped 0"


def expected_cbor(section: str, entry: Vectors) -> str:
    return entry["cbor"] if section == "valid" else section


def expected_messages(section: str, entry: Vectors) -> str:
    if section == "valid":
        return f"{entry['cbor']} {';'.join(entry['fields'])}"
    if section == "envelopes":
        return f"error {entry['error']}" if entry["error"] else f"command {entry['command']}"
    return f"error {entry['error']} field {entry['field']}"


def expected_merkle(section: str, entry: Vectors) -> str:
    return entry["root"] if section == "roots" else str(entry["holds"])


def expected_statements(section: str, entry: Vectors) -> str:
    match section:
        case "keys":
            return entry["kid"]
        case "valid":
            payload = cbor2.loads(bytes.fromhex(entry["statement"])).value[2]
            return f"{entry['protected']} {entry['tbs']} {entry['statement_id']} {payload.hex()}"
        case "refused":
            return "form" if entry["form"] else "no form"
        case _ if entry["code"] == "receipt-malformed":
            return "malformed"
        case _:
            payload = bytes.fromhex(entry["payload"])
            received = int.from_bytes(payload[-4:], "big")
            return f"same bytes, received {received}, proves {entry['proves']}"


EXPECTED = {
    "cobs": expected_cobs,
    "frames": expected_frames,
    "cbor": expected_cbor,
    "messages": expected_messages,
    "merkle": expected_merkle,
    "statements": expected_statements,
    "statements-sm2": expected_statements,
}


def expected_lines(vectors: Vectors) -> list[str]:
    found: list[str] = []
    for name, section, _ in the_runner().TABLE:
        for entry in vectors[name][section]:
            found.append(f"{name}/{section}\t{entry['name']}\t{EXPECTED[name](section, entry)}")
    return found


def disagreements(lines: list[str], wanted: list[str]) -> list[tuple[str, str]]:
    return [
        (line[:300], want[:300]) for line, want in zip(lines, wanted, strict=True) if line != want
    ]


def test_cpython_does_with_every_vector_what_it_says(room: Path, vectors: Vectors) -> None:
    lines = list(the_runner().run(str(room / "vectors")))
    assert disagreements(lines, expected_lines(vectors)) == []


def test_micropython_answers_every_vector_with_the_same_bytes_as_cpython(
    room: Path, vectors: Vectors, micropython: str
) -> None:
    run = subprocess.run(
        [micropython, "-X", "heapsize=48m", str(RUNNER), str(room / "vectors")],
        env={**os.environ, "MICROPYPATH": f"{room}:{room.parent / 'firmware'}"},  # the key's SM3
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, (run.stdout + run.stderr)[-500:]
    wanted = "".join(f"{line}\n" for line in expected_lines(vectors))
    assert run.stdout == wanted.encode()


def test_the_runner_leaves_out_no_section_but_the_signatures(vectors: Vectors) -> None:
    sections = {(name, section) for name, file in vectors.items() for section in file}
    assert sections - {(name, section) for name, section, _ in the_runner().TABLE} == {
        ("statements", "signatures"),
        ("statements-sm2", "signatures"),
    }


def test_the_vector_files_are_what_their_tool_makes_and_frozen(room: Path) -> None:
    run = subprocess.run(
        [sys.executable, str(room / "tools" / "make_vectors.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "")


def test_the_vector_tool_refuses_to_change_a_vector_that_exists(room: Path, tmp_path: Path) -> None:
    copy = tmp_path / "protocol"
    (copy / "vectors").mkdir(parents=True)
    (copy / "tools").mkdir()
    for source in [*(room / "tools").glob("*.py"), *(room / "vectors").glob("*.json")]:
        (copy / source.parent.name / source.name).write_bytes(source.read_bytes())
    (copy / "schema.toml").write_bytes((room / "schema.toml").read_bytes())
    cbor = copy / "vectors" / "cbor.json"
    cbor.write_text(cbor.read_text("utf-8").replace('"cbor": "1818"', '"cbor": "1819"'), "utf-8")
    run = subprocess.run(
        [sys.executable, str(copy / "tools" / "make_vectors.py")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (
        run.returncode == 1 and "cbor: frozen vectors would change: valid/twenty-four" in run.stdout
    )
    assert '"cbor": "1819"' in cbor.read_text("utf-8")
