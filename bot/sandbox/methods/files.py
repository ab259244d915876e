"""``files.*``: the three calls of an upload. Without the third the bytes are thrown away."""

from __future__ import annotations

import secrets

from bot.sandbox import cast
from bot.sandbox.errors import SlackError
from bot.sandbox.methods.chat import writable
from bot.sandbox.model import Message, StoredFile
from bot.sandbox.shapes import Json
from bot.sandbox.workspace import Workspace


def get_upload_url(workspace: Workspace, args: Json) -> Json:
    """``files.getUploadURLExternal``: an address that takes the bytes, once."""
    filename = str(args.get("filename") or "")
    if not filename:
        raise SlackError("missing_filename")
    length = _length(args.get("length"))
    stored = StoredFile(workspace.new_id("F"), filename, length, upload_token=secrets.token_urlsafe(16))
    workspace.files[stored.id] = stored
    url = f"{workspace.config.base_url}/upload/{stored.upload_token}"
    return {"ok": True, "upload_url": url, "file_id": stored.id}


def take_bytes(workspace: Workspace, token: str, content: bytes) -> StoredFile | None:
    """Keep the uploaded bytes; None for an unknown address, a second upload, or a length that differs."""
    stored = next((f for f in workspace.files.values() if f.upload_token == token and f.content is None), None)
    if stored is None or len(content) != stored.length:
        return None
    stored.content = content
    return stored


def complete_upload(workspace: Workspace, args: Json, *, shares: bool = True) -> Json:
    """``files.completeUploadExternal``: once; posts the files where ``channel_id`` and ``thread_ts`` say.

    ``shares`` False answers ok and posts nothing, as Slack has been seen to do.
    """
    named = args.get("files")
    if not isinstance(named, list) or not named:
        raise SlackError("invalid_arguments")
    channel = writable(workspace, args["channel_id"]) if args.get("channel_id") else None
    stored = [_finishable(workspace, entry) for entry in named]
    for file, entry in zip(stored, named, strict=True):
        file.completed, file.title = True, str(entry.get("title") or "")
    if channel and shares:
        _share(workspace, stored, channel.id, args)
    return {"ok": True, "files": [{"id": file.id, "title": file.title or file.filename} for file in stored]}


def info(workspace: Workspace, args: Json) -> Json:
    """``files.info``: ``shares`` is empty until the message stands."""
    stored = workspace.files.get(str(args.get("file")))
    if stored is None or not stored.completed:
        raise SlackError("file_not_found")
    return {"ok": True, "file": stored.as_json(workspace.config.base_url)}


def _share(workspace: Workspace, stored: list[StoredFile], channel: str, args: Json) -> None:
    message = Message(
        channel=channel,
        ts=workspace.clock.next_ts(),
        user=cast.BOT_USER,
        bot_id=cast.BOT,
        text=str(args.get("initial_comment") or ""),
        files=[file.id for file in stored],
        thread_ts=str(args["thread_ts"]) if args.get("thread_ts") else None,
    )
    workspace.post(message)
    for file in stored:
        file.channel, file.shared_ts, file.thread_ts = channel, message.ts, message.thread_ts


def _finishable(workspace: Workspace, entry: object) -> StoredFile:
    stored = workspace.files.get(str(entry.get("id"))) if isinstance(entry, dict) else None
    if stored is None or stored.content is None or stored.completed:
        raise SlackError("file_not_found")
    return stored


def _length(value: object) -> int:
    try:
        length = int(str(value))
    except ValueError as exc:
        raise SlackError("missing_length") from exc
    if length <= 0:
        raise SlackError("missing_length")
    return length
