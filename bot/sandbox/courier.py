"""Deliveries to the bot: interactions and commands once with 3 s to answer, events with three retries.

Every delivery is kept, so a test can send it again, late, twice or changed.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx

from bot.sandbox import cast
from bot.sandbox.deliveries import Ack, Delivery, Failure, Retry, Surface, Way
from bot.sandbox.faults import FaultKind, Faults
from bot.sandbox.http_way import HttpWay
from bot.sandbox.shapes import Json
from bot.sandbox.sockets import Sockets
from bot.sandbox.workspace import Workspace


class Courier:
    """Sends the way the app is set to, requests or envelopes, and remembers everything sent.

    ``transport`` replaces the network of the requests.
    """

    def __init__(
        self, workspace: Workspace, faults: Faults, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        config = workspace.config
        self.http = HttpWay(config.bot_urls, config.signing_secret, transport)
        self.sockets = Sockets(workspace)
        self.ack_timeout: timedelta = config.ack_timeout
        self.retry_delays: list[timedelta] = list(config.retry_delays)
        self.events: set[str] = set(config.events)
        self.deliveries: list[Delivery] = []
        self._workspace = workspace
        self._faults = faults
        self._tasks: set[asyncio.Task[None]] = set()

    def turn_socket_mode(self, *, on: bool) -> None:
        """Turn Socket Mode on, which turns HTTP off for the whole app at once; or off, which ends every connection."""
        self._workspace.socket_mode = on
        if not on:
            self.sockets.disable()

    async def interact(self, payload: Json) -> Ack:
        """Deliver one interaction; return what the bot answered."""
        return await self._deliver_once(Surface.INTERACTIONS, str(payload["type"]), payload)

    async def command(self, fields: dict[str, str]) -> Ack:
        """Deliver one slash command; return what the bot answered."""
        return await self._deliver_once(Surface.COMMANDS, fields["command"], dict(fields))

    def event(self, event: Json) -> Delivery | None:
        """Deliver one event in the background, with retries; None when the bot does not subscribe to it."""
        if _subscription(event) not in self.events:
            return None
        delivery = self._remember(Surface.EVENTS, str(event["type"]), self._envelope(event))
        task = asyncio.create_task(self._deliver_event(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return delivery

    async def resend(
        self, delivery_id: int, *, body: str | None = None, headers: dict[str, str] | None = None, fresh: bool = False
    ) -> Ack:
        """Send a remembered delivery again; of a request the signature is the first one's unless ``fresh``.

        ``body`` replaces the bytes and ``headers`` add to or replace the headers, so that a test can tamper. Raises
        LookupError for a delivery that is not remembered or was never sent.
        """
        delivery = next((d for d in self.deliveries if d.id == delivery_id), None)
        if delivery is None or not delivery.attempts:
            raise LookupError(f"no delivery {delivery_id} was sent")
        attempt = await self._way.send_again(
            delivery, within=self.ack_timeout, body=body, headers=headers or {}, fresh=fresh
        )
        delivery.attempts.append(attempt)
        return attempt.ack

    async def settle(self) -> None:
        """Wait until no event delivery is under way, waiting retries included."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Stop retrying and close the connections."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.sockets.close()
        await self.http.close()

    def forget(self) -> None:
        """Stop retrying and forget what was sent."""
        for task in list(self._tasks):
            task.cancel()
        self.deliveries.clear()

    @property
    def _way(self) -> Way:
        return self.sockets if self._workspace.socket_mode else self.http

    async def _deliver_once(self, surface: Surface, kind: str, payload: Json) -> Ack:
        delivery = self._remember(surface, kind, payload)
        fault = self._faults.strike_delivery(surface.value)
        if fault is not None and fault.kind is FaultKind.DROP:
            delivery.is_dropped = True
            return Ack(None, failure=Failure.TIMEOUT)
        if fault is None:
            return await self._send(delivery)
        first, _ = await asyncio.gather(self._send(delivery), self._send(delivery))
        return first

    async def _deliver_event(self, delivery: Delivery) -> None:
        fault = self._faults.strike_delivery(Surface.EVENTS.value)
        if fault is not None and fault.kind is FaultKind.DROP:
            delivery.is_dropped = True
            return
        if fault is not None:
            await asyncio.gather(self._send(delivery), self._send(delivery, Retry(1, Failure.TIMEOUT)))
            return
        ack = await self._send(delivery)
        for number, delay in enumerate(self.retry_delays, start=1):
            if ack.is_ok or ack.no_retry:
                return
            await asyncio.sleep(delay.total_seconds())
            ack = await self._send(delivery, Retry(number, ack.failure))

    async def _send(self, delivery: Delivery, retry: Retry | None = None) -> Ack:
        attempt = await self._way.send(delivery, within=self.ack_timeout, retry=retry)
        delivery.attempts.append(attempt)
        return attempt.ack

    def _remember(self, surface: Surface, kind: str, payload: Json) -> Delivery:
        content_type, body = self._way.encoded(surface, payload)
        delivery = Delivery(len(self.deliveries) + 1, surface, kind, payload, content_type, body)
        self.deliveries.append(delivery)
        return delivery

    def _envelope(self, event: Json) -> Json:
        workspace = self._workspace
        authorization = {
            "enterprise_id": None,
            "team_id": workspace.config.team,
            "user_id": cast.BOT_USER,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        return {
            "token": "sandbox",
            "team_id": workspace.config.team,
            "api_app_id": cast.APP,
            "event": event,
            "type": "event_callback",
            "event_id": workspace.new_id("Ev"),
            "event_time": int(workspace.clock.now().timestamp()),
            "authorizations": [authorization],
            "is_ext_shared_channel": False,
        }


def _subscription(event: Json) -> str:
    """Return the name a manifest subscribes to this event under."""
    if event["type"] != "message":
        return str(event["type"])
    return {"im": "message.im", "group": "message.groups"}.get(str(event.get("channel_type")), "message.channels")
