"""Addresses of cards: a reply's names its thread, and what is not shown has none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from bot.domain.effects import CardKind, Channel, Place, card_id
from bot.domain.ids import CardId, ChannelId
from bot.ports.outbox import CardRecord, MessageRef
from bot.services.whereabouts import Whereabouts
from tests.stand_ins.platforms import STARTED

INCIDENT, RUN = card_id(CardKind.INCIDENT, "A"), card_id(CardKind.RUN, "B")
ROOM = ChannelId("C0INC")


class FakeOutbox:
    """Knows the records a test puts there."""

    def __init__(self, *records: CardRecord) -> None:
        self._records = {it.id: it for it in records}

    async def cards(self, cards: Collection[CardId]) -> Mapping[CardId, CardRecord]:
        return {card: self._records[card] for card in cards if card in self._records}


class FakeAddresses:
    async def of(self, message: MessageRef, thread: str | None = None) -> str:
        return f"{message.channel}/{message.ts}/{thread}"


def a_record(card: CardId, ts: str | None, place: Place) -> CardRecord:
    return CardRecord(card, place, 1, 1, STARTED, MessageRef(ROOM, ts) if ts else None)


def whereabouts(*records: CardRecord) -> Whereabouts:
    return Whereabouts(cast("Any", FakeOutbox(*records)), FakeAddresses())


async def test_a_card_at_the_top_has_its_own_address() -> None:
    found = await whereabouts(a_record(INCIDENT, "1.1", Place(channel=Channel.INCIDENTS))).of({"INC-1": INCIDENT})
    assert found == {"INC-1": "C0INC/1.1/None"}


async def test_a_card_in_a_thread_names_it() -> None:
    above = a_record(INCIDENT, "1.1", Place(channel=Channel.INCIDENTS))
    below = a_record(RUN, "2.2", Place(thread_of=INCIDENT))
    assert await whereabouts(above, below).of({"RUN-1": RUN}) == {"RUN-1": "C0INC/2.2/1.1"}


async def test_what_is_not_shown_has_no_address() -> None:
    waiting = a_record(INCIDENT, None, Place(channel=Channel.INCIDENTS))
    assert await whereabouts(waiting).of({"INC-1": INCIDENT, "RUN-1": RUN}) == {}


async def test_nothing_asked_asks_nothing() -> None:
    assert await Whereabouts(cast("Any", None), FakeAddresses()).of({}) == {}
