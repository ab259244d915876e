"""`/incident show`: one incident with its timeline."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import IncidentDetail
from bot.domain.rights import Role
from bot.verbs import Family, Parsed, Reply, Verb
from commands.arguments import INCIDENT
from commands.services import CommandServices


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.INCIDENT,
        name="show",
        button="Show incident",
        summary="one incident with its timeline",
        example="/incident show INC-1",
        role=Role.VIEWER,
        handler=partial(answer, services),
        arguments=(INCIDENT,),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return the incident as it stands, and its history."""
    incident = await services.incidents.get(parsed.incident)
    timeline = await services.incidents.timeline(parsed.incident)
    return Reply(IncidentDetail(incident, tuple(timeline), services.now()), shareable=True)
