"""A server on loopback that answers exactly what a test says, down to broken bytes, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

from tests.waiting import wait_until

REASON = b"Stub"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


class Misbehaviour:
    """What a server does instead of answering."""

    RESET = b"<reset>"
    CLOSE = b"<close>"
    SILENCE = b"<silence>"


Responder = Callable[[Asked], bytes]


def answer(body: object, status: int = 200, content_type: str = "application/json", *extra: str) -> bytes:
    """Return the bytes of an HTTP answer; a body that is no text is sent as JSON."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status} {REASON.decode()}", f"content-type: {content_type}", f"content-length: {len(content)}"]
    return "\r\n".join([*head, *extra, "", ""]).encode() + content


def html(status: int = 200) -> bytes:
    return answer("<html><title>Sign in</title></html>", status, "text/html; charset=utf-8")


class StubHttp:
    """The server; `routes` maps a path to the bytes of its answer, or to a function of what was asked.

    With ``hold_open`` the connection stays open behind the answer; a ``greeting`` is sent before anything is asked.
    """

    def __init__(
        self, routes: Mapping[str, bytes | Responder], *, hold_open: bool = False, greeting: bytes = b""
    ) -> None:
        self.routes = dict(routes)
        self._hold_open = hold_open
        self._greeting = greeting
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._open = 0
        self._silent = asyncio.Event()
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> StubHttp:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._silent.set()
        self._server.close()
        await self._server.wait_closed()
        await wait_until(lambda: not self._open, description="every connection of the stub is closed")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        try:
            if self._greeting:
                writer.write(self._greeting)
                await reader.read(1)
                return
            request = await _read(reader)
            self.asked.append(request)
            await self._respond(request, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open -= 1
            writer.close()

    async def _respond(self, request: Asked, writer: asyncio.StreamWriter) -> None:
        route = self.routes.get(request.path, answer("", 404, "text/plain"))
        content = route(request) if callable(route) else route
        # Lets requests that arrive together be open together.
        await asyncio.sleep(0)
        if content == Misbehaviour.SILENCE:
            await self._silent.wait()
        elif content == Misbehaviour.RESET:
            link = writer.get_extra_info("socket")
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        elif content != Misbehaviour.CLOSE:
            writer.write(content)
            await writer.drain()
            if self._hold_open:
                await self._silent.wait()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, target, headers, body)


def refused_url() -> str:
    """Return an address of loopback where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
