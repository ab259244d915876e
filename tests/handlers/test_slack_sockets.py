"""One envelope in, one acknowledgement out: the same listeners as over HTTP, and words where a status is missing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import pytest
from redis.asyncio import Redis
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.rights import Need
from bot.messages import modals as windows
from bot.messages.approval_card import APPROVE, button_value
from bot.messages.incident_card import ASK
from bot.sandbox.shapes import Json
from handlers.acks import Ack, AckFamily, AckOutcome, Body
from handlers.background import Background
from handlers.bolt_app import Listeners, build_bolt_app
from handlers.errors import Guard
from handlers.slack_dispatch import MAX_BODY_BYTES, EdgeRefusal, SlackDispatch
from handlers.slack_listeners import slack_listeners
from handlers.slack_sockets import AROUND_PAYLOAD_BYTES, SlackEnvelopes
from handlers.telling import Teller
from tests.handlers.slack_stage import (
    BEN,
    SECRET,
    TEAM,
    US,
    CountingMetrics,
    FakeConversation,
    Stage,
    click_body,
    command_body,
    form_body,
    mention_body,
    staged,
)

AUTHORIZED = AuthorizeResult(enterprise_id=None, team_id=TEAM, bot_user_id=US, bot_id="B0BOT", bot_token="xoxb-test")
COMMAND, INTERACTIVE, EVENT = "slash_commands", "interactive", "events_api"


@dataclass
class Door:
    """The door for envelopes on the whole edge."""

    stage: Stage
    envelopes: SlackEnvelopes

    async def send(self, kind: str, payload: Json, **fields: object) -> Json | None:
        """Return the acknowledgement, and wait until the background is quiet."""
        frame = {"envelope_id": "E1", "type": kind, "payload": payload, **fields}
        answer = await self.envelopes.receive(json.dumps(frame))
        await self.stage.settled()
        return json.loads(answer) if answer else None


def payload_of(body: bytes) -> Json:
    """Return what a signed body of the other way in carries."""
    if body.startswith(b"{"):
        event: Json = json.loads(body)
        return event
    fields = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
    interaction: Json = json.loads(fields["payload"]) if "payload" in fields and "command" not in fields else fields
    return interaction


@asynccontextmanager
async def doored(redis: Redis, *, is_away: bool = False) -> AsyncIterator[Door]:
    async with staged(redis, is_away=is_away) as stage:
        teller = Teller(stage.chat, stage.background)
        listeners = slack_listeners(stage.parts, stage.background, teller)
        client = AsyncWebClient(base_url="http://127.0.0.1:1/api/")
        app = build_bolt_app(client, lambda: AUTHORIZED, SECRET, listeners, Guard(stage.metrics, teller))
        yield Door(stage, SlackEnvelopes(SlackDispatch(app, stage.metrics)))


@pytest.fixture
async def door(redis_client: Redis) -> AsyncIterator[Door]:
    async with doored(redis_client) as door:
        yield door


async def test_a_command_is_answered_in_its_acknowledgement(door: Door) -> None:
    ack = await door.send(COMMAND, payload_of(command_body("restart payload-api")), accepts_response_payload=True)
    assert ack is not None
    assert ack["envelope_id"] == "E1"
    assert ack["payload"]["response_type"] == "ephemeral"
    assert [it.text for it in door.stage.verbs.asked] == ["restart payload-api"]
    assert door.stage.metrics.acks == [(AckFamily.COMMAND, AckOutcome.ANSWERED)]


async def test_a_button_is_acknowledged_without_words(door: Door) -> None:
    incident = await door.stage.an_incident()
    ack = await door.send(INTERACTIVE, payload_of(click_body("incident.ack", incident.id)))
    assert ack == {"envelope_id": "E1"}


async def test_errors_of_a_form_stand_at_its_fields(door: Door) -> None:
    approval = await door.stage.an_approval()
    body = form_body(windows.DENY_CALLBACK, button_value(approval), {windows.REASON: "x"}, user=BEN)
    form = payload_of(body)
    ack = await door.send(INTERACTIVE, form, accepts_response_payload=True)
    assert ack is not None
    assert ack["payload"]["response_action"] == "errors"
    assert list(ack["payload"]["errors"]) == [windows.REASON]


async def test_a_mention_is_acknowledged_and_answered_once(door: Door) -> None:
    event = payload_of(mention_body(f"<@{US}> status"))
    acks = [await door.send(EVENT, event, retry_attempt=number, retry_reason="timeout") for number in (0, 1)]
    assert acks == [{"envelope_id": "E1"}] * 2
    assert len(await door.stage.notices()) == 1


async def test_one_click_in_several_envelopes_at_once_asks_and_votes_once(door: Door) -> None:
    incident, approval = await door.stage.an_incident(), await door.stage.an_approval(Need.TWO)
    asked = payload_of(click_body(f"{ASK}.1", f"{incident.id} restart-service"))
    voted = payload_of(click_body(APPROVE, button_value(approval), user=BEN))
    frames = [
        json.dumps({"envelope_id": f"E{number}", "type": INTERACTIVE, "payload": payload})
        for number in range(4)
        for payload in (asked, voted)
    ]
    acks = await asyncio.gather(*(door.envelopes.receive(frame) for frame in frames))
    await door.stage.settled()
    assert all(acks)
    assert len(await door.stage.requests.waiting(10)) == 1
    seen = await door.stage.parts.approvals.get(approval.id)
    assert [vote.user for vote in seen.votes] == [BEN]


async def test_a_store_that_is_away_is_said_as_over_http(redis_client: Redis) -> None:
    async with doored(redis_client, is_away=True) as door:
        ack = await door.send(INTERACTIVE, payload_of(click_body("incident.ack", "01ARZ3NDEKTSV4RRFFQ69G5FAV")))
    assert ack == {"envelope_id": "E1"}
    assert door.stage.metrics.acks == [(AckFamily.BUTTON, AckOutcome.AWAY)]
    assert "Nothing was done" in door.stage.told()[0]


async def test_retries_reach_the_app_as_their_headers(redis_client: Redis) -> None:
    seen: list[dict[str, Any]] = []

    class Noting(AsyncApp):
        async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
            seen.append(dict(req.headers))
            return BoltResponse(status=200)

    envelopes = SlackEnvelopes(SlackDispatch(Noting(signing_secret=SECRET, token="xoxb-x"), CountingMetrics()))
    for attempt in (0, 2):
        frame: Json = {
            "envelope_id": "E",
            "type": EVENT,
            "payload": {},
            "retry_attempt": attempt,
            "retry_reason": "timeout",
        }
        await envelopes.receive(json.dumps(frame))
    assert seen[0] == {}
    assert seen[1] == {"x-slack-retry-num": ["2"], "x-slack-retry-reason": ["timeout"]}


@pytest.mark.parametrize("frame", ["", "hello", "[]", "{", '{"type": "interactive"}', '{"envelope_id": 7}', "\ud800"])
async def test_a_frame_that_is_no_envelope_is_counted_and_left(door: Door, frame: str) -> None:
    assert await door.envelopes.receive(frame) is None
    assert door.stage.metrics.refusals == [EdgeRefusal.UNREADABLE]


async def test_an_oversized_frame_is_counted_and_left(door: Door) -> None:
    frame = json.dumps({"envelope_id": "E", "payload": {"x": "y" * (MAX_BODY_BYTES + AROUND_PAYLOAD_BYTES)}})
    assert await door.envelopes.receive(frame) is None
    assert door.stage.metrics.refusals == [EdgeRefusal.OVERSIZED]


async def test_an_unreadable_command_is_answered_in_words(door: Door) -> None:
    frame = '{"envelope_id": "E", "type": "slash_commands", "accepts_response_payload": true, "payload": [1]}'
    answer = await door.envelopes.receive(frame)
    assert answer is not None
    assert "Nothing was done" in json.loads(answer)["payload"]["text"]
    assert door.stage.metrics.refusals == [EdgeRefusal.UNREADABLE]


def answering(status: int) -> SlackEnvelopes:
    """Return the door before an app that answers everything with one status."""

    class Broken(AsyncApp):
        async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
            return BoltResponse(status=status, body="")

    return SlackEnvelopes(SlackDispatch(Broken(signing_secret=SECRET, token="xoxb-x"), CountingMetrics()))


def a_frame(kind: str, payload: Json, *, accepts: bool) -> str:
    return json.dumps({"envelope_id": "E", "type": kind, "payload": payload, "accepts_response_payload": accepts})


@pytest.mark.parametrize("status", [400, 404])
async def test_what_the_app_cannot_read_is_said_where_words_fit(status: int) -> None:
    door = answering(status)
    command = json.loads(await door.receive(a_frame(COMMAND, {}, accepts=True)) or "")
    form = json.loads(await door.receive(a_frame(INTERACTIVE, {"type": "view_submission"}, accepts=True)) or "")
    event = json.loads(await door.receive(a_frame(EVENT, {}, accepts=False)) or "")
    click = await door.receive(a_frame(INTERACTIVE, {"type": "block_actions"}, accepts=False))
    assert command["payload"]["response_type"] == "ephemeral"
    assert form["payload"]["response_action"] == "update"
    assert event == {"envelope_id": "E"}
    assert click is None


async def test_what_broke_inside_is_not_acknowledged_so_that_an_event_comes_again() -> None:
    door = answering(500)
    assert await door.receive(a_frame(EVENT, {}, accepts=False)) is None


async def test_words_are_left_out_where_none_are_taken(redis_client: Redis) -> None:
    async def talkative(_: Body) -> Ack:
        return Ack({"text": "heard"})

    async with staged(redis_client) as stage:
        app = app_with(stage, talkative)
        door = SlackEnvelopes(SlackDispatch(app, stage.metrics))
        silent = await door.receive(a_frame(COMMAND, payload_of(command_body()), accepts=False))
        said = await door.receive(a_frame(COMMAND, payload_of(command_body()), accepts=True))
    assert json.loads(silent or "") == {"envelope_id": "E"}
    assert json.loads(said or "") == {"envelope_id": "E", "payload": {"text": "heard"}}


def app_with(stage: Stage, command: Callable[[Body], Awaitable[Ack]]) -> AsyncApp:
    async def quietly(_: Body) -> Ack:
        return Ack()

    guard = Guard(stage.metrics, Teller(FakeConversation(), Background()))
    listeners = Listeners(command, quietly, quietly, quietly, quietly)
    return build_bolt_app(AsyncWebClient(), lambda: AUTHORIZED, SECRET, listeners, guard)
