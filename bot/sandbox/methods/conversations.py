"""``conversations.*``: channels, their history and their threads, page by page."""

from __future__ import annotations

import base64
import binascii
from decimal import Decimal
from typing import Any

from bot.sandbox import cast
from bot.sandbox.errors import SlackError
from bot.sandbox.model import Channel, Message
from bot.sandbox.scopes import asked_types
from bot.sandbox.shapes import Json, as_bool
from bot.sandbox.workspace import Workspace, exact_ts

DEFAULT_PAGE = 100
LARGEST_PAGE = 1000


def list_channels(workspace: Workspace, args: Json) -> Json:
    """``conversations.list``: public channels; ``exclude_archived`` and ``types`` are honoured.

    Private ones are listed where the bot is a member, and only when ``types`` asks for them.
    """
    page, cursor = paged(_listed(workspace, args), args)
    return {"ok": True, "channels": [channel.as_json() for channel in page], "response_metadata": cursor}


def of_user(workspace: Workspace, args: Json) -> Json:
    """``users.conversations``: what ``user``, by default the bot, is a member of; ``types`` as in the list."""
    user = workspace.person(args.get("user") or cast.BOT_USER).id
    joined = [channel for channel in _listed(workspace, args) if user in channel.members]
    page, cursor = paged(joined, args)
    return {"ok": True, "channels": [_without_count(channel) for channel in page], "response_metadata": cursor}


def info(workspace: Workspace, args: Json) -> Json:
    """``conversations.info``: ``num_members`` only with ``include_num_members``."""
    channel = workspace.channel(args.get("channel"))
    shown = channel.as_json() if as_bool(args.get("include_num_members")) else _without_count(channel)
    return {"ok": True, "channel": shown}


def members(workspace: Workspace, args: Json) -> Json:
    """``conversations.members``: ids, page by page."""
    channel = workspace.channel(args.get("channel"))
    page, cursor = paged(sorted(channel.members), args)
    return {"ok": True, "members": page, "response_metadata": cursor}


def open_conversation(workspace: Workspace, args: Json) -> Json:
    """``conversations.open`` with one user: the direct message between that person and the bot."""
    users = str(args.get("users") or "")
    if not users:
        raise SlackError("users_list_not_supplied")
    if "," in users:
        raise SlackError("method_not_supported_for_channel_type")
    channel = workspace.direct_message(workspace.person(users).id)
    return {"ok": True, "channel": channel.as_json() if as_bool(args.get("return_im")) else {"id": channel.id}}


def join(workspace: Workspace, args: Json) -> Json:
    """``conversations.join``: the bot becomes a member of a public channel."""
    channel = workspace.channel(args.get("channel"))
    if channel.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("is_archived")
    channel.members.add(cast.BOT_USER)
    workspace.touch()
    return {"ok": True, "channel": channel.as_json()}


def history(workspace: Workspace, args: Json) -> Json:
    """``conversations.history``: top-level messages and broadcasts, newest first."""
    channel = _readable(workspace, args)
    found = [m for m in reversed(workspace.top_level(channel.id)) if _in_span(m, args)]
    page, cursor = paged(found, args)
    return _messages(workspace, page, cursor, args)


def replies(workspace: Workspace, args: Json) -> Json:
    """``conversations.replies``: the parent, then its replies, oldest first; ``thread_not_found`` without a parent."""
    channel = _readable(workspace, args)
    parent = workspace.find(channel.id, args.get("ts"))
    if parent is None:
        raise SlackError("thread_not_found")
    root = workspace.find(channel.id, parent.thread_ts) if parent.is_reply else parent
    if root is None:
        return _messages(workspace, [parent], {"next_cursor": ""}, args)
    found = [m for m in workspace.replies(channel.id, root.ts) if _in_span(m, args)]
    page, cursor = paged([root, *found], args)
    return _messages(workspace, page, cursor, args)


def paged(found: list[Any], args: Json) -> tuple[list[Any], Json]:
    """Return one page and ``{"next_cursor": …}``; SlackError ``invalid_cursor`` or ``invalid_limit``."""
    start = _read_cursor(args.get("cursor"))
    limit = _read_limit(args.get("limit"))
    page = found[start : start + limit]
    following = start + limit
    cursor = base64.b64encode(f"next:{following}".encode()).decode() if following < len(found) else ""
    return page, {"next_cursor": cursor}


def _read_limit(value: object) -> int:
    if value in (None, "", 0, "0"):
        return DEFAULT_PAGE
    try:
        limit = int(str(value))
    except ValueError as exc:
        raise SlackError("invalid_limit") from exc
    if not 1 <= limit <= LARGEST_PAGE:
        raise SlackError("invalid_limit")
    return limit


def _read_cursor(value: object) -> int:
    if not value:
        return 0
    try:
        return int(base64.b64decode(str(value), validate=True).decode().removeprefix("next:"))
    except (binascii.Error, ValueError) as exc:
        raise SlackError("invalid_cursor") from exc


def _readable(workspace: Workspace, args: Json) -> Channel:
    channel = workspace.channel(args.get("channel"))
    if not channel.has_bot:
        raise SlackError("not_in_channel")
    return channel


def _in_span(message: Message, args: Json) -> bool:
    oldest = exact_ts(args.get("oldest"), default=Decimal(0))
    latest = exact_ts(args.get("latest"), default=Decimal("Infinity"))
    if as_bool(args.get("inclusive")):
        return oldest <= message.order <= latest
    return oldest < message.order < latest


def _messages(workspace: Workspace, page: list[Message], cursor: Json, args: Json) -> Json:
    wanted = as_bool(args.get("include_all_metadata"))
    return {
        "ok": True,
        "messages": [workspace.shown(message, include_metadata=wanted) for message in page],
        "has_more": bool(cursor["next_cursor"]),
        "response_metadata": cursor,
    }


def _listed(workspace: Workspace, args: Json) -> list[Channel]:
    types = asked_types(args)
    if unknown := set(types) - {"public_channel", "private_channel", "im", "mpim"}:
        raise SlackError("invalid_types", messages=[f"[ERROR] no such type: {', '.join(sorted(unknown))}"])
    found = [channel for channel in workspace.channels.values() if channel.listed_as in types]
    visible = [channel for channel in found if channel.has_bot or not channel.is_private]
    return [it for it in visible if not it.archived] if as_bool(args.get("exclude_archived")) else visible


def _without_count(channel: Channel) -> Json:
    return {name: value for name, value in channel.as_json().items() if name != "num_members"}
