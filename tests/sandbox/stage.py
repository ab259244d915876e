"""What sandbox tests stand on: a bot that answers what it is told, a clock that stands still, calls in process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx

from bot.sandbox.app import Sandbox, create_sandbox
from bot.sandbox.client import SandboxClient
from bot.sandbox.clock import SandboxClock
from bot.sandbox.config import SandboxConfig
from bot.sandbox.methods.table import METHODS
from bot.sandbox.scopes import accepted_scopes
from bot.sandbox.server import address, listen, server_for

SECRET = "shhh"
TOKEN = "xoxb-test"
HOME = "http://127.0.0.1"
EVERY_SCOPE = frozenset(scope for method in METHODS for scope in accepted_scopes(method))
CONFIG = SandboxConfig(
    signing_secret=SECRET,
    bot_token=TOKEN,
    base_url=HOME,
    bot_urls=("http://bot.test/slack/events",),
    ack_timeout=timedelta(seconds=0.2),
    retry_delays=(timedelta(0), timedelta(0), timedelta(0)),
    scopes=EVERY_SCOPE,
)

Answer = Callable[[httpx.Request], Awaitable[httpx.Response]]


@dataclass
class FakeBot:
    """Answers 200 with an empty body unless told otherwise; keeps every request."""

    answer: Answer | None = None
    requests: list[httpx.Request] = field(default_factory=list)

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return await self.answer(request) if self.answer else httpx.Response(200)

    def answers(self, *responses: httpx.Response) -> None:
        """Answer these in order, then 200."""
        waiting = list(responses)

        async def next_answer(_request: httpx.Request) -> httpx.Response:
            return waiting.pop(0) if waiting else httpx.Response(200)

        self.answer = next_answer

    def is_silent(self) -> None:
        """Never answer."""

        async def wait(_request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            return httpx.Response(200)

        self.answer = wait

    def payloads(self) -> list[dict[str, Any]]:
        """Return what arrived, decoded: interactions' payloads, commands' fields, events' envelopes."""
        return [decoded(request) for request in self.requests]


@dataclass
class Stage:
    """One sandbox in process with its bot, its clock and its clients."""

    sandbox: Sandbox
    bot: FakeBot
    clock: SandboxClock
    http: httpx.AsyncClient
    chat: SandboxClient

    async def call(self, method: str, **args: Any) -> dict[str, Any]:
        """Call a Web API method as the bot, with JSON."""
        response = await self.http.post(f"/api/{method}", json=args, headers={"authorization": f"Bearer {TOKEN}"})
        answer: dict[str, Any] = response.json()
        return answer

    async def posted(self, text: str = "hello", channel: str = "C0INC", **args: Any) -> dict[str, Any]:
        """Post as the bot and return the message as the control API shows it."""
        answer = await self.call("chat.postMessage", channel=channel, text=text, **args)
        assert answer["ok"], answer
        state = await self.chat.state()
        messages = state["channels"][answer["channel"]]["messages"]
        return next(message for message in messages if message["ts"] == answer["ts"])


def decoded(request: httpx.Request) -> dict[str, Any]:
    if request.headers["content-type"] == "application/json":
        body: dict[str, Any] = json.loads(request.content)
        return body
    fields = {name: values[0] for name, values in parse_qs(request.content.decode(), keep_blank_values=True).items()}
    if "payload" in fields:
        payload: dict[str, Any] = json.loads(fields["payload"])
        return payload
    return fields


@asynccontextmanager
async def staged(config: SandboxConfig = CONFIG) -> AsyncIterator[Stage]:
    """Give a sandbox in process; its clock stands still until moved."""
    bot = FakeBot()
    clock = SandboxClock(lambda: datetime(2026, 1, 1, tzinfo=UTC))
    sandbox = create_sandbox(config, clock=clock, transport=httpx.MockTransport(bot.handle))
    transport = httpx.ASGITransport(sandbox.app)
    async with (
        httpx.AsyncClient(transport=transport, base_url=HOME) as http,
        SandboxClient(HOME, transport=transport) as chat,
    ):
        yield Stage(sandbox, bot, clock, http, chat)
    await sandbox.close()


@asynccontextmanager
async def served(config: SandboxConfig = CONFIG) -> AsyncIterator[tuple[str, Sandbox]]:
    """Give a sandbox on a real loopback port, for what only a connection shows."""
    sock = listen(0)
    url = address(sock)
    sandbox = create_sandbox(replace(config, base_url=url))
    ready = asyncio.Event()
    server = server_for(sandbox, on_ready=ready.set)
    running = asyncio.create_task(server.serve(sockets=[sock]))
    await asyncio.wait_for(ready.wait(), 5)
    try:
        yield url, sandbox
    finally:
        server.should_exit = True
        await running
        sock.close()


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "hello") -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(text)}


def button(action_id: str = "ack", text: str = "Acknowledge", **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": plain(text), "value": "01", **more}


def actions(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements), **more}


def text_input(block_id: str = "why", **more: Any) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": f"{block_id}.text"}
    return {"type": "input", "block_id": block_id, "label": plain("Why"), "element": element, **more}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain("A view"), "submit": plain("Send"), "blocks": list(blocks), **more}
