"""Changes of user groups: rights follow them in seconds instead of at the next refresh."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.domain.ids import GroupId
from handlers.acks import Ack, Body
from handlers.background import Background

EVENTS = ("subteam_created", "subteam_updated", "subteam_members_changed")


class GroupEvents:
    """Asks for memberships anew when a group that grants something has changed."""

    def __init__(
        self, groups: frozenset[GroupId], refresh: Callable[[], Awaitable[object]], background: Background
    ) -> None:
        """Take the groups that the configuration names, and what asks the workspace about all of them."""
        self._groups = groups
        self._refresh = refresh
        self._background = background
        self._is_refreshing = False
        self._is_stale = False

    async def receive(self, body: Body) -> Ack:
        """Acknowledge at once; a change of a group that grants nothing is nobody's business."""
        if _group_of(body) in self._groups:
            self._is_stale = True
            if not self._is_refreshing:
                self._background.start(self._follow())
        return Ack()

    async def _follow(self) -> None:
        """Refresh until nothing has changed meanwhile: ten people added at once are two rounds of calls, not ten."""
        self._is_refreshing = True
        try:
            while self._is_stale:
                self._is_stale = False
                await self._refresh()
        finally:
            self._is_refreshing = False


def _group_of(body: Body) -> str:
    event = body.get("event")
    if not isinstance(event, dict):
        return ""
    subteam = event.get("subteam")
    return str(event.get("subteam_id") or (subteam.get("id") if isinstance(subteam, dict) else ""))
