"""The programs of the main journey as a person runs them: real processes, real files, nothing
imported from the rooms.

``Journey`` starts simulated keys and an office in a folder of its own and stops them again; demo
and tests share it.
"""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

BIN = Path(sys.executable).parent


class CommandFailed(Exception):
    """A program ended with another exit status than 0; ``error`` is what it said, ``status`` how it
    ended.
    """

    def __init__(self, command: list[str], status: int, error: str) -> None:
        super().__init__(f"{' '.join(command)} -> {status}: {error.strip()}")
        self.status = status
        self.error = error

    @property
    def code(self) -> str:
        """The stable code of the problem."""
        return json.loads(self.error.strip().splitlines()[-1])["error"]["code"]


class Journey:
    """A workplace: simulated keys on one side, an office on the other, all in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = BIN
        self.url = ""
        self.ports: dict[str, str] = {}
        # of Popen: user, group, extra_groups; empty for whoever runs this
        self.account: dict[str, Any] = {}
        self._running: dict[str, subprocess.Popen[str]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        self.environment = {
            **os.environ,
            "XDG_RUNTIME_DIR": str(runtime),
            "BIANDUN_PORTS": str(runtime / "ports"),
            "BIANDUN_OFFICE_DATA": str(folder / "office"),
            "XDG_STATE_HOME": str(folder / "state"),
            "PYTHONWARNINGS": "default",
        }
        self.passphrase = self._secret("passphrase.txt", secrets.token_hex(16))
        # digits alone might be a date, which is weak
        self.pin = self._secret("pin.txt", f"pin-{secrets.token_hex(4)}")

    def _secret(self, name: str, value: str) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(value + "\n")
        return path

    def use_database(self, url: str) -> None:
        """Let the office keep its data in a PostgreSQL database."""
        self.environment["BIANDUN_OFFICE_DATABASE"] = url

    def __enter__(self) -> "Journey":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in list(self._running):
            self.stop(name)

    def run(self, program: str, *arguments: object) -> Any:
        """Run one command with --json and return what it printed.  Raises CommandFailed."""
        printed = self.plain(program, "--json", *arguments)
        return json.loads(printed) if printed.strip() else None

    def plain(self, program: str, *arguments: object) -> str:
        """Run one command that prints what it always prints.  Raises CommandFailed."""
        words = [str(word) for word in arguments]
        done = subprocess.run(
            [str(self.programs / program), *words],
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.folder,
            check=False,
            timeout=120,
            **self.account,
        )
        if done.returncode:
            raise CommandFailed([program, *words], done.returncode, done.stderr)
        return done.stdout

    def start(self, name: str, program: str, *arguments: object) -> Any:
        """Start a program that stays and return the JSON line with which it says that it is
        ready.
        """
        command = [str(self.programs / program), *map(str, arguments)]
        log = (self.folder / f"{name}.log").open("a")
        with log:
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self.environment,
                cwd=self.folder,
                **self.account,
            )
        self._running[name] = process
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise CommandFailed(command, process.wait(), (self.folder / f"{name}.log").read_text())
        return json.loads(line)

    def stop(self, name: str) -> None:
        """Stop a program and wait for its end."""
        process = self._running.pop(name)
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def plug(self, count: int = 1, *options: str) -> Any:
        """Plug in simulated keys, with options of the simulator; the same folder continues the same
        keys.
        """
        ready = self.start(
            "keys",
            "biandun-sim",
            "run",
            "--count",
            count,
            "--state",
            self.folder / "keys",
            *options,
        )
        self.ports = {key["serial"]: key["port"] for key in ready["keys"]}
        return ready

    def unplug(self) -> None:
        """Unplug them."""
        self.stop("keys")

    def found_office(self, suite: str = "es256") -> Any:
        """Found an office with an encrypted backup that was tried."""
        return self.office(
            "init",
            "--suite",
            suite,
            "--backup",
            self.folder / "office.backup",
            "--passphrase-file",
            self.passphrase,
        )

    def office(self, *arguments: object) -> Any:
        """Run biandun-office."""
        return self.run("biandun-office", *arguments)

    def office_uscc(self) -> str:
        """The unified social credit code of the office's own unit."""
        return next(unit["uscc"] for unit in self.office("units") if unit["code"] == "629900-0000")

    def serve(self) -> str:
        """Start the office's server on a free port and return its address."""
        self.url = self.start(
            "server", "biandun-office", "serve", "--port", 0, "--passphrase-file", self.passphrase
        )["url"]
        return self.url

    def with_pin(self, *arguments: object, serial: str) -> Any:
        """Run a command of biandun that needs the PIN of a key."""
        return self.run("biandun", *arguments, "--serial", serial, "--pin-file", self.pin)

    def enrol(self, uscc: str, serial: str, role: str = "unit") -> Any:
        """Take a blank key through offer, request, issue and grant, and give it a PIN."""
        offer, request, grant = (
            self.folder / f"{serial}.{name}" for name in ("offer", "request", "grant")
        )
        for path in (offer, request, grant):
            path.unlink(missing_ok=True)  # of an earlier life of the key
        self.office("offer", "--unit", uscc, "--out", offer)
        self.run("biandun", "keys", "enroll", offer, "--out", request, "--serial", serial)
        self.office(
            "issue", request, "--out", grant, "--role", role, "--passphrase-file", self.passphrase
        )
        info = self.run("biandun", "keys", "personalise", grant, "--serial", serial)
        self.run("biandun", "keys", "set-pin", "--new-pin-file", self.pin, "--serial", serial)
        return info


def pdf(text: str = "Fictitious data, tests only") -> bytes:
    """A real one-page PDF 1.4 with a right cross-reference table."""
    page = f"BT /F1 18 Tf 72 760 Td ({text}) Tj ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length " + str(len(page)).encode() + b" >>\nstream\n" + page + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return (
        out
        + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
        + trailer.encode()
    )
