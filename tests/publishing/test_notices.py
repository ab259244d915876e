"""Notices: said once, in order where order matters, and never for nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.effects import Channel, NoticeKind, Place
from bot.domain.fault_points import FaultPoint, set_hook
from bot.domain.ids import ChannelId, UserId
from bot.ports.workspace import Gone, Refused, Throttled, Unreachable
from bot.services.call_budgets import Call
from tests.publishing.desk import ADMIN, INCIDENTS, Desk, lost
from tests.publishing.test_cards import Killed, killed_at

ADA = UserId("U0ADA")
AT_TOP = Place(channel=Channel.INCIDENTS)


async def test_a_notice_is_said_once(desk: Desk) -> None:
    said = await desk.say(AT_TOP)
    await desk.run(60)
    assert [shown.content for shown in desk.chat.messages] == [said]
    assert await desk.is_clean()


async def test_the_answer_to_one_delivery_is_said_once(desk: Desk) -> None:
    said = await desk.say(AT_TOP)
    for _ in range(3):
        await desk.outbox.say(said, act="Ev1")
    await desk.run(60)
    assert len(desk.chat.messages) == 1


async def test_a_notice_waits_for_the_card_whose_thread_it_stands_in(desk: Desk) -> None:
    card = await desk.incident()
    said = await desk.say(Place(thread_of=card), rank=1)
    desk.chat.fail(Call.POST, Throttled("slow down", retry_after=timedelta(seconds=60)))
    await desk.run(59)
    assert desk.chat.messages == []
    await desk.run(10)
    assert desk.chat.of(said.id)[0].thread == desk.chat.of(card)[0].ref.ts


async def test_notices_of_one_thread_are_said_in_order_whatever_their_rank(desk: Desk) -> None:
    card = await desk.incident()
    place = Place(thread_of=card)
    said = [await desk.say(place, rank=rank) for rank in (9, 5, 1, 7, 2)]
    await desk.run(60)
    replies = [shown.id for shown in desk.chat.standing_messages() if shown.thread]
    assert replies == [it.id for it in said]


async def test_order_holds_when_the_first_answer_is_lost(desk: Desk) -> None:
    card = await desk.incident()
    await desk.run(5)
    said = [await desk.say(Place(thread_of=card)) for _ in range(3)]
    desk.chat.fail(Call.POST, lost("before it was said"))
    await desk.run(60)
    assert [shown.id for shown in desk.chat.standing_messages() if shown.thread] == [it.id for it in said]


@pytest.mark.parametrize("after", [True, False])
async def test_a_lost_answer_leaves_a_notice_said_exactly_once(desk: Desk, after: bool) -> None:
    desk.chat.fail(Call.POST, lost(), after=after)
    said = await desk.say(AT_TOP)
    await desk.run(60)
    assert len(desk.chat.of(said.id)) == 1
    assert await desk.is_clean()


@pytest.mark.parametrize("point", [FaultPoint.PUBLISHER_BEFORE_POST, FaultPoint.PUBLISHER_AFTER_POST])
async def test_a_crash_around_the_post_leaves_a_notice_said_exactly_once(desk: Desk, point: FaultPoint) -> None:
    said = await desk.say(AT_TOP)
    killed_at(point)
    with pytest.raises(Killed):
        await desk.round()
    set_hook(None)
    desk.restart()
    await desk.run(60)
    assert len(desk.chat.of(said.id)) == 1
    assert await desk.is_clean()


async def test_a_notice_below_a_deleted_card_follows_it_to_its_new_message(desk: Desk) -> None:
    card = await desk.incident()
    await desk.run()
    desk.chat.remove(card)
    said = await desk.say(Place(thread_of=card))
    await desk.run(60)
    assert desk.chat.of(said.id)[0].thread == desk.chat.of(card)[0].ref.ts
    assert await desk.is_clean()


async def test_a_notice_below_a_card_deleted_twice_is_said_in_its_channel(desk: Desk) -> None:
    card = await desk.incident()
    for _ in range(2):
        await desk.run(60)
        desk.chat.remove(card)
        said = await desk.say(Place(thread_of=card))
    await desk.run(60)
    [told] = desk.chat.of(said.id)
    assert (told.ref.channel, told.thread) == (INCIDENTS, None)
    assert desk.chat.of(card) == []
    assert await desk.is_clean()


async def test_a_notice_below_a_card_that_is_refused_is_said_in_its_channel(desk: Desk) -> None:
    card = await desk.incident()
    desk.chat.fail(Call.POST, Refused("invalid_blocks"))
    said = await desk.say(Place(thread_of=card))
    await desk.run(30)
    assert desk.chat.of(said.id)[0].thread is None


async def test_a_thread_that_is_not_found_twice_though_its_card_is_there_is_left(desk: Desk) -> None:
    card = await desk.incident()
    await desk.run(5)
    desk.chat.fail(Call.POST, Gone("no such thread"), Gone("no such thread"))
    said = await desk.say(Place(thread_of=card))
    await desk.run(60)
    assert desk.chat.of(said.id)[0].thread is None
    assert len(desk.chat.of(card)) == 1
    assert await desk.is_clean()


async def test_direct_messages_are_opened_once_for_each_person(desk: Desk) -> None:
    for _ in range(3):
        await desk.say(Place(user=ADA))
    await desk.run(30)
    assert len(desk.chat.standing_messages(ChannelId(f"D-{ADA}"))) == 3
    assert len(desk.chat.made(Call.OPEN)) == 1


@pytest.mark.parametrize(("kind", "told"), [(NoticeKind.ANSWER, 0), (NoticeKind.PLAN_REFUSED, 1)])
async def test_in_a_deleted_thread_only_the_answer_to_a_question_is_given_up(
    desk: Desk, kind: NoticeKind, told: int
) -> None:
    room = ChannelId("C0GEN")
    said = await desk.say(Place(room=room, thread="1.0"), kind=kind)
    await desk.run(30)
    assert len(desk.chat.of(said.id)) == told
    assert await desk.is_clean()


async def test_a_refused_notice_is_given_up_and_told_to_the_administrators(desk: Desk) -> None:
    desk.chat.fail(Call.POST, Refused("invalid_blocks"))
    said = await desk.say(AT_TOP)
    await desk.run(30)
    assert desk.chat.of(said.id) == []
    assert len(desk.chat.standing_messages(ADMIN)) == 1
    assert await desk.is_clean()


async def test_an_unreachable_admin_channel_makes_no_more_notices(desk: Desk) -> None:
    desk.chat.standing[ADMIN] = Unreachable("invite the bot")
    await desk.say(Place(channel=Channel.ADMIN))
    await desk.run(600)
    assert (await desk.outbox.backlog()).notices == 1


async def test_a_notice_that_could_not_be_said_for_a_day_is_given_up(desk: Desk) -> None:
    desk.chat.standing[INCIDENTS] = Unreachable("invite the bot")
    await desk.say(AT_TOP)
    await desk.run(25 * 3600)
    assert (await desk.outbox.backlog()).notices == 0
    assert desk.chat.standing_messages(INCIDENTS) == []
