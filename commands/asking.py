"""Where something that is asked for belongs."""

from __future__ import annotations

from bot.domain.ids import IncidentId
from bot.verbs import Parsed
from commands.services import CommandServices


async def thread_of(services: CommandServices, parsed: Parsed) -> IncidentId | None:
    """Return the incident in whose thread it is asked, unless another platform is meant."""
    here = parsed.request.incident
    if here is None or (await services.catalogue.incident_by_id(here)).platform != parsed.platform:
        return None
    return here
