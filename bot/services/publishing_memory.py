"""What the publisher remembers between calls. Losing it costs seconds, never a message: the outbox has the rest."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.ids import CardId, ChannelId, UserId
from bot.services.call_budgets import CARD_FLOOR, Call, CallBudgets, Ticks
from bot.services.errands import Errand

LOOKS = 2
LOOK_GAP = timedelta(seconds=3)
"""What got no answer is looked for so often, so far apart, before it counts as not shown."""
TRIES_IN_A_THREAD = 2
"""What finds no thread so often, while the card above is repaired in between, goes beside the card."""
RESTS = (timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=10))
"""Until a channel that cannot be reached, or a card that cannot be shown, is tried again."""


@dataclass(slots=True)
class Rest:
    """Something that is left alone for a while, longer each time."""

    times: int
    until: float
    want: int = 0
    """The state that could not be shown; a newer one is tried at once."""


@dataclass(slots=True)
class _Looks:
    count: int = 0
    next_at: float = -math.inf


class PublishingMemory:
    """Budgets, what is under way, what rests, what was looked for, what is known to be gone."""

    def __init__(self, ticks: Ticks) -> None:
        self.ticks = ticks
        self.budgets = CallBudgets(ticks)
        self.under_way: dict[str, Errand] = {}
        self.directs: dict[UserId, ChannelId] = {}
        self.unsent: set[str] = set()
        """Marked as sending in the outbox, and known not to have gone out: no need to look."""
        self.gone: set[CardId] = set()
        """Cards whose message was deleted, to be posted again."""
        self.suspects: set[CardId] = set()
        """Cards whose thread was not found: updating them tells whether they are still there."""
        self.threadless: Counter[str] = Counter()
        """How often something found no thread."""
        self.dead_threads: set[tuple[ChannelId, str]] = set()
        """Threads below no card of ours, whose parent was deleted."""
        self.resting: dict[str, Rest] = {}
        self.closed: dict[ChannelId, Rest] = {}
        """Channels that cannot be reached."""
        self._updated: dict[str, float] = {}
        self._looks: dict[str, _Looks] = {}

    def begin_term(self) -> None:
        """Forget what was under way in an earlier term: its calls have ended."""
        self.under_way.clear()

    # -- under way -----------------------------------------------------------------------------------------------

    def begin(self, errand: Errand) -> None:
        """Charge the budgets for an errand that goes now."""
        self.under_way[errand.id] = errand
        if errand.step.call is not None:
            self.budgets.take(errand.step.call, errand.channel)

    def end(self, errand: Errand) -> None:
        """Take note that an errand is over; what it did not spend is given back."""
        self.under_way.pop(errand.id, None)
        if errand.step.call is not None and not errand.is_spent:
            self.budgets.give_back(errand.step.call, errand.channel)

    def ready_at(self, errand: Errand, call: Call) -> float:
        """Return when an errand may go by budgets and rests; infinite while another one tries it out."""
        others = self.under_way.values()
        if self.budgets.is_failing(call) and any(other.step is errand.step for other in others):
            return math.inf
        ready_at = self.budgets.ready_at(call, errand.channel)
        closed = self.closed.get(errand.channel) if errand.channel else None
        if closed is None:
            return ready_at
        return math.inf if any(other.channel == errand.channel for other in others) else max(ready_at, closed.until)

    # -- updates and looks ---------------------------------------------------------------------------------------

    def updated(self, card: CardId) -> None:
        """Remember when a card was updated; its next update keeps a distance."""
        floor = self.ticks() - CARD_FLOOR.total_seconds()
        self._updated = {name: at for name, at in self._updated.items() if at > floor}
        self._updated[card] = self.ticks()

    def update_allowed_at(self, card: CardId) -> float:
        """Return when a card may be updated again."""
        return self._updated.get(card, -math.inf) + CARD_FLOOR.total_seconds()

    def looked(self, id_: str) -> None:
        """Count a look that found nothing."""
        looks = self._looks.setdefault(id_, _Looks())
        looks.count, looks.next_at = looks.count + 1, self.ticks() + LOOK_GAP.total_seconds()

    def look_again(self, id_: str) -> None:
        """Put the next look off without counting one."""
        self._looks.setdefault(id_, _Looks()).next_at = self.ticks() + LOOK_GAP.total_seconds()

    def look_at(self, id_: str) -> float:
        """Return when to look for something again."""
        return self._looks.get(id_, _Looks()).next_at

    def was_looked_for(self, id_: str) -> bool:
        """Return whether something was looked for often enough to be posted again."""
        return self._looks.get(id_, _Looks()).count >= LOOKS

    def sending(self, id_: str) -> None:
        """Forget what was known of an earlier post: a new one goes out."""
        self.unsent.discard(id_)
        self._looks.pop(id_, None)

    def settled(self, id_: str) -> None:
        """Forget everything about something that is out now."""
        self.sending(id_)
        self.resting.pop(id_, None)
        self.threadless.pop(id_, None)

    # -- rests ---------------------------------------------------------------------------------------------------

    def rest(self, errand: Errand) -> Rest:
        """Leave an errand's card or notice alone for a while."""
        before = self.resting.get(errand.id)
        self.resting[errand.id] = rest = self._rest_after(before, want=errand.want)
        return rest

    def close(self, channel: ChannelId) -> None:
        """Leave a channel alone for a while; calls that fail together count once."""
        before = self.closed.get(channel)
        if before is None or before.until <= self.ticks():
            self.closed[channel] = self._rest_after(before)

    def _rest_after(self, before: Rest | None, *, want: int = 0) -> Rest:
        times = before.times + 1 if before else 1
        span = RESTS[min(times, len(RESTS)) - 1]
        return Rest(times, self.ticks() + span.total_seconds(), want)
