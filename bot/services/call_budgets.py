"""How often the workspace may be called: budgets of our own, below its limits, so that refusals stay rare.

Limits hold per kind of call for the whole installation; one publisher at a time makes them budgets of one process.
A full bucket and a minute's refill together stay within what the workspace allows in any minute.
Times here are seconds of a monotonic clock. Source of the sizes: `docs.slack.dev`, apis/web-api/rate-limits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.domain.ids import ChannelId

Ticks = Callable[[], float]
"""Seconds of a clock that never goes back."""


class Call(StrEnum):
    """Kinds of calls; each has its own limit, and a refusal of one says nothing about the others."""

    POST = "post"
    UPDATE = "update"
    LOOK = "look"
    """Look whether something was shown."""
    DELETE = "delete"
    OPEN = "open"
    """Open the direct messages with a person."""


@dataclass(frozen=True, slots=True)
class Budget:
    """``burst`` calls at once, and ``a_minute`` over time."""

    a_minute: int
    burst: int


BUDGETS: Mapping[Call, Budget] = MappingProxyType(
    {
        Call.POST: Budget(200, burst=10),
        Call.UPDATE: Budget(45, burst=5),
        Call.LOOK: Budget(40, burst=8),
        Call.DELETE: Budget(40, burst=8),
        Call.OPEN: Budget(40, burst=8),
    }
)
"""Over all channels. Updates, looks, deletions and openings are allowed 50 in a minute, posts several hundred."""
CHANNEL_POSTS = Budget(60, burst=3)
"""Posts to one channel, its threads included: one a second, and a short burst."""
CARD_FLOOR = timedelta(seconds=3)
"""Between two updates of one card, unless it says that something is over."""
FIRST_HOLD = timedelta(milliseconds=500)
LONGEST_HOLD = timedelta(seconds=10)
"""How long a kind of call rests after failures: doubled each time, so that an outage is noticed to end soon."""


class Bucket:
    """A token bucket, kept as the moment it will be full again."""

    def __init__(self, budget: Budget) -> None:
        self._interval = 60 / budget.a_minute
        self._depth = (budget.burst - 1) * self._interval
        self._full_at = -math.inf

    def ready_at(self) -> float:
        """Return when the next call may go; in the past when it may go now."""
        return self._full_at - self._depth

    def take(self, now: float) -> None:
        """Spend one call."""
        self._full_at = max(now, self._full_at) + self._interval

    def give_back(self) -> None:
        """Take back a call that was not made."""
        self._full_at -= self._interval

    def empty_until(self, moment: float) -> None:
        """Allow one call at ``moment`` and a steady flow after it, but no burst."""
        self._full_at = max(self._full_at, moment + self._depth)


@dataclass(slots=True)
class _Failures:
    """How a kind of call fails at the moment."""

    count: int
    last: float


class CallBudgets:
    """Says when each kind of call may go next, from what was spent and from how the last ones ended."""

    def __init__(self, ticks: Ticks) -> None:
        self._ticks = ticks
        self._all = {call: Bucket(budget) for call, budget in BUDGETS.items()}
        self._channels: dict[ChannelId, Bucket] = {}
        self._held_until: dict[Call, float] = {}
        self._failures: dict[Call, _Failures] = {}

    def ready_at(self, call: Call, channel: ChannelId | None = None) -> float:
        """Return when such a call may go; in the past when it may go now."""
        moments = [bucket.ready_at() for bucket in self._buckets(call, channel)]
        return max(self._held_until.get(call, -math.inf), *moments)

    def take(self, call: Call, channel: ChannelId | None = None) -> None:
        """Spend one call."""
        for bucket in self._buckets(call, channel):
            bucket.take(self._ticks())

    def give_back(self, call: Call, channel: ChannelId | None = None) -> None:
        """Take back a call that was not made after all."""
        for bucket in self._buckets(call, channel):
            bucket.give_back()

    def is_failing(self, call: Call) -> bool:
        """Return whether the last such call found nobody: then one at a time tries."""
        return call in self._failures

    def worked(self, call: Call) -> None:
        """Note that the workspace answered."""
        self._failures.pop(call, None)

    def throttled(self, call: Call, channel: ChannelId | None, wait: timedelta) -> None:
        """Note that the workspace asks to wait: only this kind of call rests, and goes on without a burst."""
        until = self._ticks() + wait.total_seconds()
        self._hold(call, until)
        for bucket in self._buckets(call, channel):
            bucket.empty_until(until)

    def failed(self, call: Call, *, began: float, wait: timedelta) -> None:
        """Note that no answer came; calls that were under way together count as one failure."""
        now = self._ticks()
        failures = self._failures.setdefault(call, _Failures(0, -math.inf))
        if began >= failures.last:
            failures.count += 1
            failures.last = now
        hold = min(LONGEST_HOLD, FIRST_HOLD * 2 ** min(failures.count - 1, 10))
        self._hold(call, now + max(hold, wait).total_seconds())

    def _hold(self, call: Call, until: float) -> None:
        self._held_until[call] = max(until, self._held_until.get(call, -math.inf))

    def _buckets(self, call: Call, channel: ChannelId | None) -> list[Bucket]:
        if call is not Call.POST or channel is None:
            return [self._all[call]]
        return [self._all[call], self._channels.setdefault(channel, Bucket(CHANNEL_POSTS))]
