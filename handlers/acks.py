"""What a listener returns: the acknowledgement as a value, so that nothing can run, and fail, after it was given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from bot.messages.message import Message, to_payload

Body: TypeAlias = Mapping[str, Any]
"""One payload as the workspace sent it. Untrusted, and of any shape."""


class AckFamily(StrEnum):
    """The kinds of payload; a label of metrics."""

    COMMAND = "command"
    BUTTON = "button"
    MODAL = "modal"
    MODAL_CLOSED = "modal_closed"
    SHORTCUT = "shortcut"
    OPTIONS = "options"
    EVENT = "event"


class AckOutcome(StrEnum):
    """What the acknowledgement said; a label of metrics."""

    ANSWERED = "answered"
    LATE = "late"
    """The answer follows: it took longer than the workspace waits."""
    REFUSED = "refused"
    """The person can fix it: a mistake, or a right they do not hold."""
    AWAY = "away"
    """The state store, or something else that is needed, is away."""
    FAILED = "failed"
    """A defect; its token is in the log."""


class AckMetrics(Protocol):
    """Told about every acknowledgement."""

    def on_ack(self, family: AckFamily, seconds: float, outcome: AckOutcome) -> None:
        """Take how long a payload waited for its acknowledgement, and what that was."""
        ...


@dataclass(frozen=True, slots=True)
class Ack:
    """One acknowledgement; without a body it only says that the payload arrived."""

    body: Mapping[str, object] | None = None
    outcome: AckOutcome = AckOutcome.ANSWERED


Listen: TypeAlias = Callable[[Body], Awaitable[Ack]]


def private(message: Message) -> dict[str, object]:
    """Return the body that answers a slash command to the person alone."""
    shown = {name: part for name, part in to_payload(message).items() if part}
    return {"response_type": "ephemeral", **shown}
