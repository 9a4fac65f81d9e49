"""Serve the office over HTTP: one process with the signer in its memory, threads around a socket
that is open already.

One process, because SQLite has one writer; threads, because most requests wait for the disk.
``httpd`` has the connections.
"""

import contextlib
import errno
import json
import signal
import socket
import sys
from collections.abc import Sequence
from threading import Event, Thread

from django.conf import settings

from biandun_office.httpd.front import Front
from biandun_office.httpd.peers import Network, Proxies
from biandun_office.office import signing
from biandun_office.office.signing import OfficeSigner
from biandun_office.platform import logs
from biandun_office.platform.errors import FileProblem
from biandun_office.platform.throttle import Throttle
from biandun_office.timekeeping.watch import watch
from biandun_office.wsgi import application
from biandun_protocol import oserrors
from biandun_protocol.address import office_address


def listen(host: str, port: int) -> socket.socket:
    """Open the socket; port 0 takes a free one.

    Raises FileProblem(port-taken) when it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        host.encode("idna")  # as a resolver is asked; Python would leave the socket open
        return socket.create_server((host, port), family=family, backlog=256)
    except (OSError, UnicodeError) as error:
        found = error if isinstance(error, OSError) else OSError(errno.EADDRNOTAVAIL, "")
        raise FileProblem(
            "port-taken", port=f"{host}:{port}", detail=oserrors.reason(found)
        ) from None


def serve(
    signer: OfficeSigner,
    *,
    host: str,
    port: int,
    threads: int,
    origins: Sequence[str],
    trusted: Sequence[Network] = (),
) -> None:
    """Serve until SIGTERM or SIGINT.  Prints {"url": …} when it accepts connections.

    People may log in from ``origins`` and from the server's own address.  Proxies in ``trusted``
    are believed whom they forward for.  Raises AddressProblem, FileProblem(port-taken).
    """
    people = [office_address(origin) for origin in origins]
    signing.set_signer(signer)
    logs.speak()
    listener = listen(host, port)
    url = url_of(listener)
    settings.LOGIN_ORIGINS = [url, *people]
    settings.THROTTLE = Throttle()
    front = Front(application, listener, threads=threads, proxies=Proxies(trusted))

    stopped = Event()

    def stop(*_: object) -> None:
        stopped.set()
        front.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    Thread(target=watch, args=(stopped,), daemon=True).start()
    _announce(url)
    front.run()


def _announce(url: str) -> None:
    """Tell whoever started us where we are; the office serves on when nobody listens to that."""
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]  # closed before we began
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.write(json.dumps({"url": url}) + "\n")
            sys.stdout.flush()


def url_of(listener: socket.socket) -> str:
    """Where a socket listens, as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
