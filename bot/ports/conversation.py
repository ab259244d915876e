"""Talking back to the one person who pressed, typed or opened something, in the seconds after they did.

Everything else goes out through `bot.ports.outbox`. These calls come after the acknowledgement or beside it, where an
error helps nobody: each is bounded in time, is logged where it fails, and tells by what it returns whether it worked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

from bot.domain.ids import ChannelId, UserId

Payload: TypeAlias = Mapping[str, object]
"""A rendered message (``text``, ``blocks``, ``attachments``) or a rendered view."""


class Conversation(Protocol):
    """Direct answers. No call raises because the workspace is away, slow or refuses."""

    async def open_view(self, trigger: str, view: Payload) -> str | None:
        """Open a window for the person behind ``trigger`` (alive for 3 s, good once); return its id, None if not."""
        ...

    async def update_view(self, view_id: str, view: Payload) -> bool:
        """Show something else in an open window; return whether it is shown."""
        ...

    async def respond(
        self, response_url: str, message: Payload, *, public: bool = False, replace: bool = False
    ) -> bool:
        """Answer a click or a command where it happened, to the person alone unless ``public``.

        ``replace`` puts the answer in the place of the message that was clicked. The address is good for 30 minutes
        and five answers. Returns whether it is shown.
        """
        ...

    async def ephemeral(self, channel: ChannelId, user: UserId, message: Payload, thread: str | None = None) -> bool:
        """Say something to one person in a channel or thread; return whether it was taken."""
        ...

    async def publish_home(self, user: UserId, view: Payload) -> bool:
        """Show a person their home tab; return whether it is shown."""
        ...


class Shares(Protocol):
    """Private answers that the person may repeat for everybody, kept for 30 minutes. TemporaryError when away."""

    async def keep(self, message: str) -> str:
        """Keep a message as JSON; return the opaque id its button carries."""
        ...

    async def take(self, share: str) -> str | None:
        """Return the message and forget it, so that it is repeated once; None when it is not there (any more)."""
        ...
