"""A platform as use cases see it: what is configured, and the ports that reach it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.errors import UnknownName
from bot.domain.ids import PlatformName, ServiceName
from bot.domain.profiles import Profile, Service
from bot.domain.rights import Environment
from bot.domain.settings import Members
from bot.ports.monitoring import AlertSource, MetricSource, ServiceProbe
from bot.ports.runtime import ContainerRuntime


@dataclass(frozen=True, slots=True)
class PlatformPorts:
    """One platform with everything that reaches it."""

    name: PlatformName
    profile: Profile
    environment: Environment
    owners: Members
    runtime: ContainerRuntime
    probes: ServiceProbe
    metrics: MetricSource
    alerts: AlertSource

    def service(self, name: str) -> Service:
        """Return a service of the profile; UnknownName names the ones there are."""
        service = self.profile.services.get(ServiceName(name))
        if service is None:
            known = ", ".join(self.profile.services)
            raise UnknownName(f"{name}: {self.name} has no such service; it has {known}")
        return service


Platforms = Mapping[PlatformName, PlatformPorts]
