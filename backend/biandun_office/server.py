"""Serves the office over HTTP: one process that holds the signer, with worker threads.

One process, because SQLite has one writer; threads, because most requests wait for the disk.
``httpd`` handles the connections.
"""

import contextlib
import errno
import json
import socket
import sys
from collections.abc import Sequence
from threading import Event, Thread

from django.conf import settings

from biandun_office.api import COSTLY
from biandun_office.httpd.front import Front
from biandun_office.httpd.peers import Network, Proxies
from biandun_office.office import signing
from biandun_office.office.signing import OfficeSigner
from biandun_office.platform import logs, signals
from biandun_office.platform.errors import FileProblem
from biandun_office.platform.throttle import Throttle
from biandun_office.timekeeping.watch import watch
from biandun_office.wsgi import application
from biandun_protocol import oserrors
from biandun_protocol.address import office_address


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 takes any free one.

    Raises FileProblem(port-taken) when it cannot be opened.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        host.encode("idna")  # create_server() would raise UnicodeError and leave its socket open
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
    """Serve until SIGTERM, SIGINT or SIGHUP; print {"url": …} once connections are accepted.

    People may log in from ``origins`` and from the server's own address.  X-Forwarded-For is
    believed from proxies in ``trusted``.  Raises AddressProblem, FileProblem(port-taken).
    """
    people = [office_address(origin) for origin in origins]
    signing.set_signer(signer)
    logs.enable()
    listener = listen(host, port)
    url = url_of(listener)
    settings.LOGIN_ORIGINS = [url, *people]
    settings.THROTTLE = Throttle(COSTLY)
    front = Front(application, listener, threads=threads, proxies=Proxies(trusted))

    stopped = Event()

    def stop(*_: object) -> None:
        stopped.set()
        front.stop()

    signals.on_each(stop)
    Thread(target=watch, args=(stopped,), daemon=True).start()
    _announce(url)
    front.run()


def _announce(url: str) -> None:
    """Print the server's URL to stdout; ignore a stdout that nobody reads."""
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]  # closed before we began
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.write(json.dumps({"url": url}) + "\n")
            sys.stdout.flush()


def url_of(listener: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
