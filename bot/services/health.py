"""Health: how a platform stands now, asked of everything at once, with what hangs named."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.domain.answers import Alerts, Outlook, ServiceStatus, Status
from bot.domain.containers import Container, ContainerStatus
from bot.domain.errors import BotError, TemporaryError
from bot.domain.findings import WORST_FIRST, Verdict
from bot.domain.ids import PlatformName
from bot.domain.profiles import Service
from bot.ports.approvals import Approvals
from bot.ports.incidents import Incidents
from bot.ports.platforms import PlatformPorts, Platforms
from bot.ports.runs import Runs

GLANCE_WITHIN = timedelta(seconds=3)
"""How long a glance waits for one service."""
GLANCE_LIFE = timedelta(seconds=5)
"""How long a glance serves everybody: ten people who open their home at once ask the platforms once."""


class HealthService:
    """Looks at platforms. Never changes anything."""

    def __init__(
        self,
        platforms: Platforms,
        incidents: Incidents,
        approvals: Approvals,
        runs: Runs,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._platforms = platforms
        self._incidents = incidents
        self._approvals = approvals
        self._runs = runs
        self._now = now
        self._glances: dict[PlatformName, Outlook] = {}

    async def status(self, name: PlatformName, service: str | None = None) -> Status:
        """Return how the platform (or one service of it) stands; each question has its own timeout."""
        platform = self._platforms[name]
        services = [platform.service(service)] if service else list(platform.profile.services.values())
        stands = await asyncio.gather(*(self._service(platform, it) for it in services))
        incidents = await self._incidents.open(name)
        approvals = [it for it in await self._approvals.open() if it.plan.platform == name]
        return Status(
            platform=name,
            platform_title=platform.profile.title,
            environment=platform.environment,
            as_of=self._now(),
            services=tuple(stands),
            incidents=tuple(incidents),
            runs=tuple(await self._runs.on_platform(name)),
            approvals=tuple(approvals),
        )

    async def outlook(self) -> tuple[Outlook, ...]:
        """Return how every platform stands in a glance; what does not answer in time is unknown, never healthy.

        An answer serves everybody who looks within `GLANCE_LIFE`.
        """
        return tuple(await asyncio.gather(*(self._glance(it) for it in self._platforms.values())))

    async def _glance(self, platform: PlatformPorts) -> Outlook:
        known = self._glances.get(platform.name)
        if known is not None and self._now() - known.as_of < GLANCE_LIFE:
            return known
        services = await asyncio.gather(*(self._in_time(platform, it) for it in platform.profile.services.values()))
        verdict = min((it.verdict for it in services), key=WORST_FIRST.index, default=Verdict.UNKNOWN)
        ordered = sorted(services, key=lambda it: WORST_FIRST.index(it.verdict))
        wrong = tuple(_in_a_line(it) for it in ordered if it.verdict is not Verdict.OK)
        seen = Outlook(platform.name, platform.profile.title, verdict, self._now(), wrong)
        self._glances[platform.name] = seen
        return seen

    async def _in_time(self, platform: PlatformPorts, service: Service) -> ServiceStatus:
        """Return how a service stands, or that it could not be told in time."""
        try:
            async with asyncio.timeout(GLANCE_WITHIN.total_seconds()):
                return await self._service(platform, service)
        except (TimeoutError, BotError) as exc:
            why = str(exc) or f"no answer within {GLANCE_WITHIN.total_seconds():.0f} s"
            return ServiceStatus(service.name, service.role, service.critical, (), (), runtime_problem=why)

    async def _service(self, platform: PlatformPorts, service: Service) -> ServiceStatus:
        asked = asyncio.gather(*(platform.probes.ask(service.name, probe) for probe in service.probes))
        (containers, problem), findings = await asyncio.gather(self._containers(platform, service), asked)
        return ServiceStatus(
            service=service.name,
            role=service.role,
            critical=service.critical,
            containers=containers,
            findings=tuple(findings),
            runtime_problem=problem,
        )

    async def _containers(self, platform: PlatformPorts, service: Service) -> tuple[tuple[Container, ...], str]:
        """Return the containers, or why nothing is known of them."""
        if service.compose_service is None:
            return (), ""
        try:
            return tuple(await platform.runtime.containers(service.name)), ""
        except BotError as exc:
            return (), str(exc)

    async def alerts(self, name: PlatformName) -> Alerts:
        """Return what Alertmanager holds now and which incident each alert belongs to."""
        try:
            listings = await self._platforms[name].alerts.listings()
        except TemporaryError as exc:
            return Alerts(name, self._now(), (), problem=str(exc))
        alerts = {it.alert.fingerprint: it for listing in listings for it in listing.alerts}
        held: dict[str, str] = {
            fingerprint: incident.name
            for incident in await self._incidents.open(name)
            for fingerprint in incident.members
            if fingerprint in alerts
        }
        ordered = sorted(alerts.values(), key=lambda it: it.alert.starts_at)
        return Alerts(name, self._now(), tuple(ordered), held)


def _in_a_line(service: ServiceStatus) -> str:
    """Return what is wrong with a service, the worst that was seen first: ``qdrant: stopped``."""
    down = [_container(it) for it in service.containers if not it.is_up]
    order = sorted(service.findings, key=lambda it: WORST_FIRST.index(it.verdict))
    found = [f"{it.name} {it.evidence}" for it in order if it.verdict is not Verdict.OK]
    what = next(iter([*down, *found, service.runtime_problem or "nothing here looks at it"]))
    return f"{service.service}: {what}"


def _container(container: Container) -> str:
    """Return why a container counts as down."""
    is_running = container.status is ContainerStatus.RUNNING
    return f"its healthcheck says {container.health}" if is_running else f"container {container.status}"
