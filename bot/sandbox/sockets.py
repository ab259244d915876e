"""Deliveries as Slack's Socket Mode sends them: envelopes through WebSockets that the bot opened.

Each payload goes to any one of the app's connections, ten at most, in no order to rely on. An acknowledgement may come
back through another one: while Slack replaces a connection, the SDKs answer on the new one.
Source: docs.slack.dev, apis/events-api/using-socket-mode.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.sandbox import cast
from bot.sandbox.deliveries import Ack, Attempt, Delivery, Failure, Retry, Surface
from bot.sandbox.errors import ControlError
from bot.sandbox.shapes import Json
from bot.sandbox.workspace import Workspace

MOST_CONNECTIONS = 10
LIFE_S = 3600
HOST = "applink-sandbox"
UNKNOWN_TICKET = 4403
"""Close code; nothing was accepted, so the client sees HTTP 403."""


class Reason(StrEnum):
    """Why Slack ends a connection."""

    WARNING = "warning"
    """The end is about ten seconds ahead; payloads still come."""
    REFRESH = "refresh_requested"
    LINK_DISABLED = "link_disabled"
    """Socket Mode was turned off for the app."""
    TOO_MANY = "too_many_websockets"


_LEFT = {
    Reason.WARNING: timedelta(seconds=10),
    Reason.REFRESH: timedelta(seconds=1),
    Reason.LINK_DISABLED: timedelta(0),
    Reason.TOO_MANY: timedelta(0),
}
"""How long a connection still stands after the word."""
_TYPES = {Surface.EVENTS: "events_api", Surface.INTERACTIONS: "interactive", Surface.COMMANDS: "slash_commands"}
_ANSWERABLE = frozenset({"view_submission", "block_suggestion"})
"""Interactions whose acknowledgement may carry a payload; commands always may."""
_REASONS = {Failure.TIMEOUT: "timeout", Failure.DISPATCH: "connection_failed", None: "error"}


@dataclass(slots=True)
class Connection:
    """One WebSocket of the bot."""

    number: int
    socket: WebSocket
    is_leaving: bool = False
    """Told to go: nothing new is sent through it."""
    sent: int = 0
    acked: int = 0

    def as_json(self) -> Json:
        """Return the connection for the control API."""
        return {"number": self.number, "is_leaving": self.is_leaving, "sent": self.sent, "acked": self.acked}


class Sockets:
    """The app's connections, and the envelopes under way.

    ``mistakes`` is what the bot did that Slack's protocol has no place for: a second acknowledgement of one envelope,
    one that came too late or that nobody asked for, a payload where none is taken, something that is no JSON.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.opened = 0
        self.mistakes: list[str] = []
        self._workspace = workspace
        self._random = random.Random(workspace.config.seed)  # noqa: S311 - repeatable, not secret
        self._numbers = itertools.count(1)
        self._open: dict[int, Connection] = {}
        self._waiting: dict[str, asyncio.Future[Ack]] = {}
        self._sent: dict[str, bool] = {}
        """Envelope → whether its acknowledgement may carry a payload."""
        self._endings: set[asyncio.Task[None]] = set()

    # -- the bot's side ------------------------------------------------------------------------------------------

    async def serve(self, socket: WebSocket) -> None:
        """Serve one WebSocket until it ends; one without a valid ticket is refused with HTTP 403."""
        if not self._workspace.tickets.redeem(socket.query_params.get("ticket", "")):
            await socket.close(UNKNOWN_TICKET)
            return
        await socket.accept()
        connection = Connection(next(self._numbers), socket)
        self.opened += 1
        refusal = self._refusal()
        if refusal:
            await self._say(connection, _parting(refusal))
            await self._close(connection)
            return
        self._open[connection.number] = connection
        try:
            await self._say(connection, self._hello())
            await self._hear(connection)
        finally:
            self._open.pop(connection.number, None)

    def _refusal(self) -> Reason | None:
        if not self._workspace.socket_mode:
            return Reason.LINK_DISABLED
        return Reason.TOO_MANY if len(self._open) >= MOST_CONNECTIONS else None

    async def _hear(self, connection: Connection) -> None:
        while True:
            message = await connection.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            self._take(connection, message.get("text") or "")

    def _take(self, connection: Connection, text: str) -> None:
        """Take what the bot sent: ``{"envelope_id", "payload"?}``."""
        try:
            ack = json.loads(text)
            envelope = str(ack["envelope_id"])
        except (ValueError, KeyError, TypeError):
            self.mistakes.append(f"not an acknowledgement: {text[:100]}")
            return
        connection.acked += 1
        if envelope not in self._sent:
            self.mistakes.append(f"unknown envelope: {envelope}")
            return
        waiting = self._waiting.get(envelope)
        if waiting is None or waiting.done():
            self.mistakes.append(f"answered twice or late: {envelope}")
            return
        waiting.set_result(self._ack(envelope, ack.get("payload")))

    def _ack(self, envelope: str, payload: object) -> Ack:
        if payload is None:
            return Ack(200)
        if not self._sent[envelope]:
            self.mistakes.append(f"a payload where none is taken: {envelope}")
            return Ack(200)
        return Ack(200, "application/json", json.dumps(payload).encode())

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._open),
            "connection_info": {"app_id": cast.APP},
            "debug_info": {"host": HOST, "build_number": 1, "approximate_connection_time": LIFE_S},
        }

    # -- deliveries ----------------------------------------------------------------------------------------------

    def encoded(self, surface: Surface, payload: Json) -> tuple[str, bytes]:  # noqa: ARG002 - one form for all
        """Return JSON, whatever the surface."""
        return "application/json", json.dumps(payload).encode()

    async def send(self, delivery: Delivery, *, within: timedelta, retry: Retry | None = None) -> Attempt:
        """Send one envelope to any connection, and wait for its acknowledgement."""
        return await self._send(delivery, json.dumps(delivery.payload), within, _retry_fields(delivery, retry))

    async def send_again(
        self,
        delivery: Delivery,
        *,
        within: timedelta,
        body: str | None,
        headers: Mapping[str, str],
        fresh: bool,  # noqa: ARG002 - an envelope carries no signature
    ) -> Attempt:
        """Send the payload in another envelope: ``body`` as it stands, JSON or not; ``headers`` join its fields."""
        payload = json.dumps(delivery.payload) if body is None else body
        return await self._send(delivery, payload, within, {**_retry_fields(delivery, None), **headers})

    async def _send(self, delivery: Delivery, payload: str, within: timedelta, more: Json) -> Attempt:
        began = time.monotonic()
        fields: Json = {
            "envelope_id": str(uuid4()),
            "type": _TYPES[delivery.surface],
            "accepts_response_payload": _accepts_payload(delivery),
            **more,
        }
        connection = self._any()
        ack = Ack(None, failure=Failure.DISPATCH)
        if connection is not None:
            ack = await self._delivered(connection, fields, payload, within)
        told = {name: str(value) for name, value in fields.items()}
        url = f"socket:{connection.number}" if connection else ""
        return Attempt(url, told, ack, round(time.monotonic() - began, 4))

    async def _delivered(self, connection: Connection, fields: Json, payload: str, within: timedelta) -> Ack:
        envelope = str(fields["envelope_id"])
        self._sent[envelope] = bool(fields["accepts_response_payload"])
        acked: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._waiting[envelope] = acked
        connection.sent += 1
        try:
            # Spliced, not encoded: a test may send a payload that is no JSON.
            await self._say_text(connection, f'{json.dumps(fields)[:-1]}, "payload": {payload}}}')
            async with asyncio.timeout(within.total_seconds()):
                return await acked
        except TimeoutError:
            return Ack(None, failure=Failure.TIMEOUT)
        finally:
            del self._waiting[envelope]

    def _any(self) -> Connection | None:
        standing = [it for it in self._open.values() if not it.is_leaving]
        return self._random.choice(standing) if standing else None

    # -- what a test does to them --------------------------------------------------------------------------------

    def as_json(self) -> Json:
        """Return the standing connections, how many there ever were, and the bot's mistakes."""
        return {
            "connections": [connection.as_json() for connection in self._open.values()],
            "opened": self.opened,
            "mistakes": self.mistakes,
        }

    async def disconnect(self, number: int, reason: str) -> None:
        """Tell a connection to go, and close it when its time is over; ControlError for an unknown one or reason."""
        if reason not in set(Reason):
            raise ControlError(f"reason: {reason!r} is none of {', '.join(Reason)}")
        await self._part(self._found(number), Reason(reason))

    def disable(self) -> None:
        """Tell every connection that Socket Mode is off now, and close it."""
        for connection in list(self._open.values()):
            connection.is_leaving = True
            self._hold(self._part(connection, Reason.LINK_DISABLED))

    def cut(self, number: int) -> None:
        """Drop a connection without a word, as a broken network does."""
        transport: asyncio.Transport | None = getattr(self._found(number).socket.state, "transport", None)
        if transport is None:
            raise ControlError("this server hands over no transports")
        transport.abort()

    async def close(self) -> None:
        """Forget who was about to go."""
        for task in list(self._endings):
            task.cancel()
        await asyncio.gather(*self._endings, return_exceptions=True)

    def _found(self, number: int) -> Connection:
        connection = self._open.get(number)
        if connection is None:
            raise ControlError(f"no open connection {number}")
        return connection

    async def _part(self, connection: Connection, reason: Reason) -> None:
        connection.is_leaving = connection.is_leaving or reason is not Reason.WARNING
        await self._say(connection, _parting(reason))
        self._hold(self._end(connection, _LEFT[reason]))

    def _hold(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def _end(self, connection: Connection, left: timedelta) -> None:
        await asyncio.sleep(left.total_seconds())
        if connection.number in self._open:
            await self._close(connection)

    async def _close(self, connection: Connection) -> None:
        try:
            await connection.socket.close()
        except (WebSocketDisconnect, RuntimeError):
            return  # it was faster

    async def _say(self, connection: Connection, message: Json) -> None:
        await self._say_text(connection, json.dumps(message))

    async def _say_text(self, connection: Connection, text: str) -> None:
        try:
            await connection.socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError):
            self._open.pop(connection.number, None)  # gone; whoever waits for its acknowledgement times out


def _parting(reason: Reason) -> Json:
    return {"type": "disconnect", "reason": reason.value, "debug_info": {"host": HOST}}


def _accepts_payload(delivery: Delivery) -> bool:
    return delivery.surface is Surface.COMMANDS or delivery.payload.get("type") in _ANSWERABLE


def _retry_fields(delivery: Delivery, retry: Retry | None) -> Json:
    if delivery.surface is not Surface.EVENTS:
        return {}
    if retry is None:
        return {"retry_attempt": 0, "retry_reason": ""}
    return {"retry_attempt": retry.number, "retry_reason": _REASONS[retry.failure]}
