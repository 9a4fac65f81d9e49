"""The machine's clock jumps under a served office: keys are stopped all the same, by real programs,
and hear so.
"""

import json
import subprocess
from pathlib import Path

import httpx
import pytest

from biandun import errors, key_status
from biandun.keys import Key
from biandun_office.office import startup
from biandun_protocol.certificate import Signed
from biandun_protocol.wire.numbers import STANDING_REVOKED, STANDING_SUSPENDED
from tests.backend.bench import COSE, ONLY_SQLITE, PASSPHRASE, Bench

FAR = 400 * 86_400
STOPS = {
    "suspend": (STANDING_SUSPENDED, "key-suspended"),
    "revoke": (STANDING_REVOKED, "certificate-revoked"),
}
# the clock of a program is off for as long as a file is there
PRELUDE = (
    "import os, time; true, there = time.time, os.path.exists; "
    "time.time = lambda: true() + ({offset} if there({flag!r}) else 0); "
)


@pytest.mark.slow
@pytest.mark.parametrize("offset", [FAR, -FAR, 3 * 3600], ids=["ahead", "behind", "by hours"])
@pytest.mark.parametrize("command_name", STOPS)
@ONLY_SQLITE
def test_a_key_is_stopped_under_a_clock_that_jumped_and_hears_so(
    command_name: str,
    offset: int,
    office: Bench,
    genuine: Key,
    command: list[str],
    tmp_path: Path,
) -> None:
    serial, (standing, refusal) = genuine.info.serial, STOPS[command_name]
    raw = office.upload()

    def sign(name: bytes) -> bytes:
        claimed = genuine.chain().time_floor + 5
        return genuine.sign(
            raw, purpose="filing", idempotency_key=name * 16, claimed_time=claimed
        ).statement

    statement, flag = sign(b"1"), tmp_path / "jumped"
    (tmp_path / "secret").write_text(PASSPHRASE.secret)
    startup.connections.close_all()
    python, option, source = command
    program = [python, option, PRELUDE.format(offset=offset, flag=str(flag)) + source]
    program += ["--data", str(office.folder), "--json"]
    passphrase = ["--passphrase-file", str(tmp_path / "secret")]

    def run(name: str, *words: str) -> int:
        done = subprocess.run([*program, name, *words], capture_output=True, check=False)
        return done.returncode

    stopping = ("--serial", serial, "--reason", "被盗")
    serve = [*program, "serve", *passphrase, "--port", "0"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            base = json.loads(process.stdout.readline())["url"]
            with httpx.Client(base_url=base, timeout=30) as client:

                def submit() -> str:
                    answer = client.post(
                        "/statements", content=statement, headers={"Content-Type": COSE}
                    )
                    return answer.json()["code"]

                # from now on it knows what time it is
                assert client.post("/login/challenge", json={"origin": base}).status_code == 200
                flag.touch()
                assert client.get("/health").json()["clock"].startswith("office-clock-")
                assert run(command_name, *stopping) == 0
                out = ("--serial", serial, "--out", str(tmp_path / "s"))
                assert run("status", *out, *passphrase) == 0
                assert submit().startswith("office-clock-")
                told = Signed.decode(client.get(f"/keys/{serial}/status").content)
                assert told.manifest == Signed.decode((tmp_path / "s").read_bytes()).manifest
                assert key_status.store(genuine, told).standing == standing
                with pytest.raises(errors.KeyRefused) as caught:
                    sign(b"2")
                assert caught.value.code == refusal
                flag.unlink()
                assert submit() == refusal
        finally:
            process.terminate()
