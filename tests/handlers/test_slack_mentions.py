"""Mentions: read after our name, about the incident of the thread, answered in the thread once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.domain.answers import IncidentActed
from bot.domain.effects import CardKind, card_id
from bot.domain.ids import CardId
from bot.domain.incidents import IncidentState
from bot.ports.outbox import MessageRef
from bot.verbs import Entrance, Family, Reply, Request
from handlers.acks import AckFamily, AckOutcome
from tests.handlers.slack_stage import ADA, DEE, GUEST, OTHER_TEAM, ROOM, US, Stage, away, mention_body, said, staged


@pytest.fixture
async def stage(redis_client: Redis) -> AsyncIterator[Stage]:
    async with staged(redis_client) as made:
        yield made


async def show(stage: Stage, card: CardId, ts: str) -> None:
    """Let a card stand in the room as the message ``ts``."""
    fence = await stage.parts.outbox.lease("test", life=timedelta(minutes=1))
    record = await stage.parts.outbox.card(card)
    assert fence is not None
    assert record is not None
    await stage.parts.outbox.card_shown(record, MessageRef(ROOM, ts), "digest", fence)


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        (f"<@{US}> status", "status"),
        (f"<@{US}|watchkeeper>: status qdrant", "status qdrant"),
        (f"hey <@U0BEN>, let me ask <@{US}>, status", "status"),
        (f"<@{US}>", ""),
        (f"<@{US}> can <@U0BEN> restart", "can <@U0BEN> restart"),
    ],
)
async def test_what_follows_our_name_is_heard(stage: Stage, text: str, heard: str) -> None:
    await stage.send(mention_body(text))
    (request,) = stage.verbs.asked
    assert (request.text, request.entrance) == (heard, Entrance.MENTION)


async def test_the_answer_is_a_notice_in_the_thread(stage: Stage) -> None:
    answer = await stage.send(mention_body(f"<@{US}> status", ts="5.5"))
    (pending,) = await stage.parts.outbox.pending_notices(10)
    assert answer.status_code == 200
    assert (pending.notice.place.room, pending.notice.place.thread) == (ROOM, "5.5")
    assert "You asked: status" in pending.notice.facts["message"]
    assert stage.metrics.acks == [(AckFamily.EVENT, AckOutcome.ANSWERED)]


async def test_a_redelivered_mention_is_answered_once_and_acts_once(stage: Stage) -> None:
    incident = await stage.an_incident()

    async def acknowledge(request: Request) -> Reply:
        change = await stage.parts.incidents.acknowledge(incident.id, request.actor)
        return Reply(IncidentActed(change.state, change.outcome, "ack"))

    stage.verbs.do = acknowledge
    body = mention_body(f"<@{US}> ack", event_id="Ev1")
    retried = {"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}
    await asyncio.gather(stage.send(body), stage.send(body, retried))
    await stage.send(body, retried)
    timeline = [entry.event for entry in await stage.parts.incidents.timeline(incident.id)]
    assert timeline.count("acknowledged") == 1
    assert len(await stage.notices()) == 1


async def test_the_first_delivery_with_a_retry_header_counts(stage: Stage) -> None:
    await stage.send(mention_body(f"<@{US}> status"), {"x-slack-retry-num": "3", "x-slack-retry-reason": "http_error"})
    assert len(await stage.notices()) == 1


async def test_the_thread_of_an_incident_names_it(stage: Stage) -> None:
    incident = await stage.an_incident()
    await show(stage, card_id(CardKind.INCIDENT, incident.id), "1.1")
    await stage.send(mention_body(f"<@{US}> ack", thread_ts="1.1"))
    (request,) = stage.verbs.asked
    assert (request.incident, request.family) == (incident.id, Family.INCIDENT)


async def test_the_thread_of_a_card_without_incident_names_none(stage: Stage) -> None:
    approval = await stage.an_approval()
    await show(stage, card_id(CardKind.APPROVAL, approval.id), "2.2")
    await stage.send(mention_body(f"<@{US}> status", thread_ts="2.2"))
    (request,) = stage.verbs.asked
    assert (request.incident, request.family) == (None, Family.OPS)


@pytest.mark.parametrize("sign", [{"bot_id": "B1"}, {"subtype": "bot_message"}, {"user": ""}, {"user": US}])
async def test_bots_are_not_answered(stage: Stage, sign: dict[str, str]) -> None:
    answer = await stage.send(mention_body(f"<@{US}> status", **{"user": ADA, **sign}))
    assert answer.status_code == 200
    assert stage.verbs.asked == []


@pytest.mark.parametrize(("user", "team"), [(GUEST, "T0SANDBOX"), (DEE, OTHER_TEAM)])
async def test_strangers_are_refused_privately(stage: Stage, user: str, team: str) -> None:
    await stage.send(mention_body(f"<@{US}> status", user=user, team=team))
    assert await stage.notices() == []
    ((room, told, _, _),) = stage.chat.ephemerals
    assert (room, told) == (ROOM, user)


async def test_a_store_that_is_away_is_told_privately(stage: Stage) -> None:
    async def refuse(_: Request) -> Reply:
        raise away()

    stage.verbs.do = refuse
    answer = await stage.send(mention_body(f"<@{US}> status", thread_ts="1.1"))
    ((_, _, message, thread),) = stage.chat.ephemerals
    assert answer.status_code == 200
    assert thread == "1.1"
    assert "Nothing was done: the state store is away. Try again in a minute." in said(message)


async def test_an_incident_in_a_mention_is_untouched_by_reading(stage: Stage) -> None:
    incident = await stage.an_incident()
    await stage.send(mention_body(f"<@{US}> status"))
    assert (await stage.parts.incidents.get(incident.id)).state is IncidentState.OPEN
