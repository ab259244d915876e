"""Budgets in numbers: never more than the workspace allows in any minute, never less than it must be."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from bot.domain.ids import ChannelId
from bot.services.call_budgets import BUDGETS, CHANNEL_POSTS, Bucket, Budget, Call, CallBudgets

INC, APR = ChannelId("C0INC"), ChannelId("C0APR")
SLACK_ALLOWS = {Call.POST: 300, Call.UPDATE: 50, Call.LOOK: 50, Call.DELETE: 50, Call.OPEN: 50}
"""Calls in any one minute."""


class Ticks:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


def moments(bucket: Bucket, count: int, *, start: float = 1000.0) -> list[float]:
    """Return when so many calls go, each as early as it may."""
    now, made = start, []
    for _ in range(count):
        now = max(now, bucket.ready_at())
        bucket.take(now)
        made.append(now - start)
    return made


def test_a_bucket_gives_its_burst_at_once_and_then_a_steady_flow() -> None:
    assert moments(Bucket(Budget(60, burst=3)), 6) == pytest.approx([0, 0, 0, 1, 2, 3])


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket = Bucket(Budget(60, burst=3))
    moments(bucket, 3)
    assert moments(bucket, 4, start=5000.0) == pytest.approx([0, 0, 0, 1])


def test_what_is_given_back_can_be_taken_again() -> None:
    bucket = Bucket(Budget(60, burst=1))
    bucket.take(1000.0)
    bucket.give_back()
    assert bucket.ready_at() <= 1000.0


@pytest.mark.parametrize("call", list(Call))
def test_no_minute_holds_more_calls_than_the_workspace_allows(call: Call) -> None:
    made = moments(Bucket(BUDGETS[call]), 500)
    busiest = max(sum(start <= at < start + 60 for at in made) for start in made)
    assert busiest <= SLACK_ALLOWS[call]


def test_a_channel_takes_one_post_a_second_and_others_do_not_wait_for_it(ticks: Ticks) -> None:
    budgets = CallBudgets(ticks)
    for _ in range(CHANNEL_POSTS.burst):
        budgets.take(Call.POST, INC)
    assert budgets.ready_at(Call.POST, INC) == pytest.approx(ticks.now + 1)
    assert budgets.ready_at(Call.POST, APR) <= ticks.now


def test_all_channels_together_have_a_budget_too(ticks: Ticks) -> None:
    budgets = CallBudgets(ticks)
    for number in range(BUDGETS[Call.POST].burst):
        budgets.take(Call.POST, ChannelId(f"C{number}"))
    assert budgets.ready_at(Call.POST, INC) == pytest.approx(ticks.now + 60 / BUDGETS[Call.POST].a_minute)


def test_throttling_holds_one_kind_of_call_for_as_long_as_was_asked(ticks: Ticks) -> None:
    budgets = CallBudgets(ticks)
    budgets.throttled(Call.UPDATE, None, timedelta(seconds=30))
    assert budgets.ready_at(Call.UPDATE) == pytest.approx(ticks.now + 30)
    assert budgets.ready_at(Call.POST, INC) == -math.inf


def test_no_burst_follows_throttling(ticks: Ticks) -> None:
    budgets = CallBudgets(ticks)
    budgets.throttled(Call.POST, INC, timedelta(seconds=30))
    ticks.now += 30
    assert budgets.ready_at(Call.POST, INC) <= ticks.now
    budgets.take(Call.POST, INC)
    assert budgets.ready_at(Call.POST, INC) == pytest.approx(ticks.now + 1)


def test_failures_hold_longer_each_time_up_to_ten_seconds(ticks: Ticks) -> None:
    budgets = CallBudgets(ticks)
    holds = []
    for _ in range(7):
        budgets.failed(Call.POST, began=ticks.now, wait=timedelta(0))
        holds.append(budgets.ready_at(Call.POST) - ticks.now)
        ticks.now += holds[-1]
    assert holds == pytest.approx([0.5, 1, 2, 4, 8, 10, 10])


def test_calls_that_fail_together_count_as_one_failure(ticks: Ticks) -> None:
    budgets = CallBudgets(ticks)
    began = ticks.now
    ticks.now += 8
    for _ in range(8):
        budgets.failed(Call.POST, began=began, wait=timedelta(0))
    assert budgets.ready_at(Call.POST) == pytest.approx(ticks.now + 0.5)


def test_one_answer_ends_the_failure(ticks: Ticks) -> None:
    budgets = CallBudgets(ticks)
    budgets.failed(Call.POST, began=ticks.now, wait=timedelta(0))
    assert budgets.is_failing(Call.POST)
    budgets.worked(Call.POST)
    assert not budgets.is_failing(Call.POST)
