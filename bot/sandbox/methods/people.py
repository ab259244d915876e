"""``auth.*``, ``team.*``, ``users.*``, ``usergroups.*`` and ``reactions.*``."""

from __future__ import annotations

from bot.sandbox import cast
from bot.sandbox.errors import SlackError
from bot.sandbox.methods.conversations import paged
from bot.sandbox.model import Group, Message
from bot.sandbox.shapes import Json, as_bool
from bot.sandbox.workspace import Workspace


def auth_test(workspace: Workspace, _args: Json) -> Json:
    """``auth.test``: who the token belongs to."""
    return {
        "ok": True,
        "url": f"{workspace.config.base_url}/",
        "team": cast.TEAM_NAME,
        "team_id": workspace.config.team,
        "user": cast.BOT_NAME,
        "user_id": cast.BOT_USER,
        "bot_id": cast.BOT,
        "is_enterprise_install": False,
    }


def team_info(workspace: Workspace, _args: Json) -> Json:
    """``team.info``."""
    team = {
        "id": workspace.config.team,
        "name": cast.TEAM_NAME,
        "domain": cast.TEAM_DOMAIN,
        "url": f"{workspace.config.base_url}/",
        "email_domain": "",
        "icon": {"image_default": True},
    }
    return {"ok": True, "team": team}


def open_connection(workspace: Workspace, _args: Json) -> Json:
    """``apps.connections.open``: an address for one WebSocket, good for one use within 30 s."""
    base = workspace.config.base_url.replace("http", "ws", 1)
    return {"ok": True, "url": f"{base}/link/?ticket={workspace.tickets.issue()}&app_id={cast.APP}"}


def user_info(workspace: Workspace, args: Json) -> Json:
    """``users.info``: deactivated people are still found, with ``deleted`` set."""
    return {"ok": True, "user": workspace.person(args.get("user")).as_json()}


def user_list(workspace: Workspace, args: Json) -> Json:
    """``users.list``: everybody, the bot included."""
    page, cursor = paged(list(workspace.people.values()), args)
    return {"ok": True, "members": [person.as_json() for person in page], "response_metadata": cursor}


def group_list(workspace: Workspace, args: Json) -> Json:
    """``usergroups.list``: disabled groups only with ``include_disabled``.

    Members come with ``include_users``, their number with ``include_count``.
    """
    shown = [group for group in workspace.groups.values() if _is_wanted(group, args)]
    return {"ok": True, "usergroups": [_group_json(workspace, group, args) for group in shown]}


def group_users(workspace: Workspace, args: Json) -> Json:
    """``usergroups.users.list``: member ids; ``no_such_subteam`` for an unknown or disabled group."""
    group = workspace.groups.get(str(args.get("usergroup")))
    if group is None or not _is_wanted(group, args):
        raise SlackError("no_such_subteam")
    return {"ok": True, "users": list(group.members)}


def add_reaction(workspace: Workspace, args: Json) -> Json:
    """``reactions.add``: ``already_reacted`` is a normal answer."""
    message = _message(workspace, args)
    people = message.reactions.setdefault(_reaction(args), [])
    if cast.BOT_USER in people:
        raise SlackError("already_reacted")
    people.append(cast.BOT_USER)
    workspace.touch()
    return {"ok": True}


def remove_reaction(workspace: Workspace, args: Json) -> Json:
    """``reactions.remove``: ``no_reaction`` is a normal answer."""
    message = _message(workspace, args)
    name = _reaction(args)
    people = message.reactions.get(name, [])
    if cast.BOT_USER not in people:
        raise SlackError("no_reaction")
    people.remove(cast.BOT_USER)
    if not people:
        del message.reactions[name]
    workspace.touch()
    return {"ok": True}


def _is_wanted(group: Group, args: Json) -> bool:
    return not group.disabled or as_bool(args.get("include_disabled"))


def _group_json(workspace: Workspace, group: Group, args: Json) -> Json:
    shown: Json = {
        "id": group.id,
        "team_id": workspace.config.team,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": 1,
        "date_update": 1,
        "date_delete": 1 if group.disabled else 0,
        "auto_type": None,
        "prefs": {"channels": [], "groups": []},
    }
    if as_bool(args.get("include_users")):
        shown["users"] = list(group.members)
    if as_bool(args.get("include_count")):
        shown["user_count"] = len(group.members)
    return shown


def _message(workspace: Workspace, args: Json) -> Message:
    channel = workspace.channel(args.get("channel"))
    message = workspace.find(channel.id, args.get("timestamp"))
    if message is None:
        raise SlackError("message_not_found")
    return message


def _reaction(args: Json) -> str:
    name = str(args.get("name") or "").strip(":")
    if not name:
        raise SlackError("no_item_specified")
    return name
