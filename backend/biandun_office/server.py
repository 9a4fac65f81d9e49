"""Serve the office over HTTP: gunicorn with one process of threads around a socket that is open already.

The parent decrypts nothing and opens no database; it holds the signer that it was given and the worker inherits it by fork.
One worker, because SQLite has one writer; threads, because most requests wait for the disk.
"""

import json
import socket
import sys
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from gunicorn.app.base import BaseApplication

from biandun_office import logs, signing
from biandun_office.errors import FileProblem
from biandun_office.signing import OfficeSigner
from biandun_office.wsgi import application


class OfficeServer(BaseApplication):
    """gunicorn, configured from here only: no configuration file, no command line, no environment."""

    def __init__(self, listener: socket.socket, threads: int) -> None:
        self._listener, self._threads = listener, threads
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        url = url_of(self._listener)

        def announce(worker: Any) -> None:
            if worker.age == 1:  # a worker that replaces a crashed one says nothing
                sys.stdout.write(json.dumps({"url": url}) + "\n")
                sys.stdout.flush()

        for name, value in {
            "bind": f"fd://{self._listener.detach()}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._threads,
            "keepalive": 30,
            "graceful_timeout": 10,
            "loglevel": "warning",
            "post_worker_init": announce,
            "control_socket_disable": True,  # no second door
        }.items():
            if name in self.cfg.settings:  # older gunicorns have no control socket
                self.cfg.set(name, value)

    def load(self) -> Any:
        """The application."""
        return application


def listen(host: str, port: int) -> socket.socket:
    """Open the socket; port 0 takes a free one.  Raises FileProblem(port-taken) when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        raise FileProblem("port-taken", port=f"{host}:{port}", detail=error.strerror) from None


def serve(signer: OfficeSigner, *, host: str, port: int, threads: int, origins: Sequence[str]) -> None:
    """Serve until SIGTERM or SIGINT, then end the process with status 0.  Prints {"url": …} when it accepts connections.

    People may log in from ``origins`` and from the server's own address.
    """
    signing.hold(signer)
    logs.speak()
    listener = listen(host, port)
    settings.LOGIN_ORIGINS = [url_of(listener), *origins]
    OfficeServer(listener, threads).run()


def url_of(listener: socket.socket) -> str:
    """Where a socket listens, as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
