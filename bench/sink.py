"""Where the bot's later answers go while acknowledgements are measured: a server that takes everything.

A response URL of the workspace takes five answers; here thousands of commands share one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from bench.load import HOST

_OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"


@asynccontextmanager
async def sink() -> AsyncIterator[str]:
    """Yield the address of a server that answers ``ok`` to every POST."""
    server = await asyncio.start_server(_take, HOST, 0)
    async with server:
        yield f"http://{HOST}:{server.sockets[0].getsockname()[1]}/answers"


async def _take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            _, found, length = head.partition(b"content-length:")
            if found:
                await reader.readexactly(int(length.split(b"\r\n", 1)[0]))
            writer.write(_OK)
            await writer.drain()
    writer.close()
