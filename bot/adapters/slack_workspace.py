"""The workspace in Slack: cards and notices as messages that carry their id, and who people are.

The id travels as message metadata. After a lost answer it is how a message is found again, so that nothing is shown
twice; readers of the workspace can see it, and it means nothing to them.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack_calls import Make, answer_of, slack_client, within_our_words
from bot.domain.cards import CardView, EvidenceCard
from bot.domain.effects import Channel, Notice
from bot.domain.errors import TemporaryError
from bot.domain.ids import CardId, ChannelId, GroupId, TeamId, UserId, made_at
from bot.messages.cards import render_card
from bot.messages.message import Message, to_json, to_payload
from bot.messages.notices import render_notice
from bot.ports.outbox import MessageRef
from bot.ports.workspace import Gone, Person, Spot, Unreachable

__all__ = ["SlackWorkspace", "slack_client"]

log = logging.getLogger(__name__)

T = TypeVar("T")

EVENT_TYPE = "watchkeeper"
PAGE = 200
PAGES = 5
"""How far a message is looked for: so many since its id was made."""
CLOCKS_DIFFER = timedelta(minutes=10)
"""By how much Slack's clock may be behind the one that made an id."""
NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)
UNKNOWN_PEOPLE = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
UNKNOWN_GROUPS = frozenset({"no_such_subteam", "subteam_not_found"})


class SlackWorkspace:
    """Implements `bot.ports.workspace.Workspace` and `Directory` on one client.

    ``channels`` maps every channel of the configuration to its id. The client's session is to give up after
    ``call_timeout``; so does every call here as a whole.
    """

    def __init__(
        self, client: AsyncWebClient, channels: Mapping[Channel, ChannelId], *, call_timeout: timedelta
    ) -> None:
        self._client = client
        self._channels = channels
        self.call_timeout = call_timeout

    def channel(self, channel: Channel) -> ChannelId:
        """Return the channel the configuration names."""
        return self._channels[channel]

    # -- showing -------------------------------------------------------------------------------------------------

    def card_digest(self, view: CardView) -> str:
        """Return a digest of what would be shown, as of a fixed moment: only a change of state makes another one."""
        return hashlib.sha256(to_json(render_card(_without_time(view))).encode()).hexdigest()[:32]

    async def post_card(self, card: CardId, view: CardView, spot: Spot) -> MessageRef:
        """Show a card for the first time; its id travels with the message."""
        return await self._post(card, render_card(view), spot)

    async def update_card(self, view: CardView, message: MessageRef) -> None:
        """Show the newest state in place; Gone when a person deleted the message."""
        content: dict[str, Any] = to_payload(render_card(view))
        await self._answer(
            "chat.update", lambda: self._client.chat_update(channel=message.channel, ts=message.ts, **content)
        )

    async def post_notice(self, notice: Notice, spot: Spot) -> MessageRef:
        """Say something once; its id travels with the message."""
        return await self._post(notice.id, render_notice(notice), spot)

    async def delete(self, message: MessageRef) -> None:
        """Take a double away."""
        await self._answer("chat.delete", lambda: self._client.chat_delete(channel=message.channel, ts=message.ts))

    async def open_direct(self, user: UserId) -> ChannelId:
        """Return the channel of direct messages with a person."""
        answer = await self._answer("conversations.open", lambda: self._client.conversations_open(users=user))
        return ChannelId(answer["channel"]["id"])

    async def _post(self, id_: str, message: Message, spot: Spot) -> MessageRef:
        content: dict[str, Any] = to_payload(message)
        answer = await self._answer(
            "chat.postMessage",
            lambda: self._client.chat_postMessage(
                channel=spot.channel,
                thread_ts=spot.thread,
                metadata={"event_type": EVENT_TYPE, "event_payload": {"id": id_}},
                unfurl_links=False,
                unfurl_media=False,
                **content,
            ),
            is_post=True,
        )
        posted = MessageRef(ChannelId(answer["channel"]), str(answer["ts"]))
        if spot.thread is not None and not answer.get("message", {}).get("thread_ts"):
            await self._take_back(posted)
            raise Gone(f"the thread {spot.thread} in {spot.channel} has no parent any more")
        return posted

    async def _take_back(self, stray: MessageRef) -> None:
        """Delete what Slack put beside a thread whose parent was deleted; it does so without an error."""
        try:
            await self.delete(stray)
        except (TemporaryError, Gone, Unreachable) as exc:
            log.warning("stray_stays", extra={"channel": stray.channel, "ts": stray.ts, "reason": str(exc)})

    async def _answer(self, method: str, make: Make, *, is_post: bool = False) -> Mapping[str, Any]:
        return await self._in_time(method, answer_of(method, make, is_post=is_post), is_post=is_post)

    async def _in_time(self, method: str, work: Awaitable[T], *, is_post: bool = False) -> T:
        """Return what ``work`` returns, within the time one call may take."""
        with within_our_words(method, is_post=is_post):
            async with asyncio.timeout(self.call_timeout.total_seconds()):
                return await work

    # -- finding again -------------------------------------------------------------------------------------------

    async def find(self, id_: str, spot: Spot) -> Sequence[MessageRef]:
        """Return the messages that carry an id, oldest first; Gone when the thread's parent was deleted."""
        method = "conversations.history" if spot.thread is None else "conversations.replies"
        found = await self._in_time(method, self._search(method, id_, spot))
        return sorted(found, key=lambda message: Decimal(message.ts))

    async def _search(self, method: str, id_: str, spot: Spot) -> list[MessageRef]:
        found: list[MessageRef] = []
        cursor = ""
        for _ in range(PAGES):
            page = await answer_of(method, self._page(id_, spot, cursor))
            carriers = (message for message in page.get("messages", []) if _carries(message, id_))
            found += [MessageRef(spot.channel, str(message["ts"])) for message in carriers]
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return found
        log.warning("search_cut_short", extra={"channel": spot.channel, "item": id_, "messages": PAGE * PAGES})
        return found

    def _page(self, id_: str, spot: Spot, cursor: str) -> Make:
        wanted: dict[str, Any] = {"channel": spot.channel, "limit": PAGE, "include_all_metadata": True}
        if oldest := _not_older_than(id_):
            wanted["oldest"] = oldest
        if cursor:
            wanted["cursor"] = cursor
        if spot.thread is None:
            return lambda: self._client.conversations_history(**wanted)
        return lambda: self._client.conversations_replies(ts=spot.thread or "", **wanted)

    # -- who people are ------------------------------------------------------------------------------------------

    async def group_members(self, group: GroupId) -> frozenset[UserId]:
        """Return the members of a user group, nobody for one that is disabled or does not exist."""
        try:
            answer = await self._told(
                "usergroups.users.list", lambda: self._client.usergroups_users_list(usergroup=group)
            )
        except _Unknown as exc:
            log.warning("group_unknown", extra={"group": group, "reason": str(exc)})
            return frozenset()
        return frozenset(UserId(user) for user in answer.get("users", []))

    async def person(self, user: UserId) -> Person:
        """Return what the workspace says of somebody; one it does not know counts as deactivated."""
        try:
            answer = await self._told("users.info", lambda: self._client.users_info(user=user))
        except _Unknown:
            return Person(user, TeamId(""), is_bot=False, is_guest=False, is_deactivated=True)
        return _person(answer["user"])

    async def _told(self, method: str, make: Make) -> Mapping[str, Any]:
        """Return an answer about people; what cannot be told now is temporary, and nothing is granted on it."""
        try:
            return await self._answer(method, make)
        except (Gone, Unreachable) as exc:
            code = _code_behind(exc)
            if code in UNKNOWN_PEOPLE | UNKNOWN_GROUPS:
                raise _Unknown(code) from exc
            raise TemporaryError(f"{method}: {exc}", retry_after=timedelta(minutes=1)) from exc


class _Unknown(Exception):
    """The workspace knows nobody of that id."""


def _code_behind(exc: BaseException) -> str:
    """Return Slack's own code for an error of ours."""
    response = getattr(exc.__cause__, "response", None)
    return str(response.get("error", "")) if response is not None else ""


def _person(user: Mapping[str, Any]) -> Person:
    guest = ("is_restricted", "is_ultra_restricted", "is_stranger")
    return Person(
        id=UserId(str(user["id"])),
        team=TeamId(str(user.get("team_id", ""))),
        is_bot=bool(user.get("is_bot")) or user["id"] == "USLACKBOT",
        is_guest=any(user.get(flag) for flag in guest),
        is_deactivated=bool(user.get("deleted")),
    )


def _without_time(view: CardView) -> CardView:
    if isinstance(view, EvidenceCard):
        return replace(view, evidence=replace(view.evidence, as_of=NO_TIME), links={})
    # Links too: a card knows its own address only once it is shown, and that alone is no reason to show it again.
    return replace(view, as_of=NO_TIME, links={})


def _carries(message: Mapping[str, Any], id_: str) -> bool:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    return bool(message.get("bot_id")) and metadata.get("event_type") == EVENT_TYPE and payload.get("id") == id_


def _not_older_than(id_: str) -> str | None:
    """Return since when a message with this id can be there; None when the id does not tell."""
    try:
        made = made_at(id_.rpartition(":")[2])
    except ValueError:
        return None
    return f"{(made - CLOCKS_DIFFER).timestamp():.6f}"
