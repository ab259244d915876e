"""The store: everything the workspace holds, and the few operations every edge shares.

One event loop owns it; nothing in here awaits, so each operation is atomic as seen by the others.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from bot.sandbox import cast
from bot.sandbox.block_walk import with_ids
from bot.sandbox.clock import SandboxClock
from bot.sandbox.config import SandboxConfig
from bot.sandbox.errors import SlackError
from bot.sandbox.lifetimes import ResponseUrls, Tickets, Triggers
from bot.sandbox.model import Call, Channel, Group, Message, Person, StoredFile, View
from bot.sandbox.shapes import Json


class Workspace:
    """People, channels, messages, views, files and the record of every call made."""

    def __init__(self, config: SandboxConfig, clock: SandboxClock) -> None:
        self.config = config
        self.clock = clock
        self.version = 0
        self.socket_mode = config.socket_mode
        self._watchers: set[asyncio.Event] = set()
        self.reset()

    def reset(self) -> None:
        """Return to the cast of the start: no messages, views, files or calls."""
        team = self.config.team
        self.people = {
            person.id: Person(person.id, person.name, person.real_name, team, person.part, person.is_admin)
            for person in cast.PEOPLE
        }
        self.people[cast.BOT_USER] = Person(cast.BOT_USER, cast.BOT_NAME, "Watchkeeper", team, "bot", is_bot=True)
        self.channels = {channel.id: _opened(channel) for channel in cast.CHANNELS}
        self.groups = {
            group.id: Group(group.id, group.handle, group.name, list(group.members)) for group in cast.GROUPS
        }
        self.messages: list[Message] = []
        self.ephemerals: list[Message] = []
        self.views: dict[str, View] = {}
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, str] = {}
        self.files: dict[str, StoredFile] = {}
        self.calls: list[Call] = []
        self.refused_blocks: set[str] = set()
        self.scopes = set(self.config.scopes)
        self.token_trouble: str | None = None
        self.date_skew = timedelta(0)
        self.triggers = Triggers(self.clock)
        self.response_urls = ResponseUrls(self.clock)
        self.tickets = Tickets(self.clock)
        self._numbers = itertools.count(1)
        self.touch()

    # -- change notices ------------------------------------------------------------------------------------------

    def touch(self) -> None:
        """Say that something a person can see has changed."""
        self.version += 1
        for watcher in self._watchers:
            watcher.set()

    @contextmanager
    def watcher(self) -> Iterator[asyncio.Event]:
        """Give an event that is set on every change; the watcher clears it."""
        event = asyncio.Event()
        self._watchers.add(event)
        try:
            yield event
        finally:
            self._watchers.discard(event)

    def new_id(self, letter: str) -> str:
        """Return a fresh id such as ``V00000001``: Slack's form, nine characters."""
        return f"{letter}{next(self._numbers):08d}"

    # -- people and channels -------------------------------------------------------------------------------------

    def person(self, user: object) -> Person:
        """Return a member; SlackError ``user_not_found`` otherwise."""
        found = self.people.get(str(user))
        if found is None:
            raise SlackError("user_not_found")
        return found

    def channel(self, channel: object) -> Channel:
        """Return a conversation the bot can see by id, or the direct message with a user id.

        SlackError ``channel_not_found`` for any other, and for a private channel the bot is not a member of.
        """
        name = str(channel or "")
        known = self.channels.get(name)
        if known is not None and (known.has_bot or not known.is_private):
            return known
        if name in self.people and not self.people[name].is_bot:
            return self.direct_message(name)
        raise SlackError("channel_not_found")

    def direct_message(self, user: str) -> Channel:
        """Return the conversation between the bot and ``user``, opening it on first use."""
        channel_id = f"D{user[1:]}"
        if channel_id not in self.channels:
            self.channels[channel_id] = Channel(channel_id, "", members={user, cast.BOT_USER}, im_with=user)
        return self.channels[channel_id]

    # -- messages ------------------------------------------------------------------------------------------------

    def find(self, channel: str, ts: object) -> Message | None:
        """Return the message readers still see at (channel, ts)."""
        return next(
            (m for m in self.messages if m.channel == channel and m.ts == ts and not m.deleted),
            None,
        )

    def post(self, message: Message) -> Message:
        """Keep a new message, with ids on its blocks; a thread whose parent is gone makes it a top-level one.

        Slack does the latter without an error, so the answer's missing ``thread_ts`` is the only trace.
        """
        message.thread_ts = self._standing_thread(message.channel, message.thread_ts)
        message.blocks, message.attachments = self.identified(message.ts, message.blocks, message.attachments)
        if message.ephemeral_to:
            self.ephemerals.append(message)
        else:
            self.messages.append(message)
            self._name_parent(message)
        self.touch()
        return message

    def _standing_thread(self, channel: str, thread_ts: str | None) -> str | None:
        parent = self.find(channel, thread_ts) if thread_ts else None
        return parent.ts if parent and not parent.is_reply else None

    def _name_parent(self, reply: Message) -> None:
        parent = self.find(reply.channel, reply.thread_ts)
        if parent:
            parent.thread_ts = parent.ts

    def identified(self, salt: str, blocks: list[Json], attachments: list[Json]) -> tuple[list[Json], list[Json]]:
        """Return blocks and attachments with the ids Slack adds where the app gave none."""
        filled = [
            {"id": number, **attachment, "blocks": with_ids(attachment["blocks"], f"a{number}.{salt[-6:]}")}
            if attachment.get("blocks")
            else {"id": number, **attachment}
            for number, attachment in enumerate(attachments, start=1)
        ]
        return with_ids(blocks, f"b.{salt[-6:]}"), filled

    def delete(self, message: Message) -> None:
        """Take a message out of readers' sight; its replies stay, orphaned."""
        message.deleted = True
        self.touch()

    def replies(self, channel: str, ts: str) -> list[Message]:
        """Return the standing replies under a parent, oldest first."""
        found = [m for m in self.messages if m.channel == channel and m.thread_ts == ts and m.ts != ts]
        return sorted((m for m in found if not m.deleted), key=lambda m: m.order)

    def top_level(self, channel: str) -> list[Message]:
        """Return what a channel's reader sees without opening threads, oldest first; orphaned replies stay hidden."""
        shown = [m for m in self.messages if m.channel == channel and not m.deleted]
        return sorted((m for m in shown if not m.is_reply or m.reply_broadcast), key=lambda m: m.order)

    def shown(self, message: Message, *, include_metadata: bool = False) -> Json:
        """Return a message as Slack answers it: with thread counts on parents and files spelled out."""
        answer = message.as_json(include_metadata=include_metadata)
        replies = self.replies(message.channel, message.ts)
        if replies:
            people = list(dict.fromkeys(reply.user for reply in replies))
            answer |= {
                "thread_ts": message.ts,
                "reply_count": len(replies),
                "reply_users_count": len(people),
                "reply_users": people,
                "latest_reply": replies[-1].ts,
            }
        elif not message.is_reply:
            answer.pop("thread_ts", None)
        if message.files:
            answer["files"] = [self.files[file_id].as_json(self.config.base_url) for file_id in message.files]
        return answer

    # -- views ---------------------------------------------------------------------------------------------------

    def top_view(self, user: str) -> View | None:
        """Return the modal a person is looking at."""
        stack = self.stacks.get(user) or []
        return self.views[stack[-1]] if stack else None

    def close_view(self, view: View) -> None:
        """Take one modal off its person's stack."""
        view.is_open = False
        stack = self.stacks.get(view.user, [])
        if view.id in stack:
            stack.remove(view.id)
        self.touch()

    def clear_views(self, user: str) -> list[View]:
        """Close every modal of a person, topmost first; return them."""
        closed = [self.views[view_id] for view_id in reversed(self.stacks.get(user, []))]
        for view in closed:
            self.close_view(view)
        return closed


def exact_ts(value: object, *, default: Decimal) -> Decimal:
    """Return a timestamp argument as an exact number; SlackError ``invalid_arguments`` when it is none."""
    if value in (None, ""):
        return default
    try:
        return Decimal(str(value))
    except InvalidOperation as exc:
        raise SlackError("invalid_arguments", messages=[f"[ERROR] not a timestamp: {value}"]) from exc


def _opened(channel: cast.CastChannel) -> Channel:
    members = {person.id for person in cast.PEOPLE}
    if channel.has_bot:
        members.add(cast.BOT_USER)
    return Channel(channel.id, channel.name, channel.purpose, members)
