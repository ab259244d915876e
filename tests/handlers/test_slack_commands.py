"""Slash commands: one answer, to the person alone, in time; who may ask; what is told when something is away."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from bot.domain.answers import Platforms, Said
from bot.domain.errors import NotAllowed, PermanentError, UnknownName
from bot.messages.answers import SHARE
from bot.verbs import Entrance, Family, Reply, Request
from handlers.acks import AckFamily, AckOutcome
from handlers.commands import Commands
from tests.handlers.slack_stage import (
    ADA,
    DEE,
    GUEST,
    OTHER_TEAM,
    ROBOT,
    ROOM,
    Stage,
    away,
    click_body,
    command_body,
    said,
    staged,
)


@pytest.fixture
async def stage(redis_client: Redis) -> AsyncIterator[Stage]:
    async with staged(redis_client) as made:
        yield made


async def test_the_answer_is_the_acknowledgement_and_private(stage: Stage) -> None:
    answer = await stage.send(command_body("status"))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["response_type"] == "ephemeral"
    assert "You asked: status" in answer.json()["text"]
    assert answer.json()["blocks"]
    assert stage.chat.responses == []
    assert stage.metrics.acks == [(AckFamily.COMMAND, AckOutcome.ANSWERED)]


async def test_the_request_says_who_where_and_how(stage: Stage) -> None:
    await stage.send(command_body("ack INC-1", command="/incident"))
    (request,) = stage.verbs.asked
    assert (request.family, request.entrance, request.place.room) == (Family.INCIDENT, Entrance.SLASH, ROOM)
    assert request.actor.id == ADA
    assert request.actor.act.startswith("trigger:")


@pytest.mark.parametrize(
    ("user", "team", "why"),
    [
        (GUEST, "T0SANDBOX", "is a guest"),
        (ROBOT, "T0SANDBOX", "is a bot"),
        (DEE, OTHER_TEAM, "belongs to another workspace"),
    ],
)
async def test_strangers_are_refused_with_the_reason(stage: Stage, user: str, team: str, why: str) -> None:
    answer = await stage.send(command_body("status", user=user, team=team))
    assert why in said(answer.json())
    assert stage.verbs.asked == []
    assert stage.metrics.acks == [(AckFamily.COMMAND, AckOutcome.REFUSED)]


@pytest.mark.parametrize("error", [NotAllowed("takes operator"), UnknownName("mars: no such platform")])
async def test_what_a_person_can_fix_is_told_as_written(stage: Stage, error: Exception) -> None:
    async def refuse(_: Request) -> Reply:
        raise error

    stage.verbs.do = refuse
    answer = await stage.send(command_body())
    assert str(error) in said(answer.json())
    assert stage.metrics.acks == [(AckFamily.COMMAND, AckOutcome.REFUSED)]


async def test_a_store_that_is_away_means_that_nothing_was_done(stage: Stage) -> None:
    async def refuse(_: Request) -> Reply:
        raise away()

    stage.verbs.do = refuse
    answer = await stage.send(command_body())
    assert answer.json()["text"] == "Nothing was done: the state store is away. Try again in a minute."
    assert stage.metrics.acks == [(AckFamily.COMMAND, AckOutcome.AWAY)]


@pytest.mark.parametrize("error", [ZeroDivisionError("hunter2"), PermanentError("refused: hunter2")])
async def test_a_defect_is_an_apology_with_a_token_that_is_in_the_log(
    stage: Stage, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def break_down(_: Request) -> Reply:
        raise error

    stage.verbs.do = break_down
    with caplog.at_level(logging.ERROR):
        answer = await stage.send(command_body())
    told = said(answer.json())
    (record,) = [it for it in caplog.records if it.getMessage() == "request_failed"]
    assert record.__dict__["token"] in told
    assert "hunter2" not in told
    assert stage.metrics.acks == [(AckFamily.COMMAND, AckOutcome.FAILED)]


async def test_a_slow_answer_follows_where_the_command_was_typed(stage: Stage) -> None:
    gate = asyncio.Event()

    async def wait(_: Request) -> Reply:
        await gate.wait()
        return Reply(Said("Here it is."))

    stage.verbs.do = wait
    commands = Commands(
        stage.parts.access,
        stage.verbs,
        stage.parts.shares,
        stage.chat,
        stage.background,
        answer_within=timedelta(milliseconds=20),
    )
    body = {
        "command": "/ops",
        "user_id": ADA,
        "team_id": "T0SANDBOX",
        "channel_id": ROOM,
        "trigger_id": "t",
        "response_url": "https://hooks.slack.test/late",
    }
    ack = await commands.receive(body)
    assert ack.outcome is AckOutcome.LATE
    assert "Looking…" in said(ack.body or {})
    gate.set()
    await stage.settled()
    ((url, message, public),) = stage.chat.responses
    assert (url, public) == ("https://hooks.slack.test/late", False)
    assert "Here it is." in said(message)


async def test_a_shareable_answer_is_shared_once_with_its_sharers_name(stage: Stage) -> None:
    async def answer(_: Request) -> Reply:
        return Reply(Platforms(()), shareable=True)

    stage.verbs.do = answer
    shown = (await stage.send(command_body("platforms"))).json()
    (button,) = [it for block in shown["blocks"] for it in block.get("elements", []) if it.get("action_id") == SHARE]
    await stage.send(click_body(SHARE, button["value"]))
    await stage.send(click_body(SHARE, button["value"]))
    (first, public), (second, private) = [(said(message), public) for _, message, public in stage.chat.responses]
    assert (public, private) == (True, False)
    assert f"Shared by <@{ADA}>" in first
    assert SHARE not in first
    assert "shared already" in second


async def test_an_answer_outlives_a_store_that_cannot_keep_it_for_sharing(redis_client: Redis) -> None:
    async def answer(_: Request) -> Reply:
        return Reply(Platforms(()), shareable=True)

    async with staged(redis_client, is_away=True) as stage:
        stage.verbs.do = answer
        shown = await stage.send(command_body("platforms"))
    assert SHARE not in shown.text
    assert stage.metrics.acks == [(AckFamily.COMMAND, AckOutcome.ANSWERED)]


async def test_a_shared_answer_is_kept_for_half_an_hour(stage: Stage, redis_client: Redis) -> None:
    share = await stage.parts.shares.keep(json.dumps({"at": datetime(2026, 1, 1, tzinfo=UTC).isoformat()}))
    (key,) = await redis_client.keys("*share*")
    assert 29 * 60 < await redis_client.ttl(key) <= 30 * 60
    assert await stage.parts.shares.take(share) is not None
    assert await stage.parts.shares.take(share) is None
