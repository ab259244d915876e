"""First evidence: ask everything that knows something about an incident at once, and show what came within seconds."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.errors import BotError
from bot.domain.evidence import Evidence, Link, ServiceLog, Source
from bot.domain.findings import Finding, MetricSample
from bot.domain.ids import IncidentId, ServiceName
from bot.domain.incidents import Incident
from bot.domain.profiles import Metric, Service
from bot.domain.redaction import Redactor
from bot.ports.evidence import EvidenceStore
from bot.ports.incidents import Incidents
from bot.ports.platforms import PlatformPorts, Platforms
from bot.ports.runs import Runs

PARTIAL_AFTER = timedelta(seconds=3)
"""What came by then is shown; the rest follows."""
GIVE_UP_AFTER = timedelta(seconds=20)
LOG_LINES = 200
ERROR_LINES = 5
RECENT_RUNS = 3
MAX_METRICS = 8

ERROR_LEVEL = re.compile(r"\b(ERROR|ERR|FATAL|CRITICAL|PANIC|panicked|Traceback)\b|level=(error|fatal)", re.IGNORECASE)
LINK_TITLES: Mapping[str, str] = {
    "runbook_url": "Runbook",
    "dashboard_url": "Dashboard",
    "dashboard": "Dashboard",
}

Update = Callable[[Evidence], Evidence]


class EvidenceService:
    """Collects and keeps first evidence."""

    def __init__(
        self,
        incidents: Incidents,
        runs: Runs,
        platforms: Platforms,
        store: EvidenceStore,
        redactor: Redactor,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._incidents = incidents
        self._runs = runs
        self._platforms = platforms
        self._store = store
        self._redactor = redactor
        self._now = now

    async def collect(self, id_: IncidentId) -> Evidence:
        """Ask all sources; keep what is known after 3 s, and again when everything has answered or is given up."""
        incident = await self._incidents.get(id_)
        platform = self._platforms[incident.platform]
        services = affected_services(incident, platform)
        names = tuple(service.name for service in services)
        sources = self._sources(incident, platform, services)
        evidence = Evidence(id_, incident.platform, names, self._now(), waiting=tuple(sources))
        tasks = {asyncio.create_task(call): source for source, call in sources.items()}
        pending = set(tasks)
        for limit in (PARTIAL_AFTER, GIVE_UP_AFTER - PARTIAL_AFTER):
            done, pending = await asyncio.wait(pending, timeout=limit.total_seconds())
            for task in done:
                evidence = _with_answer(evidence, tasks[task], task)
            waiting = tuple(tasks[task] for task in pending)
            evidence = replace(evidence, waiting=waiting, as_of=self._now())
            await self._store.put(evidence)
            if not pending:
                return evidence
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        slow = {tasks[task]: f"no answer within {GIVE_UP_AFTER.total_seconds():.0f} s" for task in pending}
        evidence = replace(evidence, waiting=(), missing={**evidence.missing, **slow})
        await self._store.put(evidence)
        return evidence

    def _sources(
        self, incident: Incident, platform: PlatformPorts, services: Sequence[Service]
    ) -> dict[Source, Coroutine[Any, Any, Update]]:
        return {
            Source.VALUES: self._values(incident, platform, services),
            Source.PROBES: self._probes(platform, services),
            Source.CONTAINERS: self._containers(platform, services),
            Source.LOGS: self._logs(platform, services),
            Source.RUNS: self._recent_runs(incident),
            Source.LINKS: self._links(incident),
        }

    async def _values(self, incident: Incident, platform: PlatformPorts, services: Sequence[Service]) -> Update:
        metrics = metrics_of(platform, services)
        fired_at = min((alert.starts_at for alert in incident.firing), default=incident.opened_at)
        sampled = await asyncio.gather(_sampled(platform, metrics, fired_at), _sampled(platform, metrics, None))
        then, now = (_worth_showing(metrics, samples, beside=[*sampled[0], *sampled[1]]) for samples in sampled)
        return lambda evidence: replace(evidence, values_at_fire=then, values_now=now)

    async def _probes(self, platform: PlatformPorts, services: Sequence[Service]) -> Update:
        asked = [platform.probes.ask(service.name, probe) for service in services for probe in service.probes]
        findings = [self._cleaned(finding) for finding in await asyncio.gather(*asked)]
        return lambda evidence: replace(evidence, probes=tuple(findings))

    def _cleaned(self, finding: Finding) -> Finding:
        return replace(finding, evidence=self._redactor.clean(finding.evidence))

    async def _containers(self, platform: PlatformPorts, services: Sequence[Service]) -> Update:
        found = await asyncio.gather(*(platform.runtime.containers(service.name) for service in _running(services)))
        containers = tuple(container for some in found for container in some)
        return lambda evidence: replace(evidence, containers=containers)

    async def _logs(self, platform: PlatformPorts, services: Sequence[Service]) -> Update:
        logs = [await self._log(platform, service.name) for service in _running(services)]
        kept = tuple(log for log in logs if log.of_lines)
        return lambda evidence: replace(evidence, logs=kept)

    async def _log(self, platform: PlatformPorts, service: ServiceName) -> ServiceLog:
        containers = await platform.runtime.containers(service)
        found = [line for it in containers for line in await platform.runtime.logs(it.id, tail=LOG_LINES)]
        errors = [line for line in sorted(found, key=lambda line: line.at) if ERROR_LEVEL.search(line.text)]
        last = tuple(replace(line, text=self._redactor.clean(line.text)) for line in errors[-ERROR_LINES:])
        return ServiceLog(service, last, len(found))

    async def _recent_runs(self, incident: Incident) -> Update:
        runs = [run for run in await self._runs.recent(50) if run.plan.platform == incident.platform]
        lines = tuple(
            f"{run.name} {run.plan.title}: {run.state} at {run.changed_at:%Y-%m-%d %H:%M} UTC"
            for run in runs[:RECENT_RUNS]
        )
        return lambda evidence: replace(evidence, recent_runs=lines)

    async def _links(self, incident: Incident) -> Update:
        links = links_of(incident)
        return lambda evidence: replace(evidence, links=links)


def _with_answer(evidence: Evidence, source: Source, task: asyncio.Task[Update]) -> Evidence:
    """Return the evidence with one source's answer, or with the reason there is none."""
    error = task.exception()
    if error is None:
        return task.result()(evidence)
    if not isinstance(error, BotError):
        raise error
    return replace(evidence, missing={**evidence.missing, source: str(error)})


def _running(services: Sequence[Service]) -> list[Service]:
    return [service for service in services if service.compose_service is not None]


async def _sampled(platform: PlatformPorts, metrics: Sequence[Metric], at: datetime | None) -> tuple[MetricSample, ...]:
    samples = await asyncio.gather(*(platform.metrics.sample(metric, at=at) for metric in metrics))
    return tuple(metric.judged(it) for metric, some in zip(metrics, samples, strict=True) for it in some)


def _worth_showing(
    metrics: Sequence[Metric], samples: Sequence[MetricSample], *, beside: Sequence[MetricSample]
) -> tuple[MetricSample, ...]:
    """Return the samples of at most eight metrics: first the series out of bounds at either moment, then the others.

    Of a metric with such series only these are shown: the one full disk, the one target that is down.
    """
    bad = {(it.name, it.labels) for it in beside if it.bound is not None}
    bad_names = {name for name, _ in bad}
    order = sorted((metric.name for metric in metrics), key=lambda name: name not in bad_names)[:MAX_METRICS]
    shown = [it for it in samples if (it.name, it.labels) in bad or it.name not in bad_names]
    return tuple(sorted((it for it in shown if it.name in order), key=lambda sample: order.index(sample.name)))


def affected_services(incident: Incident, platform: PlatformPorts) -> tuple[Service, ...]:
    """Return the services an incident concerns: its own, else those of its alerts, else the critical ones."""
    if incident.service is not None:
        return (platform.service(incident.service),)
    named = (platform.profile.service_of(alert.labels) for alert in incident.members.values())
    found = {service.name: service for service in named if service}
    return tuple(found.values()) or tuple(it for it in platform.profile.services.values() if it.critical)


def metrics_of(platform: PlatformPorts, services: Sequence[Service]) -> tuple[Metric, ...]:
    """Return the metrics that concern the services: their own, then the platform's."""
    names = {service.name for service in services}
    metrics = platform.profile.metrics.values()
    own = [metric for metric in metrics if names & set(metric.services)]
    general = [metric for metric in metrics if not metric.services]
    return (*own, *general)


def links_of(incident: Incident) -> tuple[Link, ...]:
    """Return http(s) links from annotations and the alert's own expression, each address once."""
    links: dict[str, Link] = {}
    for alert in incident.members.values():
        for name, title in LINK_TITLES.items():
            links.setdefault(alert.annotations.get(name, ""), Link(title, alert.annotations.get(name, "")))
        links.setdefault(alert.generator_url, Link("Alert's expression", alert.generator_url))
    return tuple(link for url, link in links.items() if url.startswith(("http://", "https://")))
