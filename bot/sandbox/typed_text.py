"""What Slack makes of text a person types: three characters escaped, names turned into references, links bracketed."""

from __future__ import annotations

import re

from bot.sandbox.workspace import Workspace

_NAME = re.compile(r"(?<![\w<])([@#])([\w-]+)")
_LINK = re.compile(r"(?<![<|\w])https?://[^\s<>|]+")
_BROADCASTS = frozenset({"here", "channel", "everyone"})


def as_message(workspace: Workspace, typed: str) -> str:
    """Return the ``text`` of a message event for what a person typed."""
    return _referenced(workspace, typed, with_names=False)


def as_command(workspace: Workspace, typed: str) -> str:
    """Return the ``text`` field of a slash command registered with ``should_escape``."""
    return _referenced(workspace, typed, with_names=True)


def escaped(text: str) -> str:
    """Return text with Slack's three characters escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _referenced(workspace: Workspace, typed: str, *, with_names: bool) -> str:
    people = {person.name: person.id for person in workspace.people.values()}
    groups = {group.handle: group.id for group in workspace.groups.values()}
    channels = {channel.name: channel.id for channel in workspace.channels.values() if channel.name}

    def reference(match: re.Match[str]) -> str:
        sign, name = match.groups()
        if sign == "#":
            return f"<#{channels[name]}|{name}>" if name in channels else match.group(0)
        if name in people:
            return f"<@{people[name]}|{name}>" if with_names else f"<@{people[name]}>"
        if name in groups:
            return f"<!subteam^{groups[name]}|@{name}>"
        return f"<!{name}>" if name in _BROADCASTS else match.group(0)

    linked = _LINK.sub(lambda match: f"<{match.group(0)}>", escaped(typed))
    return _NAME.sub(reference, linked)
