"""Every command of all three programs: --json, --lang, help in both languages, an example.

A test walks a whole tree and ends with the commands that are not so.
"""

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from biandun.cli.main import run as run_workstation
from biandun.cli.shared import CODE, Address, Code
from biandun_office.cli.main import run as run_office
from biandun_office.cli.session import CODE as OFFICE_CODE
from biandun_office.cli.session import Code as OfficeCode
from biandun_office.cli.session import Region
from biandun_protocol.terminal import manual
from biandun_protocol.terminal.commands import Bilingual
from biandun_simulator.cli import run as run_simulator
from tests.system.trees import PROGRAMS, contexts

CHINESE = re.compile(r"[\u3400-\u9fff]")
RUN: dict[str, Callable[[list[str]], int]] = {
    "biandun": run_workstation,
    "biandun-office": run_office,
    "biandun-sim": run_simulator,
}
EVERY_TREE = pytest.mark.parametrize("program", PROGRAMS)


def failing(program: str, holds: Callable[[click.Context], object]) -> list[str]:
    """The commands of a program for which something does not hold."""
    return [context.command_path for context in contexts(program) if not holds(context)]


def run(context: click.Context, *words: str) -> int:
    program, *path = context.command_path.split()
    return RUN[program]([*path, *words])


def texts(context: click.Context) -> manual.Texts:
    return manual.read(context.command.help or "")


def prose(page: str) -> str:
    """A help page without what is the same in every language: examples, names, values."""
    without = re.sub(r"\n(示例|Examples?):\n(  .*\n)+", "\n", page + "\n")
    return re.sub(r"`[^`]*`|--?[a-z][\w-]*|\[[^\]]*\]|[A-Z][\w./-]*|[\w./-]+\.\w+", "", without)


@EVERY_TREE
def test_every_command_has_json_and_a_choice_of_language(program: str) -> None:
    def holds(context: click.Context) -> bool:
        options = {name for parameter in context.command.params for name in parameter.opts}
        return isinstance(context.command, Bilingual) and {"--json", "--lang"} <= options

    assert failing(program, holds) == []


@EVERY_TREE
def test_every_command_explains_itself_in_both_languages(program: str) -> None:
    def holds(context: click.Context) -> object:
        said = texts(context)
        return (
            CHINESE.search(said.zh)
            and re.search(r"[a-z]{3}", said.en)
            and not re.search(r"[。，；]", said.en)
        )

    assert failing(program, holds) == []


@EVERY_TREE
def test_every_command_has_an_example_that_names_it(program: str) -> None:
    def holds(context: click.Context) -> bool:
        begun, *_, name = (program, *context.command_path.split())
        lines = texts(context).examples
        return any(name in line.split() for line in lines) and all(
            begun in line or line.startswith("  ") for line in lines
        )

    assert failing(program, holds) == []


@EVERY_TREE
def test_every_option_is_explained_in_both_languages(program: str) -> None:
    def holds(context: click.Context) -> bool:
        options = [
            one for one in context.command.get_params(context) if isinstance(one, click.Option)
        ]
        return all(
            manual.either(one.help or "", "zh") != manual.either(one.help or "", "en")
            for one in options
        )

    assert failing(program, holds) == []


@EVERY_TREE
@pytest.mark.parametrize(
    ("language", "foreign"), [("zh", r"\b(the|and|of|is|with|for)\b"), ("en", CHINESE.pattern)]
)
def test_every_help_page_is_in_the_language_asked_for(
    language: str, foreign: str, program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def holds(context: click.Context) -> bool:
        status = run(context, "--help", "--lang", language)
        out, err = capsys.readouterr()
        begins = out.startswith(f"{manual.heading('usage', language)}: {context.command_path}")
        return (status, err) == (0, "") and begins and not re.search(foreign, prose(out))

    assert failing(program, holds) == []


SAYS = re.compile(
    r"(?:^|\.)(?:\w*Problem|UsageError|BadParameter|fail|echo|prompt|confirm|prompt_secret|say|getpass)$"
)
MIXED = re.compile(
    r"[\u3400-\u9fff].*\b[a-z]{2,} [a-z]{2,}\b|\b[a-z]{2,} [a-z]{2,}\b.*[\u3400-\u9fff]"
)


def mixed(source: str) -> list[str]:
    """Texts that are said in Chinese and in English at once; a Phrase, or a pair to choose from, is
    none.
    """
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and SAYS.search(ast.unparse(node.func)):
            texts = (*node.args, *(word.value for word in node.keywords))
            found += [
                ast.unparse(one)
                for one in texts
                if isinstance(one, ast.Constant | ast.JoinedStr) and MIXED.search(ast.unparse(one))
            ]
    return found


@pytest.mark.parametrize(
    "package", ["host/biandun", "backend/biandun_office", "simulator/biandun_simulator"]
)
def test_nothing_is_said_in_both_languages_at_once(package: str) -> None:
    root = Path(__file__).resolve().parents[2]
    assert {
        str(path): found
        for path in (root / package).rglob("*.py")
        if (found := mixed(path.read_text("utf-8")))
    } == {}


def test_a_text_in_both_languages_is_found() -> None:
    assert mixed('raise click.UsageError("--code-file 要给出两次 must be given twice")')
    assert mixed('raise BackupProblem(detail=f"第 {n} 块损坏 chunk {n} is damaged")')
    assert not mixed('raise BackupProblem(detail=Phrase("不是备份文件", "this is no backup"))')


HALF_WIDTH = re.compile(r"[\u3400-\u9fff“”《》][,;:!?()]|[,;:!?()][\u3400-\u9fff“”《》]")


@EVERY_TREE
def test_no_chinese_help_has_half_width_punctuation_beside_a_chinese_character(
    program: str,
) -> None:
    def said(context: click.Context) -> list[str]:
        options = [
            one for one in context.command.get_params(context) if isinstance(one, click.Option)
        ]
        return [texts(context).zh, *(manual.either(one.help or "", "zh") for one in options)]

    found = {
        context.command_path: [one for one in said(context) if HALF_WIDTH.search(one)]
        for context in contexts(program)
    }
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("text", ["退出,然后", "运行(biandun keys audit)", "(说明)", "时间:今天"])
def test_half_width_punctuation_is_found(text: str) -> None:
    assert HALF_WIDTH.search(text)


@EVERY_TREE
@pytest.mark.parametrize(
    ("language", "said"), [("zh", "没有选项 '--no-such'。"), ("en", "No such option '--no-such'.")]
)
def test_a_wrong_option_of_any_command_is_said_in_the_language_of_the_environment(
    language: str,
    said: str,
    program: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BIANDUN_LANG", language)
    assert (
        failing(
            program,
            lambda context: run(context, "--no-such") == 2 and said in capsys.readouterr().err,
        )
        == []
    )


@EVERY_TREE
def test_a_wrong_option_of_any_command_is_one_json_object_when_asked(
    program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def holds(context: click.Context) -> bool:
        status = run(context, "--no-such", "--json")
        out, err = capsys.readouterr()
        return (status, out, json.loads(err)["error"]["code"]) == (2, "", "usage")

    assert failing(program, holds) == []


def test_every_option_that_takes_an_address_refuses_what_is_none() -> None:
    options = [
        (context.command_path, one.opts)
        for context in contexts("biandun")
        for one in context.command.params
        if {"--office", "--url"} & set(one.opts) and not isinstance(one.type, Address)
    ]
    assert options == []


# typed by people, and a code: a serial or case number, a unit's code, a check
CODES = {
    "serial",
    "uscc",
    "number",
    "check",
    "confirmed",
    "case",
    "state",
    "region",
    "office_id",
    "fingerprint",
}


@EVERY_TREE
def test_every_code_that_is_typed_may_be_typed_in_full_width(program: str) -> None:
    plain = [
        (context.command_path, one.opts)
        for context in contexts(program)
        for one in context.command.params
        if one.name in CODES
        and not isinstance(one.type, Code | OfficeCode | click.IntRange | click.Choice | click.Path)
    ]
    assert plain == []
    assert CODE.convert("ＢＤ－０００００１ ", None, None) == "BD-000001"
    assert (
        OFFICE_CODE.convert("１２６２９９００ＭＢ０００００２７４", None, None)
        == "12629900MB00000274"
    )


def test_every_code_is_read_in_the_letters_that_it_is_written_in() -> None:
    as_typed: set[str] = set()
    for program in PROGRAMS:
        for context in contexts(program):
            for parameter in context.command.params:
                kind = parameter.type
                if not isinstance(kind, Code | OfficeCode) or isinstance(kind, Region):
                    continue
                read = {kind.fold(letters) for letters in ("ab-1f", "AB-1F", "ａＢ-1f")}
                if len(read) != 1:
                    as_typed.add(f"{context.command_path} {parameter.name}")
                else:
                    hexadecimal = parameter.name in ("name", "fingerprint")
                    assert read == {"ab-1f" if hexadecimal else "AB-1F"}, context.command_path
    assert as_typed == {"biandun-office init office_id"}


def test_a_data_folder_that_is_a_file_is_called_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert run_office(["--data", str(tmp_path / "file"), "units"]) == 2
    assert "是文件，不是文件夹" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["office", "log", "--office", "http://127.0.0.1：8431"], ["office", "log"]]
)
def test_a_full_width_colon_in_an_address_is_shown(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIANDUN_OFFICE", "http://127.0.0.1：8431")
    assert run_workstation(words) == 2
    assert "第 17 个字符“：”" in capsys.readouterr().err
