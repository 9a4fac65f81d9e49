"""The examples of docs/deployment.md, run: nginx and Caddy before a served office."""

import re
import shutil
import socket
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from time import monotonic

import httpx
import pytest

from tests.backend.bench import COSE, ONLY_SQLITE, Bench, digest_of
from tests.backend.serving import Served
from tests.backend.test_throttle import spoil
from tests.support.softkey import SoftKey, manifest

PAGE = Path(__file__).parents[2] / "docs" / "deployment.md"
PROGRAMS = ("nginx", "caddy")


def example(name: str) -> str:
    """The block of the page that is marked so."""
    found = re.search(rf"<!-- {name} -->\n```\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def adapt(text: str, changes: dict[str, str]) -> str:
    """The example with this machine's ports; every change must apply."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def nginx(folder: Path, port: int, office: Served) -> list[str]:
    server = adapt(
        example("nginx"),
        {
            "listen 443 ssl;": f"listen 127.0.0.1:{port};",
            "    ssl_certificate     /etc/ssl/office.example.pem;\n": "",
            "    ssl_certificate_key /etc/ssl/office.example.key;\n": "",
            "127.0.0.1:8420": f"127.0.0.1:{office.port}",
        },
    )
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}{server}}}\n"
    )
    return [
        "nginx",
        "-p",
        str(folder),
        "-c",
        str(folder / "nginx.conf"),
        "-e",
        str(folder / "error.log"),
    ]


def caddy(folder: Path, port: int, office: Served) -> list[str]:
    site = adapt(
        example("caddy"),
        {
            "office.example {": f"http://:{port} {{\n    bind 127.0.0.1",
            "    tls /etc/ssl/office.example.pem /etc/ssl/office.example.key\n": "",
            "127.0.0.1:8420": f"127.0.0.1:{office.port}",
        },
    )
    options = adapt(example("caddy options"), {"{\n    servers": "{\n    admin off\n    servers"})
    (folder / "Caddyfile").write_text(options + site)
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


COMMANDS: dict[str, Callable[[Path, int, Served], list[str]]] = {"nginx": nginx, "caddy": caddy}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextmanager
def proxy(program: str, folder: Path, office: Served) -> Iterator[httpx.Client]:
    """The program before the office, and a client of it."""
    folder.mkdir()
    port = free_port()
    command = COMMANDS[program](folder, port, office)
    with (folder / "output").open("w") as output:
        environment = {
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "PATH": "/usr/sbin:/usr/bin:/bin",
        }
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        deadline = monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None and monotonic() < deadline, (
                    folder / "output"
                ).read_text()
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=60, headers={"Host": "office.example"}
        ) as client:
            yield client
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    """A proxy that is installed here; where it is not, the run says so and is not red."""
    if shutil.which(request.param, path="/usr/sbin:/usr/bin:/bin") is None:
        with warnings.catch_warnings():  # heard, though warnings are errors elsewhere
            warnings.simplefilter("always")
            warnings.warn(
                f"NOT RUN: {request.param} is not installed, its example in docs/deployment.md is untried",
                stacklevel=1,
            )
        pytest.skip(f"{request.param} is not installed: apt-get install {request.param}")
    return request.param


@pytest.mark.slow
@ONLY_SQLITE
def test_the_example_of_the_page_serves_an_office(
    program: str, start_server: Callable[..., Served], office: Bench, key: SoftKey, tmp_path: Path
):
    served = start_server("--trusted-proxy", "127.0.0.1")
    with proxy(program, tmp_path / program, served) as client:
        assert client.get("/health").status_code == 200
        raw = manifest()
        part = bytes(range(256)) * 4096  # 1 MiB
        for content, body in ((raw, raw), (part * 20, part * 20), (part * 3, iter([part] * 3))):
            assert client.put(f"/blobs/{digest_of(content)}", content=body).status_code == 201
        statement = key.sign(raw)
        assert (
            client.post(
                "/statements", content=statement, headers={"Content-Type": COSE}
            ).status_code
            == 201
        )
        assert (
            client.put(
                f"/blobs/{sha256(b'').hexdigest()}", content=bytes((20 << 20) + 1)
            ).status_code
            == 413
        )
        wrong = spoil(statement)
        headers = {"Content-Type": COSE, "X-Forwarded-For": "198.51.100.7"}
        statuses = [
            client.post("/statements", content=wrong, headers=headers).status_code
            for _ in range(65)
        ]
        assert statuses[:60] == [422] * 60 and 429 in statuses, (
            "one client, whatever header it sends"
        )
    direct = httpx.post(served.url + "/statements", content=wrong, headers=headers)
    assert direct.status_code == 422, (
        "the failures were not counted for another client of the proxy"
    )
