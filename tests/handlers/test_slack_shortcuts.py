"""Shortcuts, menus, the home tab and group events: everything else that arrives is answered or acknowledged too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.domain.effects import CardKind, card_id
from bot.domain.incidents import Incident
from bot.domain.rights import Need
from bot.messages.modals import DECLARE_CALLBACK
from bot.ports.outbox import MessageRef
from handlers.buttons import UPDATING
from handlers.shortcuts import ADD_TO_TIMELINE, DECLARE
from tests.handlers.slack_stage import (
    ADA,
    BEN,
    DEE,
    GUEST,
    ROOM,
    Stage,
    event_body,
    interaction,
    said,
    staged,
)


@pytest.fixture
async def stage(redis_client: Redis) -> AsyncIterator[Stage]:
    async with staged(redis_client) as made:
        yield made


def shortcut(text: str = "the disk is full", *, thread: str = "1.1", user: str = ADA) -> bytes:
    message = {"type": "message", "ts": "7.7", "text": text, "user": BEN, "thread_ts": thread}
    return interaction("message_action", user=user, callback_id=ADD_TO_TIMELINE, channel={"id": ROOM}, message=message)


async def shown(stage: Stage) -> Incident:
    """Return an incident whose card is the message 1.1."""
    incident = await stage.an_incident()
    fence = await stage.parts.outbox.lease("test", life=timedelta(minutes=1))
    record = await stage.parts.outbox.card(card_id(CardKind.INCIDENT, incident.id))
    assert fence is not None
    assert record is not None
    await stage.parts.outbox.card_shown(record, MessageRef(ROOM, "1.1"), "digest", fence)
    return incident


async def notes(stage: Stage, incident: Incident) -> list[str]:
    return [entry.detail for entry in await stage.parts.incidents.timeline(incident.id) if entry.event == "noted"]


async def test_a_message_is_added_to_the_timeline_of_its_thread_once(stage: Stage) -> None:
    incident = await shown(stage)
    body = shortcut("see <@U0BEN|ben>: a &lt; b")
    for _ in range(2):
        assert (await stage.send(body)).status_code == 200
    assert await notes(stage, incident) == ["see @ben: a < b"]
    assert "Added to the timeline of INC-1." in stage.told()[0]


async def test_the_card_itself_is_in_its_thread(stage: Stage) -> None:
    incident = await shown(stage)
    message = {"type": "message", "ts": "1.1", "text": "INC-1"}
    body = interaction("message_action", callback_id=ADD_TO_TIMELINE, channel={"id": ROOM}, message=message)
    await stage.send(body)
    assert await notes(stage, incident) == ["INC-1"]


async def test_a_message_elsewhere_has_no_timeline(stage: Stage) -> None:
    await stage.send(shortcut(thread="4.4"))
    assert "not in an incident's thread" in stage.told()[0]


async def test_a_message_without_text_is_not_added(stage: Stage) -> None:
    incident = await shown(stage)
    await stage.send(shortcut("  "))
    assert await notes(stage, incident) == []
    assert "no text" in stage.told()[0]


@pytest.mark.parametrize("user", [DEE, GUEST])
async def test_somebody_who_may_only_look_adds_nothing(stage: Stage, user: str) -> None:
    incident = await shown(stage)
    await stage.send(shortcut(user=user))
    assert await notes(stage, incident) == []
    assert len(stage.told()) == 1


async def test_declaring_opens_the_form_with_the_platforms_one_may_declare_on(stage: Stage) -> None:
    await stage.send(interaction("shortcut", callback_id=DECLARE, response_url=None))
    (view,) = stage.chat.views
    assert view["callback_id"] == DECLARE_CALLBACK
    assert "search-prod" in said(view)


async def test_declaring_is_refused_in_a_window_where_there_is_no_message(stage: Stage) -> None:
    await stage.send(interaction("shortcut", callback_id=DECLARE, response_url=None, user=DEE))
    (view,) = stage.chat.views
    assert "takes the operator role" in said(view)


async def test_an_unknown_shortcut_says_that_an_update_is_under_way(stage: Stage) -> None:
    await stage.send(interaction("shortcut", callback_id="teleport", response_url=None))
    assert UPDATING.text in said(stage.chat.views[0])


async def test_a_store_that_is_away_is_told(redis_client: Redis) -> None:
    async with staged(redis_client, is_away=True) as stage:
        await stage.send(shortcut())
        assert "Nothing was done: the state store is away. Try again in a minute." in stage.told()[0]


async def test_a_menu_that_asks_for_options_gets_none(stage: Stage) -> None:
    answer = await stage.send(interaction("block_suggestion", action_id="x", block_id="b", value="q"))
    assert (answer.status_code, answer.json()) == (200, {"options": []})


# -- the home tab ----------------------------------------------------------------------------------------------------


def opened(user: str, tab: str = "home") -> bytes:
    return event_body({"type": "app_home_opened", "user": user, "tab": tab, "channel": "D1"})


async def test_the_home_tab_shows_what_waits_for_this_person(stage: Stage) -> None:
    incident = await stage.an_incident()
    await stage.parts.incidents.acknowledge(incident.id, await stage.actor(ADA))
    await stage.an_approval(Need.ONE)
    await stage.send(opened(ADA))
    await stage.send(opened(BEN))
    (ada, of_ada), (ben, of_ben) = stage.chat.homes
    assert (ada, ben) == (ADA, BEN)
    assert "INC-1" in said(of_ada)
    assert "Waiting for your yes" not in said(of_ada)
    assert "APR-1" in said(of_ben)
    assert "In your hands" not in said(of_ben)
    assert of_ada["type"] == "home"


async def test_a_confirmation_waits_for_the_requester_alone(stage: Stage) -> None:
    await stage.an_approval(Need.CONFIRM)
    await stage.send(opened(ADA))
    await stage.send(opened(BEN))
    assert ["APR-1" in said(view) for _, view in stage.chat.homes] == [True, False]


async def test_the_messages_tab_publishes_nothing(stage: Stage) -> None:
    await stage.send(opened(ADA, "messages"))
    assert stage.chat.homes == []


async def test_the_home_tab_of_a_guest_says_why_it_is_empty(stage: Stage) -> None:
    await stage.send(opened(GUEST))
    assert "is a guest" in said(stage.chat.homes[0][1])


# -- groups ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "times"),
    [
        ({"type": "subteam_members_changed", "subteam_id": "S0OPS"}, 1),
        ({"type": "subteam_updated", "subteam": {"id": "S0OPS"}}, 1),
        ({"type": "subteam_updated", "subteam": {"id": "S0OTHER"}}, 0),
        ({"type": "subteam_created", "subteam": "odd"}, 0),
    ],
)
async def test_a_change_of_a_group_that_grants_something_is_looked_at(
    stage: Stage, event: dict[str, object], times: int
) -> None:
    answer = await stage.send(event_body(event))
    assert answer.status_code == 200
    assert stage.directory.refreshed == times
