"""Running an application until it is told to end: the socket, signals, and what is under way then."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.applications import Starlette

CONNECTIONS = 1000  # at once; more are answered 503


class Server(uvicorn.Server):
    """uvicorn's server; on SIGTERM and Ctrl-C it takes no more connections and finishes what is under way.

    A second signal ends it at once.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Answer signals in the block; uvicorn's own would raise them again when all is done."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End; at once if asked before."""
        self.force_exit = self.should_exit
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address; port 0 is any free one. Raises OSError if it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        error.filename = f"{host}:{port}"
        raise


def server_of(app: Starlette) -> Server:
    """Return the server of an application; its `run` serves until a signal, or until `should_exit` is set."""
    return Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=CONNECTIONS,
        )
    )


def run(app: Starlette, listener: socket.socket, started: Callable[[], None] = lambda: None) -> None:
    """Serve an application on a socket until a signal, then finish what is under way."""
    server = server_of(app)
    started()
    server.run(sockets=[listener])
