"""`/ops pause`: let a run stop at its next step border, to go on later."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import RunActed
from bot.domain.ids import RunId
from bot.domain.rights import Role
from bot.verbs import Argument, Family, Kind, Parsed, Reply, Verb
from commands.services import CommandServices


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.OPS,
        name="pause",
        button="Pause run",
        summary="let a run stop at its next step border, to go on later",
        example="/ops pause RUN-3",
        role=Role.OPERATOR,
        handler=partial(answer, services),
        arguments=(Argument("run", Kind.RUN, help="RUN-3"),),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return what became of the run that is to stop at its next step border."""
    change = await services.runs.pause(RunId(parsed.values["run"]), parsed.actor)
    return Reply(RunActed(change.state, change.outcome, "pause"))
