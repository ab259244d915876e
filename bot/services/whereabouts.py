"""Whereabouts: the addresses of the messages that show incidents, approvals and runs."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.ids import CardId
from bot.ports.addresses import Addresses
from bot.ports.outbox import CardRecord, Outbox


class Whereabouts:
    """Finds the messages of cards."""

    def __init__(self, outbox: Outbox, addresses: Addresses) -> None:
        self._outbox = outbox
        self._addresses = addresses

    async def of(self, cards: Mapping[str, CardId]) -> dict[str, str]:
        """Return the address of each card's message by the name it is asked under; those not shown are left out."""
        if not cards:
            return {}
        records = await self._outbox.cards(set(cards.values()))
        above = {it.place.thread_of for it in records.values() if it.place.thread_of is not None}
        parents = await self._outbox.cards(above - set(records)) if above - set(records) else {}
        known = {**parents, **records}
        found: dict[str, str] = {}
        for name, card in cards.items():
            if address := await self._address(known.get(card), known):
                found[name] = address
        return found

    async def _address(self, record: CardRecord | None, known: Mapping[CardId, CardRecord]) -> str:
        if record is None or record.message is None:
            return ""
        parent = known.get(record.place.thread_of) if record.place.thread_of else None
        is_below = parent and parent.message and parent.message.channel == record.message.channel
        thread = parent.message.ts if parent and parent.message and is_below else None
        return await self._addresses.of(record.message, thread)
