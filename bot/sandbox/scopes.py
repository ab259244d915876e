"""Which OAuth scope each method wants, and whether the installed app was granted it.

Slack checks the token, then the scopes, then the arguments. A method of conversations wants the scope of the kind of
conversation it is called on, so an app can read public channels and be refused for a private one.
Source: the method pages of docs.slack.dev, "Required scopes".
"""

from __future__ import annotations

from enum import StrEnum

from bot.sandbox.errors import SlackError
from bot.sandbox.model import Channel
from bot.sandbox.shapes import Json
from bot.sandbox.workspace import Workspace


class TokenTrouble(StrEnum):
    """What Slack says of a token that opens nothing any more."""

    INVALID = "invalid_auth"
    REVOKED = "token_revoked"
    EXPIRED = "token_expired"
    INACTIVE = "account_inactive"


_KINDS = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
"""Kind of conversation, as ``types`` spells it → the family of scopes that opens it."""
_BY_KIND = {
    "conversations.history": "history",
    "conversations.replies": "history",
    "conversations.info": "read",
    "conversations.list": "read",
    "conversations.members": "read",
    "users.conversations": "read",
}
_OF_METHOD: dict[str, tuple[str, ...]] = {
    "chat.delete": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.join": ("channels:join",),
    "conversations.open": ("im:write", "mpim:write", "channels:manage", "groups:write"),
    "files.completeUploadExternal": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "files.info": ("files:read",),
    "reactions.add": ("reactions:write",),
    "reactions.remove": ("reactions:write",),
    "team.info": ("team:read",),
    "usergroups.list": ("usergroups:read",),
    "usergroups.users.list": ("usergroups:read",),
    "users.info": ("users:read",),
    "users.list": ("users:read",),
}


def accepted_scopes(method: str) -> tuple[str, ...]:
    """Return the scopes of which one opens ``method``; empty for a method that wants none."""
    right = _BY_KIND.get(method)
    if right is not None:
        return tuple(f"{family}:{right}" for family in _KINDS.values())
    return _OF_METHOD.get(method, ())


def scope_headers(workspace: Workspace, method: str) -> dict[str, str]:
    """Return the two headers in which Slack tells what was granted and what the method takes."""
    return {
        "x-oauth-scopes": ",".join(sorted(workspace.scopes)),
        "x-accepted-oauth-scopes": ",".join(accepted_scopes(method)),
    }


def refuse_ungranted(workspace: Workspace, method: str, args: Json) -> None:
    """Raise SlackError ``missing_scope`` with ``needed`` and ``provided`` unless the app may call ``method``."""
    accepted = accepted_scopes(method)
    if not accepted:
        return
    if not workspace.scopes & set(accepted):
        _refuse(workspace, accepted)
    right = _BY_KIND.get(method)
    if right is None:
        return
    wanted = [f"{_KINDS[kind]}:{right}" for kind in _asked_kinds(workspace, args)]
    missing = tuple(scope for scope in wanted if scope not in workspace.scopes)
    if missing:
        _refuse(workspace, missing)


def _refuse(workspace: Workspace, needed: tuple[str, ...]) -> None:
    provided = ",".join(sorted(workspace.scopes))
    raise SlackError("missing_scope", more={"needed": ",".join(needed), "provided": provided})


def _asked_kinds(workspace: Workspace, args: Json) -> list[str]:
    """Return the kinds of conversation a call is about; none for a channel the bot cannot see anyway."""
    if args.get("channel"):
        channel = workspace.channels.get(str(args["channel"]))
        return [channel.listed_as] if channel is not None and _can_see(channel) else []
    return [kind for kind in asked_types(args) if kind in _KINDS]


def _can_see(channel: Channel) -> bool:
    return channel.has_bot or not channel.is_private


def asked_types(args: Json) -> list[str]:
    """Return what ``types`` of conversations.list and users.conversations asks for; public channels by default."""
    return str(args.get("types") or "public_channel").replace(" ", "").split(",")
