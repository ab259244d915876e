"""Where first evidence is kept while it fills up."""

from __future__ import annotations

from typing import Protocol

from bot.domain.evidence import Evidence
from bot.domain.ids import IncidentId


class EvidenceStore(Protocol):
    """The newest evidence of each incident."""

    async def put(self, evidence: Evidence) -> None:
        """Keep it and let its card be shown anew."""
        ...

    async def get(self, incident: IncidentId) -> Evidence | None:
        """Return what is known so far; None before anything is."""
        ...
