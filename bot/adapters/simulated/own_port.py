"""A port that belongs to one service alone, so that a stopped service refuses connections as a real one does.

The services share the process's port, where a stopped one can only break what was already accepted. A probe that
merely connects, as that of nginx, would find it well.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from bot.adapters.simulated.serving import HOST

LOOK_EVERY_S = 0.05
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"


class OwnPort:
    """Accepts connections on a free loopback port while a condition holds, and refuses them while it does not.

    The port stays reserved meanwhile: a second socket holds it without listening.
    """

    def __init__(self) -> None:
        self._reserved = _bound(0)
        self._port: int = self._reserved.getsockname()[1]
        self.url = f"http://{HOST}:{self._port}"

    @asynccontextmanager
    async def open_while(self, condition: Callable[[], bool]) -> AsyncIterator[None]:
        """Follow a condition inside the context; free the port at its end."""
        following = asyncio.create_task(self._follow(condition), name="simulated-own-port")
        try:
            yield
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
            self._reserved.close()

    async def _follow(self, condition: Callable[[], bool]) -> None:
        while True:
            if condition():
                server = await asyncio.start_server(_answer, sock=_bound(self._port))
                try:
                    await _until(lambda: not condition())
                finally:
                    server.close()
            await _until(condition)


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((HOST, port))
    return bound


async def _until(condition: Callable[[], bool]) -> None:
    """Return once a condition of the simulated world holds; nothing tells of its changes, they are only looked up."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(LOOK_EVERY_S)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_ANSWER)
        await writer.drain()
    writer.close()
