"""A small installation as values: one platform with two services, its people, its alerts, its runbooks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.domain.alerts import Alert, AlertGroup, AlertStatus
from bot.domain.effects import Channel, Place, TimerKind
from bot.domain.ids import (
    Fingerprint,
    GroupId,
    GroupKey,
    IncidentId,
    PlatformName,
    RequestId,
    RunbookName,
    ServiceName,
    TeamId,
    UserId,
    new_ulid,
)
from bot.domain.incidents import EscalationRule, IncidentRules
from bot.domain.people import Actor, ActorKind
from bot.domain.plans import Cancelling, Effect, Plan, PlannedStep, Target
from bot.domain.profiles import Parameter, Profile, Runbook, Service, SeverityRule, StepTemplate
from bot.domain.rights import NEED_OF_RISK, Environment, Need, Risk, Role, Severity
from bot.ports.approvals import PlanRequest

TEAM = TeamId("T0TEAM")
SEARCH = PlatformName("search")
QDRANT, WORKER = ServiceName("qdrant"), ServiceName("worker")
OWNERS = GroupId("S0OWNERS")
RESTART = RunbookName("restart")
ACTION = "fake.restart"
STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PLACE = Place(channel=Channel.APPROVALS)
REASON = "nobody else is awake and it burns"

ALL_KINDS = frozenset(TimerKind)
MINUTE = timedelta(minutes=1)
REOPEN_WINDOW = 30 * MINUTE
QUIET = {
    Severity.SEV1: 30 * MINUTE,
    Severity.SEV2: 30 * MINUTE,
    Severity.SEV3: 240 * MINUTE,
    Severity.SEV4: 240 * MINUTE,
}
PAGE = {Severity.SEV1: 5 * MINUTE, Severity.SEV2: 15 * MINUTE, Severity.SEV3: None, Severity.SEV4: None}
RULES = IncidentRules(
    REOPEN_WINDOW,
    {severity: EscalationRule(5 * MINUTE, PAGE[severity], QUIET[severity]) for severity in Severity},
    owners=(OWNERS,),
)


def a_person(name: str, *roles: Role, owns: bool = False, act: str = "", kind: ActorKind = ActorKind.PERSON) -> Actor:
    """Return somebody; an operator where no role is given."""
    held = frozenset(roles or (Role.OPERATOR,))
    return Actor(UserId(f"U0{name.upper()}"), TEAM, kind, held, frozenset({SEARCH} if owns else ()), act)


ADA, BEN = a_person("ada"), a_person("ben")
VIEWER = a_person("viewer", Role.VIEWER)
KIM, LEE, MAX = (a_person(name, Role.APPROVER) for name in ("kim", "lee", "max"))
OWNER = a_person("owner", Role.APPROVER, owns=True)
ROOT = a_person("root", Role.ADMIN)
FIREFIGHTER = a_person("fire", Role.OPERATOR, Role.BREAK_GLASS)


def an_alert(
    number: int = 1,
    status: AlertStatus = AlertStatus.FIRING,
    *,
    severity: str = "critical",
    service: str = "qdrant",
    starts_at: datetime = STARTED,
) -> Alert:
    """Return alert ``number``; equal numbers are the same alert."""
    return Alert(
        fingerprint=Fingerprint(f"{number:016x}"),
        status=status,
        labels={"alertname": f"Down{number}", "severity": severity, "service": service},
        annotations={"summary": f"{service} does not answer ({number})"},
        starts_at=starts_at,
        ends_at=starts_at + MINUTE if status is AlertStatus.RESOLVED else None,
    )


def resolved(number: int = 1, *, starts_at: datetime = STARTED) -> Alert:
    """Return alert ``number`` as it ended."""
    return an_alert(number, AlertStatus.RESOLVED, starts_at=starts_at)


def a_group(*alerts: Alert, key: str = "{}:{alertname}", truncated: int = 0) -> AlertGroup:
    """Return a webhook of the platform; one firing alert where none is given."""
    return AlertGroup(SEARCH, GroupKey(key), "watchkeeper", alerts or (an_alert(),), truncated)


def a_service(name: ServiceName, *, critical: bool = True) -> Service:
    return Service(name, "serves", critical, (), name, (), ({"service": name},), timedelta(seconds=1))


def a_runbook(
    name: RunbookName = RESTART,
    *,
    need: Need = Need.ONE,
    risk: Risk = Risk.DISRUPTIVE,
    steps: int = 1,
    version: str = "v1",
    break_glass: bool = True,
) -> Runbook:
    """Return a runbook of ``steps`` fake steps on one service."""
    template = StepTemplate(ACTION, {"service": "{service}"})
    return Runbook(
        name=name,
        title="Restart {service}",
        version=version,
        risk=risk,
        need=need,
        need_why=None,
        parameters=(Parameter("service", "service"),),
        steps=(template,) * steps,
        covers=(),
        interrupts="searches fail for some seconds",
        undo="nothing to undo",
        break_glass=break_glass,
    )


def a_profile(*runbooks: Runbook) -> Profile:
    """Return a profile whose ``severity`` label decides the severity."""
    return Profile(
        name="small",
        title="Small",
        guide=None,
        services={QDRANT: a_service(QDRANT), WORKER: a_service(WORKER, critical=False)},
        metrics={},
        severity=(
            SeverityRule(Severity.SEV1, {"severity": "critical"}),
            SeverityRule(Severity.SEV3, {"severity": "warning"}),
            SeverityRule(Severity.SEV4, {"severity": "info"}),
        ),
        escalation={},
        runbooks={book.name: book for book in runbooks or (a_runbook(),)},
        reopen_window=REOPEN_WINDOW,
    )


def a_step(
    *, service: ServiceName | None = QDRANT, binds: dict[str, str] | None = None, shows: str = ""
) -> PlannedStep:
    return PlannedStep(
        action=ACTION,
        title=f"Restart {service}",
        arguments={"service": str(service)},
        effect=Effect.ONCE,
        cancel=Cancelling.BEFORE,
        timeout=timedelta(seconds=2),
        target=Target(SEARCH, service),
        binds={"started": "1"} if binds is None else binds,
        shows={"restarts": shows},
    )


def a_plan(
    *steps: PlannedStep, need: Need | None = None, risk: Risk = Risk.DISRUPTIVE, break_glass: bool = True
) -> Plan:
    """Return a plan of one step on qdrant where none is given."""
    return Plan(
        platform=SEARCH,
        environment=Environment.PRODUCTION,
        runbook=RESTART,
        runbook_version="v1",
        title="Restart qdrant",
        risk=risk,
        need=NEED_OF_RISK[risk] if need is None else need,
        need_reason=f"the runbook is {risk}",
        parameters={"service": "qdrant"},
        steps=steps or (a_step(),),
        interrupts="searches fail for some seconds",
        undo="nothing to undo",
        break_glass_allowed=break_glass,
    )


def with_fact(plan: Plan, **binds: str) -> Plan:
    """Return the plan as a fresh look makes it when these facts have changed."""
    return replace(plan, steps=tuple(replace(step, binds={**step.binds, **binds}) for step in plan.steps))


def a_request(
    requester: Actor = ADA,
    *,
    incident: IncidentId | None = None,
    reason: str = REASON,
    break_glass: bool = False,
    runbook: RunbookName = RESTART,
) -> PlanRequest:
    return PlanRequest(
        id=RequestId(new_ulid()),
        platform=SEARCH,
        runbook=runbook,
        parameters={"service": "qdrant"},
        requester=requester,
        place=PLACE,
        incident=incident,
        reason=reason,
        break_glass=break_glass,
    )


def by_id(people: Iterable[Actor]) -> dict[UserId, Actor]:
    return {person.id: person for person in people}


@dataclass(slots=True)
class Clock:
    """Moves the store's clock forward; the machine's own goes on underneath."""

    ms: int = 0
    asked: list[timedelta] = field(default_factory=list)
    """The naps that were asked for."""

    def skew_ms(self) -> int:
        return self.ms

    def forward(self, span: timedelta) -> None:
        self.ms += round(span.total_seconds() * 1000)

    async def sleep(self, span: timedelta) -> None:
        """Let the store's time pass instead of ours."""
        self.asked.append(span)
        self.forward(span)
