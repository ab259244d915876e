"""Where a card or a notice goes: from the place its author named to a channel and a thread, through the cards above it.

A thread is one level deep: what belongs below a card that is itself a reply goes into the same thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from bot.domain.effects import Channel, Place
from bot.domain.ids import CardId, ChannelId, UserId
from bot.ports.outbox import CardRecord
from bot.ports.workspace import Spot
from bot.services.errands import Route

GRACE = timedelta(seconds=30)
"""How long something waits for a card above it that nothing is going to show."""


@dataclass(frozen=True, slots=True)
class Unopened:
    """Direct messages that have to be opened first."""

    user: UserId


@dataclass(frozen=True, slots=True)
class Waiting:
    """The card above is not shown yet, or it is being found out whether it still is."""


Way: TypeAlias = Route | Unopened | Waiting


def cards_above(places: Iterable[Place], records: Mapping[CardId, CardRecord]) -> set[CardId]:
    """Return the cards that places stand below, near and far, as far up as the records tell."""
    found: set[CardId] = set()
    open_ends = {place.thread_of for place in places if place.thread_of is not None}
    while open_ends:
        found |= open_ends
        higher = {records[card].place.thread_of for card in open_ends if card in records}
        open_ends = {card for card in higher if card is not None} - found
    return found


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known, at one moment, of the cards above and of the threads around."""

    records: Mapping[CardId, CardRecord]
    coming: Collection[CardId]
    """Cards that are going to be shown."""
    doubted: Collection[CardId]
    """Cards whose message may have been deleted."""
    hopeless: Collection[str]
    """Cards that cannot be shown for now."""
    dead_threads: Collection[tuple[ChannelId, str]]
    directs: Mapping[UserId, ChannelId]
    channel: Callable[[Channel], ChannelId]
    now: datetime

    def way(self, place: Place, since: datetime) -> Way:
        """Return where something goes that has waited since then."""
        if place.thread_of is not None:
            return self._below(place.thread_of, place, since)
        if place.user is not None:
            direct = self.directs.get(place.user)
            return Route(Spot(direct)) if direct else Unopened(place.user)
        if place.room is not None:
            is_dead = (place.room, place.thread) in self.dead_threads
            return Route(Spot(place.room, None if is_dead else place.thread))
        return self._at_top(place)

    def _at_top(self, place: Place) -> Route:
        # Something without any place is a mistake of ours; those who keep the bot see it.
        return Route(Spot(self.channel(place.channel or Channel.ADMIN)))

    def _below(self, card: CardId, place: Place, since: datetime) -> Way:
        record = self.records.get(card)
        if record is None:
            return self._at_top(place) if self.now - since > GRACE else Waiting()
        above = self.way(record.place, since)
        if not isinstance(above, Route):
            return above
        if card in self.doubted:
            return Waiting()
        if record.message is None:
            return above if self._is_never_shown(record, since) else Waiting()
        if above.spot.thread is not None:
            return above
        return Route(Spot(record.message.channel, record.message.ts), record)

    def _is_never_shown(self, record: CardRecord, since: datetime) -> bool:
        if record.reposted or record.id in self.hopeless:
            return True
        return record.id not in self.coming and self.now - since > GRACE
