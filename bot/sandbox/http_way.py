"""Deliveries as Slack's HTTP mode sends them: signed requests to the bot's addresses in turn.

The exact bytes of every delivery are kept, so a test can send them again, late, twice or changed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from urllib.parse import urlencode

import httpx

from bot.sandbox.deliveries import Ack, Attempt, Delivery, Failure, Retry, Surface
from bot.sandbox.shapes import Json

FORM = "application/x-www-form-urlencoded"

_REASONS = {Failure.TIMEOUT: "http_timeout", Failure.DISPATCH: "connection_failed", None: "http_error"}


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return Slack's v0 signature: HMAC-SHA256 over ``v0:<timestamp>:<body>`` in hex."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class HttpWay:
    """Signs and posts.

    ``signature_skew_s`` moves the signed timestamp away from the machine's time. ``transport`` replaces the network.
    """

    def __init__(self, urls: Iterable[str], secret: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.bot_urls = list(urls)
        self.signature_skew_s = 0
        self._secret = secret
        self._turns = itertools.count()
        self._client = httpx.AsyncClient(  # asyncio.timeout below limits each try as a whole
            trust_env=False, timeout=httpx.Timeout(60), transport=transport
        )

    def encoded(self, surface: Surface, payload: Json) -> tuple[str, bytes]:
        """Return JSON for an event, ``payload=`` in a form for an interaction, form fields for a command."""
        match surface:
            case Surface.EVENTS:
                return "application/json", json.dumps(payload).encode()
            case Surface.INTERACTIONS:
                return FORM, urlencode({"payload": json.dumps(payload)}).encode()
            case Surface.COMMANDS:
                return FORM, urlencode(payload).encode()

    async def send(self, delivery: Delivery, *, within: timedelta, retry: Retry | None = None) -> Attempt:
        """Sign and post once."""
        content_type, body = self.encoded(delivery.surface, delivery.payload)
        headers = self._headers(content_type, body)
        if retry:
            headers |= {"x-slack-retry-num": str(retry.number), "x-slack-retry-reason": _REASONS[retry.failure]}
        return await self._send(body, headers, within)

    async def send_again(
        self, delivery: Delivery, *, within: timedelta, body: str | None, headers: Mapping[str, str], fresh: bool
    ) -> Attempt:
        """Post again; the signature is the first one's unless ``fresh``."""
        content_type, same = self.encoded(delivery.surface, delivery.payload)
        content = same if body is None else body.encode()
        first = delivery.attempts[0].headers
        keeps_signature = not fresh and "x-slack-signature" in first
        sent = dict(first) if keeps_signature else self._headers(content_type, content)
        return await self._send(content, {**sent, **headers}, within)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _headers(self, content_type: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time()) + self.signature_skew_s)
        return {
            "content-type": content_type,
            "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": sign(self._secret, timestamp, body),
        }

    async def _send(self, body: bytes, headers: dict[str, str], within: timedelta) -> Attempt:
        url = self.bot_urls[next(self._turns) % len(self.bot_urls)] if self.bot_urls else ""
        began = time.monotonic()
        ack = await self._post(url, body, headers, within) if url else Ack(None, failure=Failure.DISPATCH)
        return Attempt(url, headers, ack, round(time.monotonic() - began, 4))

    async def _post(self, url: str, body: bytes, headers: dict[str, str], within: timedelta) -> Ack:
        try:
            async with asyncio.timeout(within.total_seconds()):
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
