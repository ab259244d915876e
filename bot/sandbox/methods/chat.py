"""``chat.*``: posting, updating and deleting, with the rules of Slack that surprise callers."""

from __future__ import annotations

import copy
import json
from typing import Any

from bot.sandbox import cast
from bot.sandbox.block_kit import check_message
from bot.sandbox.errors import SlackError
from bot.sandbox.model import Channel, Message
from bot.sandbox.shapes import Json, as_bool
from bot.sandbox.workspace import Workspace

TEXT_CHARACTERS = 4_000
METADATA_BYTES = 8_000
"""Unpublished; what people found to pass."""
_FLAT = (str, int, float, bool)


def post_message(workspace: Workspace, args: Json) -> Json:
    """``chat.postMessage``: the answer carries the message; ``thread_ts`` is missing in it when the parent is gone."""
    channel = writable(workspace, args.get("channel"))
    message = workspace.post(new_message(workspace, args, channel.id))
    return {"ok": True, "channel": channel.id, "ts": message.ts, "message": workspace.shown(message)}


def post_ephemeral(workspace: Workspace, args: Json) -> Json:
    """``chat.postEphemeral``: only ``user`` sees it, and only as a member of the channel."""
    channel = writable(workspace, args.get("channel"))
    if args.get("user") not in channel.members:
        raise SlackError("user_not_in_channel")
    message = new_message(workspace, args, channel.id)
    message.ephemeral_to = str(args["user"])
    message.metadata = None
    workspace.post(message)
    return {"ok": True, "message_ts": message.ts}


def update(workspace: Workspace, args: Json) -> Json:
    """``chat.update``: only the bot's own messages; what is left out is kept or dropped by Slack's rules.

    ``text`` without ``blocks`` (or ``attachments``) removes them, an empty list clears them, metadata stays unless
    ``{}`` is sent.
    """
    channel = workspace.channel(args.get("channel"))
    if channel.archived:
        raise SlackError("is_inactive")
    message = workspace.find(channel.id, args.get("ts"))
    if message is None:
        raise SlackError("message_not_found")
    if message.bot_id != cast.BOT:
        raise SlackError("cant_update_message")
    revise(workspace, message, args)
    shown = workspace.shown(message)
    return {"ok": True, "channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def delete(workspace: Workspace, args: Json) -> Json:
    """``chat.delete``: only the bot's own messages."""
    channel = workspace.channel(args.get("channel"))
    message = workspace.find(channel.id, args.get("ts"))
    if message is None:
        raise SlackError("message_not_found")
    if message.bot_id != cast.BOT:
        raise SlackError("cant_delete_message")
    workspace.delete(message)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


def get_permalink(workspace: Workspace, args: Json) -> Json:
    """``chat.getPermalink``: an address on the sandbox's own page."""
    channel = workspace.channel(args.get("channel"))
    message = workspace.find(channel.id, args.get("message_ts"))
    if message is None:
        raise SlackError("message_not_found")
    link = f"{workspace.config.base_url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"ok": True, "channel": channel.id, "permalink": link}


def writable(workspace: Workspace, channel_id: object) -> Channel:
    """Return a channel the bot may post to; ``channel_not_found``, ``is_archived`` or ``not_in_channel``."""
    channel = workspace.channel(channel_id)
    if channel.archived:
        raise SlackError("is_archived")
    if not channel.has_bot:
        raise SlackError("not_in_channel")
    return channel


def new_message(workspace: Workspace, args: Json, channel: str) -> Message:
    """Return an unposted message of the bot from call arguments, checked as Slack checks it."""
    text, blocks, attachments = content(workspace, args)
    if not text and not blocks and not attachments:
        raise SlackError("no_text")
    thread_ts = args.get("thread_ts") or None
    return Message(
        channel=channel,
        ts=workspace.clock.next_ts(),
        user=cast.BOT_USER,
        bot_id=cast.BOT,
        text=text,
        blocks=blocks,
        attachments=attachments,
        metadata=metadata(args),
        thread_ts=str(thread_ts) if thread_ts else None,
        reply_broadcast=as_bool(args.get("reply_broadcast")),
        unfurl_links=as_bool(args["unfurl_links"]) if "unfurl_links" in args else None,
        unfurl_media=as_bool(args["unfurl_media"]) if "unfurl_media" in args else None,
    )


def content(workspace: Workspace, args: Json) -> tuple[str, list[Json], list[Json]]:
    """Return text, blocks and attachments of a write; refuse what Slack refuses.

    Posting over 4,000 characters is documented as truncated and reported as refused: refusing is the safer promise.
    """
    text = str(args.get("text") or "")
    if len(text) > TEXT_CHARACTERS:
        raise SlackError("msg_too_long")
    blocks, attachments = args.get("blocks") or [], args.get("attachments") or []
    verdict = check_message(blocks, attachments, workspace.refused_blocks)
    if verdict.error:
        raise SlackError(verdict.error, messages=verdict.problems)
    _refuse_foreign_files(workspace, blocks, "/blocks")
    _refuse_foreign_files(workspace, attachments, "/attachments")
    return text, blocks, attachments


def metadata(args: Json) -> Json | None:
    """Return the metadata of a write; ``{}`` clears it. SlackError for a malformed or oversized one."""
    given: Any = args.get("metadata")
    if not given:
        return None
    payload = given.get("event_payload") if isinstance(given, dict) else None
    if not isinstance(payload, dict) or not given.get("event_type") or not all(map(_is_metadata, payload.values())):
        raise SlackError("invalid_metadata_format")
    if len(json.dumps(given).encode()) > METADATA_BYTES:
        raise SlackError("metadata_too_large")
    kept: Json = copy.deepcopy(given)
    return kept


def _is_metadata(value: object) -> bool:
    """Return whether metadata may hold a value: plain ones, an object, a list of objects."""
    if isinstance(value, list):
        return all(isinstance(item, dict) for item in value)
    return isinstance(value, (*_FLAT, dict))


def _refuse_foreign_files(workspace: Workspace, blocks: Any, pointer: str) -> None:
    """Refuse a picture whose file nobody here can see yet: an upload that is not complete, or no upload at all."""
    if isinstance(blocks, list):
        for index, item in enumerate(blocks):
            _refuse_foreign_files(workspace, item, f"{pointer}/{index}")
    elif isinstance(blocks, dict):
        file = blocks.get("slack_file")
        if isinstance(file, dict) and "id" in file:
            stored = workspace.files.get(str(file["id"]))
            if stored is None or not stored.completed:
                problem = f"[ERROR] invalid slack file [json-pointer:{pointer}/slack_file]"
                raise SlackError("invalid_blocks", messages=[problem])
        for name, item in blocks.items():
            _refuse_foreign_files(workspace, item, f"{pointer}/{name}")


def revise(workspace: Workspace, message: Message, args: Json) -> None:
    """Apply new content to a standing message by the rules of ``chat.update``."""
    text, blocks, attachments = content(workspace, args)
    new_metadata = metadata(args)
    keeps_rest = args.get("text") is None
    if keeps_rest and args.get("blocks") is None and args.get("attachments") is None and "metadata" not in args:
        raise SlackError("no_text")
    message.versions.append(message.as_json(include_metadata=True))
    if not keeps_rest:
        message.text = text
    salt = workspace.clock.next_ts()
    new_blocks, new_attachments = workspace.identified(salt, blocks, attachments)
    if args.get("blocks") is not None or not keeps_rest:
        message.blocks = new_blocks
    if args.get("attachments") is not None or not keeps_rest:
        message.attachments = new_attachments
    if args.get("metadata") is not None:
        message.metadata = new_metadata
    if not message.blocks:
        message.edited_ts = salt
    workspace.touch()
