"""The door for Slack in Socket Mode: one envelope in, one acknowledgement out.

What a request is over HTTP is here a frame of a WebSocket that we opened ourselves, so nothing is signed; the rest is
the same dispatch. An envelope is acknowledged or not: there is no status that says "this failed". So what could not be
read is said in words where the acknowledgement can carry them. Where it cannot, none is given, and the person's client
says that it failed. An event is acknowledged even then: the workspace would only bring the same again, three times.
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import msgspec
from slack_bolt.response import BoltResponse

from bot.domain.answers import Problem
from bot.messages.answers import render_answer
from bot.messages.modals import problem_view
from handlers.acks import private
from handlers.slack_dispatch import (
    MAX_BODY_BYTES,
    RETRY_NUMBER,
    RETRY_REASON,
    EdgeRefusal,
    SlackDispatch,
    json_object,
)

AROUND_PAYLOAD_BYTES = 10_000
"""What an envelope adds to its payload, generously."""
COMMAND, EVENT = "slash_commands", "events_api"
SUBMISSION = "view_submission"
NOT_READ = (
    "Nothing was done: Slack sent this in a form that Watchkeeper cannot read. Try once more; if it happens again, "
    "tell whoever runs Watchkeeper."
)


_Ack: TypeAlias = dict[str, Any]
"""``{"envelope_id", "payload"?}``."""


class Envelope(msgspec.Struct):
    """One envelope; its payload stays undecoded, so that one that cannot be read can still be answered."""

    envelope_id: str
    type: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"{}")
    accepts_response_payload: bool = False
    retry_attempt: int | None = None
    retry_reason: str | None = None


class SlackEnvelopes:
    """Reads envelopes and hands their payloads over."""

    def __init__(self, dispatch: SlackDispatch) -> None:
        self._dispatch = dispatch

    async def receive(self, frame: str) -> str | None:
        """Return the acknowledgement of one frame; None where there is nothing to say, or nobody to say it to."""
        content = frame.encode(errors="surrogatepass")
        if len(content) > MAX_BODY_BYTES + AROUND_PAYLOAD_BYTES:
            self._dispatch.refused(EdgeRefusal.OVERSIZED)
            return None
        try:
            envelope = msgspec.json.decode(content, type=Envelope)
        except (ValueError, RecursionError):
            self._dispatch.refused(EdgeRefusal.UNREADABLE)
            return None
        ack = await self._answered(envelope)
        return json.dumps(ack) if ack else None

    async def _answered(self, envelope: Envelope) -> _Ack | None:
        try:
            payload = json_object(envelope.payload)
        except (ValueError, RecursionError):
            self._dispatch.refused(EdgeRefusal.UNREADABLE)
            return _unread(envelope, {})
        answer = await self._dispatch.answer(payload, _retry(envelope))
        if answer is None or 400 <= answer.status < 500:
            return _unread(envelope, payload)
        return _ack(envelope, answer) if answer.status == 200 else None


def _retry(envelope: Envelope) -> dict[str, str]:
    """Return what the workspace says over HTTP in headers; nothing at the first try, which it numbers 0."""
    if not envelope.retry_attempt:
        return {}
    return {RETRY_NUMBER: str(envelope.retry_attempt), RETRY_REASON: envelope.retry_reason or "unknown_error"}


def _ack(envelope: Envelope, answer: BoltResponse) -> _Ack:
    is_said = envelope.accepts_response_payload and answer.body.startswith("{")
    return _with(envelope, json.loads(answer.body)) if is_said else _bare(envelope)


def _bare(envelope: Envelope) -> _Ack:
    return {"envelope_id": envelope.envelope_id}


def _with(envelope: Envelope, payload: dict[str, Any]) -> _Ack:
    return {**_bare(envelope), "payload": payload}


def _unread(envelope: Envelope, payload: dict[str, Any]) -> _Ack | None:
    """Return what is said to a payload that could not be read."""
    if envelope.type == EVENT:
        return _bare(envelope)
    if not envelope.accepts_response_payload:
        return None
    if envelope.type == COMMAND:
        return _with(envelope, private(render_answer(Problem(NOT_READ))))
    if payload.get("type") == SUBMISSION:
        return _with(envelope, {"response_action": "update", "view": problem_view(NOT_READ)})
    return None
