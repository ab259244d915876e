"""First evidence of incidents, kept while the thread fills up; each new look marks its card."""

from __future__ import annotations

from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import Change, RedisStore, decode, encode
from bot.domain.effects import CardKind, card_id
from bot.domain.evidence import Evidence
from bot.domain.ids import IncidentId
from bot.domain.incidents import incident_place

RANK = 3
"""Below what is happening, above what can wait."""


class RedisEvidence:
    """Implements `bot.ports.evidence.EvidenceStore`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def put(self, evidence: Evidence) -> None:
        """Keep it and let its card be shown anew."""
        now = await self._store.now()
        place = incident_place(evidence.incident)
        change = Change()
        change.op("SET", keys.evidence(evidence.incident), encode(evidence), "PX", keys.INTAKE_TTL_MS)
        change.touch_card(card_id(CardKind.EVIDENCE, evidence.incident), encode(place), RANK, now)
        await self._store.commit(change)

    async def get(self, incident: IncidentId) -> Evidence | None:
        """Return what is known so far."""
        document = await self._store.string(keys.evidence(incident))
        return decode(document, Evidence) if document else None
