"""How the sandbox listens: one loopback socket, and connections a fault can cut."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bot.sandbox.app import Sandbox

LOOPBACK = "127.0.0.1"


class CuttableProtocol(HttpToolsProtocol):
    """Hands each connection's transport to the application as ``request.state.transport``."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the transport among the state that every request of this connection copies."""
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


def listen(port: int) -> socket.socket:
    """Return a listening loopback socket; port 0 takes a free one. Raises OSError where the port is taken."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((LOOPBACK, port))
        sock.listen(128)
    except OSError:
        sock.close()
        raise
    return sock


def address(sock: socket.socket) -> str:
    """Return ``http://127.0.0.1:PORT`` of a listening socket."""
    return f"http://{LOOPBACK}:{sock.getsockname()[1]}"


class SandboxServer(uvicorn.Server):
    """A server that says when it answers, and ends the page's endless streams before it waits for them."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then say so unless the start failed."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop as uvicorn does, the endless streams first."""
        self._on_stop()
        await super().shutdown(sockets)


def server_for(sandbox: Sandbox, *, on_ready: Callable[[], None]) -> SandboxServer:
    """Return a server for a sandbox; run it with ``serve(sockets=[listen(port)])``.

    A call that is still being answered when it stops has one second left.
    """
    return SandboxServer(
        uvicorn.Config(
            sandbox.app,
            http=CuttableProtocol,
            ws="websockets-sansio",
            lifespan="on",
            log_level="warning",
            access_log=False,
            date_header=False,  # the Web API sends its own, which a test may move
            timeout_graceful_shutdown=1,
        ),
        on_ready,
        sandbox.page.stop,
    )
