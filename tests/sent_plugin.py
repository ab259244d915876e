"""Every message and every view that any test sends passes Slack's models and the stand-in's limits, asked for or not.

A test says what it is about; that all it sent on the way could be sent to Slack is checked here, once, for all:
what builders of `bot.messages` return, what the stand-in accepted, in process or as its own process, and what the
bot answered to its deliveries. A test that sent what Slack would refuse fails when it is torn down.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import httpx
import pytest

import bot.messages
from bot.messages.message import Message, to_payload
from bot.sandbox.app import Sandbox
from bot.sandbox.client import SandboxClient
from tests.slack_models import complaints_about_message, complaints_about_view

MESSAGE_METHODS = frozenset({"chat.postMessage", "chat.update", "chat.postEphemeral", "response_url"})
VIEW_METHODS = frozenset({"views.open", "views.push", "views.update", "views.publish"})

FAKE_BOT = "bot.test"
"""Where the stand-in's own tests deliver: what answers there is the test itself."""


@dataclass
class Sent:
    """What was sent since the last look, and what is wrong with it."""

    complaints: list[str] = field(default_factory=list)
    messages: int = 0
    views: int = 0

    def message(self, payload: Mapping[str, Any], origin: str) -> None:
        """Judge the arguments of a post, an update or an answer."""
        self.messages += 1
        self._note(complaints_about_message(payload), origin)

    def view(self, view: Mapping[str, Any], origin: str) -> None:
        """Judge a modal or a home view."""
        self.views += 1
        self._note(complaints_about_view(view), origin)

    def calls(self, calls: Iterable[Mapping[str, Any]]) -> None:
        """Judge what the stand-in accepted; what it refused was a test's to send."""
        for call in calls:
            answer, args = call["answer"], call["args"]
            if not answer.get("ok"):
                continue
            if call["method"] in MESSAGE_METHODS:
                self.message(args, call["method"])
            elif call["method"] in VIEW_METHODS:
                self.view(args["view"], call["method"])

    def deliveries(self, deliveries: Iterable[Mapping[str, Any]]) -> None:
        """Judge what the bot answered to commands, clicks and submissions; a fake bot may err."""
        for delivery in deliveries:
            for attempt in delivery["attempts"]:
                if attempt["status"] == httpx.codes.OK and FAKE_BOT not in attempt["url"]:
                    self.acknowledgement(attempt["answer"], f"answer to {delivery['kind']}")

    def acknowledgement(self, body: str, origin: str) -> None:
        """Judge the body of an acknowledgement: a message, or a view to show."""
        try:
            answer = json.loads(body)
        except ValueError:
            return  # empty, or words
        if not isinstance(answer, dict):
            return
        if "response_action" not in answer:
            self.message(answer, origin)
        elif "view" in answer:
            self.view(answer["view"], origin)

    def take(self) -> list[str]:
        """Return the complaints, and forget them."""
        taken, self.complaints = self.complaints, []
        return taken

    def _note(self, complaints: list[str], origin: str) -> None:
        self.complaints += [f"{origin}: {line}" for line in complaints]


SENT = Sent()
WATCHED: set[str] = set()
"""Builders of `bot.messages` whose results are judged."""


def watch_builders(module: ModuleType, sent: Sent = SENT) -> None:
    """Judge what the public functions of a module return where that is a message or a view."""
    for name, function in inspect.getmembers(module, inspect.isfunction):
        returns = function.__annotations__.get("return")
        if name.startswith("_") or function.__module__ != module.__name__ or returns not in {"Message", "View"}:
            continue
        WATCHED.add(f"{module.__name__}.{name}")
        setattr(module, name, _judging(function, sent))


def _judging(function: Callable[..., Any], sent: Sent) -> Callable[..., Any]:
    @functools.wraps(function)
    def judged(*args: Any, **kwargs: Any) -> Any:
        made = function(*args, **kwargs)
        origin = f"{function.__module__}.{function.__name__}"
        if isinstance(made, Message):
            sent.message(to_payload(made), origin)
        else:
            sent.view(made, origin)
        return made

    return judged


def watch_standins(sent: Sent = SENT) -> None:
    """Judge what every stand-in for Slack took, before it forgets or stops."""
    leave, forget, close = SandboxClient.__aexit__, SandboxClient.reset, Sandbox.close

    async def look(client: SandboxClient) -> None:
        try:
            sent.calls(await client.calls())
            sent.deliveries(await client.deliveries())
        except httpx.TransportError:
            return  # a test ended it; what it took was judged or is gone with it

    async def left(client: SandboxClient, *error: Any) -> None:
        await look(client)
        await leave(client, *error)

    async def forgot(client: SandboxClient) -> None:
        await look(client)
        await forget(client)

    async def closed(sandbox: Sandbox) -> None:
        sent.calls([call.as_json() for call in sandbox.workspace.calls])
        await close(sandbox)

    for owner, name, function in (
        (SandboxClient, "__aexit__", left),
        (SandboxClient, "reset", forgot),
        (Sandbox, "close", closed),
    ):
        setattr(owner, name, function)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Fail the test that sent what Slack would refuse, once its fixtures are gone."""
    outcome = yield
    complaints = SENT.take()
    if complaints:
        shown = "\n".join(dict.fromkeys(complaints))
        pytest.fail(f"Slack would refuse what this test sent:\n{shown}", pytrace=False)
    return outcome


# Right here, not in a hook: the plugin is imported before any test module, and a test that did
# `from bot.messages.cards import …` first would hold the builder that nobody watches.
for found in pkgutil.iter_modules(bot.messages.__path__, "bot.messages."):
    watch_builders(importlib.import_module(found.name))
watch_standins()
