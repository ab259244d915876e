"""Addresses of messages, for people to follow."""

from __future__ import annotations

from typing import Protocol

from bot.ports.outbox import MessageRef


class Addresses(Protocol):
    """Knows where a message can be opened."""

    async def of(self, message: MessageRef, thread: str | None = None) -> str:
        """Return a message's http(s) address, empty where it cannot be told; ``thread`` is a reply's parent."""
        ...
