"""Files that people hand to a command: a wrong one is named with what was expected and what it is,
and what is no file is not opened.
"""

import ast
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from biandun.cli.main import run as run_workstation
from biandun.cli.shared import Given, Readable, secret_source
from biandun.errors import FolderProblem
from biandun.files import read_file, write_file
from biandun_office.cli.main import run as run_office
from biandun_office.cli.session import Given as OfficeGiven
from biandun_office.cli.session import Readable as OfficeReadable
from biandun_office.platform import files
from biandun_office.platform.errors import FileProblem
from biandun_protocol import cbor, kinds
from biandun_protocol.errors import ProtocolProblem
from tests.hostile.world import world
from tests.support.softoffice import SoftOffice
from tests.support.softserver import root_certificate
from tests.system.trees import contexts

ROOT = Path(__file__).resolve().parents[2]
RUN = {"biandun": run_workstation, "biandun-office": run_office}
SPECIAL = {"biandun": 12, "biandun-office": 7}
OUTPUTS = {"--out", "--log", "--backup", "--shares"}  # are written
w = world()
OURS: list[tuple[kinds.Kind[object], bytes]] = [
    (kinds.OFFER, w.offer),
    (kinds.OFFER, w.invitation),
    (kinds.REQUEST, w.request),
    (kinds.REQUEST, w.application),
    (kinds.CERTIFICATE, w.grant),
    (kinds.CERTIFICATE, w.granted),
    (kinds.SUCCESSION, w.succession),
    (kinds.OFFICERS, w.officers),
    (kinds.SHARES, w.shares),
    (kinds.ASK, w.ask),
    (kinds.CHALLENGE, w.challenge),
    (kinds.ORDER, w.order),
    (kinds.STATUS, w.status),
    (kinds.LINKS, w.links),
    (kinds.AUDIT, w.audit),
    (kinds.CARD, w.card),
    (kinds.RELEASE, w.release),
]  # type: ignore[list-item] - each of its own type
FOREIGN = {
    b"": "它是空文件",
    b"\xff\xd8\xff\xe0" + bytes(40): "它是 JPEG 图片",
    b"%PDF-1.7": "它是 PDF 文件",
    b'{"a": 1}': "它是 JSON 文件",
    w.statement: "它是签名文件",
    b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n": "它是 PEM 格式的其他文件",
    b"\xef\xbb\xbf<html>": "它是网页或 XML 文件",
    "文字".encode("utf-16"): "它是 UTF-16 编码的文本",
    b"\x1f\x8b\x08" + bytes(9): "它是压缩文件",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "它是旧版 Word、Excel 文件",
    b"\x30\x82\x01\x00" + bytes(256): "它是 DER 格式的证书或密钥",
    bytes(40): "它的内容无法识别",
    b"\xa0": "它的内容无法识别",
}


def path_parameters(program: str) -> Iterator[tuple[str, click.Parameter]]:
    """Every parameter of a program that is the path of a file, with its command."""
    for context in contexts(program):
        for one in context.command.params:
            if isinstance(one.type, click.Path) and one.type.file_okay:
                yield context.command_path, one


def line(command: str, parameter: click.Parameter, path: Path) -> list[str]:
    """A command line of nothing but this parameter: what is wrong with a file is said before what
    is missing.
    """
    _, *words = command.split()
    option = [max(parameter.opts, key=len)] if isinstance(parameter, click.Option) else []
    return [*words, *option, str(path), "--json"]


READ = {
    f"{command} {parameter.opts[0]}": (program, command, parameter)
    for program in RUN
    for command, parameter in path_parameters(program)
    if isinstance(parameter.type, Readable | OfficeReadable)
}
GIVEN = {name: row for name, row in READ.items() if isinstance(row[2].type, Given | OfficeGiven)}
Row = tuple[str, str, click.Parameter]


def answer(
    row: Row, path: Path, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, dict[str, str]]:
    program, command, parameter = row
    status = RUN[program]([*line(command, parameter, path), *words])
    return status, json.loads(capsys.readouterr().err)["error"]


def test_every_path_is_read_with_care_or_written() -> None:
    named = {
        f"{command} {one.opts[0]}": one
        for program in RUN
        for command, one in path_parameters(program)
    }
    assert {name for name, one in named.items() if not (set(one.opts) & OUTPUTS)} == set(READ)
    assert len(GIVEN) == 17


@pytest.mark.parametrize("name", GIVEN)
def test_a_wrong_file_is_named_with_what_was_expected_and_what_it_is(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, kind = tmp_path / "给错的.bd", GIVEN[name][2].type.kind  # type: ignore[union-attr]
    wrong = [(raw, f"它是{other.name.zh}") for other, raw in OURS if other is not kind]
    for raw, found in [*FOREIGN.items(), *wrong]:
        path.write_bytes(raw)
        status, error = answer(GIVEN[name], path, capsys)
        assert (status, error["code"]) == (8, "file-kind")
        assert error["message"] == f"文件 {path} 应为{kind.name.zh}，但{found}。"


@pytest.mark.parametrize("name", GIVEN)
def test_a_wrong_file_is_named_in_english_too(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong").touch()
    _, error = answer(GIVEN[name], tmp_path / "wrong", capsys, "--lang", "en")
    assert error["message"].startswith(f"File {tmp_path / 'wrong'} should be ")
    assert error["message"].endswith(", but it is empty.")


@pytest.mark.parametrize("name", GIVEN)
def test_a_file_that_is_not_there_is_missing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(GIVEN[name], tmp_path / "none", capsys)[1]["code"] == "file-missing"


@pytest.mark.parametrize(
    ("kind", "raw"), OURS, ids=[f"{place} {kind.name.en}" for place, (kind, _) in enumerate(OURS)]
)
def test_a_right_file_is_read_and_a_damaged_one_is_called_so(
    kind: kinds.Kind[object], raw: bytes
) -> None:
    kind.read(raw, "x")
    with pytest.raises(kinds.WrongFile, match=r"but (it is damaged|nothing in it is known)"):
        kind.read(raw[:-1], "x")


def test_a_file_that_is_of_the_right_kind_and_broken_inside_is_damaged() -> None:
    for kind, raw in (
        (kinds.OFFER, cbor.dumps({0: "biandun-offer/1"})),
        (kinds.RELEASE, w.release + b"x"),
        (kinds.CARD, w.card + b"x"),
    ):
        with pytest.raises(kinds.WrongFile, match="it is damaged"):
            kind.read(raw, "x")


def test_what_a_decoder_says_of_a_right_file_comes_out() -> None:
    def newer(raw: bytes) -> None:
        raise ProtocolProblem("algorithm-unknown")

    with pytest.raises(ProtocolProblem) as caught:
        kinds.Kind(kinds.OFFER.name, newer).read(b"", "x")
    assert caught.value.code == "algorithm-unknown"


ROOT_PEM = root_certificate(SoftOffice())


@pytest.mark.parametrize(
    "before", [b"", b"\xef\xbb\xbf", b"Certificate:\n    Data:\n", "编办根证书\r\n".encode("gbk")]
)
def test_a_root_certificate_is_read_whatever_stands_before_it(before: bytes) -> None:
    assert kinds.ROOT.read(before + ROOT_PEM, "x") == ROOT_PEM


def test_a_certificate_whose_key_no_office_can_have_is_no_root_of_one() -> None:
    key = rsa.generate_private_key(65537, 2048)
    name, now = x509.Name([]), datetime(2026, 11, 20, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=9))
    other = made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    with pytest.raises(kinds.WrongFile, match="something else in PEM"):
        kinds.ROOT.read(other, "x")


NO_SECRET = {
    b"": "它是空文件",
    b"\n": "它是空文件",
    b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\n": "它是 JPEG 图片",
    b"\0\xff\0\xff\0\xff\0\xff": "它的内容无法识别",
}


@pytest.mark.parametrize("raw", NO_SECRET)
def test_a_file_without_a_secret_in_it_is_named_and_costs_no_try(
    raw: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "给错的.txt"
    path.write_bytes(raw)
    with pytest.raises(kinds.WrongFile) as caught:
        secret_source(path, None)()  # type: ignore[misc] - there is one
    assert (
        caught.value.message("zh")
        == f"文件 {path} 应为首行写有口令或解锁码的文件，但{NO_SECRET[raw]}。"
    )
    words = [
        "--data",
        str(tmp_path / "office"),
        "--json",
        "backup",
        "--out",
        str(tmp_path / "out"),
        "--passphrase-file",
        str(path),
    ]
    assert run_office(words) == 8
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["code"], str(path) in error["message"], "写有口令的文件" in error["message"]) == (
        "file-kind",
        True,
        True,
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"135790\n",
        "\ufeff135790\r\n".encode("utf-16"),
        "１３５７９０".encode(),
        b"\xd6\xd0\xb9\xfa\xb9\xfa",
        b"a\tb c",
    ],
)
def test_a_secret_is_read_however_an_editor_wrote_it(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "pin").write_bytes(raw)
    assert secret_source(tmp_path / "pin", None)()  # type: ignore[misc]


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("special", ["pipe", "device"])
def test_what_is_no_file_is_refused_and_not_waited_for(
    name: str, special: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path("/dev/zero")
    if special == "pipe":
        path = tmp_path / "pipe"
        os.mkfifo(path)
    status, error = answer(READ[name], path, capsys)
    assert (status, error["code"]) == (SPECIAL[READ[name][0]], "file-special")
    assert str(path) in error["message"]


def test_both_programs_read_files_in_one_place_that_opens_nothing_else(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        with pytest.raises(FolderProblem, match="special"):
            read_file(tmp_path / name)
        with pytest.raises(FileProblem, match="special"):
            files.read(tmp_path / name)
    with pytest.raises(FolderProblem, match="cannot be read: Is a directory"):
        read_file(tmp_path)
    with pytest.raises(FileProblem, match="cannot be read: Is a directory"):
        files.read(tmp_path)
    with pytest.raises(FolderProblem) as caught:
        write_file(tmp_path / "pipe", b"")
    assert caught.value.code == "file-unwritable"


# who else opens files to read them, and whose they are
OWN = "of the program's own folder"
READS_ITSELF = {
    "biandun/folders.py": "the home; and " + OWN,
    "biandun/files.py": "what is there already, a file for certain",
    "biandun/office_client.py": "an attachment that was read before",
    "biandun/doctor.py": "/proc",
    "biandun/key/ports.py": OWN,
    "biandun/key/transport.py": OWN,
    "biandun_office/installation/archive.py": OWN,
    "biandun_office/evidence/blobs.py": OWN,
}


def readers(package: Path) -> Iterator[str]:
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            modes = [one.value for one in node.args if isinstance(one, ast.Constant)]
            opened = node.func.attr == "open" and any(str(mode).startswith("r") for mode in modes)
            if node.func.attr in ("read_bytes", "read_text") or (
                opened and ast.unparse(node.func.value) != "tarfile"
            ):
                yield str(path.relative_to(package.parent))


def test_nothing_else_reads_files_of_people() -> None:
    found = {
        name
        for package in ("host/biandun", "backend/biandun_office")
        for name in readers(ROOT / package)
    }
    assert sorted(found ^ set(READS_ITSELF)) == []
