"""`/incident reopen`: say that a resolved incident is not over."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import IncidentActed
from bot.domain.rights import Role
from bot.verbs import Family, Parsed, Reply, Verb
from commands.arguments import INCIDENT
from commands.services import CommandServices


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.INCIDENT,
        name="reopen",
        button="Re-open",
        summary="say that a resolved incident is not over",
        example="/incident reopen INC-1",
        role=Role.OPERATOR,
        handler=partial(answer, services),
        arguments=(INCIDENT,),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return what became of the incident."""
    change = await services.incidents.reopen(parsed.incident, parsed.actor)
    return Reply(IncidentActed(change.state, change.outcome, "reopen"))
