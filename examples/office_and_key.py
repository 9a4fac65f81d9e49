"""An office that serves and one simulated key of a school, in the current folder.

    python office_and_key.py [UNIT]

Prints one JSON line when both are ready and stays until Ctrl-C.  The other examples use what it
makes: the key BD-000001 with its PIN in pin.txt, form.json, and office/root.pem.  Run it again in
the same folder to go on with the same office and key.  Fictitious data only.
"""

import base64
import json
import secrets
import signal
import subprocess
import sys
from pathlib import Path

SCHOOL = "12629900MB00000274"
SERIAL = "BD-000001"
BIN = Path(sys.executable).parent


def run(program: str, *arguments: object) -> str:
    """Run one command of the project; raises CalledProcessError after its message."""
    command = [str(BIN / program), *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def start(program: str, *arguments: object) -> tuple[subprocess.Popen[str], dict]:
    """Start a program that stays; return it with the JSON line in which it says it is ready."""
    command = [str(BIN / program), *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())


def secret(name: str, content: str) -> Path:
    """A file that only its owner reads, made once."""
    path = Path(name)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(content + "\n")
    return path


def main(unit: str) -> None:
    passphrase = secret("passphrase.txt", base64.b64encode(secrets.token_bytes(16)).decode())
    pin = secret("pin.txt", f"pin-{secrets.token_hex(4)}")
    opens, office = ("--passphrase-file", passphrase), ("--data", "office")
    running = []
    try:
        simulator, ready = start("biandun-sim", "run", "--first", 1, "--state", "keys")
        running.append(simulator)
        if not Path("office").exists():
            run("biandun-office", *office, "init", "--backup", "office.backup", *opens)
            run("biandun-office", *office, "offer", "--unit", unit, "--out", "key.offer")
            run("biandun", "keys", "enroll", "key.offer", "--out", "key.request")
            run("biandun-office", *office, "issue", "key.request", "--out", "key.grant", *opens)
            run("biandun", "keys", "personalise", "key.grant")
            run("biandun", "keys", "set-pin", "--new-pin-file", pin)
            Path("form.json").write_text(run("biandun", "--json", "filing", "example"))
        server, serves = start("biandun-office", *office, "serve", "--port", 0, *opens)
        running.append(server)
        print(json.dumps({"office": serves["url"], "serial": SERIAL, "keys": ready["keys"]}))
        sys.stdout.flush()
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main(*sys.argv[1:] or [SCHOOL])
