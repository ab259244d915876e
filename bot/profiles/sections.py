"""From a profile's document to its values: each section by itself, then whether the names in them agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeVar

from bot.domain.ids import RunbookName, ServiceName
from bot.domain.profiles import Escalation, Exempt, Metric, Probe, Profile, Refused, Runbook, Service, SeverityRule
from bot.domain.rights import Severity
from bot.profiles.border import Entry, Inspection
from bot.profiles.documents import Document, Path
from bot.profiles.problems import ConfigurationError, in_order, unknown
from bot.profiles.runbooks import KnownActions, Surroundings, read_runbook
from bot.profiles.schema import (
    NEVER_EXEMPT,
    ONLY_EXEMPT,
    SECTIONS,
    EscalationEntry,
    ExemptEntry,
    MetricEntry,
    PlatformEntry,
    RefusedEntry,
    RunbookEntry,
    ServiceEntry,
    SeverityEntry,
)

Model = TypeVar("Model", bound=Entry)


def build_profile(document: Document, *, known_actions: KnownActions | None = None) -> Profile:
    """Return the profile that ``document`` spells; ConfigurationError with every problem of it, in order."""
    inspection = Inspection(document)
    reader = _ProfileReader(inspection, known_actions)
    profile = reader.profile() if inspection.is_mapping(()) else None
    if profile is None or inspection.problems:
        raise ConfigurationError(in_order(inspection.problems))
    return profile


@dataclass(frozen=True, slots=True)
class _ProfileReader:
    inspection: Inspection
    known_actions: KnownActions | None

    def profile(self) -> Profile | None:
        """Return the profile; None where it says nothing of the platform. Incomplete wherever problems were noted."""
        exempt = self._exemptions()
        platform = self._platform()
        services = self._services()
        runbooks = self._runbooks()
        metrics = self._metrics()
        severity = self._severity(runbooks)
        escalation = self._escalation()
        refused = self._refused()
        if platform is None:
            return None
        return Profile(
            name=platform.name,
            title=platform.title,
            guide=platform.guide,
            services=services,
            metrics=metrics,
            severity=severity,
            escalation=escalation,
            runbooks=runbooks,
            reopen_window=platform.reopen_window,
            logs_in_channel=platform.logs_in_channel,
            refused=refused,
            exempt=exempt,
        )

    def _platform(self) -> PlatformEntry | None:
        entry = self.inspection.entry(PlatformEntry, ("platform",)) if self._is_filled("platform") else None
        stem = PurePath(self.inspection.document.position(()).file).stem
        if entry and entry.name != stem:
            self.inspection.add(("platform", "name"), f"expected `{stem}`, the name of the file")
        return entry

    # Which sections there are

    def _exemptions(self) -> dict[str, Exempt]:
        """Return the excused sections, noting those that are missing, unknown, or filled before anything reads them."""
        given = self.inspection.document.mapping(())
        for section in given:
            if section not in SECTIONS:
                self.inspection.add((section,), unknown(section, SECTIONS))
        for section in SECTIONS:
            if section not in given:
                self.inspection.add((section,), "this section is missing; fill it or excuse it: `{exempt: why}`")
        excused = [section for section in SECTIONS if section in given and self._is_excused(section)]
        entries = {section: self.inspection.entry(ExemptEntry, (section,)) for section in excused}
        return {section: Exempt(entry.exempt) for section, entry in entries.items() if entry}

    def _is_excused(self, section: str) -> bool:
        excused = "exempt" in self.inspection.document.mapping((section,))
        if excused and section in NEVER_EXEMPT:
            self.inspection.add((section,), "cannot be excused")
            return False
        if not excused and section in ONLY_EXEMPT:
            self.inspection.add((section,), "nothing reads this section yet; expected `{exempt: why}`")
        return excused

    def _is_filled(self, section: str) -> bool:
        document = self.inspection.document
        return section in document.mapping(()) and "exempt" not in document.mapping((section,))

    def _named(self, model: type[Model], section: str) -> dict[str, Model]:
        return self.inspection.entries(model, (section,)) if self._is_filled(section) else {}

    def _listed(self, model: type[Model], section: str) -> Iterator[tuple[Path, Model]]:
        if not self._is_filled(section) or not self.inspection.is_list((section,)):
            return
        rows = self.inspection.document.get((section,))
        for number in range(len(rows) if isinstance(rows, list) else 0):
            if entry := self.inspection.entry(model, (section, number)):
                yield (section, number), entry

    def _names(self, section: str) -> tuple[str, ...]:
        """Return the names a section gives, those of broken entries included: one mistake is one problem."""
        return tuple(self.inspection.document.mapping((section,))) if self._is_filled(section) else ()

    # Services

    def _services(self) -> dict[ServiceName, Service]:
        entries = self._named(ServiceEntry, "services")
        if self._is_filled("services") and not self._names("services"):
            self.inspection.add(("services",), "expected at least one service")
        for name, entry in entries.items():
            self._check_service(("services", name), entry)
        self._check_start_order({name: entry.depends_on for name, entry in entries.items()})
        return {ServiceName(name): _service(name, entry) for name, entry in entries.items()}

    def _check_service(self, path: Path, entry: ServiceEntry) -> None:
        self._must_be_services((*path, "depends_on"), entry.depends_on)
        if not any(probe.ready for probe in entry.probes.values()):
            self.inspection.add(
                (*path, "probes"), "none says `ready: true`; waiting for the service has nothing to ask"
            )

    def _must_be_services(self, path: Path, names: list[str]) -> None:
        for number, name in enumerate(names):
            self.inspection.must_know((*path, number), name, self._names("services"), "service")

    def _check_start_order(self, needs: Mapping[str, list[str]]) -> None:
        """Note each circle once, at the service of it that comes first."""
        circles: dict[frozenset[str], tuple[str, ...]] = {}
        for name in needs:
            if circle := _circle(name, needs):
                circles.setdefault(frozenset(circle), circle)
        for circle in circles.values():
            around = " → ".join((*circle, circle[0]))
            self.inspection.add(("services", circle[0], "depends_on"), f"a circle: {around}; nothing could start first")

    # Metrics

    def _metrics(self) -> dict[str, Metric]:
        entries = self._named(MetricEntry, "metrics")
        for name, entry in entries.items():
            path = ("metrics", name)
            self._must_be_services((*path, "services"), entry.services)
            self._check_thresholds(path, entry)
        return {name: _metric(name, entry) for name, entry in entries.items()}

    def _check_thresholds(self, path: Path, entry: MetricEntry) -> None:
        warning, critical = entry.warning_above, entry.critical_above
        if warning is not None and critical is not None and warning >= critical:
            self.inspection.add((*path, "critical_above"), "expected more than `warning_above`")
        warning, critical = entry.warning_below, entry.critical_below
        if warning is not None and critical is not None and warning <= critical:
            self.inspection.add((*path, "critical_below"), "expected less than `warning_below`")

    # Severity and escalation

    def _severity(self, runbooks: Mapping[RunbookName, Runbook]) -> tuple[SeverityRule, ...]:
        rows = list(self._listed(SeverityEntry, "severity"))
        for path, entry in rows:
            self._check_offers(path, entry, runbooks)
        self._check_last_rule([path for path, entry in rows if _fits_everything(entry)])
        return tuple(_severity_rule(entry) for _, entry in rows)

    def _check_offers(self, path: Path, entry: SeverityEntry, runbooks: Mapping[RunbookName, Runbook]) -> None:
        for number, name in enumerate(entry.offer):
            here = (*path, "offer", number)
            if not self.inspection.must_know(here, name, self._names("runbooks"), "runbook"):
                continue
            runbook = runbooks.get(RunbookName(name))
            for parameter in runbook.parameters if runbook else ():
                if parameter.required and parameter.default is None and parameter.kind != "service":
                    self.inspection.add(here, f"`{name}` needs `{parameter.name}`, which no alert can fill in")

    def _check_last_rule(self, everything: list[Path]) -> None:
        rows = self.inspection.document.get(("severity",))
        if not isinstance(rows, list):
            return
        last = len(rows) - 1
        if ("severity", last) not in everything:
            self.inspection.add(("severity",), "the last rule must fit every alert: one without matchers")
        for path in everything:
            if path[-1] != last:
                self.inspection.add(path, "fits every alert, so the rules after it are never asked")

    def _escalation(self) -> dict[Severity, Escalation]:
        if not self._is_filled("escalation") or not self.inspection.is_mapping(("escalation",)):
            return {}
        given = self.inspection.document.mapping(("escalation",))
        for name in given:
            self.inspection.must_know(("escalation", name), name, list(Severity), "severity")
        for severity in Severity:
            if severity not in given:
                self.inspection.add(("escalation", severity.value), "missing; every severity has its times")
        known = {severity: ("escalation", severity.value) for severity in Severity if severity in given}
        entries = {severity: self.inspection.entry(EscalationEntry, path) for severity, path in known.items()}
        return {severity: _escalation(entry) for severity, entry in entries.items() if entry}

    # Runbooks and what is refused

    def _runbooks(self) -> dict[RunbookName, Runbook]:
        around = Surroundings(self._names("services"), self.known_actions)
        entries = self._named(RunbookEntry, "runbooks")
        books = [read_runbook(self.inspection, ("runbooks", name), entry, around) for name, entry in entries.items()]
        return {book.name: book for book in books}

    def _refused(self) -> tuple[Refused, ...]:
        return tuple(Refused(entry.procedure, entry.why) for _, entry in self._listed(RefusedEntry, "refused"))


def _circle(start: str, needs: Mapping[str, list[str]]) -> tuple[str, ...] | None:
    """Return the services on a way from ``start`` back to itself; None where there is none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for name in needs.get(way[-1], ()):
            if name == start:
                return way
            if name not in seen:
                seen.add(name)
                ways.append((*way, name))
    return None


def _fits_everything(entry: SeverityEntry) -> bool:
    return not entry.matchers and entry.service_is_critical is None


def _service(name: str, entry: ServiceEntry) -> Service:
    return Service(
        name=ServiceName(name),
        role=entry.role,
        critical=entry.critical,
        depends_on=tuple(ServiceName(needed) for needed in entry.depends_on),
        compose_service=entry.compose,
        probes=tuple(
            Probe(
                name=probe_name,
                kind=probe.kind,
                path=probe.path,
                expect_status=probe.expect_status,
                timeout=probe.timeout,
                ready=probe.ready,
            )
            for probe_name, probe in entry.probes.items()
        ),
        alerts=tuple(entry.alerts),
        stop_grace=entry.stop_grace,
    )


def _metric(name: str, entry: MetricEntry) -> Metric:
    return Metric(
        name=name,
        title=entry.title,
        promql=entry.promql,
        unit=entry.unit,
        services=tuple(ServiceName(service) for service in entry.services),
        warning_above=entry.warning_above,
        critical_above=entry.critical_above,
        warning_below=entry.warning_below,
        critical_below=entry.critical_below,
    )


def _severity_rule(entry: SeverityEntry) -> SeverityRule:
    offer = tuple(RunbookName(name) for name in entry.offer)
    return SeverityRule(entry.severity, entry.matchers, entry.service_is_critical, offer)


def _escalation(entry: EscalationEntry) -> Escalation:
    return Escalation(entry.respond_within, entry.page_after, entry.quiet_after)
