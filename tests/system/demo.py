"""make demo: the main journey, step by step, from a blank key to a receipt that strangers verify.

Everything runs as its own process: simulated key, office, command line, and the judges.  Each step prints its time; the
last line is one JSON object.  Nothing is left running; what was made stays in build/demo to look at.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from tests.system.journey import CommandFailed, Journey, pdf

SCHOOL, SERIAL = "12629900MB00000274", "BD-000001"
FILING = "用编申请"
FOLDER = Path("build/demo")


def width(text: str) -> int:
    """Columns that ``text`` takes on a terminal: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


class Steps:
    """Prints each step with the time it took."""

    def __init__(self) -> None:
        self.number = 0
        self.start = time.perf_counter()

    def __call__(self, title: str, work: Callable[[], Any], show: Callable[[Any], str] = lambda _: "") -> Any:
        """Do one step and return its result."""
        self.number += 1
        began = time.perf_counter()
        result = work()
        print(
            f"{self.number:2d}. {title}{' ' * (40 - width(title))} {time.perf_counter() - began:6.2f} s  {show(result)}".rstrip(),
            flush=True,
        )
        return result


def openssl_verifies(folder: Path) -> bool:
    """Let openssl verify the unit's certificate up to the root."""
    subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-in", str(folder / "certificate.der"), "-out", str(folder / "certificate.pem")],
        check=True,
        capture_output=True,
    )
    command = ["openssl", "verify", "-CAfile", "root.pem", "-untrusted", "issuing.pem", "certificate.pem"]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip() == "certificate.pem: OK"


def cwt_verifies(python: Path, folder: Path) -> bool:
    """Let python-cwt verify the unit's statement and the office's receipt, each under the key of its X.509 certificate."""
    judge = Path(__file__).with_name("judge.py")
    jobs = [
        ("statement.cose", "filing", "certificate.pem", "manifest.cbor"),
        ("receipt.cose", "receipt", "issuing.pem", "receipt-payload.cbor"),
    ]
    for job in jobs:
        done = subprocess.run([str(python.absolute()), str(judge), *job], cwd=folder, capture_output=True, text=True, check=True)
        if json.loads(done.stdout)["verified"] is not True:
            return False
    return True


def file_and_keep(journey: Journey, step: Steps) -> tuple[Any, Any]:
    """Fill in, sign, submit, and let the key keep the receipt."""
    (journey.folder / "form.json").write_text(json.dumps(journey.run("biandun", "filing", "example"), ensure_ascii=False))
    (journey.folder / "用编申请.pdf").write_bytes(pdf())
    attach = "application_document=用编申请.pdf"
    step(
        "填写用编申请，附 PDF 文件",
        lambda: journey.run("biandun", "filing", "prepare", "form.json", "--attach", attach, "--out", FILING),
        lambda made: f"{made['unit_name']} {made['items'][0]['item']}",
    )
    step("密钥签署", lambda: journey.run("biandun", "filing", "sign", FILING), lambda made: f"seq {made['seq']}")
    accepted = step(
        "提交编办，取得回执",
        lambda: journey.run("biandun", "filing", "submit", FILING, "--office", journey.url),
        lambda made: made["case"],
    )
    kept = step("密钥核验并保存回执", lambda: journey.run("biandun", "filing", "keep", FILING), lambda made: f"seq {made['seq']}")
    return accepted, kept


def tell(journey: Journey, judge: Path) -> dict[str, object]:
    """The whole journey; returns the last line."""
    step = Steps()
    folder = journey.folder / FILING
    step("插入模拟密钥", journey.plug, lambda made: f"{made['keys'][0]['serial']} {made['keys'][0]['port']}")
    step("编办初始化，备份并试恢复", journey.found_office, lambda made: made["office_id"])
    step("启动编办服务", journey.serve, lambda url: url)
    step("密钥签发：启用、证明、授权", lambda: journey.enrol(SCHOOL, SERIAL), lambda made: f"{made['unit_name']} {made['state']}")
    accepted, kept = file_and_keep(journey, step)
    step("拔下密钥", journey.unplug)
    step("重新插入密钥", journey.plug)
    last = step("密钥给出最近的签名与回执", lambda: journey.run("biandun", "keys", "last"), lambda made: f"seq {made['seq']}")
    same = last["statement"] == (folder / "statement.cose").read_bytes().hex() and last["receipt"] is not None
    verdict = step(
        "离线核验整个业务文件夹",
        lambda: journey.run("biandun", "filing", "verify", FILING, "--root", journey.folder / "office" / "root.pem"),
        lambda made: " ".join(("✓" if one["good"] else "✗") + one["name"] for one in made["steps"]),
    )
    journey.run("biandun", "filing", "export", FILING)
    chain = step("openssl 核验证书链", lambda: openssl_verifies(folder))
    statements = step("python-cwt 核验签名与回执", lambda: cwt_verifies(judge, folder))
    log = step("编办自查存证日志", lambda: journey.office("log-check"), lambda made: f"{made['size']} leaves")
    return {
        "accepted": bool(accepted["case"]) and accepted["new"],
        "receipt_verified_by_key": kept["receipt_verified_by_key"] and last["receipt_verified_by_key"] and same,
        "third_party_verified": chain and statements,
        "verified_offline": verdict["good"],
        "log_ok": log["ok"],
        "case": accepted["case"],
        "seconds": round(time.perf_counter() - step.start, 2),
    }


def main() -> int:
    """Run the demo; exit status 0 when everything that it promises is true."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judge", type=Path, required=True, help="Python of the environment that has cwt")
    judge = parser.parse_args().judge
    shutil.rmtree(FOLDER, ignore_errors=True)
    print("编盾 Biandun：主要流程演示（虚构数据 仅供测试；不是经认证的商用密码产品）", flush=True)
    with Journey(FOLDER.absolute()) as journey:
        try:
            result = tell(journey, judge)
        except (CommandFailed, subprocess.CalledProcessError) as error:
            print(error, file=sys.stderr)
            return 1
    print(json.dumps(result, ensure_ascii=False), flush=True)
    return 0 if all(value for value in result.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
