"""The two ways out to the workspace, as the publisher sees them: dirty cards, and notices that are not said yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.effects import Notice, Place
from bot.domain.ids import CardId, ChannelId, NoticeId


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Where a message is: channel and ``ts``, which stays a string."""

    channel: ChannelId
    ts: str


@dataclass(frozen=True, slots=True)
class CardRecord:
    """What is known of a card and of the message that shows it."""

    id: CardId
    place: Place
    rank: int
    want: int
    """Counts the changes it should show."""
    dirty_since: datetime
    message: MessageRef | None = None
    digest: str = ""
    """Of the content last shown."""
    sending: bool = False
    """A post was begun and its answer never came: look before posting again."""
    reposted: bool = False
    """It was deleted once and posted again; a second deletion is respected."""


@dataclass(frozen=True, slots=True)
class PendingNotice:
    """A notice that is not said yet."""

    notice: Notice
    since: datetime
    sending: bool = False


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits, for metrics and status."""

    cards: int
    notices: int
    oldest: datetime | None


class Outbox(Protocol):
    """What waits to be shown. Writes of the publisher raise LeaseLost when its fence is not the newest."""

    async def lease(self, holder: str, *, life: timedelta) -> int | None:
        """Take or renew the publisher's lease; return its fence, or None while another process holds it."""
        ...

    async def release(self, holder: str) -> None:
        """Let go of the lease."""
        ...

    async def dirty_cards(self, limit: int) -> Sequence[CardRecord]:
        """Return cards that do not show the truth, oldest first."""
        ...

    async def pending_notices(self, limit: int) -> Sequence[PendingNotice]:
        """Return notices that were not said, oldest first."""
        ...

    async def card(self, card: CardId) -> CardRecord | None:
        """Return one card's record."""
        ...

    async def cards(self, cards: Collection[CardId]) -> Mapping[CardId, CardRecord]:
        """Return the records of several cards, of one moment; those there are none of are left out."""
        ...

    async def card_of(self, message: MessageRef) -> CardId | None:
        """Return the card a message shows."""
        ...

    async def card_sending(self, card: CardId, fence: int) -> None:
        """Remember that a post is about to go out, so that its lost answer is looked for."""
        ...

    async def card_shown(
        self, card: CardRecord, message: MessageRef | None, digest: str, fence: int, *, reposted: bool = False
    ) -> None:
        """Remember what is shown; the card stays dirty if it changed meanwhile. None: it is not shown any more."""
        ...

    async def notice_sending(self, notice: NoticeId, fence: int) -> None:
        """Remember that a notice is about to go out."""
        ...

    async def notice_said(self, notice: NoticeId, fence: int) -> None:
        """Forget a notice that was said, or that can never be said."""
        ...

    async def say(self, notice: Notice, *, act: str = "") -> None:
        """Keep a notice that comes from no decision (an answer to a mention), once for each delivery ``act``."""
        ...

    async def touch(self, card: CardId, place: Place, rank: int) -> None:
        """Mark a card as not showing the truth without a change of state (first evidence filled up)."""
        ...

    async def backlog(self) -> Backlog:
        """Return what waits."""
        ...


class LeaseLost(Exception):
    """Another process publishes now."""
