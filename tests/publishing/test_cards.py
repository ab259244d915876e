"""Cards: one message each that ends up true, whatever is lost, deleted or changed on the way."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from bot.domain.effects import CardKind, Channel, Place
from bot.domain.errors import TemporaryError
from bot.domain.fault_points import FaultPoint, set_hook
from bot.domain.incidents import IncidentState
from bot.ports.workspace import Refused, Throttled, Unreachable
from bot.services.call_budgets import Call
from bot.services.publishing import CallOutcome
from tests.publishing.desk import ADMIN, Desk, lost


class Killed(BaseException):
    """Stands for the end of the process."""


def killed_at(point: FaultPoint) -> None:
    async def hook(reached: FaultPoint) -> None:
        if reached is point:
            set_hook(None)
            raise Killed

    set_hook(hook)


async def test_fifty_changes_before_the_first_post_make_one_message(desk: Desk) -> None:
    card = await desk.incident()
    for _ in range(50):
        await desk.change(card)
    await desk.run(60)
    assert [call.call for call in desk.chat.calls] == [Call.POST]
    assert desk.chat.of(card)[0].content == desk.views[card]
    assert await desk.is_clean()


async def test_changes_of_a_shown_card_become_one_update_with_the_newest_state(desk: Desk) -> None:
    card = await desk.incident()
    await desk.run()
    for _ in range(50):
        await desk.change(card)
    await desk.run(60)
    [shown] = desk.chat.of(card)
    assert (shown.edits, shown.content) == (1, desk.views[card])


async def test_a_change_while_a_card_is_being_shown_is_shown_next(desk: Desk) -> None:
    card = await desk.incident()
    await desk.run()
    await desk.change(card)
    plan = await desk.publishing.plan()
    await desk.change(card)
    await desk.publishing.deliver(plan.errands[0], desk.term)
    await desk.change(card)
    await desk.run(10)
    assert desk.chat.of(card)[0].content == desk.views[card]
    assert await desk.is_clean()


async def test_a_card_that_shows_the_truth_costs_no_call(desk: Desk) -> None:
    card = await desk.incident()
    await desk.run()
    await desk.outbox.touch(card, Place(channel=Channel.INCIDENTS), 3)
    await desk.run(10)
    assert len(desk.chat.calls) == 1
    assert await desk.is_clean()


async def test_a_card_without_anything_behind_it_is_let_go(desk: Desk) -> None:
    card = await desk.incident()
    del desk.views[card]
    await desk.run()
    assert desk.chat.calls == []
    assert await desk.is_clean()


async def test_a_lost_answer_leaves_exactly_one_message(desk: Desk) -> None:
    desk.chat.fail(Call.POST, lost("cut"), after=True)
    card = await desk.incident()
    await desk.run(60)
    assert len(desk.chat.of(card)) == 1
    assert len(desk.chat.made(Call.POST)) == 1
    assert await desk.is_clean()


async def test_two_lost_answers_leave_exactly_one_message(desk: Desk) -> None:
    desk.chat.fail(Call.POST, lost("before it was shown"))
    desk.chat.fail(Call.POST, lost("after it was shown"), after=True)
    card = await desk.incident()
    await desk.run(120)
    assert len(desk.chat.of(card)) == 1
    assert len(desk.chat.made(Call.POST)) == 2
    assert await desk.is_clean()


async def test_what_was_not_shown_is_looked_for_twice_some_seconds_apart_before_it_is_posted_again(desk: Desk) -> None:
    desk.chat.fail(Call.POST, lost("before it was shown"))
    card = await desk.incident()
    await desk.run(60)
    first, second = (look.at for look in desk.chat.made(Call.LOOK))
    assert second - first >= 3
    assert desk.chat.made(Call.POST)[1].at >= second
    assert len(desk.chat.of(card)) == 1


async def test_looking_for_one_card_does_not_keep_another_waiting(desk: Desk) -> None:
    desk.chat.fail(Call.POST, lost("before it was shown"))
    await desk.incident()
    await desk.run(1)
    other = await desk.incident()
    await desk.run(1)
    assert desk.chat.of(other)


async def test_a_message_found_after_a_lost_answer_is_brought_up_to_date(desk: Desk) -> None:
    desk.chat.fail(Call.POST, lost("cut"), after=True)
    card = await desk.incident()
    await desk.round()
    await desk.change(card)
    await desk.run(60)
    assert desk.chat.of(card)[0].content == desk.views[card]


@pytest.mark.parametrize("point", [FaultPoint.PUBLISHER_AFTER_POST, FaultPoint.PUBLISHER_BEFORE_SHOWN])
async def test_a_crash_between_post_and_record_leaves_exactly_one_message(desk: Desk, point: FaultPoint) -> None:
    card = await desk.incident()
    killed_at(point)
    with pytest.raises(Killed):
        await desk.round()
    desk.restart()
    await desk.run(60)
    assert len(desk.chat.of(card)) == 1
    assert await desk.is_clean()


async def test_a_crash_before_the_post_leaves_exactly_one_message(desk: Desk) -> None:
    card = await desk.incident()
    killed_at(FaultPoint.PUBLISHER_BEFORE_POST)
    with pytest.raises(Killed):
        await desk.round()
    desk.restart()
    await desk.run(60)
    assert len(desk.chat.of(card)) == 1
    assert await desk.is_clean()


async def test_of_two_messages_of_one_card_the_oldest_stays(desk: Desk) -> None:
    card = await desk.incident()
    killed_at(FaultPoint.PUBLISHER_AFTER_POST)
    with pytest.raises(Killed):
        await desk.round()
    oldest = desk.chat.of(card)[0].ref
    await desk.chat.post_card(card, desk.views[card], (await desk.publishing.plan()).errands[0].spot)
    desk.restart()
    await desk.run(60)
    assert [shown.ref for shown in desk.chat.of(card)] == [oldest]


async def test_a_deleted_card_is_posted_again_once(desk: Desk) -> None:
    card = await desk.incident()
    await desk.run()
    desk.chat.remove(card)
    await desk.change(card)
    await desk.run(60)
    assert [shown.content for shown in desk.chat.of(card)] == [desk.views[card]]
    assert (await desk.record(card)).reposted


async def test_a_second_deletion_is_respected(desk: Desk) -> None:
    card = await desk.incident()
    for _ in range(3):
        await desk.run(60)
        desk.chat.remove(card)
        await desk.change(card)
    await desk.run(600)
    assert desk.chat.of(card) == []
    assert len(desk.chat.made(Call.POST)) == 2
    assert await desk.is_clean()


@pytest.mark.parametrize("point", [FaultPoint.PUBLISHER_BEFORE_POST, FaultPoint.PUBLISHER_AFTER_POST])
async def test_a_crash_while_a_deleted_card_is_posted_again_leaves_exactly_one(desk: Desk, point: FaultPoint) -> None:
    card = await desk.incident()
    await desk.run()
    desk.chat.remove(card)
    await desk.change(card)
    await desk.round()
    killed_at(point)
    with pytest.raises(Killed):
        await desk.round()
    desk.restart()
    await desk.run(60)
    assert len(desk.chat.of(card)) == 1
    assert (await desk.record(card)).reposted


async def test_a_card_below_another_waits_for_it_and_stands_in_its_thread(desk: Desk) -> None:
    card = await desk.incident()
    reply = await desk.below(card, rank=1)
    await desk.run(60)
    [parent], [child] = desk.chat.of(card), desk.chat.of(reply)
    assert child.thread == parent.ref.ts


async def test_what_belongs_below_a_reply_stands_in_the_same_thread(desk: Desk) -> None:
    card = await desk.incident()
    approval = await desk.below(card, CardKind.APPROVAL)
    run = await desk.below(approval)
    await desk.run(60)
    [parent], [grandchild] = desk.chat.of(card), desk.chat.of(run)
    assert grandchild.thread == parent.ref.ts


async def test_a_deleted_parent_is_posted_again_before_its_reply(desk: Desk) -> None:
    card = await desk.incident()
    await desk.run()
    desk.chat.remove(card)
    reply = await desk.below(card)
    await desk.run(60)
    [parent], [child] = desk.chat.of(card), desk.chat.of(reply)
    assert child.thread == parent.ref.ts
    assert await desk.is_clean()


async def test_a_card_below_one_that_was_deleted_twice_stands_in_the_channel(desk: Desk) -> None:
    card = await desk.incident()
    for _ in range(2):
        await desk.run(60)
        desk.chat.remove(card)
        await desk.change(card)
    reply = await desk.below(card)
    await desk.run(60)
    [child] = desk.chat.of(reply)
    assert child.thread is None


async def test_a_card_below_one_that_is_never_shown_does_not_wait_for_ever(desk: Desk) -> None:
    card = await desk.incident()
    del desk.views[card]
    reply = await desk.below(card)
    await desk.run(20)
    assert desk.chat.of(reply) == []
    desk.clock.advance(20)
    await desk.run()
    assert len(desk.chat.of(reply)) == 1


async def test_throttling_holds_only_its_own_kind_of_call_and_loses_nothing(desk: Desk) -> None:
    shown = await desk.incident()
    await desk.run()
    desk.chat.fail(Call.POST, Throttled("slow down", retry_after=timedelta(seconds=30)))
    new = await desk.incident()
    await desk.round()
    await desk.change(shown)
    await desk.run(29)
    assert desk.chat.of(shown)[0].edits == 1
    assert desk.chat.of(new) == []
    await desk.run(2)
    assert len(desk.chat.of(new)) == 1
    assert desk.chat.made(Call.LOOK) == []


async def test_what_was_never_sent_is_posted_again_without_looking(desk: Desk) -> None:
    desk.chat.fail(Call.POST, TemporaryError("no connection", retry_after=timedelta(0)))
    card = await desk.incident()
    await desk.run(30)
    assert len(desk.chat.of(card)) == 1
    assert desk.chat.made(Call.LOOK) == []


async def test_an_outage_is_probed_by_one_call_at_a_time(desk: Desk) -> None:
    for _ in range(40):
        await desk.incident()
    desk.chat.fail(Call.POST, *[TemporaryError("away", retry_after=timedelta(0)) for _ in range(20)])
    await desk.round()
    first_wave = len(desk.chat.made(Call.POST))
    await desk.run(60)
    later = [call.at for call in desk.chat.made(Call.POST)][first_wave:]
    assert len(later) <= 60 / 10 + 5
    await desk.run(300)
    assert await desk.is_clean()


async def test_an_unreachable_channel_is_told_to_the_administrators_once(desk: Desk) -> None:
    desk.chat.standing[desk.chat.channel(Channel.INCIDENTS)] = Unreachable("invite the bot")
    for _ in range(5):
        await desk.incident()
    await desk.run(3600)
    [told] = desk.chat.standing_messages(ADMIN)
    assert "invite the bot" in str(told.content)


async def test_an_invitation_heals_an_unreachable_channel(desk: Desk) -> None:
    channel = desk.chat.channel(Channel.INCIDENTS)
    desk.chat.standing[channel] = Unreachable("invite the bot")
    cards = [await desk.incident() for _ in range(5)]
    await desk.run(300)
    assert len(desk.chat.made(Call.POST)) < 12
    del desk.chat.standing[channel]
    await desk.run(900)
    assert [len(desk.chat.of(card)) for card in cards] == [1] * 5
    assert await desk.is_clean()


async def test_refused_content_is_tried_again_when_the_card_changes(desk: Desk) -> None:
    desk.chat.fail(Call.POST, Refused("invalid_blocks"))
    card, other = await desk.incident(), await desk.incident()
    await desk.run(10)
    assert (len(desk.chat.of(card)), len(desk.chat.of(other))) in [(0, 1), (1, 0)]
    await desk.change(card)
    await desk.change(other)
    await desk.run(10)
    assert (len(desk.chat.of(card)), len(desk.chat.of(other))) == (1, 1)


async def test_updates_of_one_card_keep_three_seconds_apart(desk: Desk) -> None:
    card = await desk.incident()
    for _ in range(20):
        await desk.run(0.5)
        await desk.change(card)
    await desk.run(10)
    at = [call.at for call in desk.chat.made(Call.UPDATE)]
    assert min(later - earlier for earlier, later in pairwise(at)) >= 3
    assert desk.chat.of(card)[0].content == desk.views[card]


async def test_the_end_is_shown_without_keeping_the_distance(desk: Desk) -> None:
    card = await desk.incident()
    await desk.run()
    await desk.change(card)
    await desk.run()
    await desk.change(card, rank=1, state=IncidentState.RESOLVED)
    await desk.run()
    assert desk.chat.of(card)[0].content == desk.views[card]


async def test_metrics_hear_of_every_call_and_of_how_long_things_waited(desk: Desk) -> None:
    desk.chat.fail(Call.POST, Throttled("slow down", retry_after=timedelta(seconds=5)))
    await desk.incident()
    await desk.run(10)
    assert desk.metrics.calls == [(Call.POST, CallOutcome.THROTTLED), (Call.POST, CallOutcome.DONE)]
    [age] = desk.metrics.ages
    assert 5 <= age < 7
