"""The chat the team works in, in our words; a second chat could implement it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bot.domain.cards import CardView
from bot.domain.effects import Channel, Notice
from bot.domain.errors import TemporaryError
from bot.domain.ids import CardId, ChannelId, GroupId, TeamId, UserId
from bot.ports.outbox import MessageRef


class Throttled(TemporaryError):
    """The workspace asks to wait; only this kind of call is meant."""


class LostAnswer(TemporaryError):
    """It may have been shown or not: look before showing it again."""


class Gone(Exception):
    """The message, or the parent of its thread, was deleted by a person, or takes no more edits."""


class Unreachable(Exception):
    """It cannot be shown there until a person changes something, and what: not a member, no such channel, archived."""


class Refused(Unreachable):
    """This very content cannot be shown, and why; others may still be shown there."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a message goes, with every card and channel resolved."""

    channel: ChannelId
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """What the workspace says of somebody."""

    id: UserId
    team: TeamId
    is_bot: bool
    is_guest: bool
    is_deactivated: bool


class Workspace(Protocol):
    """Showing things. A call takes at most ``call_timeout``; TemporaryError when the workspace is away."""

    call_timeout: timedelta

    def channel(self, channel: Channel) -> ChannelId:
        """Return the channel the configuration names."""
        ...

    def card_digest(self, view: CardView) -> str:
        """Return a digest of what would be shown, times of day left out: equal ones need no update."""
        ...

    async def post_card(self, card: CardId, view: CardView, spot: Spot) -> MessageRef:
        """Show a card for the first time; its id travels with the message."""
        ...

    async def update_card(self, view: CardView, message: MessageRef) -> None:
        """Show the newest state in place; Gone when a person deleted the message."""
        ...

    async def post_notice(self, notice: Notice, spot: Spot) -> MessageRef:
        """Say something once; its id travels with the message."""
        ...

    async def find(self, id_: str, spot: Spot) -> Sequence[MessageRef]:
        """Return the messages that carry the id of a card or notice, oldest first."""
        ...

    async def delete(self, message: MessageRef) -> None:
        """Take a double away."""
        ...

    async def open_direct(self, user: UserId) -> ChannelId:
        """Return the channel of direct messages with a person."""
        ...


class Directory(Protocol):
    """Who people are."""

    async def group_members(self, group: GroupId) -> frozenset[UserId]:
        """Return the members of a user group; TemporaryError when it cannot be told."""
        ...

    async def person(self, user: UserId) -> Person:
        """Return what the workspace says of somebody; TemporaryError when it cannot be told."""
        ...
