"""`manifest.yml` is one that Slack takes, and asks for exactly what the code meets and calls."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any, cast

import jsonschema
import yaml

from bot.sandbox import cast as sandbox
from bot.verbs import Family
from handlers.background import Background
from handlers.shortcuts import ADD_TO_TIMELINE, DECLARE, Shortcuts
from handlers.slack_listeners import Parts, slack_listeners
from tests.docs.pages import ROOT, text_of

MANIFEST = cast("dict[str, Any]", yaml.safe_load(text_of(ROOT / "manifest.yml")))
SCHEMA = json.loads(text_of(ROOT / "tests" / "docs" / "slack-manifest.schema.json"))
HOST = "https://ops.example.com/slack/events"

SCOPES_OF_METHODS: dict[str, frozenset[str]] = {
    "auth_test": frozenset(),
    "chat_delete": frozenset({"chat:write"}),
    "chat_postEphemeral": frozenset({"chat:write"}),
    "chat_postMessage": frozenset({"chat:write"}),
    "chat_update": frozenset({"chat:write"}),
    # For public and private channels and direct messages: cards and notices go to all three.
    "conversations_history": frozenset({"channels:history", "groups:history", "im:history"}),
    "conversations_open": frozenset({"im:write"}),
    "conversations_replies": frozenset({"channels:history", "groups:history", "im:history"}),
    "usergroups_users_list": frozenset({"usergroups:read"}),
    "users_info": frozenset({"users:read"}),
    "views_open": frozenset(),
    "views_publish": frozenset(),
    "views_update": frozenset(),
}
"""Source: docs.slack.dev, reference/methods."""
SCOPES_OF_EVENTS: dict[str, frozenset[str]] = {
    "app_home_opened": frozenset(),
    "app_mention": frozenset({"app_mentions:read"}),
    "subteam_created": frozenset({"usergroups:read"}),
    "subteam_members_changed": frozenset({"usergroups:read"}),
    "subteam_updated": frozenset({"usergroups:read"}),
}
"""Source: docs.slack.dev, reference/events."""
SCOPES_OF_FEATURES = frozenset({"commands"})
_CALL = re.compile(r"client\.([a-z]+_[A-Za-z_]+)\b")


class _Anything:
    """Stands for collaborators that are only handed on."""

    def __getattr__(self, name: str) -> _Anything:
        return self


def _anything() -> Any:
    return _Anything()


def test_manifest_fits_slacks_schema() -> None:
    jsonschema.validate(MANIFEST, SCHEMA)


def test_commands_are_the_families_of_verbs() -> None:
    commands = MANIFEST["features"]["slash_commands"]
    assert [command["command"] for command in commands] == [f"/{family}" for family in Family]
    assert all(command["should_escape"] for command in commands), "the parser reads people as ids"


def test_shortcuts_are_the_ones_that_do_something() -> None:
    known = Shortcuts(_anything(), _anything(), _anything(), _anything(), _anything(), _anything()).known
    asked = {shortcut["callback_id"]: shortcut["type"] for shortcut in MANIFEST["features"]["shortcuts"]}
    assert asked.keys() == known
    assert asked == {ADD_TO_TIMELINE: "message", DECLARE: "global"}


def test_events_are_the_ones_that_are_met() -> None:
    parts = Parts(**{field.name: _anything() for field in fields(Parts)})
    met = slack_listeners(parts, Background(), _anything()).events
    assert sorted(MANIFEST["settings"]["event_subscriptions"]["bot_events"]) == sorted(met)


def test_scopes_are_what_calls_and_events_take_and_no_more() -> None:
    taken = SCOPES_OF_FEATURES.union(
        *(SCOPES_OF_METHODS[method] for method in _called_methods()),
        *(SCOPES_OF_EVENTS[event] for event in MANIFEST["settings"]["event_subscriptions"]["bot_events"]),
    )
    assert sorted(MANIFEST["oauth_config"]["scopes"]["bot"]) == sorted(taken)


def test_every_call_of_slack_is_seen() -> None:
    assert {"chat_postMessage", "views_open", "users_info"} <= _called_methods() <= SCOPES_OF_METHODS.keys()


def _called_methods() -> set[str]:
    sources = [text_of(path) for path in sorted((ROOT / "bot" / "adapters").glob("slack_*.py"))]
    return {method for source in sources for method in _CALL.findall(source)}


def test_every_address_is_the_placeholder() -> None:
    settings = MANIFEST["settings"]
    commands = MANIFEST["features"]["slash_commands"]
    addresses = [
        settings["event_subscriptions"]["request_url"],
        settings["interactivity"]["request_url"],
        *(command["url"] for command in commands),
    ]
    assert set(addresses) == {HOST}


def test_stand_in_offers_the_manifests_commands_and_message_shortcuts() -> None:
    shortcuts = MANIFEST["features"]["shortcuts"]
    of_messages = [(it["callback_id"], it["name"]) for it in shortcuts if it["type"] == "message"]
    assert list(sandbox.MESSAGE_SHORTCUTS) == of_messages
    assert list(sandbox.COMMANDS) == [command["command"] for command in MANIFEST["features"]["slash_commands"]]
