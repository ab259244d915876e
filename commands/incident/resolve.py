"""`/incident resolve`: say that it is over."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import IncidentActed
from bot.domain.rights import Role
from bot.verbs import Argument, Family, Kind, Parsed, Reply, Verb
from commands.arguments import INCIDENT
from commands.services import CommandServices


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.INCIDENT,
        name="resolve",
        button="Resolve",
        summary="say that it is over; alerts that still fire are reminded of",
        example="/incident resolve INC-1 the disk is replaced",
        role=Role.OPERATOR,
        handler=partial(answer, services),
        arguments=(INCIDENT, Argument("reason", Kind.TEXT, required=False, help="what ended it")),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return what became of the incident."""
    change = await services.incidents.resolve(parsed.incident, parsed.actor, reason=parsed.text("reason"))
    return Reply(IncidentActed(change.state, change.outcome, "resolve"))
