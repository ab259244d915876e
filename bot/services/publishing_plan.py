"""Which calls may go now: the most urgent first, each inside its budget, none that would show something twice."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.cards import ApprovalCard, CardView, EvidenceCard, IncidentCard, RunCard
from bot.domain.effects import Place
from bot.domain.ids import CardId
from bot.ports.outbox import CardRecord, MessageRef, Outbox, PendingNotice
from bot.ports.workspace import Spot, Workspace
from bot.services.errands import Errand, Plan, Route, Step, id_of, in_order, want_of
from bot.services.publishing_memory import TRIES_IN_A_THREAD, PublishingMemory
from bot.services.spots import Surroundings, Unopened, Waiting, cards_above

AT_ONCE = 8
"""Calls under way together."""
SEEN = 2_000
"""Cards, and notices, that are put in order; of a larger backlog the newest are not looked at yet."""

LoadCard = Callable[[CardId], Awaitable[CardView | None]]


@dataclass(frozen=True, slots=True)
class _Later:
    """Not before then."""

    at: float


_NOT_YET = _Later(math.inf)
"""Until something else has happened."""


class Planner:
    """Plans from the outbox and from what is remembered."""

    def __init__(
        self,
        outbox: Outbox,
        workspace: Workspace,
        cards: LoadCard,
        memory: PublishingMemory,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._outbox = outbox
        self._workspace = workspace
        self._cards = cards
        self._memory = memory
        self._now = now

    async def plan(self) -> Plan:
        """Return what may go now; it is charged for and counts as under way from here on."""
        # Notices first: the cards they stand below were made dirty in the same commit and must be seen.
        notices = await self._outbox.pending_notices(SEEN)
        cards = await self._outbox.dirty_cards(SEEN)
        around = await self._surroundings(cards, notices)
        errands: list[Errand] = []
        next_at = math.inf
        for item in in_order(cards, notices):
            if len(self._memory.under_way) >= AT_ONCE:
                return Plan(tuple(errands), math.inf)
            step = await self._next_step(item, around)
            if isinstance(step, _Later):
                next_at = min(next_at, step.at)
            else:
                self._memory.begin(step)
                errands.append(step)
        return Plan(tuple(errands), next_at)

    async def _surroundings(self, cards: Sequence[CardRecord], notices: Sequence[PendingNotice]) -> Surroundings:
        records = {card.id: card for card in cards}
        places = [*(card.place for card in cards), *(pending.notice.place for pending in notices)]
        asked: set[CardId] = set()
        while missing := cards_above(places, records) - records.keys() - asked:
            asked |= missing
            records |= await self._outbox.cards(sorted(missing))
        return Surroundings(
            records=records,
            coming={card.id for card in cards},
            doubted=self._memory.gone | self._memory.suspects,
            hopeless=self._memory.resting.keys(),
            dead_threads=self._memory.dead_threads,
            directs=self._memory.directs,
            channel=self._workspace.channel,
            now=self._now(),
        )

    async def _next_step(self, item: CardRecord | PendingNotice, around: Surroundings) -> Errand | _Later:
        if id_of(item) in self._memory.under_way:
            return _NOT_YET
        rest = self._memory.resting.get(id_of(item))
        if rest is not None and rest.want == want_of(item) and rest.until > self._memory.ticks():
            return _Later(rest.until)
        if isinstance(item, PendingNotice):
            return self._first_message(item, item.notice.place, item.since, around)
        return await self._for_card(item, around)

    async def _for_card(self, card: CardRecord, around: Surroundings) -> Errand | _Later:
        is_gone = card.message is None or card.id in self._memory.gone
        if is_gone and card.reposted:
            return Errand(card, Step.FORGET)
        if card.message is None or is_gone or self._is_unsure(card):
            return self._first_message(card, card.place, card.dirty_since, around)
        return await self._update(card, card.message)

    def _is_unsure(self, item: CardRecord | PendingNotice) -> bool:
        """Return whether it may have been posted without our knowing."""
        return item.sending and id_of(item) not in self._memory.unsent

    async def _update(self, card: CardRecord, message: MessageRef) -> Errand | _Later:
        allowed_at = self._memory.update_allowed_at(card.id)
        if allowed_at > self._memory.ticks() and not await self._shows_an_end(card):
            return _Later(allowed_at)
        return self._when_ready(Errand(card, Step.UPDATE, Route(Spot(message.channel))))

    async def _shows_an_end(self, card: CardRecord) -> bool:
        if card.rank > 1:  # ends have the first rank, and others need not be loaded
            return False
        view = await self._cards(card.id)
        return view is not None and is_over(view)

    def _first_message(
        self, item: CardRecord | PendingNotice, place: Place, since: datetime, around: Surroundings
    ) -> Errand | _Later:
        way = around.way(place, since)
        if isinstance(way, Waiting):
            return _NOT_YET
        if isinstance(way, Unopened):
            return self._when_ready(Errand(item, Step.OPEN, user=way.user))
        if self._memory.threadless[id_of(item)] >= TRIES_IN_A_THREAD:
            way = Route(replace(way.spot, thread=None))
        if not self._is_unsure(item) or self._memory.was_looked_for(id_of(item)):
            return self._when_ready(Errand(item, Step.POST, way))
        look_at = self._memory.look_at(id_of(item))
        if look_at > self._memory.ticks():
            return _Later(look_at)
        return self._when_ready(Errand(item, Step.LOOK, way))

    def _when_ready(self, errand: Errand) -> Errand | _Later:
        assert errand.step.call is not None
        ready_at = self._memory.ready_at(errand, errand.step.call)
        return errand if ready_at <= self._memory.ticks() else _Later(ready_at)


def is_over(view: CardView) -> bool:
    """Return whether a card shows an end: nothing changes it soon, and people wait to read it."""
    match view:
        case IncidentCard():
            return view.incident.state.is_closed
        case ApprovalCard():
            return view.approval.state.is_final
        case RunCard():
            return view.run.state.is_final
        case EvidenceCard():
            return not view.evidence.waiting
