"""Direct answers through Slack's own client against the stand-in workspace; when Slack fails, nothing is raised."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack_conversation import SlackConversation
from bot.domain.answers import Said
from bot.domain.ids import ChannelId, UserId
from bot.messages.answers import render_answer
from bot.messages.home import Home, home_view
from bot.messages.message import to_payload
from bot.messages.modals import note_view
from bot.messages.windows import outcome_view
from bot.sandbox.app import Sandbox
from tests.messages.builders import ADA, NOW, an_approval, an_incident
from tests.messages.slack_checks import check_modal
from tests.sandbox.stage import served

MESSAGE = to_payload(render_answer(Said("Here it is.")))
ROOM = ChannelId("C0INC")


@dataclass
class Stage:
    conversation: SlackConversation
    sandbox: Sandbox
    url: str
    http: httpx.AsyncClient


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with (
        served() as (url, sandbox),
        aiohttp.ClientSession() as session,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        client = AsyncWebClient(token="xoxb-test", base_url=f"{url}/api/", session=session, retry_handlers=[])
        yield Stage(SlackConversation(client, http), sandbox, url, http)


def response_url(stage: Stage) -> str:
    return f"{stage.url}/response/{stage.sandbox.workspace.response_urls.issue(user=ADA, channel=ROOM)}"


def trigger(stage: Stage) -> str:
    return stage.sandbox.workspace.triggers.issue(ADA)


async def test_a_window_is_opened_and_shows_something_else(stage: Stage) -> None:
    view_id = await stage.conversation.open_view(trigger(stage), note_view("INC-1", "x"))
    assert view_id
    assert await stage.conversation.update_view(view_id, outcome_view(render_answer(Said("Done."))))
    assert "Done." in json.dumps(stage.sandbox.workspace.views[view_id].definition)


async def test_a_trigger_works_once(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    once = trigger(stage)
    assert await stage.conversation.open_view(once, note_view("INC-1", "x"))
    with caplog.at_level(logging.WARNING):
        assert await stage.conversation.open_view(once, note_view("INC-1", "x")) is None
    assert caplog.records[-1].getMessage() == "slack_refused"


async def test_an_answer_reaches_the_person_alone_or_everybody(stage: Stage) -> None:
    assert await stage.conversation.respond(response_url(stage), MESSAGE)
    assert await stage.conversation.respond(response_url(stage), MESSAGE, public=True)
    workspace = stage.sandbox.workspace
    assert [message.ephemeral_to for message in workspace.ephemerals] == [ADA]
    state = workspace.channels[ROOM]
    assert state is not None


async def test_a_response_address_that_is_used_up_is_logged_without_the_address(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    url = response_url(stage)
    shown = [await stage.conversation.respond(url, MESSAGE) for _ in range(6)]
    assert shown == [True] * 5 + [False]
    assert caplog.records[-1].getMessage() == "slack_refused"
    assert url not in str([record.__dict__ for record in caplog.records if record.name.startswith("bot.")])


async def test_an_ephemeral_and_a_home_tab_are_shown(stage: Stage) -> None:
    assert await stage.conversation.ephemeral(ROOM, ADA, MESSAGE)
    home = home_view(Home(NOW, mine=[an_incident()], approvals=[an_approval()]))
    assert await stage.conversation.publish_home(ADA, home)
    workspace = stage.sandbox.workspace
    assert "INC-42" in json.dumps(workspace.views[workspace.homes[ADA]].definition)


async def test_a_person_who_is_not_there_is_a_no(stage: Stage) -> None:
    assert not await stage.conversation.ephemeral(ROOM, UserId("U0NOBODY"), MESSAGE)


@pytest.mark.parametrize("answer", ["refused", "slow", "garbage"])
async def test_a_workspace_that_is_away_raises_nothing(answer: str) -> None:
    async def respond(_: httpx.Request) -> httpx.Response:
        if answer == "refused":
            raise httpx.ConnectError("refused")
        if answer == "slow":
            raise httpx.ReadTimeout("slow")
        return httpx.Response(500, text="<html>")

    async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http:
        client = AsyncWebClient(base_url="http://127.0.0.1:1/api/", retry_handlers=[])
        conversation = SlackConversation(client, http, answer_within=timedelta(seconds=1))
        assert not await conversation.respond("http://127.0.0.1:1/x", MESSAGE)
        assert await conversation.open_view("t", note_view("INC-1", "x")) is None
        assert not await conversation.update_view("V1", note_view("INC-1", "x"))
        assert not await conversation.ephemeral(ROOM, ADA, MESSAGE)
        assert not await conversation.publish_home(ADA, home_view(Home(NOW, [], [])))


@pytest.mark.parametrize("address", ["", "no address", "ftp://127.0.0.1/x", "http://127.0.0.1:1/x", "http://["])
async def test_an_address_that_leads_nowhere_raises_nothing(address: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        assert not await SlackConversation(AsyncWebClient(), http).respond(address, MESSAGE)


def test_an_outcome_fits_a_window() -> None:
    check_modal(outcome_view(render_answer(Said("Done."))))
