"""Both manifests are ones that Slack takes, and ask for exactly what the code meets and calls."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from bot import cli
from bot.domain.errors import UsageError
from bot.manifest import DEFINITION, EXAMPLE_HOST, Asked, Definition, described_verbs, manifest, usage_hint
from bot.sandbox import cast as sandbox
from bot.verbs import Family
from handlers.background import Background
from handlers.shortcuts import ADD_TO_TIMELINE, DECLARE, Shortcuts
from handlers.slack_listeners import Parts, slack_listeners
from tests.docs.pages import ROOT, text_of
from tools.manifests import files

SCHEMAS = [ROOT / "tests" / "docs" / name for name in ("slack-manifest.schema.json", "slack-manifest.schema.v1.json")]
WAYS: list[str | None] = [EXAMPLE_HOST, None]
"""HTTP, and Socket Mode."""

READ_CHANNELS = frozenset({"channels:read", "groups:read"})
"""For public and private channels: people put cards and notices into both."""
HISTORY = frozenset({"channels:history", "groups:history", "im:history"})
"""And they go into direct messages."""
SCOPES_OF_METHODS: dict[str, frozenset[str]] = {
    # Opened with the app-level token, whose scope no manifest holds.
    "apps_connections_open": frozenset(),
    "auth_test": frozenset(),
    "chat_delete": frozenset({"chat:write"}),
    "chat_postEphemeral": frozenset({"chat:write"}),
    "chat_postMessage": frozenset({"chat:write"}),
    "chat_update": frozenset({"chat:write"}),
    "conversations_history": HISTORY,
    "conversations_info": READ_CHANNELS,
    "conversations_list": READ_CHANNELS,
    "conversations_members": READ_CHANNELS,
    "conversations_open": frozenset({"im:write"}),
    "conversations_replies": HISTORY,
    "team_info": frozenset({"team:read"}),
    "usergroups_list": frozenset({"usergroups:read"}),
    "usergroups_users_list": frozenset({"usergroups:read"}),
    "users_conversations": READ_CHANNELS,
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
SCOPE_OF_COMMANDS = "commands"
METHODS_OF_SLACK = frozenset(
    name
    for name, value in vars(AsyncWebClient).items()
    if inspect.iscoroutinefunction(value) and not name.startswith("_") and name != "api_call"
)
SHORTCUT_TYPES = {ADD_TO_TIMELINE: "message", DECLARE: "global"}


class _Anything:
    """Stands for collaborators that are only handed on."""

    def __getattr__(self, name: str) -> _Anything:
        return self


def _anything() -> Any:
    return _Anything()


def read(definition: Definition, host: str | None) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(manifest(definition, host=host))
    return parsed


# -- what the code does ---------------------------------------------------------------------------------------------


def sources() -> Iterator[Path]:
    """Yield every module that may call Slack: the stand-in only answers such calls."""
    for folder in ("bot", "commands", "handlers"):
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if "sandbox" not in path.parts)


@cache
def called_methods() -> frozenset[str]:
    """Return the Web API methods in the code."""
    return frozenset(method for path in sources() for method in methods_in(text_of(path)))


def methods_in(source: str) -> Iterator[str]:
    """Yield attributes named like a method of the SDK, and texts that are a method's name as Slack spells it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in METHODS_OF_SLACK:
            yield node.attr
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            yield from {node.value.replace(".", "_")} & METHODS_OF_SLACK


def events_met() -> set[str]:
    parts = Parts(**{field.name: _anything() for field in fields(Parts)})
    return set(slack_listeners(parts, Background(), _anything()).events)


def shortcuts_met() -> set[str]:
    parameters = inspect.signature(Shortcuts).parameters.values()
    needed = [it for it in parameters if it.kind is it.POSITIONAL_OR_KEYWORD]
    return set(Shortcuts(*(_anything() for _ in needed)).known)


# -- what a definition and the code disagree about --------------------------------------------------------------------


def complaints(
    definition: Definition,
    *,
    methods: frozenset[str] | None = None,
    events: set[str] | None = None,
    shortcuts: set[str] | None = None,
) -> list[str]:
    """Return what is asked for and not met, met and not asked for, called without a scope, or granted for nothing."""
    asked = read(definition, EXAMPLE_HOST)
    named = {command["command"] for command in asked["features"].get("slash_commands") or ()}
    callbacks = {shortcut["callback_id"] for shortcut in asked["features"].get("shortcuts") or ()}
    subscribed = set(asked["settings"]["event_subscriptions"]["bot_events"] or ())
    granted = set(asked["oauth_config"]["scopes"]["bot"] or ())
    return [
        *_differences("command", named, {f"/{family}" for family in Family}),
        *_differences("shortcut", callbacks, shortcuts_met() if shortcuts is None else shortcuts),
        *_differences("event", subscribed, events_met() if events is None else events),
        *_differences("scope", granted, _scopes_taken(called_methods() if methods is None else methods, subscribed)),
    ]


def _scopes_taken(methods: frozenset[str], events: set[str]) -> set[str]:
    of_methods = (SCOPES_OF_METHODS[method] for method in methods)
    of_events = (SCOPES_OF_EVENTS.get(event, frozenset()) for event in events)
    return {SCOPE_OF_COMMANDS}.union(*of_methods, *of_events)


def _differences(what: str, asked: set[str], met: set[str]) -> list[str]:
    return [
        *(f"{what} {name} is asked for, and nothing meets it" for name in sorted(asked - met)),
        *(f"{what} {name} is met, and not asked for" for name in sorted(met - asked)),
    ]


def test_the_definition_and_the_code_agree() -> None:
    assert complaints(DEFINITION) == []


def test_every_method_that_is_called_has_known_scopes() -> None:
    assert {"chat_postMessage", "views_open", "apps_connections_open"} <= called_methods() <= SCOPES_OF_METHODS.keys()


def test_methods_are_found_however_they_are_called() -> None:
    source = "make = partial(self._client.users_info, user=u)\nawait c.api_call('users.conversations')\n"
    assert set(methods_in(source)) == {"users_info", "users_conversations"}


@pytest.mark.parametrize("command", DEFINITION.commands)
def test_a_command_that_is_removed_is_missed(command: Any) -> None:
    fewer = replace(DEFINITION, commands=tuple(it for it in DEFINITION.commands if it != command))
    assert complaints(fewer) == [f"command /{command.family} is met, and not asked for"]


@pytest.mark.parametrize("scope", DEFINITION.scopes)
def test_a_scope_that_is_removed_is_missed(scope: Asked) -> None:
    fewer = replace(DEFINITION, scopes=tuple(it for it in DEFINITION.scopes if it != scope))
    assert complaints(fewer) == [f"scope {scope.name} is met, and not asked for"]


def test_a_scope_that_nothing_needs_is_refused() -> None:
    more = replace(DEFINITION, scopes=(*DEFINITION.scopes, Asked("chat:write.public", "posting anywhere")))
    assert complaints(more) == ["scope chat:write.public is asked for, and nothing meets it"]


@pytest.mark.parametrize("event", DEFINITION.events)
def test_an_event_that_is_removed_is_missed(event: Asked) -> None:
    fewer = replace(DEFINITION, events=tuple(it for it in DEFINITION.events if it != event))
    assert f"event {event.name} is met, and not asked for" in complaints(fewer)


@pytest.mark.parametrize("event", sorted(events_met()))
def test_a_handler_of_an_event_that_is_removed_is_missed(event: str) -> None:
    assert complaints(DEFINITION, events=events_met() - {event}) == [
        f"event {event} is asked for, and nothing meets it"
    ]


@pytest.mark.parametrize("shortcut", sorted(SHORTCUT_TYPES))
def test_a_shortcut_is_missed_on_either_side(shortcut: str) -> None:
    fewer = replace(DEFINITION, shortcuts=tuple(it for it in DEFINITION.shortcuts if it.callback_id != shortcut))
    assert complaints(fewer) == [f"shortcut {shortcut} is met, and not asked for"]
    assert complaints(DEFINITION, shortcuts=shortcuts_met() - {shortcut}) == [
        f"shortcut {shortcut} is asked for, and nothing meets it"
    ]


def test_a_call_that_is_removed_leaves_a_scope_over() -> None:
    fewer = called_methods() - {"conversations_open"}
    assert complaints(DEFINITION, methods=fewer) == ["scope im:write is asked for, and nothing meets it"]


# -- what is printed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", files())
def test_the_files_are_what_the_definition_prints(path: Path) -> None:
    assert text_of(path) == files()[path], "write them anew: python -m tools.manifests"


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda path: path.name)
@pytest.mark.parametrize("host", WAYS)
def test_both_fit_slacks_schemas(schema: Path, host: str | None) -> None:
    jsonschema.validate(read(DEFINITION, host), json.loads(text_of(schema)))


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda path: path.name)
def test_the_schemas_refuse_what_slack_would(schema: Path) -> None:
    long = replace(DEFINITION.shortcuts[0], name="A name of more than 24 characters")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(read(replace(DEFINITION, shortcuts=(long,)), EXAMPLE_HOST), json.loads(text_of(schema)))


def test_socket_mode_differs_in_addresses_alone() -> None:
    http, sockets = read(DEFINITION, EXAMPLE_HOST), read(DEFINITION, None)
    assert (http["settings"]["socket_mode_enabled"], sockets["settings"]["socket_mode_enabled"]) == (False, True)
    assert "https://" not in json.dumps(sockets)
    for command in http["features"]["slash_commands"]:
        del command["url"]
    for part in ("event_subscriptions", "interactivity"):
        del http["settings"][part]["request_url"]
    http["settings"]["socket_mode_enabled"] = True
    assert http == sockets


def test_every_address_is_the_hosts() -> None:
    written = read(DEFINITION, "bot.example.org:8443")
    settings = written["settings"]
    addresses = [
        settings["event_subscriptions"]["request_url"],
        settings["interactivity"]["request_url"],
        *(command["url"] for command in written["features"]["slash_commands"]),
    ]
    assert set(addresses) == {"https://bot.example.org:8443/slack/events"}


@pytest.mark.parametrize("host", ["", "https://ops.example.com", "ops.example.com/slack", "a b", "x\ny", "a..b", '"'])
def test_what_is_no_host_is_refused_with_the_next_move(host: str) -> None:
    with pytest.raises(UsageError, match="without https://"):
        manifest(host=host)


def test_hints_name_the_verbs() -> None:
    table = described_verbs()
    hints = {family: usage_hint(table, family) for family in Family}
    assert "restart …" in hints[Family.OPS]
    assert hints[Family.INCIDENT].endswith(" | help")
    assert "audit" not in hints[Family.OPS]
    written = {it["command"]: it["usage_hint"] for it in read(DEFINITION, None)["features"]["slash_commands"]}
    assert written == {f"/{family}": hint for family, hint in hints.items()}


def test_commands_bring_people_as_ids() -> None:
    commands = read(DEFINITION, None)["features"]["slash_commands"]
    assert all(command["should_escape"] for command in commands), "the parser reads people as ids"


def test_shortcuts_are_of_their_kind() -> None:
    shortcuts = read(DEFINITION, None)["features"]["shortcuts"]
    assert {it["callback_id"]: it["type"] for it in shortcuts} == SHORTCUT_TYPES


@pytest.mark.parametrize("asked", [*DEFINITION.scopes, *DEFINITION.events], ids=lambda it: it.name)
def test_each_scope_and_event_says_why(asked: Asked) -> None:
    assert f"- {asked.name}  # {asked.why}\n" in manifest(host=None)
    assert asked.why


def test_stand_in_offers_the_manifests_commands_and_shortcuts() -> None:
    of_messages = [(it.callback_id, it.name) for it in DEFINITION.shortcuts if it.type == "message"]
    assert list(sandbox.MESSAGE_SHORTCUTS) == of_messages
    assert list(sandbox.COMMANDS) == [f"/{it.family}" for it in DEFINITION.commands]


def test_stand_in_grants_the_manifests_scopes() -> None:
    assert {it.name for it in DEFINITION.scopes} == sandbox.SCOPES


@pytest.mark.parametrize(
    ("arguments", "host"),
    [([], EXAMPLE_HOST), (["--host", "bot.example.org"], "bot.example.org"), (["--socket-mode"], None)],
)
def test_the_command_prints_it(arguments: list[str], host: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["manifest", *arguments]) == 0
    assert capsys.readouterr().out == manifest(host=host)
