"""`/incident sev`: give an incident another severity."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import IncidentActed
from bot.domain.rights import Role, Severity
from bot.verbs import Argument, Family, Kind, Parsed, Reply, Verb
from commands.arguments import INCIDENT
from commands.services import CommandServices


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.INCIDENT,
        name="sev",
        button="Change severity",
        summary="give an incident another severity; sev1 is worst",
        example="/incident sev sev2 INC-1",
        role=Role.OPERATOR,
        handler=partial(answer, services),
        arguments=(Argument("severity", Kind.SEVERITY, help="sev1 (worst) to sev4"), INCIDENT),
        aliases=("severity",),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return what became of the incident."""
    change = await services.incidents.change_severity(
        parsed.incident, Severity(parsed.values["severity"]), parsed.actor
    )
    return Reply(IncidentActed(change.state, change.outcome, "sev"))
