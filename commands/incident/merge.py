"""`/incident merge`: close one incident in favour of another, which takes over its alerts."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import IncidentActed
from bot.domain.errors import UsageError
from bot.domain.ids import IncidentId
from bot.domain.rights import Role
from bot.verbs import Argument, Family, Kind, Parsed, Reply, Verb
from commands.arguments import INCIDENT
from commands.services import CommandServices


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.INCIDENT,
        name="merge",
        button="Merge",
        summary="close one incident in favour of another, which takes over its alerts",
        example="/incident merge INC-2 into INC-1",
        role=Role.OPERATOR,
        handler=partial(answer, services),
        arguments=(
            INCIDENT,
            Argument(
                "into", Kind.INCIDENT, announced=True, help="the one that goes on; in its thread it goes without saying"
            ),
        ),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return what became of the incident that is to be closed."""
    into = IncidentId(parsed.values["into"])
    if into == parsed.incident:
        raise UsageError("an incident cannot be merged into itself: say which other one is meant")
    if len(parsed.platforms) > 1:
        raise UsageError(
            f"they belong to {' and '.join(sorted(parsed.platforms))}: only incidents of one platform merge"
        )
    change = await services.incidents.merge(parsed.incident, into, parsed.actor)
    return Reply(IncidentActed(change.state, change.outcome, "merge"))
