"""Serve on one loopback port, with connections that can be reset: how a stopped service looks from outside."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bot.adapters.simulated.faces.answering import CUT

HOST = "127.0.0.1"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with a time of 0: closing sends a reset instead of an orderly end."""


class ResettableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, telling each request how to reset its connection."""

    def on_message_begin(self) -> None:
        """Begin a request, with the function `faces.answering` asks for."""
        super().on_message_begin()
        self.scope["extensions"] = {CUT: self._reset}  # type: ignore[dict-item]

    def _reset(self) -> None:
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()


class SimulatedServer(uvicorn.Server):
    """uvicorn's server, telling when it accepts connections."""

    def __init__(self, app: ASGIApp, *, on_ready: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            http=ResettableProtocol,
            ws="none",
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self._on_ready()


def bind(port: int) -> tuple[socket.socket, str]:
    """Return a socket bound to a loopback port (0: any free one) and its base URL; OSError when it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener, f"http://{HOST}:{listener.getsockname()[1]}"
