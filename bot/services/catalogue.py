"""The catalogue: what is under care, by the names people type, with what is open on it now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.domain.answers import PlatformLine
from bot.domain.correlation import Classification
from bot.domain.forms import Choice
from bot.domain.ids import IncidentId, PlatformName, RunbookName, ServiceName
from bot.domain.profiles import Profile, Service
from bot.domain.rights import Severity
from bot.domain.runs import RunState
from bot.ports.approvals import Approvals
from bot.ports.incidents import Incidents
from bot.ports.platforms import PlatformPorts, Platforms
from bot.ports.runs import Runs
from bot.services.access import AccessService

RECENT = 20
"""How many of the newest incidents and runs a mistyped number is compared with."""

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Named:
    """What a short number names."""

    id: str
    platform: PlatformName


class Catalogue:
    """Knows every name that can be typed."""

    def __init__(
        self, platforms: Platforms, incidents: Incidents, approvals: Approvals, runs: Runs, access: AccessService
    ) -> None:
        self._platforms = platforms
        self._incidents = incidents
        self._approvals = approvals
        self._runs = runs
        self._access = access

    def platforms(self) -> Sequence[PlatformName]:
        """Return every platform, in the order of the configuration."""
        return tuple(self._platforms)

    def services(self, platform: PlatformName | None = None) -> Sequence[ServiceName]:
        """Return the services of a platform, or of all of them, each once."""
        return _each_once(it.profile.services for it in self._some(platform))

    def runbooks(self, platform: PlatformName | None = None) -> Sequence[RunbookName]:
        """Return the runbooks of a platform, or of all of them, each once."""
        return _each_once(it.profile.runbooks for it in self._some(platform))

    def _some(self, platform: PlatformName | None) -> list[PlatformPorts]:
        return [it for name, it in self._platforms.items() if platform in (None, name)]

    async def incident(self, number: int) -> Named:
        """Return what ``INC-<number>`` names; UnknownName when there is none."""
        return await self.incident_by_id(await self._incidents.find(number))

    async def incident_by_id(self, incident: IncidentId) -> Named:
        """Return what an incident's id names; UnknownName when there is none."""
        return Named(incident, (await self._incidents.get(incident)).platform)

    async def approval(self, number: int) -> Named:
        """Return what ``APR-<number>`` names; UnknownName when there is none."""
        found = await self._approvals.get(await self._approvals.find(number))
        return Named(found.id, found.plan.platform)

    async def run(self, number: int) -> Named:
        """Return what ``RUN-<number>`` names; UnknownName when there is none."""
        found = await self._runs.get(await self._runs.find(number))
        return Named(found.id, found.plan.platform)

    async def incident_names(self) -> Sequence[str]:
        """Return ``INC-…`` of open incidents, worst first, then of the newest others."""
        found = [*await self._incidents.open(), *await self._incidents.recent(RECENT)]
        return tuple(dict.fromkeys(it.name for it in found))

    async def approval_names(self) -> Sequence[str]:
        """Return ``APR-…`` of the open approvals."""
        return tuple(it.name for it in await self._approvals.open())

    async def run_names(self) -> Sequence[str]:
        """Return ``RUN-…`` of the newest runs."""
        return tuple(it.name for it in await self._runs.recent(RECENT))

    def platform_choices(self) -> Sequence[Choice]:
        """Return every platform with its title."""
        return tuple(Choice(name, f"{name}: {it.profile.title}") for name, it in self._platforms.items())

    def service_choices(self, platform: PlatformName | None = None) -> Sequence[Choice]:
        """Return the services of a platform, or of all of them, each once, with what they do."""
        known = {name: it.role for ports in self._some(platform) for name, it in ports.profile.services.items()}
        return tuple(Choice(name, f"{name}: {role}" if role else name) for name, role in known.items())

    def runbook_choices(self, platform: PlatformName | None = None) -> Sequence[Choice]:
        """Return the runbooks of a platform, or of all of them, each once, with their titles."""
        known = {name: it.title for ports in self._some(platform) for name, it in ports.profile.runbooks.items()}
        return tuple(Choice(name, f"{name}: {title}") for name, title in known.items())

    async def incident_choices(self) -> Sequence[Choice]:
        """Return open incidents, worst first, then the newest others, with what is wrong."""
        found = {it.name: it for it in [*await self._incidents.open(), *await self._incidents.recent(RECENT)]}
        return tuple(Choice(name, f"{name} {it.severity}, {it.state}: {it.title}") for name, it in found.items())

    async def approval_choices(self) -> Sequence[Choice]:
        """Return open approvals with what they are about."""
        return tuple(Choice(it.name, f"{it.name} {it.plan.title}") for it in await self._approvals.open())

    async def run_choices(self) -> Sequence[Choice]:
        """Return runs that are not over, then the newest others, with what they do."""
        found = sorted(await self._runs.recent(RECENT), key=lambda it: it.state.is_final)
        return tuple(Choice(it.name, f"{it.name} {it.plan.title}, {_plain(it.state)}") for it in found)

    async def lines(self) -> tuple[PlatformLine, ...]:
        """Return every platform with what is open on it."""
        return tuple([await self._line(it) for it in self._platforms.values()])

    async def _line(self, platform: PlatformPorts) -> PlatformLine:
        incidents = await self._incidents.open(platform.name)
        return PlatformLine(
            name=platform.name,
            title=platform.profile.title,
            environment=platform.environment,
            services=len(platform.profile.services),
            owners=tuple(map(str, self._access.owners(platform.name))),
            open_incidents=len(incidents),
            worst=incidents[0].severity if incidents else None,
            open_runs=len(await self._runs.on_platform(platform.name)),
        )

    def declared(self, platform: PlatformName, service: ServiceName | None, severity: Severity) -> Classification:
        """Return what a person's word makes of an incident, with the runbooks the profile offers for the service."""
        profile = self._platforms[platform].profile
        return Classification(service, severity, offers_for(profile, profile.services[service]) if service else ())


def _plain(state: RunState) -> str:
    return state.value.replace("_", " ")


def offers_for(profile: Profile, service: Service) -> tuple[RunbookName, ...]:
    """Return the runbooks that some severity rule offers for alerts of the service, in the order of the rules."""
    fitting = (rule for rule in profile.severity if rule.service_is_critical in (None, service.critical))
    return _each_once(rule.offer for rule in fitting if any(_agree(rule.matchers, own) for own in service.alerts))


def _agree(some: Mapping[str, str], others: Mapping[str, str]) -> bool:
    """Return whether one alert can fit both sets of matchers."""
    return all(others.get(label, value) == value for label, value in some.items())


def _each_once(groups: Iterable[Iterable[Name]]) -> tuple[Name, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))
