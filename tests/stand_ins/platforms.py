"""Small platforms in memory: what a runtime, probes, Prometheus and Alertmanager answer is what a test put there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.domain.alerts import AlertmanagerListing
from bot.domain.containers import Container, ContainerStatus, Health, LogLine
from bot.domain.errors import TemporaryError, UnknownName
from bot.domain.findings import Finding, MetricSample, Verdict
from bot.domain.ids import ContainerId, PlatformName, RunbookName, ServiceName, UserId
from bot.domain.profiles import (
    Escalation,
    Metric,
    Parameter,
    Probe,
    ProbeKind,
    Profile,
    Runbook,
    Service,
    SeverityRule,
    StepTemplate,
)
from bot.domain.rights import Environment, Need, Risk, Severity
from bot.domain.settings import Members
from bot.ports.platforms import PlatformPorts

STARTED = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@dataclass
class FakeRuntime:
    """Containers by service; restarting moves their start by a second."""

    running: dict[ServiceName, list[Container]] = field(default_factory=dict)
    lines: dict[ContainerId, list[LogLine]] = field(default_factory=dict)
    restarts: list[ContainerId] = field(default_factory=list)
    away: str = ""
    """Why the engine cannot be asked; empty while it can."""

    async def containers(self, service: ServiceName) -> Sequence[Container]:
        self._answer()
        return tuple(self.running.get(service, ()))

    async def restart(self, container: ContainerId, *, grace: timedelta) -> None:
        self._answer()
        for service, found in self.running.items():
            if any(it.id == container for it in found):
                self.restarts.append(container)
                self.running[service] = [_restarted(it) if it.id == container else it for it in found]
                return
        raise UnknownName(f"{container}: no such container")

    async def logs(self, container: ContainerId, *, tail: int, since: datetime | None = None) -> Sequence[LogLine]:
        self._answer()
        return tuple(it for it in self.lines.get(container, ()) if since is None or it.at >= since)[-tail:]

    async def aclose(self) -> None:
        """Nothing is held."""

    def _answer(self) -> None:
        if self.away:
            raise TemporaryError(self.away)


def _restarted(container: Container) -> Container:
    started = container.started_at or STARTED
    return replace(container, status=ContainerStatus.RUNNING, started_at=started + timedelta(seconds=1))


@dataclass
class FakeProbes:
    """Every service is fine but those of which something else is said."""

    findings: dict[tuple[ServiceName, str], Finding] = field(default_factory=dict)

    async def ask(self, service: ServiceName, probe: Probe) -> Finding:
        fine = Finding(service, probe.name, Verdict.OK, "HTTP 200 in 3 ms", timedelta(milliseconds=3))
        return self.findings.get((service, probe.name), fine)


@dataclass
class FakeMetrics:
    """One value for each metric; a metric without one has no data."""

    values: dict[str, float] = field(default_factory=dict)
    alerts: frozenset[tuple[str, tuple[tuple[str, str], ...]]] = frozenset()

    async def sample(self, metric: Metric, *, at: datetime | None = None) -> Sequence[MetricSample]:
        value = self.values.get(metric.name)
        why = "no data" if value is None else None
        return (MetricSample(metric.name, (), value, metric.unit, at or STARTED, why),)

    async def firing(self) -> frozenset[tuple[str, tuple[tuple[str, str], ...]]]:
        return self.alerts


@dataclass
class FakeAlerts:
    """The listings of the peers."""

    peers: tuple[AlertmanagerListing, ...] = (AlertmanagerListing((), STARTED),)
    away: str = ""

    async def listings(self) -> Sequence[AlertmanagerListing]:
        if self.away:
            raise TemporaryError(self.away)
        return self.peers


def make_container(service: str, number: int = 1) -> Container:
    """Return a healthy container."""
    return Container(
        id=ContainerId(f"{service}-{number}-".ljust(64, "0")),
        name=f"small-{service}-{number}",
        service=ServiceName(service),
        number=number,
        image=f"{service}:1",
        image_digest=f"sha256:{service}",
        config_hash="c0ffee",
        status=ContainerStatus.RUNNING,
        health=Health.HEALTHY,
        started_at=STARTED,
        finished_at=None,
        exit_code=0,
        oom_killed=False,
        restart_count=0,
    )


def make_service(name: str, *, critical: bool = False, depends_on: Sequence[str] = ()) -> Service:
    """Return a service with one ready probe, whose alerts carry its name as their job."""
    return Service(
        name=ServiceName(name),
        role=f"does what {name} does",
        critical=critical,
        depends_on=tuple(map(ServiceName, depends_on)),
        compose_service=name,
        probes=(Probe("ready", ProbeKind.HTTP, "/ready", ready=True),),
        alerts=({"job": name},),
    )


def restart_service() -> Runbook:
    """Return the runbook that `/ops restart` asks for."""
    return make_runbook(
        "restart-service",
        title="Restart {service}",
        parameters=(Parameter("service", "service", help="the service to restart"),),
        steps=(StepTemplate("compose.restart", {"service": "{service}"}),),
    )


def recover_qdrant() -> Runbook:
    """Return a runbook without parameters."""
    return make_runbook("recover-qdrant", title="Qdrant does not answer")


def make_runbook(
    name: str,
    *,
    title: str = "",
    need: Need = Need.ONE,
    parameters: tuple[Parameter, ...] = (),
    steps: tuple[StepTemplate, ...] = (StepTemplate("compose.restart", {"service": "qdrant"}),),
) -> Runbook:
    """Return a disruptive runbook; without more said it restarts qdrant."""
    return Runbook(
        name=RunbookName(name),
        title=title or name,
        version="1a2b3c4d",
        risk=Risk.DISRUPTIVE,
        need=need,
        need_why=None,
        parameters=parameters,
        steps=steps,
        covers=(),
        interrupts="It does not answer for a moment.",
        undo="A restart cannot be taken back.",
    )


def make_profile(services: Sequence[Service], runbooks: Sequence[Runbook] = ()) -> Profile:
    """Return a profile with one severity rule, which offers `recover-qdrant` and `restart-service`."""
    books = {RunbookName(it.name): it for it in runbooks}
    rules = [
        (
            SeverityRule(
                Severity.SEV1, {"alertname": "ServiceDown", "job": "qdrant"}, offer=(RunbookName("recover-qdrant"),)
            )
        ),
        (SeverityRule(Severity.SEV3, {}, offer=(RunbookName("restart-service"),))),
    ]
    return Profile(
        name="small",
        title="A small platform",
        guide=None,
        services={it.name: it for it in services},
        metrics={"up": Metric("up", "Answers", "min(up)", "count")},
        severity=tuple(replace(it, offer=tuple(name for name in it.offer if name in books)) for it in rules),
        escalation={it: Escalation(timedelta(minutes=15), None, timedelta(hours=1)) for it in Severity},
        runbooks=books,
    )


def make_platform(
    name: str = "search-prod",
    *,
    services: Sequence[str] = ("qdrant", "web"),
    runbooks: Sequence[Runbook] | None = None,
    owners: Sequence[str] = (),
    environment: Environment = Environment.PRODUCTION,
) -> PlatformPorts:
    """Return a healthy platform with a container for each service; the first service is the critical one."""
    made = [make_service(it, critical=it == services[0]) for it in services]
    books = (restart_service(), recover_qdrant()) if runbooks is None else runbooks
    return PlatformPorts(
        name=PlatformName(name),
        profile=make_profile(made, books),
        environment=environment,
        owners=Members(people=frozenset(map(UserId, owners))),
        runtime=FakeRuntime({it.name: [make_container(it.name)] for it in made}),
        probes=FakeProbes(),
        metrics=FakeMetrics(),
        alerts=FakeAlerts(),
    )


def by_name(*platforms: PlatformPorts) -> Mapping[PlatformName, PlatformPorts]:
    """Return platforms as use cases take them."""
    return {it.name: it for it in platforms}
