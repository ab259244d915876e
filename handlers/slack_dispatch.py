"""One parsed payload of the workspace, whichever way it came, to the app behind all doors.

Both ways in end here: `handlers.slack_edge` (signed requests) and `handlers.slack_sockets` (envelopes). What they share
is the size a payload may have, how it is decoded, what counts as refused, and what the framework is told.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

import msgspec
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from handlers.errors import Trouble, caught

MAX_BODY_BYTES = 1_000_000
RETRY_NUMBER, RETRY_REASON = "x-slack-retry-num", "x-slack-retry-reason"

log = logging.getLogger(__name__)


class EdgeRefusal(StrEnum):
    """Why something was not handed over; a label of metrics. The sender never learns which."""

    HEADERS = "headers"
    """Timestamp or signature is missing, doubled, or of the wrong form."""
    STALE = "stale"
    """Signed more than five minutes ago, or in the future: a replay, or a clock that is wrong."""
    SIGNATURE = "signature"
    OVERSIZED = "oversized"
    INCOMPLETE = "incomplete"
    """The sender went away, or was too slow with the body."""
    UNREADABLE = "unreadable"
    """From the workspace, but nothing that can be read."""


class EdgeMetrics(Protocol):
    """Told about every refusal."""

    def on_refused(self, reason: EdgeRefusal) -> None:
        """Take why a payload was not handed over."""
        ...


class SlackDispatch:
    """Hands payloads over, and keeps count of those that were not."""

    def __init__(self, app: AsyncApp, metrics: EdgeMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def answer(self, payload: dict[str, Any], retry: Mapping[str, str]) -> BoltResponse | None:
        """Return what the app answers; None, counted, for a shape that even the framework cannot look at.

        ``retry`` holds the two retry headers, where the workspace says that it sends the payload again.
        """
        given = await caught(self._given_by_app(payload, retry))
        if isinstance(given, Trouble):
            self.refused(EdgeRefusal.UNREADABLE)
            return None
        return given

    def refused(self, reason: EdgeRefusal) -> None:
        """Count and log that something was not handed over; of its content nothing is said."""
        self._metrics.on_refused(reason)
        log.info("slack_request_refused", extra={"reason": reason})

    async def _given_by_app(self, payload: dict[str, Any], retry: Mapping[str, str]) -> BoltResponse:
        # The mode switches off the framework's own parsing and verifying, and keeps the dictionary as it is. Only the
        # retry headers go in: others steer the framework, and no signature covers them.
        request = AsyncBoltRequest(body=payload, mode="socket_mode", headers=dict(retry))
        return await self._app.async_dispatch(request)


def json_object(document: bytes | msgspec.Raw) -> dict[str, Any]:
    """Return a decoded JSON object; ValueError or RecursionError for anything else."""
    decoded = msgspec.json.decode(document)
    if not isinstance(decoded, dict):
        raise ValueError("expected a JSON object")
    return decoded
