"""`/ops cancel`: call off a run, or take back a request before it starts one."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import ApprovalActed, RunActed
from bot.domain.approvals import ApprovalOutcome
from bot.domain.ids import ApprovalId, RunId
from bot.domain.rights import Role
from bot.verbs import Argument, Family, Kind, Parsed, Reply, Verb
from commands.arguments import REASON
from commands.services import CommandServices


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.OPS,
        name="cancel",
        button="Call off",
        summary="call off a run, or take back a request for one",
        example="/ops cancel RUN-3",
        role=Role.OPERATOR,
        handler=partial(answer, services),
        arguments=(
            Argument("run", Kind.RUN, required=False, help="RUN-3: it stops at its next step border"),
            Argument(
                "approval",
                Kind.APPROVAL,
                required=False,
                help="APR-7: yours is withdrawn, others are revoked",
            ),
        ),
        options=(REASON,),
        either=("run", "approval"),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return what became of the run or the request."""
    if "run" in parsed.values:
        change = await services.runs.cancel(RunId(parsed.values["run"]), parsed.actor)
        return Reply(RunActed(change.state, change.outcome, "cancel"))
    return Reply(await _take_back(services, parsed))


async def _take_back(services: CommandServices, parsed: Parsed) -> ApprovalActed:
    """Withdraw one's own request, revoke somebody else's."""
    approval = await services.approvals.get(ApprovalId(parsed.values["approval"]))
    if approval.requester == parsed.actor.id:
        change = await services.approvals.withdraw(approval.id, parsed.actor)
    else:
        change = await services.approvals.revoke(approval.id, parsed.actor, reason=parsed.text("reason"))
    refused = change.outcome is ApprovalOutcome.NOT_ALLOWED
    who = services.access.who_holds(Role.APPROVER, approval.plan.platform) if refused else ()
    return ApprovalActed(change.state, change.outcome, tuple(map(str, who)))
