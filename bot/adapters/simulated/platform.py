"""The simulated platform put together: one clock, one world, its Prometheus and its Alertmanager."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.adapters.simulated.alertmanager import GROUP_BY, Receiver, SimulatedAlertmanager
from bot.adapters.simulated.clock import Clock, Pace
from bot.adapters.simulated.metrics import Metrics
from bot.adapters.simulated.rules import RULES, WATCHDOG, Outlet, RuleEvaluator
from bot.adapters.simulated.world import Timings, World
from bot.domain.ids import PlatformName, ServiceName

_LONGEST_STEP = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is played."""

    base_url: str
    """Where the process answers, for links."""
    platform: PlatformName
    environment: str
    pace: Pace = field(default_factory=Pace)
    watchdog: bool = False
    """Whether the always-firing alert is on."""
    timings: Timings = field(default_factory=Timings)
    group_by: tuple[str, ...] = GROUP_BY
    """The labels that alerts of one message share."""
    own_ports: Mapping[ServiceName, str] = field(default_factory=dict)
    """Addresses of services that do not share the process's port."""


class SimulatedPlatform:
    """Everything behind the faces (`bot.adapters.simulated.faces`)."""

    def __init__(self, scene: Scene, *, clock: Clock, receiver: Receiver) -> None:
        self.scene = scene
        self.clock = clock
        self.world = World(clock, timings=scene.timings)
        self.metrics = Metrics(self.world, scene.pace, scene.platform)
        self.alertmanager = SimulatedAlertmanager(
            world=self.world,
            clock=clock,
            pace=scene.pace,
            receiver=receiver,
            external_url=f"{scene.base_url}/alertmanager",
            group_by=scene.group_by,
        )
        self.rules = RuleEvaluator(
            (*RULES, WATCHDOG) if scene.watchdog else RULES,
            world=self.world,
            metrics=self.metrics,
            pace=scene.pace,
            outlet=Outlet(
                send=self.alertmanager.receive,
                external_labels={"environment": scene.environment},
                prometheus_url=f"{scene.base_url}/prometheus",
            ),
        )
        self.is_alertmanager_answering = True
        """Whether Alertmanager's API can be reached; its webhooks go out regardless."""

    def address_of(self, service: ServiceName) -> str:
        """Return where a service answers on this machine."""
        return self.scene.own_ports.get(service, f"{self.scene.base_url}/services/{service}")

    def catch_up(self) -> None:
        """Bring rules and alerts to the clock's time; every answer about them starts with it."""
        self.rules.catch_up(self.clock.now())

    async def step(self) -> None:
        """Catch up, and report what is due."""
        self.catch_up()
        await self.alertmanager.flush_due()

    async def run(self) -> None:
        """Step for ever, four times in each interval of the rules."""
        while True:
            await self.step()
            await self.clock.sleep(min(self.rules.interval / 4, _LONGEST_STEP))
