"""Health: how a platform stands now, asked of everything at once, with what hangs named."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from bot.domain.answers import Alerts, ServiceStatus, Status
from bot.domain.containers import Container
from bot.domain.errors import BotError, TemporaryError
from bot.domain.ids import PlatformName
from bot.domain.profiles import Service
from bot.ports.approvals import Approvals
from bot.ports.incidents import Incidents
from bot.ports.platforms import PlatformPorts, Platforms
from bot.ports.runs import Runs


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
