"""How the sandbox listens: one loopback socket, and connections a fault can cut."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LOOPBACK = "127.0.0.1"


class CuttableProtocol(HttpToolsProtocol):
    """Hands each connection's transport to the application as ``request.state.transport``."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the transport among the state that every request of this connection copies."""
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


def listen(port: int) -> socket.socket:
    """Return a listening loopback socket; port 0 takes a free one."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((LOOPBACK, port))
    sock.listen(128)
    return sock


def address(sock: socket.socket) -> str:
    """Return ``http://127.0.0.1:PORT`` of a listening socket."""
    return f"http://{LOOPBACK}:{sock.getsockname()[1]}"


class SandboxServer(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then say so unless the start failed."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def server_for(app: Starlette, *, on_ready: Callable[[], None]) -> SandboxServer:
    """Return a server for ``app``; run it with ``serve(sockets=[listen(port)])``.

    It waits one second for open streams of the page when it stops.
    """
    return SandboxServer(
        uvicorn.Config(
            app,
            http=CuttableProtocol,
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        ),
        on_ready,
    )
