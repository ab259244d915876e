"""Connections of Socket Mode: whatever answers in Slack's place, the next is asked for, and no ticket is told."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.adapters import slack_sockets
from bot.adapters.slack_calls import slack_client
from bot.adapters.slack_sockets import SlackSockets, SocketEnd
from tests.waiting import wait_until

TICKET = "a-ticket-for-one-use"
APP_TOKEN = "xapp-1-nobody-sees-this"
HELLO = '{"type": "hello"}'
ENVELOPE = '{"envelope_id": "E1"}'


@dataclass
class Noted:
    """What the connections told."""

    sockets: int = 0
    ends: list[SocketEnd] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)

    def on_sockets(self, count: int) -> None:
        self.sockets = count

    def on_socket_end(self, reason: SocketEnd) -> None:
        self.ends.append(reason)

    async def receive(self, frame: str) -> str | None:
        self.frames.append(frame)
        return None


@dataclass
class FakeSlack:
    """Answers ``apps.connections.open`` with bodies that a test gives, then as Slack does."""

    bodies: list[bytes] = field(default_factory=list)
    content_type: str = "application/json"
    speak: Callable[[web.WebSocketResponse], Awaitable[None]] | None = None
    asked: int = 0

    async def open(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.bodies:
            return web.Response(body=self.bodies.pop(0), content_type=self.content_type)
        return web.json_response({"ok": True, "url": f"ws://{request.host}/link/?ticket={TICKET}"})

    async def link(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(HELLO)
        if self.speak is not None:
            await self.speak(socket)
        await socket.receive()
        return socket


@asynccontextmanager
async def connected(slack: FakeSlack) -> AsyncIterator[Noted]:
    app = web.Application()
    app.router.add_post("/api/apps.connections.open", slack.open)
    app.router.add_get("/link/", slack.link)
    async with TestServer(app, host="127.0.0.1") as server, aiohttp.ClientSession() as session:
        noted = Noted()
        client = slack_client("xoxb-x", str(server.make_url("/api/")), session)
        sockets = SlackSockets(client, session, APP_TOKEN, noted.receive, noted, count=1)
        sockets.open()
        try:
            yield noted
        finally:
            await sockets.close(timedelta(seconds=1))


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten what lies between two attempts."""
    monkeypatch.setattr(slack_sockets, "LONGEST_PAUSE", timedelta(milliseconds=10))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'"maintenance"', "application/json"),
        (b"[1]", "application/json"),
        (b"gesch\xe4ftlich", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"\x1f\x8b", "application/gzip"),
        (b'{"ok": true}', "application/json"),
        (b'{"ok": true, "url": "wss://[::1?ticket=%s"}' % TICKET.encode(), "application/json"),
    ],
)
async def test_an_address_that_cannot_be_read_is_asked_for_again(
    body: bytes, content_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    slack = FakeSlack([body], content_type)
    async with connected(slack) as noted:
        await wait_until(lambda: noted.sockets == 1, description="the connection is open")
    assert slack.asked == 2
    told = "\n".join(str(record.__dict__) for record in caplog.records if record.name.startswith("bot."))
    assert "slack_socket_waits" in told
    (waits,) = [record for record in caplog.records if record.message == "slack_socket_waits"]
    assert vars(waits)["wait_s"] >= 0
    assert vars(waits)["hint"] == "commands fail with dispatch_failed until then"
    assert TICKET not in told
    assert APP_TOKEN not in told


async def test_frames_that_are_no_protocol_end_nothing() -> None:
    junk = ["", "[]", "{", '{"type": 5}', HELLO, '{"type": "disconnect", "reason": 7}', "[" * 50_000, "x" * 2_000_000]

    async def speak(socket: web.WebSocketResponse) -> None:
        for frame in junk:
            await socket.send_str(frame)
        await socket.send_bytes(b'\xff{"type": "disconnect"}')
        await socket.send_str(ENVELOPE)

    async with connected(FakeSlack(speak=speak)) as noted:
        await wait_until(lambda: ENVELOPE in noted.frames, description="what comes after the junk is read")
        assert (noted.sockets, noted.ends) == (1, [])


async def test_a_frame_over_every_size_costs_one_connection_and_not_the_next() -> None:
    sizes = [5_000_000, 10]

    async def speak(socket: web.WebSocketResponse) -> None:
        await socket.send_str(json.dumps({"envelope_id": "E" * sizes.pop(0)}))

    async with connected(FakeSlack(speak=speak)) as noted:
        await wait_until(lambda: len(noted.frames) == 1, description="the next connection is read")
    assert "E" * 11 not in noted.frames[0]
