"""`/incident ack`: take an incident into one's hands; it silences nothing."""

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
        name="ack",
        button="Acknowledge",
        summary="take an incident into your hands; it silences nothing",
        example="/incident ack INC-1",
        role=Role.OPERATOR,
        handler=partial(answer, services),
        arguments=(INCIDENT,),
        aliases=("take",),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return what became of the incident."""
    change = await services.incidents.acknowledge(parsed.incident, parsed.actor)
    return Reply(IncidentActed(change.state, change.outcome, "ack"))
