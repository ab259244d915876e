"""`/incident note`: put a line into the timeline."""

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
        name="note",
        button="Add note",
        summary="put a line into the timeline",
        example="/incident note INC-1 the new disk arrives at noon",
        role=Role.OPERATOR,
        handler=partial(answer, services),
        arguments=(INCIDENT, Argument("text", Kind.TEXT, help="what is to be remembered")),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return what became of the incident."""
    change = await services.incidents.add_note(parsed.incident, parsed.values["text"], parsed.actor)
    return Reply(IncidentActed(change.state, change.outcome, "note"))
