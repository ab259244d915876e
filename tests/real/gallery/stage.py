"""A stand-in with the gallery posted to it, and what a test does with it."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from bot.sandbox import cast
from bot.sandbox.app import create_sandbox
from bot.sandbox.client import SandboxClient
from bot.sandbox.config import SandboxConfig
from bot.sandbox.server import address, listen, server_for
from tests.real.gallery import Gallery
from tests.sandbox.stage import EVERY_SCOPE, FakeBot

SECRET = "shhh"


@dataclass(frozen=True, slots=True)
class Wall:
    """A running stand-in whose page shows what is hung up; ``bot`` answers what people do there."""

    url: str
    http: httpx.AsyncClient
    chat: SandboxClient
    bot: FakeBot

    async def call(self, method: str, **args: Any) -> dict[str, Any]:
        """Return the answer of a Web API method, which must be ok."""
        headers = {"authorization": f"Bearer {cast.BOT_TOKEN}"}
        answer: dict[str, Any] = (await self.http.post(f"/api/{method}", json=args, headers=headers)).json()
        assert answer["ok"], (method, answer)
        return answer

    async def hang(self, gallery: Gallery, channel: str = cast.INCIDENTS) -> None:
        """Post every message of a gallery."""
        for arguments in gallery.values():
            await self.call("chat.postMessage", channel=channel, **arguments)

    async def open_modal(self, view: dict[str, Any], user: str = cast.BEN) -> None:
        """Open a modal for somebody, as an answer to a shortcut of theirs."""
        body = {"user": user, "callback_id": "gallery"}
        outcome = (await self.http.post("/control/act/global_shortcut", json=body)).json()
        await self.call("views.open", trigger_id=outcome["trigger_id"], view=view)

    async def publish_home(self, view: dict[str, Any], user: str = cast.BEN) -> None:
        """Publish somebody's home view."""
        await self.call("views.publish", user_id=user, view=view)

    async def upload(self, name: str, content: bytes) -> str:
        """Return the id of a file the stand-in now holds."""
        answer = await self.call("files.getUploadURLExternal", filename=name, length=len(content))
        (await self.http.post(answer["upload_url"], content=content)).raise_for_status()
        await self.call("files.completeUploadExternal", files=[{"id": answer["file_id"], "title": name}])
        return str(answer["file_id"])


@asynccontextmanager
async def wall() -> AsyncIterator[Wall]:
    """Yield a stand-in on a loopback port, with nothing posted yet."""
    bot = FakeBot()
    sock = listen(0)
    url = address(sock)
    config = SandboxConfig(
        signing_secret=SECRET, bot_urls=("http://bot.test/slack/events",), base_url=url, scopes=EVERY_SCOPE
    )
    sandbox = create_sandbox(config, transport=httpx.MockTransport(bot.handle))
    ready = asyncio.Event()
    server = server_for(sandbox, on_ready=ready.set)
    running = asyncio.create_task(server.serve(sockets=[sock]))
    await asyncio.wait_for(ready.wait(), 10)
    try:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http, SandboxClient(url) as chat:
            yield Wall(url, http, chat, bot)
    finally:
        server.should_exit = True
        await running
        sock.close()


def picture(width: int = 96, height: int = 64) -> bytes:
    """Return a PNG of a sloping green band."""
    rows = b"".join(
        b"\0" + b"".join(b"\x2e\xb8\x86" if x * height > y * width else b"\xe8\xf2\xee" for x in range(width))
        for y in range(height)
    )

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
