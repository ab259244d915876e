"""What lives shortly in Slack: a trigger opens one modal within 3 s, a response URL answers 5 times within 30 min.

And an address for a WebSocket opens one, within 30 s.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.clock import SandboxClock
from bot.sandbox.errors import SlackError

TRIGGER_LIFE = timedelta(seconds=3)
RESPONSE_LIFE = timedelta(minutes=30)
RESPONSE_USES = 5
TICKET_LIFE = timedelta(seconds=30)


@dataclass(slots=True)
class Trigger:
    """One right to open a modal for ``user``."""

    user: str
    born: datetime
    is_exchanged: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """One right to answer an interaction; ``source_ts`` is the message it came from, if any."""

    user: str
    channel: str
    born: datetime
    source_ts: str | None = None
    source_thread: str | None = None
    source_is_ephemeral: bool = False
    uses: int = 0


class Triggers:
    """Issues and redeems trigger ids."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._known: dict[str, Trigger] = {}

    def issue(self, user: str) -> str:
        """Return a fresh trigger id for ``user``."""
        trigger_id = f"{secrets.randbelow(10**10)}.{secrets.randbelow(10**10)}.{secrets.token_hex(8)}"
        self._known[trigger_id] = Trigger(user, self._clock.now())
        return trigger_id

    def redeem(self, trigger_id: object) -> str:
        """Return the user a trigger belongs to and spend it.

        Raises SlackError: ``invalid_arguments`` for an id never issued, ``exchanged_trigger_id`` for a spent one,
        ``expired_trigger_id`` after 3 s (the codes of views.open; dialogs call them ``trigger_exchanged`` and
        ``trigger_expired``).
        """
        trigger = self._known.get(str(trigger_id))
        if trigger is None:
            raise SlackError("invalid_arguments", messages=["[ERROR] invalid `trigger_id` [json-pointer:/trigger_id]"])
        if trigger.is_exchanged:
            raise SlackError("exchanged_trigger_id")
        if self._clock.now() - trigger.born > TRIGGER_LIFE:
            raise SlackError("expired_trigger_id")
        trigger.is_exchanged = True
        return trigger.user


class Tickets:
    """Issues and redeems tickets for Socket Mode's connections."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._born: dict[str, datetime] = {}

    def issue(self) -> str:
        """Return a fresh ticket."""
        ticket = secrets.token_urlsafe(18)
        self._born[ticket] = self._clock.now()
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Spend a ticket; return whether it was still good."""
        born = self._born.pop(ticket, None)
        return born is not None and self._clock.now() - born <= TICKET_LIFE


class ResponseUrls:
    """Issues response URLs' tokens and counts their uses."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._known: dict[str, ResponseUrl] = {}

    def issue(
        self,
        *,
        user: str,
        channel: str,
        source_ts: str | None = None,
        source_thread: str | None = None,
        source_is_ephemeral: bool = False,
    ) -> str:
        """Return a fresh token for an interaction of ``user`` in ``channel``."""
        token = secrets.token_urlsafe(18)
        self._known[token] = ResponseUrl(
            user, channel, self._clock.now(), source_ts, source_thread, source_is_ephemeral
        )
        return token

    def look_up(self, token: str) -> ResponseUrl:
        """Return a response URL that may still be used.

        Raises SlackError ``expired_url`` (30 min over, or never issued) or ``used_url`` (5 uses spent).
        """
        url = self._known.get(token)
        if url is None or self._clock.now() - url.born > RESPONSE_LIFE:
            raise SlackError("expired_url")
        if url.uses >= RESPONSE_USES:
            raise SlackError("used_url")
        return url
