"""Every answer of every verb, and every outcome of every act."""

from __future__ import annotations

from typing import get_args

import pytest

from bot.domain.answers import (
    Alerts,
    Answer,
    ApprovalActed,
    Approvals,
    AuditLine,
    AuditTrail,
    Can,
    Help,
    IncidentActed,
    IncidentDetail,
    Incidents,
    Menu,
    Move,
    PlanComing,
    PlatformLine,
    Platforms,
    Problem,
    RunActed,
    RunDetail,
    Runs,
    Said,
    ServiceStatus,
    Status,
    VerbHelp,
    WhoAmI,
)
from bot.domain.approvals import ApprovalOutcome, ApprovalState
from bot.domain.effects import TimelineEntry
from bot.domain.findings import Verdict
from bot.domain.ids import ServiceName, TeamId, UserId
from bot.domain.incidents import IncidentOutcome, IncidentState
from bot.domain.people import Actor
from bot.domain.rights import Need, Role, Severity
from bot.domain.runs import RunOutcome, RunState
from bot.messages.answers import RENDERERS, render_answer, with_share
from bot.messages.message import from_json, to_json, without_pings
from bot.messages.plain import to_plain
from tests.messages import builders as a
from tests.messages.hostile import HOSTILE
from tests.messages.slack_checks import buttons, calls, check, check_harmless, words_of

PEOPLE = frozenset({"<@U0ADA>", "<@U0BEN>", "<!subteam^S0SEARCH>"})


def every_answer(text: a.Text = a.friendly, many: int = 1) -> list[Answer]:
    """Return one answer of every kind."""
    actor = Actor(a.ADA, TeamId("T0SANDBOX"), roles=frozenset({Role.APPROVER}), owns=frozenset({a.SEARCH}))
    verb = VerbHelp(text("/ops restart <service>"), text("restart a service"), text("/ops restart qdrant"), True)
    refused = VerbHelp(text("/ops audit"), text("show the audit"), "", False)
    line = PlatformLine(a.SEARCH, text("Search"), "production", 5, (a.OWNERS,), 2, Severity.SEV1, 1)
    service = ServiceStatus(
        a.QDRANT, text("vectors"), True, (a.a_container(text=text),), (a.a_finding(text=text),), text("docker is away")
    )
    incident, approval, run = a.an_incident(text=text), a.an_approval(text=text), a.a_run(text=text)
    listed = a.a_listed_alert(text=text)
    entry = TimelineEntry(a.NOW, a.BEN, "acknowledged", text("on it"))
    audited = AuditLine(7, a.NOW, a.ADA, text("run.started"), text("INC-42"), {text("state"): text("x")}, True)
    return [
        Said(text("All is well."), text("/ops status")),
        Problem(text("No such service."), text("say one of qdrant"), (text("/ops restart qdrant"),), text("01KD")),
        Help((verb, refused) * many),
        Menu(text("What would you like?"), (Move(text("Show status"), text("/ops status"), text("how")),), "/ops help"),
        Platforms((line,) * many),
        Status(a.SEARCH, text("Search"), "production", a.NOW, (service,) * many, (incident,), (run,), (approval,)),
        Alerts(a.SEARCH, a.NOW, (listed,) * many, {listed.alert.fingerprint: "INC-42"}),
        Alerts(a.SEARCH, a.NOW, (), problem=text("Alertmanager does not answer")),
        Approvals((approval,) * many, a.NOW),
        Runs((run,) * many, a.NOW),
        RunDetail(run, a.NOW),
        WhoAmI(actor, (a.OWNERS,) * many, a.NOW, text("groups are not known")),
        Can(a.BEN, text("restart qdrant"), False, text("no role"), Need.ONE, Role.OPERATOR, (a.OWNERS, "*") * many),
        AuditTrail((audited,) * many),
        Incidents((incident,) * many, a.NOW, text("Open incidents")),
        IncidentDetail(incident, (entry,) * many, a.NOW),
        IncidentActed(incident, IncidentOutcome.DONE, "ack"),
        ApprovalActed(approval, ApprovalOutcome.NOT_ALLOWED, (a.OWNERS,) * many),
        RunActed(run, RunOutcome.FLAGGED, "cancel"),
        PlanComing(text("Restart qdrant"), a.SEARCH, "in this thread", already=True),
    ]


def test_every_member_of_the_union_is_rendered_and_tested() -> None:
    assert set(RENDERERS) == set(get_args(Answer)) == {type(answer) for answer in every_answer()}


def test_slack_takes_every_answer_shared_or_not() -> None:
    for answer in every_answer():
        message = render_answer(answer)
        check(message)
        check(with_share(message, "01KDXA0000000000000000000F"))


@pytest.mark.parametrize("many", [0, 300])
def test_no_list_is_too_short_or_too_long(many: int) -> None:
    for answer in every_answer(many=many):
        check(with_share(render_answer(answer), "01KDXA0000000000000000000F"))


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_in_an_answer_does_harm(hostile: str) -> None:
    for answer in every_answer(lambda _: hostile):
        message = render_answer(answer)
        check(message)
        check_harmless(message, calling=PEOPLE)


def test_an_answer_survives_being_kept() -> None:
    for answer in every_answer():
        message = render_answer(answer)
        assert from_json(to_json(message)) == message


@pytest.mark.parametrize("text", ["", "[]", '{"text": 1}', '{"text": "x"}', '{"text": "x", "blocks": [1]}'])
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_json(text)


def test_an_answer_said_to_everybody_calls_nobody() -> None:
    for answer in every_answer():
        assert calls(without_pings(render_answer(answer))) == []


def test_the_share_button_names_what_is_kept() -> None:
    message = with_share(render_answer(Said("All is well.")), "01KD")
    assert buttons(message) == [("reply.share", "Share here")]


def test_words_keep_their_lines_and_name_the_next_command() -> None:
    assert to_plain(render_answer(Said("One.\nTwo.", "/ops status"))) == "One.\nTwo.\nNext: /ops status"


def test_a_problem_offers_what_was_probably_meant() -> None:
    problem = Problem("No service quadrant.", nearest=("/ops restart qdrant", "/ops restart mcp"), token="01KD")
    assert to_plain(render_answer(problem)) == (
        "No service quadrant.\n"
        "Did you mean…\n"
        "    /ops restart qdrant\n"
        "    /ops restart mcp\n"
        "If it happens again, look for 01KD in the log."
    )


def test_help_says_what_is_allowed_first() -> None:
    verbs = (
        VerbHelp("/ops status", "how it stands", "/ops status search-prod", True),
        VerbHelp("/ops audit", "the audit", "", False),
    )
    assert to_plain(render_answer(Help(verbs))) == (
        "What you can ask\n/ops status how it stands, for example /ops status search-prod\n"
        "Not with your roles\n🔒 /ops audit"
    )


def test_audit_mentions_people_and_keeps_ids_at_the_terminal_and_where_it_is_shared() -> None:
    trail = AuditTrail(
        tuple(AuditLine(n, a.NOW, who, "x", "y", {}, True) for n, who in enumerate([a.BEN, "watchkeeper"]))
    )
    message = render_answer(trail)
    mention = {"type": "user", "user_id": str(a.BEN)}
    assert str(mention) in str(message.blocks)
    assert all(str(who) in to_plain(message) for who in (a.BEN, "watchkeeper"))
    shared = without_pings(message)
    check(shared)
    assert "user_id" not in str(shared.blocks)
    assert to_plain(shared) == to_plain(message)


def test_status_shows_what_is_wrong_first() -> None:
    well = ServiceStatus(a.QDRANT, "vectors", False, (), (a.a_finding(Verdict.OK),))
    bad = ServiceStatus(ServiceName("mcp"), "server", True, (), (a.a_finding(Verdict.CRITICAL),))
    message = render_answer(Status(a.SEARCH, "Search", "production", a.NOW, (well, bad)))
    assert to_plain(message) == (
        "Search (production): 1 of 2 services needs a look\n"
        "🔴 mcp (critical) · server\n"
        "🔴 qdrant readyz: HTTP 503 in 12 ms → restart it\n"
        "✅ qdrant\n"
        "as of 03:12:05 UTC"
    )


def test_a_service_of_which_nothing_is_known_is_never_well() -> None:
    service = ServiceStatus(a.QDRANT, "vectors", False, (), ())
    message = render_answer(Status(a.SEARCH, "Search", "production", a.NOW, (service,)))
    assert "❔ *qdrant*" in words_of(message)


def test_the_audit_is_a_table_of_exact_ids() -> None:
    facts = {"state": "running"}
    lines = tuple(AuditLine(seq, a.NOW, a.ADA, "run.started", "RUN-12", facts, seq < 8) for seq in (8, 7))
    message = render_answer(AuditTrail(lines))
    assert to_plain(message) == (
        "The newest 2 entries of the audit.\n"
        "seq       UTC             who    did          to      with\n"
        "8 (open)  01-02 03:12:05  U0ADA  run.started  RUN-12  state=running\n"
        "7         01-02 03:12:05  U0ADA  run.started  RUN-12  state=running\n"
        "1 not sealed yet"
    )
    assert calls(message) == []


def test_lists_are_read_out_whole() -> None:
    message = render_answer(Incidents((a.an_incident(IncidentState.MITIGATED),), a.NOW))
    assert message.text.startswith(
        "Open incidents: 1. 🩹 INC-42 sev1 · Qdrant does not answer · search-prod/qdrant · mitigated, <@U0ADA> has it"
    )


@pytest.mark.parametrize("outcome", IncidentOutcome)
@pytest.mark.parametrize(
    "act", ["ack", "take", "resolve", "reopen", "mitigate", "note", "severity", "merge", "declare", "something"]
)
def test_every_act_on_an_incident_is_answered(outcome: IncidentOutcome, act: str) -> None:
    message = render_answer(IncidentActed(a.an_incident(), outcome, act))
    check(message)
    assert message.text.endswith(".")
    assert "INC-42" in message.text


@pytest.mark.parametrize("outcome", ApprovalOutcome)
@pytest.mark.parametrize("state", ApprovalState)
def test_every_vote_is_answered(outcome: ApprovalOutcome, state: ApprovalState) -> None:
    message = render_answer(ApprovalActed(a.an_approval(state), outcome))
    check(message)
    assert "{" not in message.text


def test_a_refused_vote_names_who_can() -> None:
    message = render_answer(ApprovalActed(a.an_approval(), ApprovalOutcome.NOT_ALLOWED, (a.OWNERS, UserId("U0BEN"))))
    assert message.text == "You may not decide on APR-7. <!subteam^S0SEARCH>, <@U0BEN> can."


@pytest.mark.parametrize("outcome", RunOutcome)
@pytest.mark.parametrize("act", ["cancel", "pause", "unpause", "mark_done", "give_up", "something"])
@pytest.mark.parametrize("state", RunState)
def test_every_act_on_a_run_is_answered(outcome: RunOutcome, act: str, state: RunState) -> None:
    message = render_answer(RunActed(a.a_run(state), outcome, act))
    check(message)
    assert "RUN-12" in message.text


@pytest.mark.parametrize(
    ("state", "act", "said"),
    [
        (RunState.CANCELLED, "cancel", "RUN-12 is called off."),
        (RunState.DONE, "cancel", "RUN-12 is over: it is done."),
        (RunState.DONE, "mark_done", "The step counts as done; RUN-12 is done."),
        (RunState.FAILED, "give_up", "RUN-12 ends here as failed."),
        (RunState.DONE, "pause", "RUN-12 is over: it is done."),
    ],
)
def test_a_run_that_is_over_is_told_as_it_ended(state: RunState, act: str, said: str) -> None:
    assert render_answer(RunActed(a.a_run(state), RunOutcome.FINISHED, act)).text == said


def test_a_command_that_its_button_cannot_show_whole_stands_above_it() -> None:
    long = f'/ops restart --reason "{"Ben, press this to see how search is doing " * 3}" qdrant --break-glass yes'
    message = render_answer(Problem("“restrat” is nothing that can be asked.", nearest=(long, "/ops restart mcp")))
    assert long in words_of(message)
    assert words_of(message).count("/ops restart mcp") == 1
