"""Answers outside the Web API: the body of an acknowledgement and what is posted to a response URL."""

from __future__ import annotations

from bot.sandbox.errors import SlackError
from bot.sandbox.lifetimes import ResponseUrl
from bot.sandbox.methods.chat import new_message, revise
from bot.sandbox.model import Message
from bot.sandbox.shapes import Json, as_bool
from bot.sandbox.workspace import Workspace


def answer_interaction(workspace: Workspace, token: str, args: Json) -> Json:
    """Apply one post to a response URL; it counts as a use even when its content is refused.

    ``replace_original`` and ``delete_original`` act on the message the interaction came from. Without either a new
    message appears, for the actor alone unless ``response_type`` is ``in_channel``; with ``thread_ts`` and no explicit
    ``replace_original: false`` the source is overwritten, as in Slack.
    """
    url = workspace.response_urls.look_up(token)
    url.uses += 1
    if not isinstance(args, dict):
        raise SlackError("invalid_payload")
    source = _source(workspace, url)
    if as_bool(args.get("delete_original")):
        return _delete(workspace, source)
    overwrites = as_bool(args.get("replace_original")) or (args.get("thread_ts") and "replace_original" not in args)
    if overwrites and source is not None:
        revise(workspace, source, {"text": "", **_content(args)})
        return {"ok": True}
    post_answer(workspace, url, args)
    return {"ok": True}


def post_answer(workspace: Workspace, url: ResponseUrl, args: Json) -> Message:
    """Post a new message as the answer to an interaction: membership of the bot does not matter here."""
    message = new_message(workspace, args, url.channel)
    if args.get("response_type") != "in_channel":
        message.ephemeral_to = url.user
    if url.source_thread and not message.thread_ts:
        message.thread_ts = url.source_thread
    return workspace.post(message)


def _content(args: Json) -> Json:
    return {name: args[name] for name in ("text", "blocks", "attachments", "metadata") if name in args}


def _source(workspace: Workspace, url: ResponseUrl) -> Message | None:
    if url.source_is_ephemeral:
        standing = (m for m in workspace.ephemerals if m.ts == url.source_ts and not m.deleted)
        return next(standing, None)
    return workspace.find(url.channel, url.source_ts) if url.source_ts else None


def _delete(workspace: Workspace, source: Message | None) -> Json:
    if source is None:
        raise SlackError("message_not_found")
    workspace.delete(source)
    return {"ok": True}
