"""`/ops run`: show one run (`RUN-3`), or ask for a runbook by its name; the form of the first word decides."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import RunDetail
from bot.domain.errors import UsageError
from bot.domain.ids import RunbookName, RunId, ServiceName
from bot.domain.rights import Role
from bot.services.requesting import Wish
from bot.verbs import Argument, Family, Kind, Parsed, Reply, Verb
from commands.arguments import BREAK_GLASS, PLATFORM, REASON
from commands.asking import thread_of
from commands.services import CommandServices

ASKING = ("service", "platform", "reason", "break-glass")


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.OPS,
        name="run",
        button="Show or ask",
        summary="show one run, or ask for a runbook by its name; its plan comes first, then the yes",
        example="/ops run recover-qdrant",
        role=Role.VIEWER,
        handler=partial(answer, services),
        arguments=(
            Argument("run", Kind.RUN, required=False, help="RUN-3: shows how it goes"),
            Argument("runbook", Kind.RUNBOOK, required=False, role=Role.OPERATOR, help="a runbook: asks for its plan"),
            Argument("service", Kind.SERVICE, required=False, help="the service, for a runbook that takes one"),
            PLATFORM,
            Argument("parameters", Kind.PARAMETERS, required=False, help="what else the runbook takes"),
        ),
        options=(REASON, BREAK_GLASS),
        either=("run", "runbook"),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return the run, or that a plan is coming."""
    if "run" in parsed.values:
        return await _show(services, parsed)
    wish = Wish(
        platform=parsed.platform,
        runbook=RunbookName(parsed.values["runbook"]),
        parameters=_parameters(services, parsed),
        incident=await thread_of(services, parsed),
        reason=parsed.text("reason"),
        break_glass="break-glass" in parsed.values,
    )
    return Reply(await services.requesting.ask(wish, parsed.actor))


async def _show(services: CommandServices, parsed: Parsed) -> Reply:
    run = await services.runs.get(RunId(parsed.values["run"]))
    if parsed.parameters or any(name in parsed.values for name in ASKING):
        raise UsageError(f"{run.name} is a run that is there already: nothing else can be said about it here")
    return Reply(RunDetail(run, services.now()), shareable=True)


def _parameters(services: CommandServices, parsed: Parsed) -> dict[str, str]:
    """Return the runbook's parameters: those named, and the service for the one that takes a service."""
    service = parsed.values.get("service")
    if service is None:
        return dict(parsed.parameters)
    book = services.platforms[parsed.platform].profile.runbooks[RunbookName(parsed.values["runbook"])]
    takes = next((it.name for it in book.parameters if it.kind == "service"), None)
    if takes is None:
        raise UsageError(f"{book.name} takes no service")
    return {takes: ServiceName(service), **parsed.parameters}
