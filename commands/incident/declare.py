"""`/incident declare`: open an incident that no alert has found. It never resolves by itself."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import IncidentActed
from bot.domain.errors import UsageError
from bot.domain.ids import ServiceName
from bot.domain.rights import Role, Severity
from bot.ports.incidents import Declaration
from bot.verbs import Argument, Family, Kind, Parsed, Reply, Verb
from commands.arguments import PLATFORM
from commands.services import CommandServices

LONGEST_TITLE = 200
DEFAULT_SEVERITY = Severity.SEV3


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.INCIDENT,
        name="declare",
        button="Declare",
        summary="open an incident that no alert has found",
        example="/incident declare search answers slowly --severity sev2 --service qdrant",
        role=Role.OPERATOR,
        handler=partial(answer, services),
        arguments=(PLATFORM, Argument("title", Kind.TEXT, help="what is wrong, in a line")),
        options=(
            Argument("severity", Kind.SEVERITY, required=False, help=f"{DEFAULT_SEVERITY} when left out"),
            Argument("service", Kind.SERVICE, required=False, help="the service it is about"),
        ),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return the incident."""
    title = " ".join(parsed.values["title"].split())
    if len(title) > LONGEST_TITLE:
        raise UsageError(f"the title has {len(title)} characters, {LONGEST_TITLE} at most; `note` takes the rest")
    service = ServiceName(parsed.values["service"]) if "service" in parsed.values else None
    severity = Severity(parsed.values.get("severity", DEFAULT_SEVERITY))
    classification = services.catalogue.declared(parsed.platform, service, severity)
    change = await services.incidents.declare(Declaration(parsed.platform, title, classification), parsed.actor)
    return Reply(IncidentActed(change.state, change.outcome, "declare"))
