"""What drivers and starters act on in tests: a world that counts its restarts, a wire that can be cut, a directory."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bot.actions.action import Arguments, Observation, StepCancelled, StepContext, StepVerdict, VerdictKind
from bot.domain.effects import NoticeKind
from bot.domain.errors import TemporaryError
from bot.domain.fault_points import FaultPoint, set_hook
from bot.domain.ids import GroupId, ServiceName, UserId
from bot.domain.plans import Cancelling, Effect, Facts, Target
from bot.domain.rights import Environment
from bot.domain.settings import Members
from bot.ports.platforms import PlatformPorts
from bot.ports.workspace import Person
from tests.state.builders import ACTION, SEARCH, TEAM, a_profile

__all__ = ["NoticeKind"]


@dataclass(slots=True)
class World:
    """What really happened: how often each service was restarted."""

    restarts: Counter[str] = field(default_factory=Counter)
    verdict: VerdictKind | None = None
    """What the facts say, where the test knows better."""
    before_effect: Callable[[], object] | None = None
    error: Exception | None = None
    """What acting ends in, after its effect."""
    gate: asyncio.Event | None = None
    """Holds the act up until it is set."""
    inside: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while somebody acts."""
    unreachable: Exception | None = None

    def started(self, service: str) -> str:
        return str(1 + self.restarts[service])


class Restart:
    """Restarts a service of the world once."""

    name = ACTION
    parameters = frozenset({"service"})
    effect = Effect.ONCE
    cancel = Cancelling.BEFORE

    def __init__(self, world: World, *, effect: Effect = Effect.ONCE) -> None:
        self.effect = effect
        self._world = world

    def timeout(self, arguments: Arguments, platform: PlatformPorts) -> timedelta:
        return timedelta(seconds=2)

    async def observe(self, arguments: Arguments, platform: PlatformPorts) -> Observation:
        if self._world.unreachable:
            raise self._world.unreachable
        service = arguments["service"]
        binds = {"started": self._world.started(service)}
        return Observation(f"Restart {service}", "", "", Target(SEARCH, ServiceName(service)), binds)

    async def run(self, arguments: Arguments, platform: PlatformPorts, context: StepContext) -> str:
        world = self._world
        world.inside.set()
        if world.gate:
            await world.gate.wait()
        if context.is_cancelled():
            raise StepCancelled
        world.restarts[arguments["service"]] += 1
        if world.error:
            raise world.error
        return "restarted"

    async def verdict(self, arguments: Arguments, platform: PlatformPorts, before: Facts) -> StepVerdict:
        moved = before.get("started") != self._world.started(arguments["service"])
        kind = self._world.verdict or (VerdictKind.DONE if moved else VerdictKind.NOT_DONE)
        return StepVerdict(kind, f"started {self._world.started(arguments['service'])}")


def a_platform() -> PlatformPorts:
    """Return a platform that only fake actions reach."""
    nothing: object = None
    return PlatformPorts(
        SEARCH,
        a_profile(),
        Environment.PRODUCTION,
        Members(),
        runtime=nothing,  # type: ignore[arg-type]  # no action of the tests touches it
        probes=nothing,  # type: ignore[arg-type]
        metrics=nothing,  # type: ignore[arg-type]
        alerts=nothing,  # type: ignore[arg-type]
    )


class Died(Exception):
    """Stands for the end of a process: nobody catches it, nothing is written after it."""


@asynccontextmanager
async def dying_at(point: FaultPoint) -> AsyncIterator[None]:
    """End whoever comes to ``point`` first."""

    async def die(reached: FaultPoint) -> None:
        if reached is point:
            raise Died(point)

    set_hook(die)
    try:
        yield
    finally:
        set_hook(None)


class Directory:
    """A workspace whose groups and people the test names."""

    def __init__(self) -> None:
        self.groups: dict[GroupId, frozenset[UserId]] = {}
        self.people: dict[UserId, Person] = {}
        self.trouble: Exception | None = None

    async def group_members(self, group: GroupId) -> frozenset[UserId]:
        if self.trouble:
            raise self.trouble
        return self.groups[group]

    async def person(self, user: UserId) -> Person:
        if self.trouble:
            raise self.trouble
        return self.people.get(user, a_member(user))


def a_member(
    user: UserId, *, is_bot: bool = False, is_guest: bool = False, is_deactivated: bool = False, team: str = TEAM
) -> Person:
    return Person(user, type(TEAM)(team), is_bot, is_guest, is_deactivated)


class Wire:
    """A connection to the store that can be cut and mended; ``url`` is what a client is given."""

    def __init__(self, folder: Path, target: str) -> None:
        self._path = folder / "wire.sock"
        self._target = target
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self.url = f"unix://{self._path}"

    async def mend(self) -> None:
        """Let clients through."""
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def cut(self) -> None:
        """End every connection and take no new one."""
        if self._server:
            self._server.close()
            self._path.unlink(missing_ok=True)
        for talk in list(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._target)
        talks = [asyncio.create_task(_pump(reader, back)), asyncio.create_task(_pump(there, writer))]
        self._talks.update(talks)
        await asyncio.wait(talks, return_when=asyncio.FIRST_COMPLETED)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        self._talks.difference_update(talks)
        for side in (writer, back):
            side.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()


def away() -> TemporaryError:
    return TemporaryError("away")
