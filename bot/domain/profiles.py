"""A profile: everything Watchkeeper knows about one kind of platform, as values.

`bot.profiles` reads them from YAML; code asks for metrics, probes and runbooks by name only.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from bot.domain.findings import MetricSample, Verdict
from bot.domain.ids import RunbookName, ServiceName
from bot.domain.rights import Need, Risk, Severity


@dataclass(frozen=True, slots=True)
class Exempt:
    """A section that does not apply to this platform, and why."""

    why: str


class ProbeKind(StrEnum):
    """How a probe reads the answer."""

    HTTP = "http"
    """``GET path``: the expected status is fine, anything else critical."""
    QDRANT_COLLECTIONS = "qdrant_collections"
    """Every collection green or grey is fine, yellow a warning, red critical."""
    TCP = "tcp"
    """A connection is fine."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One question to a service."""

    name: str
    kind: ProbeKind
    path: str = "/"
    expect_status: int = 200
    timeout: timedelta = timedelta(seconds=5)
    ready: bool = False
    """True where a good answer means that the service can take traffic; `wait.healthy` asks these."""


@dataclass(frozen=True, slots=True)
class Service:
    """One part of a platform."""

    name: ServiceName
    role: str
    """What it does, in a few words for people."""
    critical: bool
    depends_on: tuple[ServiceName, ...]
    compose_service: str | None
    """The Compose service behind it; None where no runtime here can act on it."""
    probes: tuple[Probe, ...]
    alerts: tuple[dict[str, str], ...]
    """Label matchers; an alert that fits all labels of one of them belongs to this service."""
    stop_grace: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Metric:
    """A named question to Prometheus."""

    name: str
    title: str
    promql: str
    unit: str
    """``seconds``, ``ratio``, ``percent``, ``bytes``, ``per_second``, ``count``."""
    services: tuple[ServiceName, ...] = ()
    warning_above: float | None = None
    critical_above: float | None = None
    warning_below: float | None = None
    critical_below: float | None = None

    def judged(self, sample: MetricSample) -> MetricSample:
        """Return the sample with the worst threshold that its value has crossed; no data crosses none."""
        value = sample.value
        if value is None:
            return sample
        for verdict, above, below in (
            (Verdict.CRITICAL, self.critical_above, self.critical_below),
            (Verdict.WARNING, self.warning_above, self.warning_below),
        ):
            if above is not None and value > above:
                return replace(sample, verdict=verdict, bound=above)
            if below is not None and value < below:
                return replace(sample, verdict=verdict, bound=below)
        return sample


@dataclass(frozen=True, slots=True)
class SeverityRule:
    """The first rule whose matchers fit an alert decides its incident's severity and the runbooks offered."""

    severity: Severity
    matchers: dict[str, str]
    """Label → exact value; empty fits everything."""
    service_is_critical: bool | None = None
    offer: tuple[RunbookName, ...] = ()


@dataclass(frozen=True, slots=True)
class Escalation:
    """What happens when nobody reacts, for one severity."""

    respond_within: timedelta
    page_after: timedelta | None
    """None: nobody is paged."""
    quiet_after: timedelta
    """An acknowledgement with no sign of life for so long is asked about, then dropped."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A typed argument of a runbook."""

    name: str
    kind: str
    """``service``, ``duration``, ``integer``, ``text``."""
    required: bool = True
    default: str | None = None
    choices: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """One action of a runbook; argument values may name parameters as ``{service}``."""

    action: str
    arguments: dict[str, object]


@dataclass(frozen=True, slots=True)
class Runbook:
    """A named procedure."""

    name: RunbookName
    title: str
    version: str
    """Digest of its text: a run whose runbook changed since its plan was made says so."""
    risk: Risk
    need: Need
    """After raising or (with ``need_why``) lowering what the risk asks for."""
    need_why: str | None
    parameters: tuple[Parameter, ...]
    steps: tuple[StepTemplate, ...]
    covers: tuple[str, ...]
    interrupts: str
    """What people notice while it runs, in one line; may name parameters."""
    undo: str
    """How it is undone, in one line."""
    guide: str | None = None
    break_glass: bool = True
    """Whether an emergency may start it without a second person."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A procedure that stays with people, and why."""

    procedure: str
    why: str


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of platform."""

    name: str
    title: str
    guide: str | None
    services: dict[ServiceName, Service]
    metrics: dict[str, Metric]
    severity: tuple[SeverityRule, ...]
    escalation: dict[Severity, Escalation]
    runbooks: dict[RunbookName, Runbook]
    reopen_window: timedelta = timedelta(minutes=30)
    logs_in_channel: bool = True
    """Whether log text may be shown in the platform's channels."""
    refused: tuple[Refused, ...] = ()
    exempt: dict[str, Exempt] = field(default_factory=dict)
    """Sections that are excused."""

    def service_of(self, labels: dict[str, str]) -> Service | None:
        """Return the service an alert with these labels belongs to; None is the platform itself."""
        claim = self.claim_of(labels)
        return claim[0] if claim else None

    def claim_of(self, labels: dict[str, str]) -> tuple[Service, dict[str, str]] | None:
        """Return the service an alert with these labels belongs to, and the matchers that say so; the first wins."""
        for service in self.services.values():
            for matchers in service.alerts:
                if all(labels.get(name) == value for name, value in matchers.items()):
                    return service, matchers
        return None

    def start_order(self) -> tuple[ServiceName, ...]:
        """Return the services so that each comes after what it depends on; ties in profile order."""
        ordered: list[ServiceName] = []

        def visit(name: ServiceName) -> None:
            if name in ordered:
                return
            for dependency in self.services[name].depends_on:
                visit(dependency)
            ordered.append(name)

        for name in self.services:
            visit(name)
        return tuple(ordered)
