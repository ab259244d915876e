"""What the workspace remembers: people, channels, messages, views, files, calls. Mutable, because it is a store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.sandbox import cast
from bot.sandbox.shapes import Json


@dataclass(slots=True)
class Person:
    """One member; ``team`` differs from the workspace's for a guest through Slack Connect."""

    id: str
    name: str
    real_name: str
    team: str
    part: str = ""
    is_admin: bool = False
    is_bot: bool = False
    deleted: bool = False

    def as_json(self) -> Json:
        """Return the user object of ``users.info``."""
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": self.deleted,
            "is_admin": self.is_admin,
            "is_owner": False,
            "is_bot": self.is_bot,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_app_user": False,
            "tz": "Etc/UTC",
            "tz_offset": 0,
            "profile": {"real_name": self.real_name, "display_name": self.name, "team": self.team},
        }


@dataclass(slots=True)
class Channel:
    """One conversation; ``im_with`` names the person of a direct message with the bot."""

    id: str
    name: str
    purpose: str = ""
    members: set[str] = field(default_factory=set)
    archived: bool = False
    is_private: bool = False
    im_with: str | None = None

    @property
    def has_bot(self) -> bool:
        """Whether the bot is a member."""
        return cast.BOT_USER in self.members

    @property
    def kind(self) -> str:
        """Slack's ``channel_type`` of message events."""
        if self.im_with:
            return "im"
        return "group" if self.is_private else "channel"

    @property
    def listed_as(self) -> str:
        """What ``types`` of conversations.list calls it."""
        return {"im": "im", "group": "private_channel", "channel": "public_channel"}[self.kind]

    def as_json(self) -> Json:
        """Return the conversation object of ``conversations.info``."""
        if self.im_with:
            return {"id": self.id, "is_im": True, "is_channel": False, "user": self.im_with, "is_archived": False}
        return {
            "id": self.id,
            "name": self.name,
            "is_channel": True,
            "is_group": False,
            "is_im": False,
            "is_mpim": False,
            "is_private": self.is_private,
            "is_general": False,
            "is_shared": False,
            "is_ext_shared": False,
            "is_org_shared": False,
            "is_archived": self.archived,
            "is_member": self.has_bot,
            "num_members": len(self.members),
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": self.purpose, "creator": "", "last_set": 0},
        }


@dataclass(slots=True)
class Group:
    """One user group."""

    id: str
    handle: str
    name: str
    members: list[str]
    disabled: bool = False


@dataclass(slots=True)
class Message:
    """One message; deleted ones stay, marked, so that tests can see what was there.

    ``ephemeral_to`` names the only person who sees it.
    """

    channel: str
    ts: str
    user: str
    text: str
    bot_id: str | None = None
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    thread_ts: str | None = None
    reply_broadcast: bool = False
    edited_ts: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    ephemeral_to: str | None = None
    deleted: bool = False
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None
    versions: list[Json] = field(default_factory=list)

    @property
    def is_reply(self) -> bool:
        """Whether the message sits in a thread under another one."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def order(self) -> Decimal:
        """The timestamp as an exact number, for comparing."""
        return Decimal(self.ts)

    def as_json(self, *, include_metadata: bool = False) -> Json:
        """Return the message object as Slack's history shows it, without thread counts."""
        shown: Json = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text}
        if self.bot_id:
            shown |= {"bot_id": self.bot_id, "app_id": cast.APP}
        if self.blocks:
            shown["blocks"] = self.blocks
        if self.attachments:
            shown["attachments"] = self.attachments
        if self.thread_ts:
            shown["thread_ts"] = self.thread_ts
        if self.is_reply and self.reply_broadcast:
            shown["subtype"] = "thread_broadcast"
        if self.edited_ts:
            shown["edited"] = {"user": self.user, "ts": self.edited_ts}
        if self.reactions:
            shown["reactions"] = [
                {"name": name, "users": users, "count": len(users)} for name, users in self.reactions.items()
            ]
        if self.files:
            shown["files"] = [{"id": file_id} for file_id in self.files]
        if self.metadata and include_metadata:
            shown["metadata"] = self.metadata
        return shown

    def as_record(self) -> Json:
        """Return everything known about the message, for the control API and the page."""
        return self.as_json(include_metadata=True) | {
            "channel": self.channel,
            "deleted": self.deleted,
            "ephemeral_to": self.ephemeral_to,
            "unfurl_links": self.unfurl_links,
            "unfurl_media": self.unfurl_media,
            "versions": self.versions,
        }


@dataclass(slots=True)
class View:
    """One modal or home view and what its person sees; ``errors`` and ``notice`` come from
    the last submission."""

    id: str
    user: str
    definition: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    state: Json = field(default_factory=dict)
    errors: Json = field(default_factory=dict)
    notice: str = ""
    is_open: bool = True
    versions: list[Json] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """``modal`` or ``home``."""
        return str(self.definition.get("type", "modal"))

    def as_json(self, team: str) -> Json:
        """Return the view object of ``views.*`` answers and of payloads."""
        return {
            "title": None,
            "submit": None,
            "close": None,
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            **self.definition,
            "id": self.id,
            "team_id": team,
            "state": {"values": self.state},
            "hash": self.hash,
            "root_view_id": self.root_id,
            "previous_view_id": self.previous_id,
            "app_id": cast.APP,
            "app_installed_team_id": team,
            "bot_id": cast.BOT,
        }


@dataclass(slots=True)
class StoredFile:
    """One upload; ``completed`` files may still be unshared, as Slack's sometimes are."""

    id: str
    filename: str
    length: int
    upload_token: str
    title: str = ""
    content: bytes | None = None
    completed: bool = False
    channel: str | None = None
    thread_ts: str | None = None
    shared_ts: str | None = None

    def as_json(self, base_url: str) -> Json:
        """Return the file object of ``files.info``; ``shares`` is empty until the message stands."""
        shares: Json = {}
        if self.channel and self.shared_ts:
            share = {"ts": self.shared_ts, "thread_ts": self.thread_ts} if self.thread_ts else {"ts": self.shared_ts}
            shares = {"public": {self.channel: [share]}}
        return {
            "id": self.id,
            "name": self.filename,
            "title": self.title or self.filename,
            "size": self.length,
            "user": cast.BOT_USER,
            "shares": shares,
            "channels": [self.channel] if self.channel and self.shared_ts else [],
            "permalink": f"{base_url}/files/{self.id}",
            "url_private": f"{base_url}/files/{self.id}",
        }


@dataclass(frozen=True, slots=True)
class Call:
    """One Web API call as it was made and answered; ``status`` 0 means the answer was cut off."""

    number: int
    at: datetime
    method: str
    args: Json
    status: int
    answer: Json
    fault: str | None = None

    def as_json(self) -> Json:
        """Return the record for the control API; ``at`` is ISO 8601 in UTC."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "method": self.method,
            "args": self.args,
            "status": self.status,
            "answer": self.answer,
            "fault": self.fault,
        }
