"""The questions about one platform: its containers, its services, its Prometheus and its Alertmanagers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

import httpx

from bot.adapters.docker_inspection import DockerInspection
from bot.adapters.monitoring_inspection import AlertmanagerInspectionApi, PrometheusInspectionApi
from bot.adapters.probes import Endpoint, HttpProbes
from bot.adapters.simulated.runtime import SimulatedRuntime as SimulatedRuntimeApi
from bot.domain.checks import Check
from bot.domain.errors import BotError
from bot.domain.profiles import Service
from bot.domain.settings import ComposeRuntime, Platform, Server, SimulatedRuntime
from bot.ports.inspection import (
    AlertmanagerFacts,
    AlertmanagerInspection,
    AlertRule,
    EngineRefused,
    Machine,
    NotAnswered,
    PrometheusInspection,
)
from bot.ports.monitoring import ServiceProbe
from bot.services.doctor import Findings, Once, Question, Section
from bot.services.inspection import alertmanager, containers, metrics, services

T = TypeVar("T")


def platform_sections(
    platform: Platform, server: Server, http: httpx.AsyncClient, machine: Machine, *, within: timedelta
) -> list[Section]:
    """Return the sections about one platform; ``within`` bounds each call."""
    prometheus = PrometheusInspectionApi(platform.prometheus_url, http, within=within)
    rules = Once(prometheus.rules)
    alertmanagers = _alertmanagers(platform, server, http, prometheus, rules, within)
    return [
        Section(f"{platform.name}: containers", (_containers(platform, machine, within),)),
        Section(f"{platform.name}: services", tuple(_services(platform, http, within))),
        Section(f"{platform.name}: Prometheus", tuple(_prometheus(platform, prometheus, rules))),
        Section(f"{platform.name}: Alertmanager", tuple(alertmanagers)),
    ]


# Containers


def _containers(platform: Platform, machine: Machine, within: timedelta) -> Question:
    subject, runtime = platform.name, platform.runtime
    if not isinstance(runtime, ComposeRuntime):
        ask_simulation = partial(_simulation, platform, runtime, within)
        return Question(Check.RUNTIME_ENGINE, f"the simulated platform at {runtime.url}", ask_simulation, subject)

    async def ask() -> Findings:
        inspection = DockerInspection(runtime, within=within)
        files = containers.files(inspection.unreadable_files(), runtime, subject=subject)
        try:
            return [*files, *containers.project(await inspection.facts(), runtime, platform.profile, subject=subject)]
        except EngineRefused as refusal:
            return [*files, *containers.engine_refused(refusal, runtime, machine.us(), subject=subject)]

    return Question(Check.RUNTIME_ENGINE, f"the engine at {runtime.docker_host}", ask, subject)


async def _simulation(platform: Platform, runtime: SimulatedRuntime, within: timedelta) -> Findings:
    api = SimulatedRuntimeApi(runtime.url)
    why = ""
    try:
        async with asyncio.timeout(within.total_seconds()):
            await api.containers(next(iter(platform.profile.services)))
    except TimeoutError:
        why = f"the simulated platform at {runtime.url} does not answer"
    except BotError as exc:
        why = str(exc)
    finally:
        await api.aclose()
    return containers.simulated(why, runtime, subject=platform.name)


# Services


def _services(platform: Platform, http: httpx.AsyncClient, within: timedelta) -> list[Question]:
    endpoints = {
        name: Endpoint(address.url, address.api_key.reveal() if address.api_key else None)
        for name, address in platform.services.items()
    }
    probes = HttpProbes(endpoints, http)

    async def named() -> Findings:
        return services.addresses(platform)

    questions = [Question(Check.SERVICE_ADDRESSES, "watchkeeper.yaml", named, platform.name)]
    for service in platform.profile.services.values():
        if service.probes and service.name in platform.services:
            url = platform.services[service.name].url
            ask = partial(_probe, probes, service, url, platform.name, within)
            questions.append(Question(Check.SERVICE_PROBES, f"{service.name} at {url}", ask, platform.name))
    return questions


async def _probe(probes: ServiceProbe, service: Service, url: str, subject: str, within: timedelta) -> Findings:
    asked = [replace(probe, timeout=min(probe.timeout, within)) for probe in service.probes]
    answers = await asyncio.gather(*(probes.ask(service.name, probe) for probe in asked))
    return services.probed(service, answers, url, subject=subject)


# Prometheus


def _prometheus(
    platform: Platform, prometheus: PrometheusInspection, rules: Once[Sequence[AlertRule]]
) -> list[Question]:
    subject, url, profile = platform.name, platform.prometheus_url, platform.profile
    ready = Once(prometheus.ready)

    async def is_ready() -> Findings:
        try:
            await ready()
        except NotAnswered as exc:
            return metrics.not_ready(url, str(exc), subject=subject)
        return metrics.ready(url, subject=subject)

    if isinstance(platform.runtime, SimulatedRuntime):
        # It has no configuration that somebody could mend.
        return [Question(Check.PROMETHEUS_READY, f"Prometheus at {url}", is_ready, subject)]

    async def alertmanagers() -> Findings:
        return metrics.alertmanagers(await prometheus.alertmanagers(), subject=subject)

    async def jobs() -> Findings:
        return metrics.jobs(await prometheus.jobs(), profile, subject=subject)

    async def alert_rules() -> Findings:
        return metrics.rules(await rules(), profile, subject=subject)

    async def values() -> Findings:
        named = list(profile.metrics.values())
        why = await asyncio.gather(*(prometheus.why_no_data(metric) for metric in named))
        missing = {metric.title: reason for metric, reason in zip(named, why, strict=True) if reason}
        return metrics.metrics(missing, len(named), subject=subject)

    asked = {
        Check.PROMETHEUS_ALERTMANAGERS: alertmanagers,
        Check.PROMETHEUS_JOBS: jobs,
        Check.PROMETHEUS_RULES: alert_rules,
        Check.PROMETHEUS_METRICS: values,
    }
    where = f"Prometheus at {url}"
    rest = [Question(check, where, _if_ready(ready, ask), subject) for check, ask in asked.items()]
    return [Question(Check.PROMETHEUS_READY, where, is_ready, subject), *rest]


def _if_ready(ready: Once[None], ask: Callable[[], Awaitable[Findings]]) -> Callable[[], Awaitable[Findings]]:
    """Return the question, asked only of a Prometheus that answers: that it does not is said once."""

    async def asked() -> Findings:
        try:
            await ready()
        except NotAnswered:
            return []
        return await ask()

    return asked


# Alertmanager


def _alertmanagers(
    platform: Platform,
    server: Server,
    http: httpx.AsyncClient,
    prometheus: PrometheusInspection,
    rules: Once[Sequence[AlertRule]],
    within: timedelta,
) -> list[Question]:
    async def ask(url: str) -> Findings:
        inspection = AlertmanagerInspectionApi(url, http, within=within)
        known_rules, labels, found = await asyncio.gather(
            _or(rules(), ()), _or(prometheus.external_labels(), {}), _configured(inspection, url, platform.name)
        )
        if not isinstance(found, AlertmanagerFacts):
            return found
        if isinstance(platform.runtime, SimulatedRuntime):
            return alertmanager.simulated(found, url, subject=platform.name)
        counts = await inspection.deliveries()
        return [
            *alertmanager.judge(found, url, platform, server, known_rules, labels),
            *alertmanager.deliveries(counts, url, subject=platform.name),
        ]

    return [
        Question(Check.ALERTMANAGER_STATUS, f"Alertmanager at {url}", partial(ask, url), platform.name)
        for url in platform.alertmanager.urls
    ]


async def _configured(inspection: AlertmanagerInspection, url: str, subject: str) -> AlertmanagerFacts | Findings:
    """Return what it says of itself, or the finding that it cannot be asked."""
    try:
        return await inspection.facts()
    except NotAnswered as exc:
        return alertmanager.unanswered(url, str(exc), subject=subject)


async def _or(asked: Awaitable[T], otherwise: T) -> T:
    """Return the answer, or ``otherwise``: that Prometheus is away is a finding of its own."""
    try:
        return await asked
    except NotAnswered:
        return otherwise
