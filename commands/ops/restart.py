"""`/ops restart`: ask for the runbook that restarts one service; nothing happens until its plan is approved."""

from __future__ import annotations

from functools import partial

from bot.domain.ids import RunbookName
from bot.domain.rights import Role
from bot.services.requesting import Wish
from bot.verbs import Argument, Family, Kind, Parsed, Reply, Verb
from commands.arguments import BREAK_GLASS, PLATFORM, REASON
from commands.asking import thread_of
from commands.services import CommandServices

NAME = "restart"
RUNBOOK = RunbookName("restart-service")


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.OPS,
        name=NAME,
        button="Ask for restart",
        summary="ask for a service to be restarted; the plan comes first, then the yes",
        example="/ops restart qdrant --reason it hangs since 3:12",
        role=Role.OPERATOR,
        handler=partial(answer, services),
        arguments=(Argument("service", Kind.SERVICE, help="what to restart"), PLATFORM),
        options=(REASON, BREAK_GLASS),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return that the plan is coming."""
    wish = Wish(
        platform=parsed.platform,
        runbook=RUNBOOK,
        parameters={"service": parsed.values["service"]},
        incident=await thread_of(services, parsed),
        reason=parsed.text("reason"),
        break_glass="break-glass" in parsed.values,
    )
    return Reply(await services.requesting.ask(wish, parsed.actor))
