"""Order and pace: the worst goes first, roots before replies, a backlog drains as fast as the workspace takes it."""

from __future__ import annotations

from bot.domain.effects import CardKind, Channel, Place
from bot.domain.ids import CardId
from bot.services.call_budgets import Call
from tests.publishing.desk import Desk


def first_posts(desk: Desk) -> list[str]:
    return [call.about for call in desk.chat.made(Call.POST)]


async def test_the_worst_rank_goes_first_and_then_the_oldest(desk: Desk) -> None:
    cards: list[tuple[int, CardId]] = []
    for rank in (4, 2, 3, 1, 2):
        cards.append((rank, await desk.incident(rank=rank)))
        desk.clock.advance(0.01)
    await desk.run(60)
    assert first_posts(desk) == [card for _, card in sorted(cards, key=lambda it: it[0])]


async def test_a_sev1_that_comes_last_goes_out_next(desk: Desk) -> None:
    for _ in range(50):
        await desk.incident(rank=3)
    await desk.run(10)
    worst, came_at = await desk.incident(rank=1), desk.clock.ticks()
    await desk.run(5)
    [shown] = [call for call in desk.chat.made(Call.POST) if call.about == worst]
    assert shown.at - came_at <= 1.0


async def test_of_one_rank_all_roots_go_before_what_stands_in_their_threads(desk: Desk) -> None:
    roots = []
    for _ in range(10):
        roots.append(await desk.incident())
        await desk.below(roots[-1], CardKind.RUN)
    await desk.run(60)
    assert set(first_posts(desk)[:10]) == set(roots)


async def test_fifty_roots_are_out_within_a_tenth_of_the_ideal_time(desk: Desk) -> None:
    for _ in range(50):
        await desk.incident()
    began = desk.clock.ticks()
    await desk.run(120)
    posts = desk.chat.made(Call.POST)
    assert posts[-1].at - began <= 49 * 1.1
    assert len(posts) == 50  # none was refused


async def test_a_hundred_updates_keep_to_the_workspace_limit_without_refusals(desk: Desk) -> None:
    cards = [await desk.incident() for _ in range(100)]
    await desk.run(150)
    for card in cards:
        await desk.change(card)
    began = desk.clock.ticks()
    await desk.run(200)
    updates = desk.chat.made(Call.UPDATE)
    assert "refused" not in [call.about for call in updates]
    assert len(updates) == 100
    assert updates[-1].at - began <= 100 / 50 * 60 * 1.1
    assert await desk.is_clean()


async def test_a_full_channel_does_not_hold_up_another(desk: Desk) -> None:
    for _ in range(20):
        await desk.incident(rank=1)
    await desk.run()
    said = await desk.say(Place(channel=Channel.REPORTS), rank=9)
    await desk.run(0.5)
    assert len(desk.chat.of(said.id)) == 1


async def test_a_notice_is_as_urgent_as_the_most_urgent_one_behind_it(desk: Desk) -> None:
    quiet, urgent = await desk.incident(), await desk.incident()
    await desk.run(10)
    for _ in range(4):
        await desk.say(Place(thread_of=quiet), rank=3)
    first = await desk.say(Place(thread_of=urgent), rank=9)
    await desk.say(Place(thread_of=urgent), rank=1)
    await desk.run()
    assert first_posts(desk)[2] == first.id
