"""The terminal's way in: a unix socket whose peer the kernel names. It asks and acts, it never votes."""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
import socket
import struct
from contextlib import suppress
from pathlib import Path

import msgspec

from bot.domain.answers import Problem
from bot.domain.effects import Channel, Place
from bot.domain.errors import BotError, UserError
from bot.domain.ids import new_ulid
from bot.messages.answers import render_answer
from bot.messages.plain import to_plain
from bot.services.access import AccessService
from bot.verbs import Entrance, Family, Reply, Request, VerbTable

log = logging.getLogger(__name__)

SOCKET = "ops.sock"
MAX_LINE = 65_536
_CREDENTIALS = struct.Struct("3i")
"""pid, uid, gid, as SO_PEERCRED has them."""


class Asked(msgspec.Struct):
    """One line from the terminal."""

    text: str
    """As typed after ``watchkeeper ops``."""


class Answered(msgspec.Struct):
    """One line back."""

    text: str
    ok: bool


class TerminalServer:
    """Answers ``watchkeeper ops …`` of people on this machine."""

    def __init__(self, data_dir: Path, access: AccessService, verbs: VerbTable) -> None:
        self._path = data_dir / SOCKET
        self._access = access
        self._verbs = verbs

    async def serve(self) -> None:
        """Answer until cancelled."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        server = await asyncio.start_unix_server(self._meet, self._path, limit=MAX_LINE)
        self._path.chmod(0o600)
        async with server:
            await server.serve_forever()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one line, answer one line."""
        try:
            asked = msgspec.json.decode(await reader.readline(), type=Asked)
            answered = await self._answer(peer_name(writer), asked.text)
            writer.write(msgspec.json.encode(answered) + b"\n")
            await writer.drain()
        except (msgspec.DecodeError, ConnectionError, ValueError) as exc:
            log.info("terminal_unreadable", extra={"why": str(exc)})
        finally:
            writer.close()

    async def _answer(self, os_user: str, text: str) -> Answered:
        try:
            actor = await self._access.terminal_actor(os_user, act=f"cli-{new_ulid()}")
            family, _, rest = text.strip().partition(" ")
            spoken = (Family(family), rest) if family in list(Family) else (Family.OPS, text)
            request = Request(actor, spoken[0], spoken[1], Entrance.TERMINAL, Place(channel=Channel.APPROVALS))
            reply = await self._verbs.answer(request)
        except UserError as exc:
            reply = Reply(Problem(str(exc)))
        except BotError as exc:
            reply = Reply(Problem(f"Nothing was done: {exc}. Try again in a minute."))
        return Answered(to_plain(render_answer(reply.answer)), ok=not isinstance(reply.answer, Problem))


def peer_name(writer: asyncio.StreamWriter) -> str:
    """Return the operating system user at the other end, as the kernel knows it."""
    peer: socket.socket = writer.get_extra_info("socket")
    if not hasattr(socket, "SO_PEERCRED"):
        return pwd.getpwuid(os.getuid()).pw_name
    _, uid, _ = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return pwd.getpwuid(uid).pw_name


async def ask_running(data_dir: Path, text: str) -> Answered:
    """Return what the process that runs on the data folder answers; ConnectionError when none does."""
    reader, writer = await asyncio.open_unix_connection(data_dir / SOCKET, limit=MAX_LINE * 4)
    try:
        writer.write(msgspec.json.encode(Asked(text)) + b"\n")
        await writer.drain()
        return msgspec.json.decode(await reader.readline(), type=Answered)
    finally:
        writer.close()
