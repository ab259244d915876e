"""Payloads as values: everything a listener needs, read once at the border from JSON of any shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.errors import UsageError
from bot.domain.ids import ChannelId, TeamId, UserId
from bot.ports.outbox import MessageRef
from bot.verbs import Family
from bot.verbs.words import readable
from handlers.acks import Body
from handlers.telling import Origin

MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>[\s:,]*")


class UnreadablePayload(ValueError):
    """A signed payload lacks what the workspace promises: its format changed, or our reading is wrong."""


@dataclass(frozen=True, slots=True)
class Who:
    """The person behind a payload: user id and team id, the only identity that counts."""

    user: UserId
    team: TeamId


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command."""

    who: Who
    family: Family
    text: str
    """As the workspace escapes it; the parser of verbs reads that."""
    channel: ChannelId
    origin: Origin
    act: str


@dataclass(frozen=True, slots=True)
class Click:
    """A press on a button, or a choice from a menu."""

    who: Who
    action: str
    value: str
    """Of the button, or of the chosen option. Never authority for anything."""
    origin: Origin
    act: str
    parent: MessageRef | None = None
    """The message that the thread of the button's message hangs on, itself where it is no reply."""
    in_home: bool = False
    """Whether it was pressed in the home tab."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A form sent off."""

    who: Who
    callback: str
    metadata: str
    view: str
    values: Mapping[str, str]
    """What was entered, by block id; absent where nothing was."""
    act: str
    asked: frozenset[str] = frozenset()
    """The block ids of all its fields: beside these a mistake can be told."""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A shortcut, of a message or of the whole workspace."""

    who: Who
    callback: str
    origin: Origin
    act: str
    parent: MessageRef | None = None
    """Of a message: the message that its thread hangs on, itself where it is no reply."""
    text: str = ""
    """As its writer saw it."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody spoke to us in a channel."""

    who: Who
    text: str
    """What follows the mention."""
    channel: ChannelId
    ts: str
    thread: str | None
    act: str
    is_by_bot: bool


@dataclass(frozen=True, slots=True)
class HomeOpened:
    """Somebody looks at our home tab, or at the messages beside it."""

    who: Who
    tab: str


def read_command(body: Body) -> Command:
    """Return a slash command; UsageError for one that we do not know."""
    name = _text(body, "command")
    family = name.removeprefix("/")
    if family not in list(Family):
        raise UsageError(f"{name}: not a command of Watchkeeper; try `/ops help`")
    return Command(
        who=Who(UserId(_needed(body, "user_id")), TeamId(_text(body, "team_id"))),
        family=Family(family),
        text=_text(body, "text").strip(),
        channel=ChannelId(_text(body, "channel_id")),
        origin=Origin.of(body),
        act=f"trigger:{_needed(body, 'trigger_id')}",
    )


def read_click(body: Body) -> Click:
    """Return the press a ``block_actions`` payload tells of."""
    actions = body.get("actions")
    if not isinstance(actions, list) or not actions or not isinstance(actions[0], dict):
        raise UnreadablePayload("block_actions without an action")
    action = actions[0]
    return Click(
        who=_who(body),
        action=_text(action, "action_id"),
        value=_text(action, "value") or _text(action, "selected_option", "value"),
        origin=Origin.of(body),
        act=f"trigger:{_needed(body, 'trigger_id')}",
        parent=_clicked_below(body),
        in_home=_text(body, "view", "type") == "home",
    )


def _clicked_below(body: Body) -> MessageRef | None:
    """Return the message on which the thread hangs that a button is in; an answer to one person may be in one too."""
    channel = _text(body, "channel", "id") or _text(body, "container", "channel_id")
    thread = _text(body, "message", "thread_ts") or _text(body, "container", "thread_ts")
    ts = thread or _text(body, "container", "message_ts")
    return MessageRef(ChannelId(channel), ts) if channel and ts else None


def read_submission(body: Body) -> Submission:
    """Return the form a ``view_submission`` payload sends off.

    Its act is the view and its hash, which a second press of the same form shares: a trigger would be a new one.
    """
    return Submission(
        who=_who(body),
        callback=_text(body, "view", "callback_id"),
        metadata=_text(body, "view", "private_metadata"),
        view=_needed(body, "view", "id"),
        values=_values(_part(body, "view", "state", "values")),
        act=f"view:{_needed(body, 'view', 'id')}:{_text(body, 'view', 'hash')}",
        asked=frozenset(_asked(_part(body, "view", "state", "values"))),
    )


def _asked(state: object) -> list[str]:
    return [str(block) for block in state] if isinstance(state, Mapping) else []


def _values(state: object) -> dict[str, str]:
    blocks = state if isinstance(state, Mapping) else {}
    entered = {str(block): _entered(fields) for block, fields in blocks.items()}
    return {block: value for block, value in entered.items() if value}


def _entered(fields: object) -> str:
    """Return what the one field of a block holds."""
    field = next(iter(fields.values()), None) if isinstance(fields, Mapping) else None
    if not isinstance(field, Mapping):
        return ""
    return _text(field, "value") or _text(field, "selected_option", "value") or _text(field, "selected_user")


def read_shortcut(body: Body) -> Shortcut:
    """Return a ``shortcut`` or a ``message_action``."""
    channel, ts = _text(body, "channel", "id"), _text(body, "message", "ts")
    thread = _text(body, "message", "thread_ts") or ts
    return Shortcut(
        who=_who(body),
        callback=_text(body, "callback_id"),
        origin=Origin.of(body),
        act=f"trigger:{_needed(body, 'trigger_id')}",
        parent=MessageRef(ChannelId(channel), thread) if channel and ts else None,
        text=readable(_text(body, "message", "text")).strip(),
    )


def read_mention(body: Body, our_id: str) -> Mention:
    """Return what somebody said to us; what stands before the mention of ``our_id`` is not for us."""
    event = _event(body)
    return Mention(
        who=_author(body, event),
        text=_said_to(our_id, _text(event, "text")),
        channel=ChannelId(_needed(event, "channel")),
        ts=_needed(event, "ts"),
        thread=_text(event, "thread_ts") or None,
        act=f"event:{_needed(body, 'event_id')}",
        is_by_bot=bool(event.get("bot_id") or event.get("bot_profile") or event.get("subtype") == "bot_message"),
    )


def _said_to(our_id: str, text: str) -> str:
    ours = next((found for found in MENTION.finditer(text) if found[1] == our_id), None)
    return (text[ours.end() :] if ours else MENTION.sub("", text, count=1)).strip()


def read_home_opened(body: Body) -> HomeOpened:
    """Return who looks at which tab of ours."""
    event = _event(body)
    return HomeOpened(_author(body, event), _text(event, "tab"))


def _who(body: Body) -> Who:
    """Return the person behind an interaction; their own team wins over the one they act in."""
    team = _text(body, "user", "team_id") or _text(body, "team", "id")
    return Who(UserId(_needed(body, "user", "id")), TeamId(team))


def _author(body: Body, event: Mapping[str, object]) -> Who:
    """Return the person behind an event; in a shared channel their team is another than ours."""
    team = _text(event, "user_team") or _text(event, "team") or _text(body, "team_id")
    return Who(UserId(_text(event, "user")), TeamId(team))


def _event(body: Body) -> Mapping[str, object]:
    event = body.get("event")
    if not isinstance(event, Mapping):
        raise UnreadablePayload("event_callback without an event")
    return event


def _part(body: Mapping[str, object], *path: str) -> object:
    part: object = body
    for name in path:
        part = part.get(name) if isinstance(part, Mapping) else None
    return part


def _text(body: Mapping[str, object], *path: str) -> str:
    """Return the text at ``path``, empty where there is none."""
    part = _part(body, *path)
    return part if isinstance(part, str) else ""


def _needed(body: Mapping[str, object], *path: str) -> str:
    text = _text(body, *path)
    if not text:
        raise UnreadablePayload(f"{'.'.join(path)} is missing")
    return text
