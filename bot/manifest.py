"""Slack's app manifest, for either way in, from one definition: what people paste to make the app.

What the app asks for and what the code meets and calls drift apart unseen: a command without a handler fails in
somebody's hand, a scope too few at the first incident, a scope too many never. So there is one definition, the files in
the repository are its output, and tests compare it with the registered handlers and with every call of Slack.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.domain.errors import UsageError
from bot.domain.rights import Role
from bot.verbs import Family, VerbTable
from commands.services import CommandServices
from commands.table import build_table
from handlers.shortcuts import ADD_TO_TIMELINE, DECLARE

EXAMPLE_HOST = "ops.example.com"
EVENTS_PATH = "/slack/events"
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """One slash command: a family of verbs."""

    family: Family
    description: str


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One shortcut; ``type`` is ``message`` or ``global``."""

    name: str
    type: str
    callback_id: str
    description: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A scope or an event, and why the app asks for it."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Definition:
    """Everything that both manifests say."""

    commands: tuple[SlashCommand, ...]
    shortcuts: tuple[Shortcut, ...]
    scopes: tuple[Asked, ...]
    events: tuple[Asked, ...]


DEFINITION = Definition(
    commands=(
        SlashCommand(Family.OPS, "Look after a platform"),
        SlashCommand(Family.INCIDENT, "Work on an incident"),
    ),
    shortcuts=(
        Shortcut("Add to timeline", "message", ADD_TO_TIMELINE, "Put this message into the timeline of its incident"),
        Shortcut("Declare an incident", "global", DECLARE, "Open an incident that no alert has opened"),
    ),
    scopes=(
        Asked("app_mentions:read", "@watchkeeper in threads, where slash commands do not work"),
        Asked("channels:history", "looking whether a post with a lost answer is there, in public channels"),
        Asked("channels:read", "`watchkeeper doctor`: is the bot in its channels, are they archived"),
        Asked("chat:write", "cards and notices, in channels it is a member of"),
        Asked("commands", "/ops, /incident, shortcuts"),
        Asked("groups:history", "the same look in private channels"),
        Asked("groups:read", "`watchkeeper doctor`: the same of private channels"),
        Asked("im:history", "and in direct messages"),
        Asked("im:write", "opening direct messages"),
        Asked("usergroups:read", "who belongs to the groups that hold a role"),
        Asked("users:read", "guests, bots and deactivated accounts are refused"),
    ),
    events=(
        Asked("app_home_opened", "the home tab is drawn when somebody looks at it"),
        Asked("app_mention", "the same verbs inside threads"),
        Asked("subteam_created", "groups that hold a role are read again when they change"),
        Asked("subteam_members_changed", "the same"),
        Asked("subteam_updated", "the same"),
    ),
)

_HTTP_HEAD = """\
# Slack's app manifest for HTTP: at https://api.slack.com/apps choose "Create New App", "From a manifest", and paste
# this. Slack posts to {url}; make it your own host first:
#   watchkeeper manifest --host <your host>
# Slack asks the address at once. Press "Retry" under "Event Subscriptions" when the bot runs. It needs SLACK_BOT_TOKEN
# ("Install App") and SLACK_SIGNING_SECRET ("Basic Information").
"""
_SOCKET_HEAD = """\
# Slack's app manifest for Socket Mode: at https://api.slack.com/apps choose "Create New App", "From a manifest", and
# paste this. No address of yours is in it: the bot opens connections to Slack.
# It needs SLACK_BOT_TOKEN ("Install App") and SLACK_APP_TOKEN ("Basic Information", "App-Level Tokens", with the scope
# connections:write).
"""

_SHOWN = """\
_metadata:
  major_version: 2
  minor_version: 1

display_information:
  name: Watchkeeper
  description: Incidents, approvals and runbooks for vector-search platforms
  background_color: "#1d3557"

features:
  app_home:
    home_tab_enabled: true
    messages_tab_enabled: true
    messages_tab_read_only_enabled: true
  bot_user:
    display_name: watchkeeper
    always_online: true"""


def manifest(definition: Definition = DEFINITION, *, host: str | None) -> str:
    """Return the manifest as YAML with comments: for HTTP at ``host``, or without a host for Socket Mode.

    ``host`` is a name with or without a port, without a scheme; UsageError for anything else.
    """
    url = address(host) if host is not None else None
    return "\n".join(
        [
            _HTTP_HEAD.format(url=url) + _SHOWN if url else _SOCKET_HEAD + _SHOWN,
            "  slash_commands:",
            *_commands(definition.commands, url),
            "  shortcuts:",
            *_shortcuts(definition.shortcuts),
            "",
            "oauth_config:",
            "  scopes:",
            "    bot:",
            *_asked(definition.scopes, "      "),
            "",
            "settings:",
            "  event_subscriptions:",
            *([f"    request_url: {url}"] if url else []),
            "    bot_events:",
            *_asked(definition.events, "      "),
            "  interactivity:",
            "    is_enabled: true",
            *([f"    request_url: {url}"] if url else []),
            "  org_deploy_enabled: false",
            f"  socket_mode_enabled: {'false' if url else 'true'}",
            "  token_rotation_enabled: false",
            "",
        ]
    )


def address(host: str) -> str:
    """Return where Slack posts to; UsageError for what is no host."""
    if not _HOST.fullmatch(host) or ".." in host:
        raise UsageError(
            f"`{host}` is no host; give a name such as {EXAMPLE_HOST}, without https:// and without a path"
        )
    return f"https://{host}{EVENTS_PATH}"


def usage_hint(table: VerbTable, family: Family) -> str:
    """Return what Slack shows beside a command: the verbs of everybody's day, ``…`` where more must follow."""
    verbs = [verb for verb in table.of(family) if verb.role is not Role.ADMIN]
    shown = [f"{verb.name} …" if "<" in verb.usage else verb.name for verb in verbs]
    return " | ".join([*(name for name in shown if name != "help"), "help"])


def described_verbs() -> VerbTable:
    """Return the table of verbs over nothing: each says what it is, none can be asked."""
    nothing: Any = None
    services = CommandServices(
        access=nothing,
        catalogue=nothing,
        health=nothing,
        requesting=nothing,
        incidents=nothing,
        approvals=nothing,
        runs=nothing,
        audit=nothing,
        platforms=nothing,
        unfreeze=nothing,
    )
    return build_table(services, nothing)


def _commands(commands: Iterable[SlashCommand], url: str | None) -> list[str]:
    table = described_verbs()
    lines: list[str] = []
    for command in commands:
        lines += [
            f"    - command: /{command.family}",
            *([f"      url: {url}"] if url else []),
            f"      description: {command.description}",
            f'      usage_hint: "{usage_hint(table, command.family)}"',
            "      should_escape: true  # people and groups arrive as ids",
        ]
    return lines


def _shortcuts(shortcuts: Iterable[Shortcut]) -> list[str]:
    lines: list[str] = []
    for shortcut in shortcuts:
        lines += [
            f"    - name: {shortcut.name}",
            f"      type: {shortcut.type}",
            f"      callback_id: {shortcut.callback_id}",
            f"      description: {shortcut.description}",
        ]
    return lines


def _asked(asked: Iterable[Asked], indent: str) -> list[str]:
    return [f"{indent}- {it.name}  # {it.why}" for it in asked]
