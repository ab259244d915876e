"""Values for messages, with every place that takes somebody's text set by one argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.alerts import Alert, AlertmanagerState, AlertStatus, ListedAlert
from bot.domain.approvals import Approval, ApprovalState, BreakGlass, Vote
from bot.domain.cards import ApprovalCard, EvidenceCard, IncidentCard, Offer, RunCard
from bot.domain.containers import Container, ContainerStatus, Health, LogLine
from bot.domain.effects import CardKind, Notice, NoticeKind, Place, card_id
from bot.domain.evidence import Evidence, Link, ServiceLog, Source
from bot.domain.findings import Finding, MetricSample, Verdict
from bot.domain.ids import (
    ApprovalId,
    ContainerId,
    Fingerprint,
    GroupId,
    IncidentId,
    NoticeId,
    PlatformName,
    RunbookName,
    RunId,
    ServiceName,
    TeamId,
    UserId,
)
from bot.domain.incidents import Incident, IncidentState
from bot.domain.plans import Cancelling, Effect, Plan, PlannedStep, Target
from bot.domain.rights import Environment, Need, Risk, Severity
from bot.domain.runs import Run, RunState, StepRecord, StepState

NOW = datetime(2026, 1, 2, 3, 12, 5, tzinfo=UTC)
ADA, BEN = UserId("U0ADA"), UserId("U0BEN")
OWNERS = GroupId("S0SEARCH")
SEARCH, QDRANT = PlatformName("search-prod"), ServiceName("qdrant")
INCIDENT = IncidentId("01KDXA0000000000000000000A")
APPROVAL = ApprovalId("01KDXA0000000000000000000B")
RUN = RunId("01KDXA0000000000000000000C")
Text = Callable[[str], str]
"""What to put where somebody's text goes; the argument is what a friendly person would have written."""


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def friendly(text: str) -> str:
    return text


def an_alert(
    number: int = 1, *, text: Text = friendly, status: AlertStatus = AlertStatus.FIRING, summary: str = ""
) -> Alert:
    return Alert(
        fingerprint=Fingerprint(f"{number:016x}"),
        status=status,
        labels={"alertname": text("QdrantDown"), "instance": text(f"qdrant-{number}:6333")},
        annotations={
            "summary": text(summary or "Qdrant does not answer"),
            "value": text("0"),
            "runbook_url": "https://guides.example.com/qdrant",
            text("dashboard") + "_url": "https://grafana.example.com/d/1?a=b&c=d",
            "evil_url": "javascript:alert(1)",
        },
        starts_at=ago(minutes=14, seconds=number),
        ends_at=ago(minutes=2) if status is AlertStatus.RESOLVED else None,
        generator_url="https://prometheus.example.com/graph?g0.expr=up",
    )


def an_incident(state: IncidentState = IncidentState.OPEN, *, text: Text = friendly, alerts: int = 2) -> Incident:
    over = state is IncidentState.RESOLVED
    status = AlertStatus.RESOLVED if over else AlertStatus.FIRING
    members = [an_alert(number, text=text, status=status) for number in range(1, alerts + 1)]
    held = state in (IncidentState.ACKNOWLEDGED, IncidentState.MITIGATED)
    return Incident(
        id=INCIDENT,
        number=42,
        platform=SEARCH,
        service=QDRANT,
        title=text("Qdrant does not answer"),
        severity=Severity.SEV1,
        state=state,
        opened_at=ago(minutes=12),
        changed_at=ago(minutes=1),
        group="abc",
        members={alert.fingerprint: alert for alert in members},
        assignee=ADA if held else None,
        acknowledged_at=ago(minutes=10) if held else None,
        mitigated_at=ago(minutes=5) if state is IncidentState.MITIGATED else None,
        resolved_at=NOW if over else None,
        resolved_by=UserId("alert source") if over else None,
        merged_into=IncidentId("01KDXA0000000000000000000D") if state is IncidentState.MERGED else None,
    )


def an_incident_card(
    state: IncidentState = IncidentState.OPEN, *, text: Text = friendly, alerts: int = 2, offers: int = 3
) -> IncidentCard:
    named = [Offer(RunbookName(f"recover-{n}"), text(f"Restart qdrant {n}…"), {}) for n in range(offers)]
    return IncidentCard(
        an_incident(state, text=text, alerts=alerts),
        NOW,
        platform_title=text("Search production"),
        environment="production",
        offers=tuple(named),
        merged_into="INC-7" if state is IncidentState.MERGED else "",
        approvals_open=1,
        runs_open=(text("RUN-3: step 1 of 4, Restart qdrant"),),
    )


def a_finding(verdict: Verdict = Verdict.CRITICAL, *, text: Text = friendly) -> Finding:
    return Finding(QDRANT, text("readyz"), verdict, text("HTTP 503 in 12 ms"), suggestion=text("restart it"))


def a_container(*, text: Text = friendly, status: ContainerStatus = ContainerStatus.RUNNING) -> Container:
    return Container(
        id=ContainerId("12ab"),
        name=text("wqm-qdrant-1"),
        service=QDRANT,
        number=1,
        image="qdrant",
        image_digest="sha256:1",
        config_hash="",
        status=status,
        health=Health.NONE,
        started_at=ago(minutes=3),
        finished_at=ago(minutes=3, seconds=5),
        exit_code=137,
        oom_killed=False,
        restart_count=2,
    )


def an_evidence_card(*, text: Text = friendly, logs_shown: bool = True, many: int = 1) -> EvidenceCard:
    sample = MetricSample(text("qdrant_up"), (("instance", text("qdrant-1:6333")),), 1.0, "", ago(minutes=14))
    line = LogLine(ago(minutes=2), text("panicked at segment.rs: no space left on device"), "stderr")
    evidence = Evidence(
        incident=INCIDENT,
        platform=SEARCH,
        services=(QDRANT,) * many,
        as_of=NOW,
        values_at_fire=(sample,),
        values_now=(replace(sample, value=None, why_missing=text("no series")),),
        probes=tuple(a_finding(verdict, text=text) for verdict in Verdict) * many,
        containers=(a_container(text=text),) * many,
        logs=(ServiceLog(QDRANT, (line,) * many, 500),) * many,
        recent_runs=(text("RUN-2 restarted qdrant, done, 3 days ago"),) * many,
        links=(Link(text("Runbook"), "https://guides.example.com/qdrant"),) * many,
        missing={Source.RUNS: text("Prometheus: no answer in 3 s")},
        waiting=(Source.LINKS,),
    )
    return EvidenceCard(evidence, "INC-42", logs_shown)


def a_plan(*, text: Text = friendly, need: Need = Need.ONE, risk: Risk = Risk.DISRUPTIVE, steps: int = 2) -> Plan:
    step = PlannedStep(
        action="compose.restart",
        title=text("Restart qdrant"),
        arguments={"service": "qdrant"},
        effect=Effect.ONCE,
        cancel=Cancelling.BEFORE,
        timeout=timedelta(minutes=1),
        target=Target(SEARCH, QDRANT),
        binds={"container": "12ab"},
        current=text("running for 3 days"),
        wanted=text("restarted"),
    )
    return Plan(
        platform=SEARCH,
        environment=Environment.PRODUCTION,
        runbook=RunbookName("recover-qdrant"),
        runbook_version="3",
        title=text("Restart qdrant"),
        risk=risk,
        need=need,
        need_reason=text("restarting is disruptive"),
        parameters={"service": _hashable(text("qdrant"))},
        steps=(step,) * steps,
        interrupts=text("search, for about 20 s"),
        undo=_hashable(text("start it again")),
    )


def _hashable(text: str) -> str:
    """Return what a plan's hash can hold: canonical JSON refuses lone surrogates, so no plan has them there."""
    return text.encode("utf-8", "replace").decode()


def an_approval(
    state: ApprovalState = ApprovalState.PENDING,
    *,
    text: Text = friendly,
    need: Need = Need.ONE,
    risk: Risk = Risk.DISRUPTIVE,
    emergency: bool = False,
) -> Approval:
    agreed = state in (ApprovalState.APPROVED, ApprovalState.CONSUMED)
    return Approval(
        id=APPROVAL,
        number=7,
        state=state,
        plan=a_plan(text=text, need=need, risk=risk),
        requester=ADA,
        requester_team=TeamId("T0SANDBOX"),
        place=Place(thread_of=card_id(CardKind.INCIDENT, INCIDENT)),
        asked_at=ago(minutes=1),
        expires_at=NOW + timedelta(minutes=14),
        incident=INCIDENT,
        votes=(Vote(BEN, TeamId("T0SANDBOX"), as_owner=True, at=NOW),) if agreed and not emergency else (),
        use_before=NOW + timedelta(minutes=10) if agreed else None,
        closed_by=BEN if state in (ApprovalState.DENIED, ApprovalState.REVOKED) else None,
        reason=text("not during the release"),
        differences=(text("container: 12ab → 34cd"),) if state is ApprovalState.SUPERSEDED else (),
        last_time=text("done in 34 s, 3 days ago"),
        break_glass=BreakGlass(text("all of search is down, nobody else awake"), NOW + timedelta(hours=24))
        if emergency
        else None,
    )


def an_approval_card(approval: Approval) -> ApprovalCard:
    return ApprovalCard(approval, NOW, incident_name="INC-42", run_name="RUN-12", superseded_by="APR-8")


def a_run(state: RunState = RunState.RUNNING, *, text: Text = friendly, steps: int = 2, resumed: int = 1) -> Run:
    done = StepRecord(
        StepState.DONE, began_at=ago(seconds=30), ended_at=ago(seconds=27), attempts=1, result=text("running again")
    )
    begun = StepRecord(StepState.BEGUN, began_at=ago(seconds=20), attempts=2)
    last = replace(begun, state=StepState.FAILED, ended_at=NOW, result=text("did not get healthy"))
    current = {RunState.DONE: done, RunState.FAILED: last, RunState.QUEUED: StepRecord()}.get(state, begun)
    return Run(
        id=RUN,
        number=12,
        state=state,
        approval=APPROVAL,
        plan=a_plan(text=text, steps=steps),
        steps=(done,) * (steps - 1) + (current,),
        requester=ADA,
        approvers=(BEN,),
        place=Place(thread_of=card_id(CardKind.INCIDENT, INCIDENT)),
        created_at=ago(seconds=34),
        changed_at=NOW,
        incident=INCIDENT,
        ended_at=NOW if state.is_final else None,
        resumed=resumed,
        cancel_by=ADA if state is RunState.CANCELLED else None,
        pause_by=ADA if state is RunState.PAUSED else None,
        evidence=text("the container is gone") if state in (RunState.NEEDS_HUMAN, RunState.FAILED) else "",
    )


def a_run_card(run: Run) -> RunCard:
    return RunCard(run, NOW, incident_name="INC-42", approval_name="APR-7")


FACTS: dict[NoticeKind, dict[str, str]] = {
    NoticeKind.INCIDENT_GREW: {"incident": "INC-42", "firing": "5", "before": "3", "severity": "sev1"},
    NoticeKind.INCIDENT_CHANGED: {"incident": "INC-42", "actor": "U0BEN", "event": "acknowledged"},
    NoticeKind.INCIDENT_REOPENED: {"incident": "INC-42", "actor": "alert source", "title": "Qdrant does not answer"},
    NoticeKind.INCIDENT_RESOLVED: {"incident": "INC-42", "actor": "alert source", "seconds": "2040", "reason": "disk"},
    NoticeKind.ACK_QUIET_ASK: {"incident": "INC-42", "minutes": "10"},
    NoticeKind.ACK_DROPPED: {"incident": "INC-42", "assignee": "U0BEN"},
    NoticeKind.STILL_FIRING: {"incident": "INC-42", "firing": "3"},
    NoticeKind.ESCALATED: {"incident": "INC-42", "title": "Qdrant is down", "severity": "sev1", "seconds": "300"},
    NoticeKind.APPROVAL_WANTED: {
        "approval": "APR-7",
        "title": "Restart qdrant",
        "platform": "search-prod",
        "requester": "U0BEN",
        "quorum": "1",
        "until": "1767324425",
    },
    NoticeKind.APPROVAL_SETTLED: {
        "approval": "APR-7",
        "title": "Restart qdrant",
        "state": "denied",
        "actor": "U0BEN",
        "reason": "not now",
    },
    NoticeKind.APPROVAL_WARNING: {"approval": "APR-7", "title": "Restart qdrant", "until": "1767324425"},
    NoticeKind.BREAK_GLASS_USED: {
        "approval": "APR-7",
        "title": "Restart qdrant",
        "platform": "search-prod",
        "requester": "U0BEN",
        "reason": "nobody else is awake",
    },
    NoticeKind.BREAK_GLASS_REVIEW: {
        "approval": "APR-7",
        "title": "Restart qdrant",
        "requester": "U0BEN",
        "reason": "nobody else is awake",
    },
    NoticeKind.PLAN_REFUSED: {"title": "Restart qdrant", "platform": "search-prod", "why": "no such container"},
    NoticeKind.RUN_RESUMED: {"run": "RUN-12", "title": "Restart qdrant", "step": "step 2 of 4: Wait for qdrant"},
    NoticeKind.RUN_ENDED: {
        "run": "RUN-12",
        "title": "Restart qdrant",
        "state": "failed",
        "seconds": "34",
        "why": "not healthy after 60 s",
    },
    NoticeKind.RUN_NEEDS_HUMAN: {"run": "RUN-12", "title": "Restart qdrant", "evidence": "the container is gone"},
    NoticeKind.ANSWER: {"message": '{"text": "All is well.", "blocks": [], "colour": null}'},
    NoticeKind.OPERATIONS: {"text": "The audit cannot be written", "hint": "look at the disk of Redis"},
}
"""The facts each kind carries, as the domain writes them."""


def a_notice(kind: NoticeKind, mentions: tuple[UserId | GroupId, ...] = (), **facts: str) -> Notice:
    place = Place(thread_of=card_id(CardKind.INCIDENT, INCIDENT))
    return Notice(NoticeId("01KDXA0000000000000000000E"), kind, place, FACTS[kind] | facts, mentions)


def a_listed_alert(*, text: Text = friendly) -> ListedAlert:
    return ListedAlert(an_alert(text=text), AlertmanagerState.SUPPRESSED, silenced_by=("s1",))
