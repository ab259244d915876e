"""Whatever happens in whatever order: incidents stay inside the design's table, a yes is used at most once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.domain import approval_acts, approval_course, incident_acts, incident_alerts
from bot.domain.alerts import AlertStatus
from bot.domain.approvals import Approval, ApprovalDecision, ApprovalOutcome, ApprovalRules, ApprovalState, Asking
from bot.domain.effects import TimerKind
from bot.domain.ids import ApprovalId, IncidentId, RunId
from bot.domain.incidents import IncidentDecision, IncidentState, Opening
from bot.domain.people import Actor
from bot.domain.plans import Plan
from bot.domain.rights import Need, Risk, Role, Severity
from tests.state.builders import (
    ADA,
    BEN,
    KIM,
    LEE,
    OWNER,
    QDRANT,
    REASON,
    ROOT,
    RULES,
    SEARCH,
    STARTED,
    VIEWER,
    a_plan,
    an_alert,
    by_id,
    with_fact,
)

BEGIN = datetime(2026, 1, 2, tzinfo=UTC)
OPEN, ACKNOWLEDGED, MITIGATED, RESOLVED, MERGED = IncidentState
ALLOWED = {
    OPEN: {OPEN, ACKNOWLEDGED, MITIGATED, RESOLVED, MERGED},
    ACKNOWLEDGED: {ACKNOWLEDGED, OPEN, MITIGATED, RESOLVED, MERGED},
    MITIGATED: {MITIGATED, ACKNOWLEDGED, RESOLVED, MERGED},
    RESOLVED: {RESOLVED, OPEN, MERGED},
    MERGED: {MERGED},
}
"""The states of the table, by the state before."""
PEOPLE = st.sampled_from([ADA, BEN, VIEWER])
OPENING = Opening(IncidentId("I"), 1, SEARCH, QDRANT, Severity.SEV3, "group", ())


class IncidentLife(RuleBasedStateMachine):
    """One incident, its timers, and everything that can happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGIN
        self.timers: dict[TimerKind, datetime] = {}
        opened = incident_alerts.open_incident(OPENING, [an_alert(1)], RULES, self.now)
        assert opened.state is not None
        self.incident = opened.state
        self.before = OPEN
        self.keep(opened)

    def keep(self, decision: IncidentDecision) -> None:
        """Do what the commit does."""
        self.before = self.incident.state
        self.incident = decision.state or self.incident
        for timer in decision.effects.timers:
            if timer.at is None:
                self.timers.pop(timer.kind, None)
            else:
                self.timers[timer.kind] = timer.at

    @rule(minutes=st.integers(0, 300))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(
        numbers=st.sets(st.integers(1, 3), min_size=1),
        fires=st.booleans(),
        again=st.integers(0, 2),
        run=st.sampled_from([None, RunId("R")]),
        severity=st.sampled_from(Severity),
    )
    def alerts_come(self, numbers: set[int], fires: bool, again: int, run: RunId | None, severity: Severity) -> None:
        status = AlertStatus.FIRING if fires else AlertStatus.RESOLVED
        starts_at = STARTED + timedelta(minutes=again)
        alerts = tuple(an_alert(number, status, starts_at=starts_at) for number in sorted(numbers))
        event = incident_alerts.AlertsReceived(alerts, severity, run_on_target=run)
        self.keep(incident_alerts.receive_alerts(self.incident, event, RULES, self.now))

    @rule(actor=PEOPLE)
    def somebody_takes_it(self, actor: Actor) -> None:
        self.keep(incident_acts.acknowledge(self.incident, actor, RULES, self.now))

    @rule(actor=PEOPLE)
    def somebody_mitigates(self, actor: Actor) -> None:
        self.keep(incident_acts.mitigate(self.incident, actor, self.now))

    @rule(actor=PEOPLE)
    def somebody_resolves(self, actor: Actor) -> None:
        self.keep(incident_acts.resolve(self.incident, actor, RULES, self.now))

    @rule(actor=PEOPLE)
    def somebody_reopens(self, actor: Actor) -> None:
        self.keep(incident_acts.reopen(self.incident, actor, RULES, self.now))

    @rule(actor=PEOPLE, severity=st.sampled_from(Severity))
    def somebody_rates_it(self, actor: Actor, severity: Severity) -> None:
        self.keep(incident_acts.change_severity(self.incident, severity, actor, RULES, self.now))

    @rule(actor=PEOPLE)
    def somebody_merges(self, actor: Actor) -> None:
        into = replace(self.incident, id=IncidentId("J"), state=OPEN, merged_into=None)
        self.keep(incident_acts.merge(self.incident, into, actor, RULES, self.now))

    @rule()
    def timers_are_met(self) -> None:
        for kind, at in sorted(self.timers.items(), key=lambda item: item[1]):
            if at > self.now or self.timers.get(kind) != at:
                continue
            del self.timers[kind]
            self.meet(kind)

    def meet(self, kind: TimerKind) -> None:
        match kind:
            case TimerKind.ACK_ASK:
                self.keep(incident_acts.ask_if_still_held(self.incident, self.now))
            case TimerKind.ACK_DROP:
                self.keep(incident_acts.drop_acknowledgement(self.incident, RULES, self.now))
            case TimerKind.ESCALATE:
                self.keep(incident_acts.escalate(self.incident, RULES, self.now))
            case TimerKind.STILL_FIRING:
                self.keep(incident_acts.remind_still_firing(self.incident, self.now))
            case TimerKind.SETTLE_INCIDENT:
                self.keep(incident_alerts.settle(self.incident, None, RULES, self.now))

    @invariant()
    def it_stays_inside_the_table(self) -> None:
        assert self.incident.state in ALLOWED[self.before]

    @invariant()
    def somebody_has_what_is_acknowledged(self) -> None:
        held = self.incident.state in (ACKNOWLEDGED, MITIGATED)
        assert not held or self.incident.assignee is not None
        assert self.incident.state is not OPEN or self.incident.assignee is None

    @invariant()
    def what_is_over_knows_since_when_and_for_how_long(self) -> None:
        assert (self.incident.resolved_at is not None) == self.incident.state.is_closed

    @invariant()
    def nobody_is_called_about_what_is_over(self) -> None:
        waits = {TimerKind.ESCALATE, TimerKind.ACK_ASK, TimerKind.ACK_DROP}
        assert not (self.incident.state.is_closed and waits & set(self.timers))

    @invariant()
    def what_nobody_has_is_escalated_where_the_profile_says_so(self) -> None:
        pages = RULES.escalation[self.incident.severity].page_after is not None
        assert self.incident.state is not OPEN or (TimerKind.ESCALATE in self.timers) == pages

    @invariant()
    def an_acknowledgement_is_asked_about(self) -> None:
        asked = {TimerKind.ACK_ASK, TimerKind.ACK_DROP} & set(self.timers)
        assert self.incident.state is not ACKNOWLEDGED or asked


PLANS = [a_plan(), a_plan(risk=Risk.DESTRUCTIVE), a_plan(risk=Risk.CHANGE), a_plan(risk=Risk.READ)]
VOTERS = [ADA, KIM, LEE, OWNER, ROOT, VIEWER]
APPROVAL_RULES = ApprovalRules((KIM.id,), (OWNER.id,))


class ApprovalLife(RuleBasedStateMachine):
    """One request for a yes, and everything that people, clocks and starters do to it."""

    approval: Approval

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGIN
        self.started: list[RunId] = []
        self.final: Approval | None = None
        self.approval = _asked(PLANS[0])

    def keep(self, decision: ApprovalDecision) -> ApprovalOutcome:
        self.approval = decision.state or self.approval
        if self.approval.state.is_final and self.final is None:
            self.final = self.approval
        return decision.outcome

    @precondition(lambda self: self.now == BEGIN and not self.approval.votes and not self.approval.state.is_final)
    @rule(plan=st.sampled_from(PLANS))
    def another_plan(self, plan: Plan) -> None:
        self.approval = _asked(plan)

    @rule(minutes=st.integers(1, 8))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(actor=st.sampled_from(VOTERS))
    def yes(self, actor: Actor) -> None:
        self.keep(approval_acts.approve(self.approval, self.approval.plan.hash, actor, self.now))

    @rule(actor=st.sampled_from(VOTERS))
    def no(self, actor: Actor) -> None:
        self.keep(approval_acts.deny(self.approval, self.approval.plan.hash, actor, self.now))

    @rule(actor=st.sampled_from(VOTERS))
    def taken_back(self, actor: Actor) -> None:
        self.keep(approval_acts.withdraw(self.approval, actor, self.now))
        self.keep(approval_acts.revoke(self.approval, actor, self.now))

    @rule()
    def the_clock_is_met(self) -> None:
        self.keep(approval_course.expire(self.approval, self.now))

    @rule(run=st.sampled_from([RunId("R1"), RunId("R2")]), moved=st.booleans(), lost=st.booleans())
    def a_starter_comes(self, run: RunId, moved: bool, lost: bool) -> None:
        fresh = with_fact(self.approval.plan, started="9") if moved else self.approval.plan
        voters = by_id(replace(actor, roles=frozenset({Role.VIEWER})) if lost else actor for actor in VOTERS)
        before = self.approval.state
        outcome = self.keep(approval_course.consume(self.approval, fresh, run, voters, self.now))
        if outcome is ApprovalOutcome.CONSUMED and before is not ApprovalState.CONSUMED:
            self.started.append(run)
            assert before is ApprovalState.APPROVED
            assert not moved

    @invariant()
    def it_starts_at_most_one_run(self) -> None:
        assert len(self.started) <= 1
        assert bool(self.started) == (self.approval.state is ApprovalState.CONSUMED)

    @invariant()
    def what_is_final_stays_as_it_is(self) -> None:
        assert self.final is None or self.approval == self.final

    @invariant()
    def enough_other_people_said_yes(self) -> None:
        if self.approval.state not in (ApprovalState.APPROVED, ApprovalState.CONSUMED):
            return
        people = {vote.user for vote in self.approval.votes}
        assert len(people) == self.approval.quorum
        assert self.approval.requester not in people
        assert self.approval.plan.need is not Need.TWO or not self.approval.lacks_owner


def _asked(plan: Plan) -> Approval:
    asking = Asking(ApprovalId("A"), 1, plan, ADA, reason=REASON)
    asked = approval_acts.ask(asking, APPROVAL_RULES, BEGIN).state
    assert asked is not None
    return asked


TestIncidentLife = IncidentLife.TestCase
TestApprovalLife = ApprovalLife.TestCase
TestIncidentLife.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestApprovalLife.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
