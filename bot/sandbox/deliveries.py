"""What the bot is told and what it answers, whichever way it travels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from bot.sandbox.shapes import Json


class Surface(StrEnum):
    """The three kinds of delivery, by how Slack treats a failure."""

    EVENTS = "events"
    INTERACTIONS = "interactions"
    COMMANDS = "commands"


class Failure(StrEnum):
    """Why a delivery was not acknowledged, in the words the actor's client shows."""

    TIMEOUT = "operation_timeout"
    DISPATCH = "dispatch_failed"


@dataclass(frozen=True, slots=True)
class Ack:
    """What the bot answered; ``status`` is None when no answer arrived in time, 200 for an acknowledged envelope."""

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
    """One try of one delivery; ``url`` is ``socket:<number>`` for one through a WebSocket, empty where none was open.

    ``headers`` are the request's, or the envelope's fields beside its payload.
    """

    url: str
    headers: dict[str, str]
    ack: Ack
    took_s: float


@dataclass(frozen=True, slots=True)
class Retry:
    """One of the three repetitions of an event: its number from 1, and what went wrong before (None: an HTTP error)."""

    number: int
    failure: Failure | None


@dataclass(slots=True)
class Delivery:
    """One thing the bot was told, with every try."""

    id: int
    surface: Surface
    kind: str
    payload: Json
    content_type: str
    body: bytes
    attempts: list[Attempt] = field(default_factory=list)
    is_dropped: bool = False

    def as_json(self) -> Json:
        """Return the record for the control API; ``body`` is the exact text that was sent first."""
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


class Way(Protocol):
    """How deliveries leave: requests to the bot's addresses, or envelopes through the connections it opened."""

    def encoded(self, surface: Surface, payload: Json) -> tuple[str, bytes]:
        """Return content type and text of a payload."""
        ...

    async def send(self, delivery: Delivery, *, within: timedelta, retry: Retry | None = None) -> Attempt:
        """Send once; return how that went, at most ``within`` later."""
        ...

    async def send_again(
        self, delivery: Delivery, *, within: timedelta, body: str | None, headers: Mapping[str, str], fresh: bool
    ) -> Attempt:
        """Send what was sent before, tampered with where a test wants it."""
        ...
