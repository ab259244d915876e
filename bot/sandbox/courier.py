"""Signed deliveries to the bot: interactions and commands once with 3 s to answer, events with three retries.

The exact bytes of every delivery are kept, so a test can send them again, late, twice or changed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlencode

import httpx

from bot.sandbox import cast
from bot.sandbox.faults import FaultKind, Faults
from bot.sandbox.shapes import Json
from bot.sandbox.workspace import Workspace

FORM = "application/x-www-form-urlencoded"


class Surface(StrEnum):
    """The three kinds of delivery, by how Slack treats a failure."""

    EVENTS = "events"
    INTERACTIONS = "interactions"
    COMMANDS = "commands"


class Failure(StrEnum):
    """Why a delivery was not acknowledged, in the words the actor's client shows."""

    TIMEOUT = "operation_timeout"
    DISPATCH = "dispatch_failed"


_RETRY_REASONS = {Failure.TIMEOUT: "http_timeout", Failure.DISPATCH: "connection_failed"}


@dataclass(frozen=True, slots=True)
class Ack:
    """What the bot answered; ``status`` is None when no answer arrived in time."""

    status: int | None
    content_type: str = ""
    body: bytes = b""
    failure: Failure | None = None
    no_retry: bool = False

    @property
    def is_ok(self) -> bool:
        """Whether the answer is a 2xx."""
        return self.status is not None and 200 <= self.status < 300

    def json_body(self) -> Json | None:
        """Return the answer's JSON object, or None when it is something else."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one delivery."""

    url: str
    headers: dict[str, str]
    ack: Ack
    took_s: float


@dataclass(slots=True)
class Delivery:
    """One thing the bot was told, with every try."""

    id: int
    surface: Surface
    kind: str
    content_type: str
    body: bytes
    attempts: list[Attempt] = field(default_factory=list)
    is_dropped: bool = False

    def as_json(self) -> Json:
        """Return the record for the control API; ``body`` is the exact text that was signed."""
        return {
            "id": self.id,
            "surface": self.surface.value,
            "kind": self.kind,
            "content_type": self.content_type,
            "body": self.body.decode(),
            "dropped": self.is_dropped,
            "attempts": [
                {
                    "url": attempt.url,
                    "headers": attempt.headers,
                    "status": attempt.ack.status,
                    "failure": attempt.ack.failure.value if attempt.ack.failure else None,
                    "answer": attempt.ack.body.decode(errors="replace"),
                    "took_s": attempt.took_s,
                }
                for attempt in self.attempts
            ],
        }


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return Slack's v0 signature: HMAC-SHA256 over ``v0:<timestamp>:<body>`` in hex."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class Courier:
    """Sends to the bot's addresses in turn, and remembers everything sent.

    ``signature_skew_s`` moves the signed timestamp away from the machine's time. ``transport`` replaces the network.
    """

    def __init__(
        self, workspace: Workspace, faults: Faults, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        config = workspace.config
        self.bot_urls: list[str] = list(config.bot_urls)
        self.ack_timeout: timedelta = config.ack_timeout
        self.retry_delays: list[timedelta] = list(config.retry_delays)
        self.events: set[str] = set(config.events)
        self.signature_skew_s = 0
        self.deliveries: list[Delivery] = []
        self._secret = config.signing_secret
        self._workspace = workspace
        self._faults = faults
        self._turns = itertools.count()
        self._client = httpx.AsyncClient(  # asyncio.timeout below limits each try as a whole
            trust_env=False, timeout=httpx.Timeout(60), transport=transport
        )
        self._tasks: set[asyncio.Task[None]] = set()

    async def interact(self, payload: Json) -> Ack:
        """Deliver one interaction as a form with ``payload=``; return what the bot answered."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self._deliver_once(Surface.INTERACTIONS, str(payload["type"]), FORM, body)

    async def command(self, fields: dict[str, str]) -> Ack:
        """Deliver one slash command as form fields; return what the bot answered."""
        return await self._deliver_once(Surface.COMMANDS, fields["command"], FORM, urlencode(fields).encode())

    def event(self, event: Json) -> Delivery | None:
        """Deliver one event in the background, with retries; None when the bot does not subscribe to it."""
        if _subscription(event) not in self.events:
            return None
        workspace = self._workspace
        envelope = {
            "token": "sandbox",
            "team_id": workspace.config.team,
            "api_app_id": cast.APP,
            "event": event,
            "type": "event_callback",
            "event_id": workspace.new_id("Ev"),
            "event_time": int(workspace.clock.now().timestamp()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": workspace.config.team,
                    "user_id": cast.BOT_USER,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }
        body = json.dumps(envelope).encode()
        delivery = self._remember(Surface.EVENTS, str(event["type"]), "application/json", body)
        task = asyncio.create_task(self._deliver_event(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return delivery

    async def resend(
        self, delivery_id: int, *, body: str | None = None, headers: dict[str, str] | None = None, fresh: bool = False
    ) -> Ack:
        """Send a remembered delivery again; the signature is the first one's unless ``fresh``.

        ``body`` replaces the bytes and ``headers`` add to or replace the headers, so that a test can tamper. Raises
        LookupError for a delivery that is not remembered or was never sent.
        """
        delivery = next((d for d in self.deliveries if d.id == delivery_id), None)
        if delivery is None or not delivery.attempts:
            raise LookupError(f"no delivery {delivery_id} was sent")
        content = delivery.body if body is None else body.encode()
        sent = self._headers(delivery.content_type, content) if fresh else dict(delivery.attempts[0].headers)
        return await self._send(delivery, content, sent | (headers or {}))

    async def settle(self) -> None:
        """Wait until no event delivery is under way, waiting retries included."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Stop retrying and close the connections."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def forget(self) -> None:
        """Stop retrying and forget what was sent."""
        for task in list(self._tasks):
            task.cancel()
        self.deliveries.clear()

    async def _deliver_once(self, surface: Surface, kind: str, content_type: str, body: bytes) -> Ack:
        delivery = self._remember(surface, kind, content_type, body)
        fault = self._faults.strike_delivery(surface.value)
        if fault is not None and fault.kind is FaultKind.DROP:
            delivery.is_dropped = True
            return Ack(None, failure=Failure.TIMEOUT)
        headers = self._headers(content_type, body)
        if fault is None:
            return await self._send(delivery, body, headers)
        first, _ = await asyncio.gather(self._send(delivery, body, headers), self._send(delivery, body, headers))
        return first

    async def _deliver_event(self, delivery: Delivery) -> None:
        fault = self._faults.strike_delivery(Surface.EVENTS.value)
        if fault is not None and fault.kind is FaultKind.DROP:
            delivery.is_dropped = True
            return
        if fault is not None:
            retry = {"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}
            await asyncio.gather(self._send_event(delivery, {}), self._send_event(delivery, retry))
            return
        ack = await self._send_event(delivery, {})
        for number, delay in enumerate(self.retry_delays, start=1):
            if ack.is_ok or ack.no_retry:
                return
            await asyncio.sleep(delay.total_seconds())
            reason = _RETRY_REASONS[ack.failure] if ack.failure else "http_error"
            headers = {"x-slack-retry-num": str(number), "x-slack-retry-reason": reason}
            ack = await self._send_event(delivery, headers)

    async def _send_event(self, delivery: Delivery, extra: dict[str, str]) -> Ack:
        return await self._send(delivery, delivery.body, self._headers(delivery.content_type, delivery.body) | extra)

    def _remember(self, surface: Surface, kind: str, content_type: str, body: bytes) -> Delivery:
        delivery = Delivery(len(self.deliveries) + 1, surface, kind, content_type, body)
        self.deliveries.append(delivery)
        return delivery

    def _headers(self, content_type: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time()) + self.signature_skew_s)
        return {
            "content-type": content_type,
            "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": sign(self._secret, timestamp, body),
        }

    async def _send(self, delivery: Delivery, body: bytes, headers: dict[str, str]) -> Ack:
        url = self.bot_urls[next(self._turns) % len(self.bot_urls)] if self.bot_urls else ""
        began = time.monotonic()
        ack = await self._post(url, body, headers) if url else Ack(None, failure=Failure.DISPATCH)
        delivery.attempts.append(Attempt(url, headers, ack, round(time.monotonic() - began, 4)))
        return ack

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> Ack:
        try:
            async with asyncio.timeout(self.ack_timeout.total_seconds()):
                response = await self._client.post(url, content=body, headers=headers)
        except TimeoutError:
            return Ack(None, failure=Failure.TIMEOUT)
        except (httpx.HTTPError, httpx.InvalidURL, ConnectionError):
            return Ack(None, failure=Failure.DISPATCH)
        return Ack(
            response.status_code,
            response.headers.get("content-type", ""),
            response.content,
            no_retry=response.headers.get("x-slack-no-retry") == "1",
        )


def _subscription(event: Json) -> str:
    """Return the name a manifest subscribes to this event under."""
    if event["type"] != "message":
        return str(event["type"])
    return {"im": "message.im", "group": "message.groups"}.get(str(event.get("channel_type")), "message.channels")
