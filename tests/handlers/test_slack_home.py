"""The home tab: published on opening, on Refresh, and after whatever is done from it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot.domain.rights import Need
from bot.messages import approval_card, incident_card
from bot.messages.home import OPEN_LINK, REFRESH
from tests.handlers.slack_stage import ADA, BEN, DEE, GUEST, Stage, click_body, event_body, interaction, said, staged


@pytest.fixture
async def stage(redis_client: Redis) -> AsyncIterator[Stage]:
    async with staged(redis_client) as made:
        yield made


def pressed(action: str, value: str, *, user: str = ADA) -> bytes:
    """Return a press in the home tab, where there is no message and no address to answer at."""
    button = {"type": "button", "action_id": action, "block_id": "b", "value": value}
    view = {"id": "V0HOME", "type": "home", "hash": "1.abc"}
    container = {"type": "view", "view_id": "V0HOME"}
    return interaction("block_actions", user=user, actions=[button], view=view, container=container, response_url=None)


def homes(stage: Stage, user: str) -> list[str]:
    return [said(view) for shown_to, view in stage.chat.homes if shown_to == user]


async def test_refresh_publishes_it_anew_and_says_nothing(stage: Stage) -> None:
    await stage.send(pressed(REFRESH, "home"))
    assert len(homes(stage, ADA)) == 1
    assert (stage.chat.views, stage.chat.responses) == ([], [])


async def test_opening_a_thread_asks_for_nothing(stage: Stage) -> None:
    answer = await stage.send(click_body(OPEN_LINK, ""))
    assert (answer.status_code, answer.content) == (200, b"")
    assert (stage.chat.views, stage.chat.responses, stage.chat.homes) == ([], [], [])


async def test_an_acknowledgement_from_home_shows_the_incident_in_ones_hands(stage: Stage) -> None:
    incident = await stage.an_incident()
    await stage.send(event_body({"type": "app_home_opened", "user": ADA, "tab": "home", "channel": "D1"}))
    await stage.send(pressed(incident_card.ACK, incident.id))
    before, after = homes(stage, ADA)
    assert "Nobody has these" in before
    assert "Nobody has these" not in after
    assert "In your hands" in after


async def test_a_vote_from_home_takes_the_request_off_the_list(stage: Stage) -> None:
    approval = await stage.an_approval(Need.ONE)
    await stage.send(pressed(approval_card.APPROVE, approval_card.button_value(approval), user=BEN))
    (after,) = homes(stage, BEN)
    assert "Waiting for your yes" not in after
    assert len((await stage.parts.approvals.get(approval.id)).votes) == 1


async def test_a_refused_press_from_home_is_told_in_a_window_and_the_home_stays_true(stage: Stage) -> None:
    approval = await stage.an_approval(Need.ONE)
    await stage.send(pressed(approval_card.APPROVE, approval_card.button_value(approval), user=ADA))
    (window,) = stage.chat.views
    assert "your own request" in said(window)
    assert len(homes(stage, ADA)) == 1


async def test_what_one_asked_for_is_shown_until_it_is_settled(stage: Stage) -> None:
    await stage.an_approval(Need.ONE)
    await stage.send(pressed(REFRESH, "home"))
    assert "You asked for" in homes(stage, ADA)[0]


async def test_platforms_are_shown_with_their_state(stage: Stage) -> None:
    await stage.send(pressed(REFRESH, "home", user=DEE))
    (shown,) = homes(stage, DEE)
    assert "✅ healthy" in shown
    assert incident_card.ACK not in shown


async def test_a_stranger_who_refreshes_is_told_what_to_do(stage: Stage) -> None:
    await stage.send(pressed(REFRESH, "home", user=GUEST))
    (shown,) = homes(stage, GUEST)
    assert "is a guest" in shown
    assert "list you in its configuration" in shown
