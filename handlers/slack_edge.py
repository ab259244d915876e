"""The door for Slack: `POST /slack/events`, for commands, interactions and events alike.

The framework behind it parses before it verifies, reads a command that contains the word "payload" as an interaction,
and logs what it refuses. So this door reads, verifies and parses by itself and hands over a dictionary: whoever cannot
sign gets one answer, always the same, and reaches no parser.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from handlers.slack_dispatch import (
    MAX_BODY_BYTES,
    RETRY_NUMBER,
    RETRY_REASON,
    EdgeRefusal,
    SlackDispatch,
    json_object,
)

READ_WITHIN = timedelta(seconds=5)
SIGNATURE_LIFE_S = 300
MOST_FIELDS = 100
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
UNAUTHORIZED = b'{"error":"not signed by the workspace"}'
UNREADABLE = b'{"error":"not a payload that can be read"}'


class _Refused(Exception):
    def __init__(self, reason: EdgeRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def slack_routes(dispatch: SlackDispatch, signing_secret: str, *, now: Callable[[], float] = time.time) -> list[Route]:
    """Return the route that takes the workspace's requests; ``now`` returns seconds since the epoch."""
    return [Route("/slack/events", SlackEdge(dispatch, signing_secret, now=now).receive, methods=["POST"])]


class SlackEdge:
    """Verifies, parses and hands over."""

    def __init__(self, dispatch: SlackDispatch, signing_secret: str, *, now: Callable[[], float] = time.time) -> None:
        if not signing_secret:
            raise ValueError("an empty signing secret opens the door to everybody")
        self._dispatch = dispatch
        self._secret = signing_secret.encode()
        self._now = now

    async def receive(self, request: Request) -> Response:
        """Answer one request."""
        try:
            payload = _parsed(request, await self._verified_body(request))
        except _Refused as refused:
            self._dispatch.refused(refused.reason)
            return _refusal(refused.reason)
        challenge = payload.get("challenge")
        if payload.get("type") == "url_verification" and isinstance(challenge, str):
            return Response(challenge, media_type="text/plain")
        if payload.get("ssl_check"):
            return Response()
        retry = {name: value for name in (RETRY_NUMBER, RETRY_REASON) if (value := request.headers.get(name))}
        answer = await self._dispatch.answer(payload, retry)
        if answer is None:
            return _refusal(EdgeRefusal.UNREADABLE)
        return Response(answer.body, status_code=answer.status, headers=answer.first_headers_without_set_cookie())

    async def _verified_body(self, request: Request) -> bytes:
        """Return the raw body once its signature fits."""
        timestamp = _only_header(request, b"x-slack-request-timestamp")
        signature = _only_header(request, b"x-slack-signature")
        if not timestamp.isdigit() or len(timestamp) > 12 or not signature.startswith(b"v0="):
            raise _Refused(EdgeRefusal.HEADERS)
        if abs(self._now() - int(timestamp)) > SIGNATURE_LIFE_S:
            raise _Refused(EdgeRefusal.STALE)
        body = await _body(request)
        expected = hmac.new(self._secret, b"v0:" + timestamp + b":" + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(b"v0=" + expected.encode(), signature):
            raise _Refused(EdgeRefusal.SIGNATURE)
        return body


def _refusal(reason: EdgeRefusal) -> Response:
    """Return the one answer to whoever cannot sign, or the one to a well signed payload that cannot be read."""
    if reason is EdgeRefusal.UNREADABLE:
        return Response(UNREADABLE, status_code=400, media_type="application/json")
    return Response(UNAUTHORIZED, status_code=401, media_type="application/json")


def _only_header(request: Request, name: bytes) -> bytes:
    """Return the header as bytes; a missing or doubled one is refused."""
    values = [value for key, value in request.scope["headers"] if key == name]
    if len(values) != 1:
        raise _Refused(EdgeRefusal.HEADERS)
    value: bytes = values[0]
    return value


async def _body(request: Request) -> bytes:
    """Return the raw body, read up to the cap."""
    chunks: list[bytes] = []
    size_bytes = 0
    try:
        async with asyncio.timeout(READ_WITHIN.total_seconds()):
            async for chunk in request.stream():
                size_bytes += len(chunk)
                if size_bytes > MAX_BODY_BYTES:
                    raise _Refused(EdgeRefusal.OVERSIZED)
                chunks.append(chunk)
    except (TimeoutError, ClientDisconnect) as exc:
        raise _Refused(EdgeRefusal.INCOMPLETE) from exc
    return b"".join(chunks)


def _parsed(request: Request, body: bytes) -> dict[str, Any]:
    """Return the payload of a verified body: an event's JSON, an interaction's JSON, or a command's fields."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if content_type == JSON:
            return json_object(body)
        if content_type != FORM:
            raise ValueError("neither JSON nor a form")
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS))
        is_interaction = "payload" in fields and "command" not in fields
        return json_object(fields["payload"].encode()) if is_interaction else dict(fields)
    except (ValueError, RecursionError) as exc:
        raise _Refused(EdgeRefusal.UNREADABLE) from exc
