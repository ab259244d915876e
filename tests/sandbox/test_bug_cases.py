"""Cases that find bugs, with the bot's real door behind the stand-in: what arrives, in which time, and what is said."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from bot.domain.ids import ApprovalId
from bot.messages.approval_card import APPROVE
from bot.messages.blocks import section
from bot.messages.message import compose, to_payload
from bot.messages.mrkdwn import escape
from bot.sandbox import cast
from bot.sandbox.config import SandboxConfig
from handlers import commands, mentions, modals
from tests.handlers import slack_stage
from tests.messages.slack_checks import CONTROL_FORM
from tests.sandbox.stage import SECRET, Stage, actions, button


@pytest.fixture
async def door(stage: Stage, redis_client: Redis) -> AsyncIterator[slack_stage.Stage]:
    """Let the real door answer what the stand-in sends."""
    assert slack_stage.SECRET == SECRET
    async with slack_stage.staged(redis_client) as edge:

        async def answer(request: httpx.Request) -> httpx.Response:
            return await edge.http.post("/slack/events", content=request.content, headers=request.headers)

        stage.bot.answer = answer
        yield edge


@pytest.mark.parametrize("typed", ["<!channel> & <b>", "@here", "@channel payload=1", "<!subteam^S0OPS> @ops"])
async def test_a_broadcast_in_a_command_calls_nobody(stage: Stage, door: slack_stage.Stage, typed: str) -> None:
    outcome = await stage.chat.command(cast.ADA, cast.INCIDENTS, f"/ops say {typed}")
    [answer] = await stage.chat.ephemerals(cast.ADA)
    assert outcome["failure"] is None
    assert len(door.verbs.asked) == 1
    assert not any(form.startswith("<!") for form in CONTROL_FORM.findall(str(answer)))


async def test_what_slack_signs_the_door_lets_in_and_nothing_older(stage: Stage, door: slack_stage.Stage) -> None:
    fresh = await stage.chat.command(cast.ADA, cast.INCIDENTS, "/ops status")
    await stage.chat.configure(signature_skew_s=-360)
    stale = await stage.chat.command(cast.ADA, cast.INCIDENTS, "/ops status")
    assert (fresh["status"], stale["status"], len(door.verbs.asked)) == (200, 401, 1)


async def test_two_approvals_at_once_at_two_replicas_count_once(
    stage: Stage, door: slack_stage.Stage, redis_client: Redis
) -> None:
    card, approval = await _a_card_to_approve(stage, door)
    async with slack_stage.staged(redis_client) as another:
        doors = itertools.cycle((door, another))

        async def answer(request: httpx.Request) -> httpx.Response:
            return await next(doors).http.post("/slack/events", content=request.content, headers=request.headers)

        stage.bot.answer = answer
        clicks = (stage.chat.click(who, card, action_id=APPROVE) for who in (cast.BEN, cast.CHI))
        outcomes = await asyncio.gather(*clicks)
        await another.settled()
    assert [outcome["failure"] for outcome in outcomes] == [None, None]
    assert len((await door.parts.approvals.get(approval)).votes) == 1


async def test_a_click_and_its_double_are_one_vote(stage: Stage, door: slack_stage.Stage) -> None:
    card, approval = await _a_card_to_approve(stage, door)
    await stage.chat.fault("duplicate", target="interactions")
    await stage.chat.click(cast.BEN, card, action_id=APPROVE)
    await door.settled()
    [delivery] = await stage.chat.deliveries("block_actions")
    assert [attempt["status"] for attempt in delivery["attempts"]] == [200, 200]
    assert len((await door.parts.approvals.get(approval)).votes) == 1


async def _a_card_to_approve(stage: Stage, door: slack_stage.Stage) -> tuple[dict[str, Any], ApprovalId]:
    approval = await door.an_approval()
    value = f"{approval.id} {approval.plan.hash[:12]}"
    return await stage.posted(blocks=[actions(button(APPROVE, value=value))]), approval.id


def test_the_bot_answers_well_before_slack_gives_up() -> None:
    slacks = SandboxConfig(signing_secret=SECRET).ack_timeout
    assert slacks.total_seconds() == 3
    for module in (commands, mentions, modals):
        assert slacks - module.ANSWER_WITHIN >= slacks / 4, module.__name__


async def test_a_sentence_of_4001_characters_is_cut_before_it_is_sent(stage: Stage) -> None:
    message = compose(escape("x" * 4_001), [section(escape("x" * 4_001))])
    answer = await stage.call("chat.postMessage", channel=cast.INCIDENTS, **to_payload(message))
    assert answer["ok"], answer
