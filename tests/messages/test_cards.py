"""Every card in every state: taken by Slack, harmless, and saying what a person needs at 3 a.m."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.approvals import ApprovalState
from bot.domain.cards import ApprovalCard, CardView, IncidentCard
from bot.domain.containers import ContainerStatus, LogLine
from bot.domain.evidence import Evidence, ServiceLog, Source
from bot.domain.findings import Finding, MetricSample, Verdict
from bot.domain.ids import UserId
from bot.domain.incidents import IncidentState
from bot.domain.profiles import Metric
from bot.domain.rights import Need, Risk
from bot.domain.runs import RunState, StepRecord
from bot.messages import words
from bot.messages.cards import render_card
from bot.messages.evidence_card import container_words
from bot.messages.incident_card import menu_choice
from bot.messages.plain import to_plain
from tests.messages import builders as a
from tests.messages.hostile import HOSTILE
from tests.messages.slack_checks import buttons, calls, check, check_harmless, words_of

PEOPLE = frozenset({"<@U0ADA>", "<@U0BEN>"})


def every_card(text: a.Text = a.friendly) -> list[CardView]:
    """Return a card of every kind in every state."""
    incidents: list[CardView] = [a.an_incident_card(state, text=text) for state in IncidentState]
    evidence: list[CardView] = [a.an_evidence_card(text=text, logs_shown=shown) for shown in (True, False)]
    approvals: list[CardView] = [
        a.an_approval_card(a.an_approval(state, text=text, need=need, risk=risk))
        for state in ApprovalState
        for need, risk in ((Need.NONE, Risk.READ), (Need.CONFIRM, Risk.CHANGE), (Need.ONE, Risk.DISRUPTIVE))
    ]
    approvals += [
        a.an_approval_card(a.an_approval(state, text=text, need=Need.TWO, risk=Risk.DESTRUCTIVE, emergency=emergency))
        for state in ApprovalState
        for emergency in (True, False)
    ]
    runs: list[CardView] = [a.a_run_card(a.a_run(state, text=text)) for state in RunState]
    return [*incidents, *evidence, *approvals, *runs]


def test_slack_takes_every_card_in_every_state() -> None:
    for view in every_card():
        check(render_card(view))


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_on_a_card_does_harm(hostile: str) -> None:
    for view in every_card(lambda _: hostile):
        message = render_card(view)
        check(message)
        links = {form for form in calls(message) if form.startswith("<http")}
        check_harmless(message, calling=PEOPLE | links)


def test_fallback_texts_are_sentences() -> None:
    for view in every_card():
        assert render_card(view).text[-1] in ".!?…"


def test_an_open_incident_reads_as_a_whole() -> None:
    message = render_card(a.an_incident_card(offers=1))
    assert message.colour == "#a30200"
    assert message.text == ("sev1 INC-42: Qdrant does not answer on search-prod. 2 alerts firing. Nobody has it yet.")
    assert to_plain(message) == (
        "🔥 INC-42 · sev1 · Qdrant does not answer\n"
        "Status: Open since 2026-01-02 03:00 UTC\n"
        "Severity: 🔴 sev1: users cannot work\n"
        "Where: qdrant on search-prod (production)\n"
        "Assignee: nobody yet\n"
        "2 alerts firing\n"
        "• QdrantDown · qdrant-2:6333 · value 0 · began 2026-01-02 02:58 UTC\n"
        "• QdrantDown · qdrant-1:6333 · value 0 · began 2026-01-02 02:58 UTC\n"
        "Under way\n"
        "• 1 request waits for a yes\n"
        "• RUN-3: step 1 of 4, Restart qdrant\n"
        "Links: Runbook (https://guides.example.com/qdrant) · Dashboard (https://grafana.example.com/d/1?a=b&c=d)"
        " · Alert's expression (https://prometheus.example.com/graph?g0.expr=up)\n"
        "Opened by alert source 2026-01-02 03:00 UTC · as of 03:12:05 UTC"
    )


@pytest.mark.parametrize(
    ("state", "offers", "expected"),
    [
        (
            IncidentState.OPEN,
            3,
            ["incident.ack", "runbook.ask.1", "runbook.ask.2", "incident.resolve", "incident.more"],
        ),
        (IncidentState.ACKNOWLEDGED, 1, ["runbook.ask.1", "incident.ack", "incident.resolve", "incident.more"]),
        (
            IncidentState.ACKNOWLEDGED,
            0,
            ["incident.mitigate", "incident.ack", "incident.resolve", "incident.more"],
        ),
        (IncidentState.MITIGATED, 1, ["incident.resolve", "runbook.ask.1", "incident.more"]),
        (IncidentState.RESOLVED, 1, ["incident.reopen", "incident.more"]),
        (IncidentState.MERGED, 1, ["incident.more"]),
    ],
)
def test_an_incident_offers_what_fits_its_state(state: IncidentState, offers: int, expected: list[str]) -> None:
    message = render_card(a.an_incident_card(state, offers=offers))
    assert [action for action, _ in buttons(message)] == expected


def test_no_card_has_more_than_five_buttons_or_two_next_steps() -> None:
    for view in every_card():
        elements = [
            element
            for block in render_card(view).blocks
            if block["type"] == "actions"
            for element in block["elements"]  # type: ignore[attr-defined]  # blocks are plain dicts
        ]
        assert len(elements) <= 5
        assert sum(element.get("style") == "primary" for element in elements) <= 1


def test_an_offer_carries_incident_and_runbook_and_further_offers_are_named() -> None:
    message = render_card(a.an_incident_card(offers=3))
    block = message.blocks[-1]
    assert block["elements"][1]["value"] == f"{a.INCIDENT} recover-0"  # type: ignore[index]  # plain dicts
    assert "Also fits: Restart qdrant 2…" in words_of(message)


def test_the_menu_names_incident_and_choice() -> None:
    assert menu_choice(f"{a.INCIDENT} note") == (a.INCIDENT, "note")


def test_a_resolved_incident_keeps_what_fired_and_how_long_it_took() -> None:
    message = render_card(a.an_incident_card(IncidentState.RESOLVED))
    said = to_plain(message)
    assert message.colour == "#2eb886"
    assert "Status: Resolved by alert source after 12 min" in said
    assert "What fired\n• QdrantDown · qdrant-2:6333 · value 0 · fired for 12 min" in said


def test_a_resolved_incident_names_the_person_who_resolved_it() -> None:
    incident = replace(a.an_incident(IncidentState.RESOLVED), resolved_by=a.BEN)
    view = replace(a.an_incident_card(IncidentState.RESOLVED), incident=incident)
    assert "Resolved by <@U0BEN> after 12 min" in words_of(render_card(view))


def test_a_merged_incident_points_to_the_other() -> None:
    assert "Merged into INC-7" in words_of(render_card(a.an_incident_card(IncidentState.MERGED)))


def test_three_hundred_members_fit_and_are_counted() -> None:
    view = a.an_incident_card(alerts=300)
    view = replace(view, incident=replace(view.incident, truncated=40, reopened=2))
    message = render_card(view)
    check(message)
    said = words_of(message)
    assert "300 alerts firing" in said
    assert "and 295 more" in said
    assert "_Alertmanager cut 40 more alerts from its message._" in said
    assert "re-opened 2 times" in said
    assert "in all" not in said  # all of them fire, as the heading says already


def test_resolving_while_alerts_fire_says_so_first() -> None:
    message = render_card(a.an_incident_card(alerts=1))
    resolve = message.blocks[-1]["elements"][3]  # type: ignore[index]  # plain dicts
    assert resolve["confirm"]["title"]["text"] == "Resolve INC-42?"
    assert resolve["confirm"]["text"]["text"].startswith("1 alert still firing: a reminder follows after 15 minutes")


def test_addresses_that_are_no_web_pages_are_not_linked() -> None:
    message = render_card(a.an_incident_card())
    assert "javascript" not in words_of(message)


def test_first_evidence_reads_as_a_whole() -> None:
    message = render_card(a.an_evidence_card())
    assert message.text == "First look at INC-42: readyz of qdrant: HTTP 503 in 12 ms."
    assert to_plain(message) == (
        "🔎 First look at INC-42 · search-prod: qdrant\n"
        "Values when it fired → now\n"
        "• qdrant_up: 1 → no data (no series)\n"
        "Probes\n"
        "🔴 qdrant readyz: HTTP 503 in 12 ms → restart it\n"
        "⚠️ qdrant readyz: HTTP 503 in 12 ms → restart it\n"
        "❔ qdrant readyz: HTTP 503 in 12 ms → restart it\n"
        "✅ qdrant readyz: HTTP 503 in 12 ms → restart it\n"
        "Containers\n"
        "✅ wqm-qdrant-1: running for 3 min, restarted 2 times, last exit code 137 (killed)\n"
        "Log of qdrant: 1 error line in the last 500 lines, times in UTC\n"
        "    03:10:05 panicked at segment.rs: no space left on device\n"
        "Recent runs\n"
        "• RUN-2 restarted qdrant, done, 3 days ago\n"
        "Links: Runbook (https://guides.example.com/qdrant)\n"
        "Not known\n"
        "❔ recent runs: Prometheus: no answer in 3 s\n"
        "still asking: links · as of 03:12:05 UTC"
    )


def test_log_text_stays_out_of_a_channel_that_may_not_show_it() -> None:
    said = words_of(render_card(a.an_evidence_card(logs_shown=False)))
    assert "panicked" not in said
    assert "1 error line in the last 500 lines; this channel does not show log text" in said


def test_evidence_without_an_answer_yet_says_what_is_asked() -> None:
    view = a.an_evidence_card()
    asking = Evidence(view.evidence.incident, a.SEARCH, (a.QDRANT,), a.NOW, waiting=tuple(Source))
    message = render_card(replace(view, evidence=asking))
    check(message)
    assert message.text == "First look at INC-42: sources are still being asked."
    assert "still asking: metric values, probes, containers, logs, recent runs, links" in words_of(message)


def a_sample(name: str, value: float | None, *, why: str | None = None, **labels: str) -> MetricSample:
    return MetricSample(name, tuple(sorted(labels.items())), value, "percent", a.NOW, why, name.replace("_", " "))


def test_values_say_what_changed_and_only_the_labels_that_tell_series_apart() -> None:
    fired = (a_sample("disk", 40.0, mountpoint="/", job="node"), a_sample("disk", 58.8, mountpoint="/data", job="node"))
    now = (replace(fired[0], value=49.4), fired[1], a_sample("latency", 3.0, job="mcp"))
    view = a.an_evidence_card()
    evidence = replace(view.evidence, values_at_fire=fired, values_now=now)
    said = to_plain(render_card(replace(view, evidence=evidence)))
    assert "• disk mountpoint=/: 40 % → 49.4 %\n" in said
    assert "• latency: not asked → 3 %\n• unchanged: disk mountpoint=/data 58.8 %\n" in said


def test_a_value_out_of_bounds_stands_first_with_its_threshold_though_it_did_not_move() -> None:
    metric = Metric("disk", "Disk in use", "1", "percent", warning_above=85, critical_above=95)
    full = metric.judged(a_sample("Disk_in_use", 88.5, mountpoint="/data", job="node"))
    calm = metric.judged(a_sample("latency", 3.0, job="mcp"))
    view = a.an_evidence_card()
    evidence = replace(view.evidence, values_at_fire=(calm, full), values_now=(calm, full), probes=())
    message = render_card(replace(view, evidence=evidence))
    assert "fired → now\n⚠️ Disk in use mountpoint=/data: 88.5 % → 88.5 % (over 85 %)\n" in to_plain(message)
    assert message.text == "First look at INC-42: Disk in use 88.5 %, over 85 %."


def test_metrics_without_data_share_a_line() -> None:
    missing = tuple(a_sample(name, None, why="no series matches") for name in ("query_time", "points"))
    view = a.an_evidence_card()
    said = to_plain(
        render_card(replace(view, evidence=replace(view.evidence, values_at_fire=missing, values_now=missing)))
    )
    assert "❔ No data (no series matches): query time; points\n" in said


def test_the_same_answer_of_several_probes_is_said_once() -> None:
    alike = tuple(Finding(a.QDRANT, name, Verdict.CRITICAL, "reset the connection") for name in ("healthz", "readyz"))
    view = a.an_evidence_card()
    said = to_plain(render_card(replace(view, evidence=replace(view.evidence, probes=alike))))
    assert "🔴 qdrant healthz, readyz: reset the connection\n" in said


@pytest.mark.parametrize(
    "own", ["2026-01-02T03:10:05.418Z ", "2026-01-02 03:10:05,1 ", "[2026-01-02T03:10:05+00:00] ", ""]
)
def test_a_log_line_says_its_time_once(own: str) -> None:
    view = a.an_evidence_card()
    line = LogLine(a.ago(minutes=2), f"{own}ERROR disk is full", "stderr")
    log = ServiceLog(a.QDRANT, (line,), 500)
    said = to_plain(render_card(replace(view, evidence=replace(view.evidence, logs=(log,)))))
    assert "    03:10:05 ERROR disk is full\n" in said


def test_an_alert_says_its_values_in_its_own_words() -> None:
    view = a.an_incident_card(alerts=1)
    (alert,) = view.incident.members.values()
    told = replace(alert, annotations={**alert.annotations, "description": "26.9 % of requests fail."})
    incident = replace(view.incident, members={told.fingerprint: told})
    assert "\n   26.9 % of requests fail." in words_of(render_card(replace(view, incident=incident)))


def test_short_names_lead_to_their_messages() -> None:
    address = "https://sandbox.slack.test/archives/C0INC/p1"
    links = dict.fromkeys(("INC-42", "APR-7", "RUN-12"), address)
    for view in (
        a.an_incident_card(),
        a.an_evidence_card(),
        a.an_approval_card(a.an_approval()),
        a.a_run_card(a.a_run()),
    ):
        message = render_card(replace(view, links=links))
        check(message)
        assert f"<{address}|INC-42>" in words_of(message)


def test_the_last_change_says_by_whom_and_how_long_ago() -> None:
    said = words_of(render_card(a.an_incident_card(IncidentState.ACKNOWLEDGED)))
    assert "Acknowledged by <@U0ADA> <!date^1767322925^{ago}|2026-01-02 03:02 UTC>" in said


def test_evidence_of_three_hundred_things_fits() -> None:
    message = render_card(a.an_evidence_card(many=300))
    check(message)
    assert "and 288 more" in words_of(message)


@pytest.mark.parametrize(
    ("status", "words_"),
    [
        (ContainerStatus.RUNNING, "running for 3 min, restarted 2 times, last exit code 137 (killed)"),
        (ContainerStatus.RESTARTING, "restarting in a loop, restarted 2 times, last exit code 137 (killed)"),
        (ContainerStatus.EXITED, "stopped 3 min ago, restarted 2 times, last exit code 137 (killed)"),
    ],
)
def test_container_states_are_said_in_plain_words(status: ContainerStatus, words_: str) -> None:
    assert container_words(a.a_container(status=status), a.NOW) == words_


def test_a_container_killed_for_memory_is_said_so() -> None:
    container = replace(a.a_container(), oom_killed=True, restart_count=1)
    expected = "running for 3 min, restarted once, last exit code 137 (out of memory)"
    assert container_words(container, a.NOW) == expected


def test_a_waiting_approval_reads_as_a_whole() -> None:
    message = render_card(a.an_approval_card(a.an_approval()))
    plan = a.an_approval().plan.hash[:12]
    assert message.colour == "#daa038"
    assert message.text == "APR-7 waits for a yes: Restart qdrant on search-prod (production)."
    assert to_plain(message) == (
        "✋ APR-7 · Restart qdrant waits for a yes\n"
        "On: search-prod/qdrant (production)\n"
        "Risk: disruptive: users may notice\n"
        "Who must agree: 0 of 1 · one approver who is not the requester\n"
        "Until: 2026-01-02 03:26 UTC, 14 min left\n"
        "Steps\n"
        "1. Restart qdrant: running for 3 days → restarted\n"
        "2. Restart qdrant: running for 3 days → restarted\n"
        "Interrupts: search, for about 20 s\n"
        "To undo it: start it again\n"
        "Last time: done in 34 s, 3 days ago\n"
        "Why: not during the release\n"
        f"INC-42 · asked by U0ADA 2026-01-02 03:11 UTC · as of 03:12:05 UTC · recover-qdrant, plan {plan}"
    )


def test_the_buttons_of_an_approval_bind_to_its_plan() -> None:
    approval = a.an_approval()
    message = render_card(a.an_approval_card(approval))
    values = {element["value"] for element in message.blocks[-1]["elements"]}  # type: ignore[attr-defined]  # plain dicts
    assert values == {f"{approval.id} {approval.plan.hash[:12]}"}
    assert buttons(message) == [
        ("approval.approve", "Approve"),
        ("approval.deny", "Deny…"),
        ("approval.withdraw", "Withdraw"),
    ]


@pytest.mark.parametrize(
    ("state", "colour", "said", "expected"),
    [
        (
            ApprovalState.APPROVED,
            "#2f6fb5",
            "Agreed: <@U0BEN> as an owner, ",
            ["approval.revoke", "approval.withdraw"],
        ),
        (ApprovalState.CONSUMED, "#2eb886", "It started RUN-12.", []),
        (ApprovalState.DENIED, "#8d8d8d", "Denied by <@U0BEN>: not during the release.", ["approval.again"]),
        (ApprovalState.EXPIRED, "#8d8d8d", "Not enough people agreed before ", ["approval.again"]),
        (ApprovalState.WITHDRAWN, "#8d8d8d", "Withdrawn by <@U0ADA>.", ["approval.again"]),
        (ApprovalState.REVOKED, "#8d8d8d", "Revoked by <@U0BEN>: not during the release.", ["approval.again"]),
        (ApprovalState.SUPERSEDED, "#8d8d8d", "APR-8 asks again and shows the difference.", ["approval.again"]),
    ],
)
def test_a_settled_approval_says_how_and_offers_what_is_left(
    state: ApprovalState, colour: str, said: str, expected: list[str]
) -> None:
    message = render_card(a.an_approval_card(a.an_approval(state)))
    assert message.colour == colour
    assert said in words_of(message)
    assert [action for action, _ in buttons(message)] == expected


def test_a_yes_that_was_given_says_who_and_how_many() -> None:
    message = render_card(a.an_approval_card(a.an_approval(ApprovalState.CONSUMED)))
    assert "1 of 1 · one approver who is not the requester" in words_of(message)


def test_two_of_two_need_an_owner_among_them() -> None:
    approval = a.an_approval(need=Need.TWO, risk=Risk.DESTRUCTIVE)
    vote = replace(a.an_approval(ApprovalState.APPROVED).votes[0], as_owner=False)
    message = render_card(a.an_approval_card(replace(approval, votes=(vote,))))
    said = words_of(message)
    assert "waits for one more yes" in said
    wanted = "1 of 2 · two approvers who are not the requester, one of them an owner, an owner is missing"
    assert wanted in said


def test_a_yes_to_what_destroys_is_red_and_asks_once_more() -> None:
    approval = a.an_approval(need=Need.TWO, risk=Risk.DESTRUCTIVE)
    approve = render_card(a.an_approval_card(approval)).blocks[-1]["elements"][0]  # type: ignore[index]  # plain dicts
    assert approve["style"] == "danger"
    assert approve["confirm"]["style"] == "danger"
    assert approve["confirm"]["text"]["text"] == (
        "On search-prod (production). Interrupts: search, for about 20 s. To undo it: start it again."
    )


def test_a_confirmation_is_one_press_of_the_requester() -> None:
    message = render_card(a.an_approval_card(a.an_approval(need=Need.CONFIRM, risk=Risk.CHANGE)))
    assert buttons(message) == [("approval.approve", "Confirm and run"), ("approval.withdraw", "Withdraw")]


def test_an_emergency_is_red_with_its_reason_first_until_somebody_looks() -> None:
    approval = a.an_approval(ApprovalState.CONSUMED, emergency=True)
    message = render_card(a.an_approval_card(approval))
    assert message.colour == "#a30200"
    assert words_of(message).startswith(
        "🚨 *Emergency start without a second person*\nall of search is down, nobody else awake."
    )
    assert buttons(message) == [("approval.review", "I have looked at it")]
    assert approval.break_glass is not None
    looked = replace(approval, break_glass=replace(approval.break_glass, reviewed_by=a.BEN, reviewed_at=a.NOW))
    after = render_card(a.an_approval_card(looked))
    assert buttons(after) == []
    assert "looked at by <@U0BEN>" in words_of(after)


def test_a_request_that_asks_again_shows_the_difference() -> None:
    approval = replace(a.an_approval(), differences=("Restart qdrant: container: 12ab → 34cd",))
    message = render_card(ApprovalCard(approval, a.NOW, supersedes="APR-6"))
    assert "*What changed since APR-6*\n• Restart qdrant: container: 12ab → 34cd" in words_of(message)


def test_a_running_run_reads_as_a_whole() -> None:
    message = render_card(a.a_run_card(a.a_run()))
    assert message.colour == "#2f6fb5"
    assert message.text == "RUN-12 is running: Restart qdrant on search-prod."
    assert to_plain(message) == (
        "▶️ RUN-12 · Restart qdrant is running, step 2 of 2\n"
        "✅ 1. Restart qdrant: running again (3 s)\n"
        "▶️ 2. Restart qdrant, since 03:11:45 UTC, attempt 2\n"
        "The process that ran it died; another one went on from the ledger.\n"
        "INC-42 · APR-7 · asked by U0ADA · approved by U0BEN · as of 03:12:05 UTC"
    )
    assert buttons(message) == [("run.pause", "Pause"), ("run.cancel", "Call off")]


@pytest.mark.parametrize(
    ("state", "said", "expected"),
    [
        (RunState.QUEUED, "starts in a moment", ["run.pause", "run.cancel"]),
        (RunState.PAUSED, "Paused by <@U0ADA>", ["run.unpause", "run.cancel"]),
        (
            RunState.NEEDS_HUMAN,
            "Nobody can tell from here whether step 2 took effect: the container is gone.",
            ["run.mark_done", "run.give_up"],
        ),
        (RunState.DONE, "is done after 34 s", []),
        (
            RunState.FAILED,
            "*It failed at step 2 of 2:* the container is gone.\nThe step before it is done and stands.",
            ["approval.again"],
        ),
        (RunState.CANCELLED, "Called off by <@U0ADA>.", ["approval.again"]),
    ],
)
def test_a_run_says_where_it_stands_and_what_can_be_done(state: RunState, said: str, expected: list[str]) -> None:
    message = render_card(a.a_run_card(a.a_run(state)))
    assert said in words_of(message)
    assert [action for action, _ in buttons(message)] == expected


def test_a_run_that_is_being_called_off_offers_no_second_time() -> None:
    message = render_card(a.a_run_card(replace(a.a_run(), cancel_by=a.BEN)))
    assert "<@U0BEN> calls it off: it stops when the step under way is over." in words_of(message)
    assert buttons(message) == []


def test_a_run_that_is_being_paused_can_still_be_called_off() -> None:
    message = render_card(a.a_run_card(replace(a.a_run(), pause_by=a.BEN)))
    assert [action for action, _ in buttons(message)] == ["run.cancel"]


def test_a_run_of_three_hundred_steps_shows_those_around_the_current_one() -> None:
    run = a.a_run(steps=300)
    steps = (*run.steps[:100], *(StepRecord() for _ in range(200)))
    message = render_card(a.a_run_card(replace(run, steps=steps, resumed=3)))
    check(message)
    said = words_of(message)
    assert "97 steps before\n✅ 98. " in said
    assert "and 191 more" in said
    assert "died 3 times;" in said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "under 1 s"),
        (34, "34 s"),
        (119, "119 s"),
        (720, "12 min"),
        (7_500, "2 h 5 min"),
        (7_200, "2 h"),
        (86_400, "1 day"),
        (273_600, "3 days 4 h"),
    ],
)
def test_lengths_of_time_are_said_in_words(seconds: int, said: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == said


def test_an_incident_without_members_or_people_renders() -> None:
    incident = replace(a.an_incident(alerts=0), declared_by=UserId("cli:root"), service=None)
    view = IncidentCard(incident, a.NOW, "Search production", "production")
    message = render_card(view)
    check(message)
    assert "Declared by root at the terminal" in words_of(message)
