"""The parts every interaction payload shares: who, where, which app."""

from __future__ import annotations

from typing import Any

from bot.sandbox import cast
from bot.sandbox.block_walk import Placed
from bot.sandbox.element_values import chosen_state, has_state, initial_state
from bot.sandbox.model import Channel, Message, Person
from bot.sandbox.shapes import Json
from bot.sandbox.workspace import Workspace


def interaction(workspace: Workspace, kind: str, person: Person) -> Json:
    """Return the common fields of an interaction by ``person``."""
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team},
        "api_app_id": cast.APP,
        "token": "sandbox",
        "team": {"id": workspace.config.team, "domain": cast.TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def channel_part(channel: Channel) -> Json:
    """Return the ``channel`` of a payload."""
    return {"id": channel.id, "name": "directmessage" if channel.im_with else channel.name}


def message_container(message: Message, place: Placed) -> Json:
    """Return the ``container`` of a click on a message or on an attachment's block."""
    container: Json = {
        "type": "message" if place.attachment is None else "message_attachment",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    if place.attachment is not None:
        container |= {"attachment_id": place.attachment, "is_app_unfurl": False}
    return container


def state_values(places: list[Placed], chosen: Placed | None = None, choice: Any = None) -> Json:
    """Return ``state.values``: what every element holds, with ``choice`` in ``chosen``."""
    values: Json = {}
    for place in places:
        if not has_state(place.element):
            continue
        is_chosen = chosen is not None and place.element is chosen.element
        state = chosen_state(place.element, choice) if is_chosen else initial_state(place.element)
        values.setdefault(place.block["block_id"], {})[place.element["action_id"]] = state
    return values
