"""What happened to the simulated containers, and what follows from it at any moment.

The world is a list of *lives* per service: a process starts, and perhaps ends. An order (break, mend, restart) adds to
the list at once, with the times at which its effects come true, so nothing has to be kept running for them: an ordered
restart completes although the one who ordered it is gone, as an engine completes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.adapters.simulated.breaks import BREAK_BEHAVIOURS, BreakKind, Fault
from bot.adapters.simulated.clock import Clock
from bot.adapters.simulated.inventory import BY_CONTAINER, HOST, PROJECT, SERVICES, SimulatedService
from bot.domain.containers import Container, ContainerStatus, Health
from bot.domain.errors import UnknownName, UsageError
from bot.domain.ids import ContainerId, ServiceName

KILLED = 137
"""Exit code of a process that did not end within its grace: 128 + SIGKILL."""
RUNNING_SINCE = timedelta(days=3)
"""How long everything has run when the simulation begins."""


class ServiceStatus(StrEnum):
    """What a person would say of a service."""

    RUNNING = "running"
    STOPPED = "stopped"
    STARTING = "starting"
    """The process runs and answers, but does not take traffic yet."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Real durations of what containers do; no speed shortens them."""

    start: timedelta = timedelta(milliseconds=100)
    """From the order to the start of the process."""
    ready_after: timedelta = timedelta(seconds=2)
    """From the start of the process until the service takes traffic."""


@dataclass(frozen=True, slots=True)
class Life:
    """One process of a container."""

    started_at: datetime
    ready_at: datetime
    ended_at: datetime | None = None
    exit_code: int = 0

    def lasts(self, at: datetime) -> bool:
        """Say whether the process exists at ``at``."""
        return self.started_at <= at and (self.ended_at is None or at < self.ended_at)


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """One event as an engine's event stream shows it."""

    at: datetime
    action: str
    """``kill``, ``die``, ``stop``, ``start`` or ``restart``."""
    service: SimulatedService
    attributes: dict[str, str] = field(default_factory=dict)


class World:
    """The containers of the simulated platform.

    Reads take the moment they are about; orders happen at the clock's now, or after what was ordered before on the
    same container. Everything raises UnknownName for what does not exist.
    """

    def __init__(self, clock: Clock, *, timings: Timings | None = None) -> None:
        self._clock = clock
        self._timings = timings or Timings()
        self.begun_at = clock.now()
        self._lives = {name: [_first_life(index, self.begun_at)] for index, name in enumerate(SERVICES)}
        self._faults: dict[ServiceName, list[Fault]] = {name: [] for name in (*SERVICES, HOST)}
        self._restarts = dict.fromkeys(SERVICES, 0)
        self._events: list[EngineEvent] = []

    def now(self) -> datetime:
        """Return the clock's time."""
        return self._clock.now()

    # What is so

    def status(self, service: ServiceName, at: datetime) -> ServiceStatus:
        """Return the state of a service at a moment."""
        life = self._life(service, at)
        if not life.lasts(at):
            return ServiceStatus.STOPPED
        return ServiceStatus.RUNNING if at >= life.ready_at else ServiceStatus.STARTING

    def answers(self, service: ServiceName, at: datetime) -> bool:
        """Say whether the service's port accepts connections; a process that hangs is as silent as none."""
        hangs = self.fault(service, BreakKind.LOSE_ALERTMANAGER, at) is not None
        return self.status(service, at) is not ServiceStatus.STOPPED and not hangs

    def is_healthy(self, service: ServiceName, at: datetime) -> bool:
        """Say whether the service takes traffic: it runs, and so does what it needs."""
        wanted = (service, *SERVICES[service].needs)
        return all(self.status(name, at) is ServiceStatus.RUNNING for name in wanted)

    def is_broken(self, service: ServiceName) -> bool:
        """Say whether a break was ordered that nothing has mended."""
        return any(fault.until is None for fault in self._faults[service])

    def has_break(self, service: ServiceName, kind: BreakKind) -> bool:
        """Say whether a break of this kind was ordered that nothing has mended."""
        return self._open_fault(service, kind) is not None

    def faults(self, service: ServiceName) -> tuple[Fault, ...]:
        """Return every fault a service had, oldest first."""
        return tuple(self._faults[service])

    def fault(self, service: ServiceName, kind: BreakKind, at: datetime) -> Fault | None:
        """Return the fault of a kind that a service has at a moment, if it has one."""
        return next((fault for fault in self._faults[service] if fault.kind is kind and fault.lasts(at)), None)

    def fault_share(self, service: ServiceName, kind: BreakKind, *, until: datetime, window: timedelta) -> float:
        """Return the share (0..1) of the ``window`` before ``until`` in which a service had a fault of a kind."""
        faults = (fault for fault in self._faults[service] if fault.kind is kind)
        return sum((fault.overlap(until - window, until) for fault in faults), timedelta()) / window

    def started_at(self, service: ServiceName, at: datetime) -> datetime:
        """Return when the newest process of a service started."""
        return self._life(service, at).started_at

    def lives(self, service: ServiceName) -> tuple[Life, ...]:
        """Return every process the service had and will have by orders already given, oldest first."""
        return tuple(self._lives[service])

    def down_share(self, service: ServiceName, *, until: datetime, window: timedelta) -> float:
        """Return the share (0..1) of the ``window`` before ``until`` in which the service had no process."""
        since = until - window
        lives = self._lives[service]
        down = timedelta()
        for life, following in zip(lives, [*lives[1:], None], strict=True):
            if life.ended_at is None:
                continue
            back_at = until if following is None else following.started_at
            down += max(timedelta(), min(back_at, until) - max(life.ended_at, since))
        return down / window

    def container(self, service: ServiceName, at: datetime) -> Container:
        """Return the container of a service as an engine would list it."""
        facts = SERVICES[service]
        lives = [life for life in self._lives[service] if life.started_at <= at]
        life = lives[-1]
        ended = [past.ended_at for past in lives if past.ended_at is not None and past.ended_at <= at]
        runs = life.lasts(at)
        return Container(
            id=facts.container_id,
            name=facts.container_name,
            service=service,
            number=1,
            image=facts.image,
            image_digest=facts.image_digest,
            config_hash=facts.config_hash,
            status=ContainerStatus.RUNNING if runs else ContainerStatus.EXITED,
            health=self._health(facts, at) if runs else Health.NONE,
            started_at=life.started_at,
            finished_at=ended[-1] if ended else None,
            exit_code=0 if runs else life.exit_code,
            oom_killed=False,
            restart_count=0,
        )

    def events(self, at: datetime) -> list[EngineEvent]:
        """Return what the event stream has shown until ``at``, oldest first."""
        return sorted((event for event in self._events if event.at <= at), key=lambda event: event.at)

    def restarts(self) -> dict[ServiceName, int]:
        """Return how many restarts were ordered of each service; each of them completes."""
        return dict(self._restarts)

    # What people and programs order

    def break_service(self, service: ServiceName, kind: BreakKind) -> datetime:
        """Break a service and return when it will be so; what is broken this way already stays as it is.

        Raises UsageError for a way in which it cannot break.
        """
        _known(service)
        behaviour = BREAK_BEHAVIOURS[kind]
        if service not in behaviour.of:
            raise UsageError(f"{kind} breaks {', '.join(sorted(behaviour.of))}, not {service}; see /control/state")
        if self._open_fault(service, kind) is None:
            self._faults[service].append(Fault(kind, self.now()))
            if behaviour.ends_process:
                self._end(service, grace=SERVICES[service].stops_in)
        return (self._latest(service).ended_at if behaviour.ends_process else None) or self.now()

    def mend(self, service: ServiceName, kind: BreakKind | None = None) -> datetime:
        """Undo breaks of a service from outside (all of them without a ``kind``), and return when it is so."""
        _known(service)
        mended = [it for it in self._faults[service] if it.until is None and kind in (None, it.kind)]
        behaviours = [BREAK_BEHAVIOURS[fault.kind] for fault in mended]
        done_at = self.now()
        if any(behaviour.ends_process for behaviour in behaviours) and self._latest(service).ended_at is not None:
            done_at = self._start(service)
        elif any(behaviour.mending_restarts for behaviour in behaviours) and self._latest(service).ended_at is None:
            self._end(service, grace=SERVICES[service].stops_in)
            done_at = self._start(service)
        self._close(service, mended, done_at)
        return done_at

    def order_restart(self, container: ContainerId, *, grace: timedelta) -> datetime:
        """Restart a container and return when its process will run again."""
        if container not in BY_CONTAINER:
            raise UnknownName(f"there is no container {container[:12]}; list the service's containers")
        service = BY_CONTAINER[container].name
        self._restarts[service] += 1
        self._end(service, grace=grace)
        runs_at = self._start(service)
        self._note(runs_at, "restart", service)
        faults = self._faults[service]
        self._close(service, [it for it in faults if BREAK_BEHAVIOURS[it.kind].mended_by_restart], runs_at)
        return runs_at

    # How it comes true

    def _open_fault(self, service: ServiceName, kind: BreakKind) -> Fault | None:
        return next((it for it in self._faults[service] if it.kind is kind and it.until is None), None)

    def _close(self, service: ServiceName, mended: Sequence[Fault], at: datetime) -> None:
        """Let faults that are still open last until ``at``."""
        self._faults[service] = [
            replace(fault, until=at) if fault in mended and fault.until is None else fault
            for fault in self._faults[service]
        ]

    def _end(self, service: ServiceName, *, grace: timedelta) -> None:
        life = self._latest(service)
        if life.ended_at is not None:
            return
        asked_at = max(self.now(), life.started_at)
        takes = min(SERVICES[service].stops_in, grace)
        exit_code = KILLED if grace < SERVICES[service].stops_in else 0
        ended_at = asked_at + takes
        self._lives[service][-1] = replace(life, ended_at=ended_at, exit_code=exit_code)
        self._note(asked_at, "kill", service, signal="15")
        if exit_code == KILLED:
            self._note(ended_at, "kill", service, signal="9")
        self._note(ended_at, "die", service, exitCode=str(exit_code))
        self._note(ended_at, "stop", service)

    def _start(self, service: ServiceName) -> datetime:
        ended_at = self._latest(service).ended_at
        started_at = max(self.now(), ended_at or self.now()) + self._timings.start
        self._lives[service].append(Life(started_at=started_at, ready_at=started_at + self._timings.ready_after))
        self._note(started_at, "start", service)
        return started_at

    def _note(self, at: datetime, action: str, service: ServiceName, **attributes: str) -> None:
        facts = SERVICES[service]
        labels = {
            "image": facts.image,
            "name": facts.container_name,
            "com.docker.compose.project": PROJECT,
            "com.docker.compose.service": service,
        }
        self._events.append(EngineEvent(at, action, facts, labels | attributes))

    def _latest(self, service: ServiceName) -> Life:
        return self._lives[service][-1]

    def _life(self, service: ServiceName, at: datetime) -> Life:
        _known(service)
        for life in reversed(self._lives[service]):
            if life.started_at <= at:
                return life
        return self._lives[service][0]

    def _health(self, facts: SimulatedService, at: datetime) -> Health:
        if not facts.has_healthcheck:
            return Health.NONE
        if self.status(facts.name, at) is ServiceStatus.STARTING:
            return Health.STARTING
        return Health.HEALTHY if self.is_healthy(facts.name, at) else Health.UNHEALTHY


def _first_life(index: int, begun_at: datetime) -> Life:
    """Return the life that was there before the simulation began: the services came up in order, 7 s apart."""
    started_at = begun_at - RUNNING_SINCE + index * timedelta(seconds=7)
    return Life(started_at=started_at, ready_at=started_at)


def _known(service: ServiceName) -> None:
    if service not in SERVICES and service != HOST:
        raise UnknownName(f"there is no service {service}; there are {', '.join(SERVICES)}")
