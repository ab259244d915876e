"""Runs: one execution of a plan, as a ledger of steps; pure decisions over one run.

A step goes `begin → effect → done`. A driver that finds a step begun but not done asks for its verdict before it ever
does the step again; what nobody can tell stops at `needs_human`. Every decision of a driver is made under its fence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.approvals import Approval
from bot.domain.effects import (
    AuditEntry,
    CardChange,
    CardKind,
    Decision,
    Effects,
    Notice,
    NoticeKind,
    Place,
    TimelineEntry,
    TimerChange,
    TimerKind,
    card_id,
)
from bot.domain.ids import ApprovalId, GroupId, IncidentId, NoticeId, RunId, UserId, new_ulid
from bot.domain.incidents import incident_place
from bot.domain.people import WATCHKEEPER, Actor
from bot.domain.plans import Facts, Plan, PlannedStep

MAX_CLAIMS = 4
"""Drivers that may die over one run before a person looks at it."""
PRESUMED_DEAD_AFTER = timedelta(seconds=4)
"""A driver whose beat is older is presumed dead; one whose lock file is free is proven dead."""
BEAT_EVERY = timedelta(seconds=1)


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    """It stopped at a step border because a person asked."""
    NEEDS_HUMAN = "needs_human"
    """Whether a step took effect cannot be told from here."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Return whether it holds no lock any more and nothing will happen."""
        return self in (RunState.DONE, RunState.FAILED, RunState.CANCELLED)


class StepState(StrEnum):
    """Where one step of a run stands."""

    PENDING = "pending"
    BEGUN = "begun"
    """Its effect may or may not have happened: only its verdict tells."""
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What the ledger holds of one step."""

    state: StepState = StepState.PENDING
    before: Facts = field(default_factory=dict)
    """The fact stored at `begin`; verdicts compare facts, never clocks."""
    began_at: datetime | None = None
    ended_at: datetime | None = None
    attempts: int = 0
    result: str = ""
    """One line of what was seen at the end. Untrusted where a service wrote it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of an approved plan. It executes the stored plan, never the profile."""

    id: RunId
    number: int
    state: RunState
    approval: ApprovalId
    plan: Plan
    steps: tuple[StepRecord, ...]
    requester: UserId
    approvers: tuple[UserId, ...]
    place: Place
    created_at: datetime
    changed_at: datetime
    incident: IncidentId | None = None
    ended_at: datetime | None = None
    resumed: int = 0
    """How many drivers died over it and were followed by another."""
    cancel_by: UserId | None = None
    pause_by: UserId | None = None
    evidence: str = ""
    """Why it waits for a person, or why it failed."""

    @property
    def name(self) -> str:
        """Return what people type and read: ``RUN-12``."""
        return f"RUN-{self.number}"

    @property
    def next_step(self) -> int | None:
        """Return the index of the first step that is not done; None when all are."""
        return next((index for index, step in enumerate(self.steps) if step.state is not StepState.DONE), None)

    def planned(self, index: int) -> PlannedStep:
        """Return what the plan says of a step."""
        return self.plan.steps[index]


class RunOutcome(StrEnum):
    """What became of an event; drivers and people are told alike."""

    BEGIN = "begin"
    """The intent is on disk: do the effect."""
    UNCERTAIN = "uncertain"
    """It was begun before: ask for its verdict."""
    STOPPED = "stopped"
    """A person called it off or paused it at this border."""
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FINISHED = "finished"
    """It is over."""
    NOT_ALLOWED = "not_allowed"
    FLAGGED = "flagged"
    """The driver sees the flag at its next border or beat."""


class HumanChoice(StrEnum):
    """What a person says of a step whose effect nobody could tell."""

    MARK_DONE = "mark_done"
    GIVE_UP = "give_up"


RunDecision = Decision[Run, RunOutcome]


def queue_run(id_: RunId, number: int, approval: Approval, now: datetime) -> RunDecision:
    """Return the run that a consumed approval starts."""
    run = Run(
        id=id_,
        number=number,
        state=RunState.QUEUED,
        approval=approval.id,
        plan=approval.plan,
        steps=tuple(StepRecord() for _ in approval.plan.steps),
        requester=approval.requester,
        approvers=tuple(vote.user for vote in approval.votes),
        place=incident_place(approval.incident) if approval.incident else approval.place,
        created_at=now,
        changed_at=now,
        incident=approval.incident,
    )
    return _changed(run, WATCHKEEPER, "queued", RunOutcome.CHANGED, now, detail=approval.name)


def _changed(
    run: Run, actor: Actor, event: str, outcome: RunOutcome, now: datetime, *, detail: str = ""
) -> RunDecision:
    """Return the decision that keeps ``run``, with card, audit and a line in the incident's timeline."""
    kept = replace(run, changed_at=now)
    facts = {"state": run.state, "approval": run.approval, "plan": run.plan.hash, "detail": detail}
    timeline = (
        ((run.incident, TimelineEntry(now, actor.id, f"run_{event}", f"{run.name} {detail}".strip())),)
        if run.incident
        else ()
    )
    effects = Effects(
        timeline=timeline,
        audit=(AuditEntry(actor.id, f"run.{event}", run.name, facts),),
        cards=(CardChange(card_id(CardKind.RUN, run.id), run.place, rank=1 if run.state.is_final else 3),),
    )
    return Decision(outcome, kept, effects)


def _below(run: Run) -> Place:
    return incident_place(run.incident) if run.incident else run.place


def _said(run: Run, kind: NoticeKind, mentions: tuple[UserId | GroupId, ...], facts: Mapping[str, str]) -> Effects:
    all_facts = {"run": run.name, "title": run.plan.title, **facts}
    return Effects(notices=(Notice(NoticeId(new_ulid()), kind, _below(run), all_facts, mentions, rank=1),))


def claimed(run: Run, now: datetime) -> RunDecision:
    """Return the run in the hands of a driver; one that follows a dead driver says so in the thread."""
    if run.state.is_final:
        return Decision(RunOutcome.FINISHED)
    if run.state in (RunState.NEEDS_HUMAN, RunState.PAUSED):
        return Decision(RunOutcome.STOPPED)
    if run.state is RunState.QUEUED:
        return _changed(replace(run, state=RunState.RUNNING), WATCHKEEPER, "started", RunOutcome.CHANGED, now)
    resumed = replace(run, resumed=run.resumed + 1)
    step = resumed.next_step
    where = f"step {step + 1} of {len(run.steps)}: {run.planned(step).title}" if step is not None else "the end"
    decision = _changed(resumed, WATCHKEEPER, "resumed", RunOutcome.CHANGED, now, detail=where)
    return decision.adding(_said(resumed, NoticeKind.RUN_RESUMED, (), {"step": where}))


def give_up_claims(run: Run, now: datetime) -> RunDecision:
    """Return the run stopped for a person because drivers keep dying over it."""
    return needs_human(run, f"{MAX_CLAIMS} drivers died over it", now)


def begin_step(run: Run, index: int, before: Facts, now: datetime) -> RunDecision:
    """Return the intent to do a step, with the fact that its verdict will be compared to."""
    step = run.steps[index]
    if run.state is not RunState.RUNNING:
        return Decision(RunOutcome.FINISHED if run.state.is_final else RunOutcome.STOPPED)
    if step.state is StepState.DONE:
        return Decision(RunOutcome.UNCHANGED)
    if run.cancel_by is not None:
        return _cancelled(run, now)
    if run.pause_by is not None:
        return _paused(run, now)
    if step.state is StepState.BEGUN:
        return Decision(RunOutcome.UNCERTAIN, None)
    begun = StepRecord(StepState.BEGUN, before, began_at=now, attempts=step.attempts + 1)
    detail = f"{index + 1}/{len(run.steps)} {run.planned(index).title}"
    return _changed(_with_step(run, index, begun), WATCHKEEPER, "step_begun", RunOutcome.BEGIN, now, detail=detail)


def begin_again(run: Run, index: int, before: Facts, now: datetime) -> RunDecision:
    """Return the second intent of a step whose verdict says that nothing happened the first time."""
    step = run.steps[index]
    if run.state is not RunState.RUNNING or step.state is not StepState.BEGUN:
        return Decision(RunOutcome.STOPPED)
    if run.cancel_by is not None:
        return _called_off(run, index, now)
    if run.pause_by is not None:
        return _paused(run, now)
    again = StepRecord(StepState.BEGUN, before, began_at=now, attempts=step.attempts + 1)
    detail = f"{index + 1}/{len(run.steps)} {run.planned(index).title}, again: the first did not happen"
    return _changed(_with_step(run, index, again), WATCHKEEPER, "step_begun", RunOutcome.BEGIN, now, detail=detail)


def _with_step(run: Run, index: int, step: StepRecord) -> Run:
    return replace(run, steps=(*run.steps[:index], step, *run.steps[index + 1 :]))


def end_step(run: Run, index: int, result: str, now: datetime) -> RunDecision:
    """Return the step done, with what was seen; after the last one the run is done."""
    step = run.steps[index]
    if step.state is not StepState.BEGUN or run.state is not RunState.RUNNING:
        return Decision(RunOutcome.UNCHANGED)
    done = replace(step, state=StepState.DONE, ended_at=now, result=result)
    ended = _with_step(run, index, done)
    detail = f"{index + 1}/{len(run.steps)} {run.planned(index).title}: {result}"
    if ended.next_step is not None:
        return _changed(ended, WATCHKEEPER, "step_done", RunOutcome.CHANGED, now, detail=detail)
    return _over(ended, RunState.DONE, WATCHKEEPER, "done", now, detail=detail)


def fail_step(run: Run, index: int, why: str, now: datetime) -> RunDecision:
    """Return the run failed at a step; what came before stands."""
    if run.state is not RunState.RUNNING:
        return Decision(RunOutcome.UNCHANGED)
    failed = replace(run.steps[index], state=StepState.FAILED, ended_at=now, result=why)
    broken = replace(_with_step(run, index, failed), evidence=why)
    detail = f"{index + 1}/{len(run.steps)} {run.planned(index).title}: {why}"
    return _over(broken, RunState.FAILED, WATCHKEEPER, "failed", now, detail=detail)


def _over(run: Run, state: RunState, actor: Actor, event: str, now: datetime, *, detail: str = "") -> RunDecision:
    """Return a run that is over: requester told, incident looked at again."""
    over = replace(run, state=state, ended_at=now)
    seconds = str(int((now - run.created_at).total_seconds()))
    told = _said(
        over, NoticeKind.RUN_ENDED, (run.requester,), {"state": state, "seconds": seconds, "why": over.evidence}
    )
    look = (TimerChange(TimerKind.SETTLE_INCIDENT, run.incident, now),) if run.incident else ()
    decision = _changed(over, actor, event, RunOutcome.FINISHED, now, detail=detail)
    return decision.adding(told).adding(Effects(timers=look))


def needs_human(run: Run, evidence: str, now: datetime) -> RunDecision:
    """Return the run stopped because nobody can tell whether its step took effect."""
    if run.state.is_final or run.state is RunState.NEEDS_HUMAN:
        return Decision(RunOutcome.UNCHANGED)
    stopped = replace(run, state=RunState.NEEDS_HUMAN, evidence=evidence)
    told = _said(stopped, NoticeKind.RUN_NEEDS_HUMAN, (run.requester, *run.approvers), {"evidence": evidence})
    return _changed(stopped, WATCHKEEPER, "needs_human", RunOutcome.STOPPED, now, detail=evidence).adding(told)


def answer_for_step(run: Run, choice: HumanChoice, actor: Actor, reason: str, now: datetime) -> RunDecision:
    """Return the run after a person said what the evidence could not: the step is done, or the run ends here."""
    if not actor.operates(run.plan.platform):
        return Decision(RunOutcome.NOT_ALLOWED)
    index = run.next_step
    if run.state is not RunState.NEEDS_HUMAN or index is None:
        return Decision(RunOutcome.UNCHANGED)
    if choice is HumanChoice.GIVE_UP:
        stopped = replace(run, evidence=reason or run.evidence)
        return _over(stopped, RunState.FAILED, actor, "given_up", now, detail=reason)
    done = replace(run.steps[index], state=StepState.DONE, ended_at=now, result=f"called done by a person: {reason}")
    going_on = replace(_with_step(run, index, done), state=RunState.RUNNING, evidence="")
    if going_on.next_step is None:
        return _over(going_on, RunState.DONE, actor, "done", now, detail=reason)
    queued = replace(going_on, state=RunState.QUEUED)
    return _changed(queued, actor, "step_called_done", RunOutcome.CHANGED, now, detail=reason)


def cancel(run: Run, actor: Actor, now: datetime) -> RunDecision:
    """Return the run called off: at once where nothing is under way, else at the next border."""
    if not actor.operates(run.plan.platform):
        return Decision(RunOutcome.NOT_ALLOWED)
    if run.state.is_final:
        return Decision(RunOutcome.FINISHED)
    if run.cancel_by is not None:
        return Decision(RunOutcome.UNCHANGED)
    flagged = replace(run, cancel_by=actor.id)
    if run.state is RunState.RUNNING:
        return _changed(flagged, actor, "cancel_asked", RunOutcome.FLAGGED, now)
    return _cancelled(flagged, now)


def _cancelled(run: Run, now: datetime) -> RunDecision:
    return _over(run, RunState.CANCELLED, WATCHKEEPER, "cancelled", now, detail=f"by {run.cancel_by}")


def cancel_at_safe_point(run: Run, index: int, now: datetime) -> RunDecision:
    """Return the run called off inside a step that looked for the flag at a safe point."""
    if run.state is not RunState.RUNNING or run.cancel_by is None:
        return Decision(RunOutcome.UNCHANGED)
    return _called_off(run, index, now)


def _called_off(run: Run, index: int, now: datetime) -> RunDecision:
    left = replace(run.steps[index], state=StepState.FAILED, ended_at=now, result="called off")
    return _cancelled(_with_step(run, index, left), now)


def pause(run: Run, actor: Actor, now: datetime) -> RunDecision:
    """Return the run that is to stop at its next step border."""
    if not actor.operates(run.plan.platform):
        return Decision(RunOutcome.NOT_ALLOWED)
    if run.state not in (RunState.QUEUED, RunState.RUNNING) or run.pause_by is not None:
        return Decision(RunOutcome.UNCHANGED)
    flagged = replace(run, pause_by=actor.id)
    return _changed(flagged, actor, "pause_asked", RunOutcome.FLAGGED, now)


def _paused(run: Run, now: datetime) -> RunDecision:
    paused = replace(run, state=RunState.PAUSED)
    return _changed(paused, WATCHKEEPER, "paused", RunOutcome.STOPPED, now, detail=f"by {run.pause_by}")


def unpause(run: Run, actor: Actor, now: datetime) -> RunDecision:
    """Return a paused run waiting for a driver again, or one that does not stop at its next border after all."""
    if not actor.operates(run.plan.platform):
        return Decision(RunOutcome.NOT_ALLOWED)
    if run.state.is_final or run.pause_by is None:
        return Decision(RunOutcome.UNCHANGED)
    state = RunState.QUEUED if run.state is RunState.PAUSED else run.state
    return _changed(replace(run, state=state, pause_by=None), actor, "unpaused", RunOutcome.CHANGED, now)
