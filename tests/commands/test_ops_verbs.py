"""What each verb of `/ops` answers."""

from __future__ import annotations

import pytest

from bot.domain.answers import (
    Alerts,
    ApprovalActed,
    Approvals,
    AuditTrail,
    Can,
    Help,
    Menu,
    PlanComing,
    Platforms,
    RunActed,
    RunDetail,
    Runs,
    Said,
    Status,
    WhoAmI,
)
from bot.domain.approvals import ApprovalOutcome
from bot.domain.rights import Need, Role
from bot.domain.runs import RunOutcome, RunState
from tests.commands.desk import Desk
from tests.stand_ins.people import ADMIN, APPROVER, OPERATOR, OWNER, STRANGER, VIEWER, actor


async def test_platforms_lists_what_is_open_on_them(two: Desk) -> None:
    await two.declared()
    lines = (await two.ask("platforms", Platforms)).platforms
    assert [(it.name, it.services, it.open_incidents, it.worst) for it in lines] == [
        ("search-prod", 2, 1, "sev3"),
        ("search-staging", 2, 0, None),
    ]
    assert lines[1].owners == (OWNER,)


async def test_status_shows_all_services_of_the_only_platform(desk: Desk) -> None:
    status = await desk.ask("status", Status)
    assert [it.service for it in status.services] == ["qdrant", "web"]


async def test_status_shows_one_service(desk: Desk) -> None:
    status = await desk.ask("status Qdrant", Status)
    assert [it.service for it in status.services] == ["qdrant"]


async def test_status_takes_a_platform_where_a_service_may_stand(two: Desk) -> None:
    assert (await two.ask("status search-staging", Status)).platform == "search-staging"


async def test_what_is_told_of_platforms_can_be_shared_and_what_is_told_of_people_cannot(desk: Desk) -> None:
    assert (await desk.reply("status")).shareable
    assert not (await desk.reply("whoami")).shareable
    assert not (await desk.reply("nonsense")).shareable


async def test_restart_asks_for_a_plan(desk: Desk) -> None:
    coming = await desk.ask("restart qdrant --reason it hangs since three", PlanComing)
    (request,) = await desk.requests.waiting(10)
    assert (coming.title, coming.where) == ("Restart qdrant", "in the approvals channel")
    assert (request.runbook, request.parameters) == ("restart-service", {"service": "qdrant"})
    assert (request.reason, request.break_glass) == ("it hangs since three", False)


async def test_restart_in_an_emergency_says_so(desk: Desk) -> None:
    await desk.ask("restart qdrant --break-glass yes --reason the whole search is down", PlanComing, by=actor(ADMIN))
    (request,) = await desk.requests.waiting(10)
    assert (request.break_glass, request.reason) == (True, "the whole search is down")


async def test_run_with_a_number_shows_the_run(desk: Desk) -> None:
    run = await desk.running()
    assert (await desk.ask("run RUN-1", RunDetail, by=actor(VIEWER))).run.id == run.id
    assert (await desk.ask("run 1", RunDetail)).run.id == run.id


async def test_run_with_a_name_asks_for_the_runbook(desk: Desk) -> None:
    await desk.ask("run recover-qdrant", PlanComing)
    (request,) = await desk.requests.waiting(10)
    assert (request.runbook, request.parameters) == ("recover-qdrant", {})


@pytest.mark.parametrize("command", ["run restart-service service=web", "run restart-service web"])
async def test_run_takes_parameters_by_name_and_the_service_without(desk: Desk, command: str) -> None:
    await desk.ask(command, PlanComing)
    (request,) = await desk.requests.waiting(10)
    assert request.parameters == {"service": "web"}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("run restart-service", "needs service"),
        ("run restart-service colour=red", "takes no colour"),
        ("run recover-qdrant web", "takes no service"),
        ("run", "needs a run such as RUN-3 or a runbook"),
    ],
)
async def test_run_says_what_is_wrong_with_its_parameters(desk: Desk, command: str, said: str) -> None:
    assert said in (await desk.problem(command)).text


async def test_run_with_a_number_takes_nothing_else(desk: Desk) -> None:
    await desk.running()
    assert "RUN-1" in (await desk.problem("run RUN-1 --reason because")).text


async def test_approvals_and_runs_are_listed(two: Desk) -> None:
    asked = await two.pending("restart web")
    assert [it.id for it in (await two.ask("approvals", Approvals)).approvals] == [asked.id]
    assert (await two.ask("approvals search-staging", Approvals)).approvals == ()
    assert (await two.ask("runs", Runs)).runs == ()


async def test_runs_are_listed_by_platform(desk: Desk) -> None:
    run = await desk.running()
    assert [it.id for it in (await desk.ask("runs search-prod", Runs)).runs] == [run.id]


async def test_cancel_calls_off_a_run(desk: Desk) -> None:
    await desk.running()
    acted = await desk.ask("cancel RUN-1", RunActed)
    assert (acted.outcome, acted.run.state, acted.act) == (RunOutcome.FINISHED, RunState.CANCELLED, "cancel")


async def test_cancel_withdraws_one_s_own_request(desk: Desk) -> None:
    await desk.pending()
    assert (await desk.ask("cancel apr-1", ApprovalActed)).outcome is ApprovalOutcome.WITHDRAWN


async def test_cancel_revokes_the_request_of_somebody_else(desk: Desk) -> None:
    await desk.pending()
    acted = await desk.ask("cancel APR-1 --reason not now", ApprovalActed, by=actor(APPROVER))
    assert (acted.outcome, acted.approval.reason) == (ApprovalOutcome.REVOKED, "not now")


async def test_who_may_not_revoke_is_told_who_can(desk: Desk) -> None:
    await desk.pending(by=APPROVER)
    acted = await desk.ask("cancel APR-1", ApprovalActed)
    assert acted.outcome is ApprovalOutcome.NOT_ALLOWED
    assert set(acted.who_can) == {ADMIN, APPROVER, OWNER}


async def test_cancel_wants_to_know_what_a_bare_number_counts(desk: Desk) -> None:
    await desk.running()
    problem = await desk.problem("cancel 1")
    assert problem.nearest == ("/ops cancel RUN-1", "/ops cancel APR-1")


async def test_a_run_is_paused_and_goes_on(desk: Desk) -> None:
    await desk.running()
    assert (await desk.ask("pause RUN-1", RunActed)).outcome is RunOutcome.FLAGGED
    resumed = await desk.ask("resume RUN-1", RunActed)
    assert (resumed.outcome, resumed.act) == (RunOutcome.CHANGED, "unpause")


async def test_alerts_lists_what_alertmanager_holds(desk: Desk) -> None:
    assert (await desk.ask("alerts", Alerts)).platform == "search-prod"


async def test_whoami_says_what_is_known(desk: Desk) -> None:
    assert (await desk.ask("whoami", WhoAmI, by=actor(VIEWER))).actor.id == VIEWER


async def test_audit_shows_the_newest_entries_to_admins(desk: Desk) -> None:
    await desk.declared()
    await desk.seal()
    await desk.declared(title="another one")
    lines = (await desk.ask("audit 2", AuditTrail, by=actor(ADMIN))).lines
    assert [(it.action, it.sealed) for it in lines] == [("incident.declared", False), ("incident.declared", True)]
    assert "1 to 100" in (await desk.problem("audit 0", by=actor(ADMIN))).text


async def test_unfreeze_takes_a_reason(desk: Desk) -> None:
    assert "--reason" in (await desk.problem("unfreeze", by=actor(ADMIN))).text
    said = await desk.ask("unfreeze --reason restored from the copy of 3:00", Said, by=actor(ADMIN))
    assert "the store was emptied" in said.text
    assert desk.unfrozen == [(ADMIN, "restored from the copy of 3:00")]


async def test_can_says_why_not_and_who_else(desk: Desk) -> None:
    can = await desk.ask("can restart qdrant", Can, by=actor(VIEWER))
    assert (can.allowed, can.needs_role, can.need) == (False, Role.OPERATOR, Need.ONE)
    assert {OPERATOR, OWNER} <= set(can.who_can)
    assert await desk.requests.waiting(10) == []


async def test_can_tells_of_somebody_else(desk: Desk) -> None:
    assert (await desk.ask(f"can restart qdrant <@{OPERATOR}|ben>", Can, by=actor(VIEWER))).allowed
    assert (await desk.ask(f"can @{OWNER} restart qdrant", Can, by=actor(VIEWER))).allowed
    assert not (await desk.ask(f"can <@{STRANGER}> status", Can)).allowed


async def test_can_takes_an_incident_verb_and_a_verb_alone(desk: Desk) -> None:
    assert (await desk.ask("can incident ack", Can)).allowed
    assert not (await desk.ask("can audit", Can)).allowed


async def test_can_tells_the_forms_of_a_verb_apart(desk: Desk) -> None:
    viewer = actor(VIEWER)
    assert not (await desk.ask("can run recover-qdrant", Can, by=viewer)).allowed
    assert (await desk.ask("can run", Can, by=viewer)).allowed
    assert not (await desk.ask("can restart qdrant --break-glass", Can)).allowed


async def test_can_corrects_what_cannot_be_read(desk: Desk) -> None:
    assert (await desk.problem("can restrt qdrant")).nearest == ("/ops can restart qdrant",)
    assert (await desk.problem("can restart qdrnt")).nearest == ("/ops can restart qdrant",)
    assert "list that the chat offers" in (await desk.problem("can restart qdrant @ben")).text


@pytest.mark.parametrize("command", ["", "  ", "/ops"])
async def test_nothing_asked_is_a_call_for_the_menu(desk: Desk, command: str) -> None:
    menu = await desk.ask(command, Menu)
    assert [it.command for it in menu.moves] == ["/ops status", "/ops restart", "/ops approvals", "/ops runs"]
    assert menu.more == "/ops help"


async def test_the_menu_offers_what_the_person_may_ask(desk: Desk) -> None:
    menu = await desk.ask("/incident", Menu, by=actor(VIEWER))
    assert [it.command for it in menu.moves] == ["/incident list"]


@pytest.mark.parametrize("command", ["help", "ops help"])
async def test_help_lists_everything(desk: Desk, command: str) -> None:
    verbs = (await desk.ask(command, Help)).verbs
    assert "/ops status [service] [platform]" in [it.usage for it in verbs]
    assert verbs[-1].usage == "/incident help"


async def test_help_marks_what_the_person_may_not_run(desk: Desk) -> None:
    verbs = {it.usage.split()[1]: it.allowed for it in (await desk.ask("help", Help, by=actor(VIEWER))).verbs[:-1]}
    assert (verbs["status"], verbs["restart"], verbs["audit"]) == (True, False, False)


async def test_help_of_a_verb_shows_its_arguments(desk: Desk) -> None:
    about = await desk.ask("help restart", Help)
    assert [it.usage for it in about.verbs] == [
        "/ops restart <service> [platform] [--reason text] [--break-glass yes]",
        "service",
        "platform",
        "--reason",
        "--break-glass",
    ]
    assert all(it.summary for it in about.verbs)


async def test_help_shows_both_forms_of_run(desk: Desk) -> None:
    usage = (await desk.ask("help run", Help)).verbs[0].usage
    assert usage.startswith("/ops run <run | runbook> [service] [platform] [name=value …]")


async def test_help_of_an_unknown_verb_names_the_nearest(desk: Desk) -> None:
    assert (await desk.problem("help restrt")).nearest[0] == "/ops help restart"
