"""What every container runtime must do, whichever engine is behind it.

A test module of an implementation provides the fixture ``runtime_case`` and derives a test class:

    class TestDockerRuntime(RuntimeConformance):
        pass
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.domain.containers import Container, ContainerStatus
from bot.domain.errors import TemporaryError, UnknownName
from bot.domain.ids import ContainerId, ServiceName
from bot.ports.runtime import ContainerRuntime

GRACE = timedelta(seconds=5)
NOBODY = ContainerId("0" * 64)


@dataclass(frozen=True, slots=True)
class RuntimeCase:
    """One implementation, ready to be asked."""

    runtime: ContainerRuntime
    service: ServiceName
    """A service with one running container that wrote at least three lines and may be restarted."""
    away: ContainerRuntime
    """The same implementation, whose engine is not there."""
    secret: str
    """Something confidential in the address or the credentials of ``away``."""


Call = Callable[[ContainerRuntime], Awaitable[object]]
CALLS = (
    pytest.param(lambda runtime: runtime.containers(ServiceName("qdrant")), id="containers"),
    pytest.param(lambda runtime: runtime.restart(NOBODY, grace=GRACE), id="restart"),
    pytest.param(lambda runtime: runtime.logs(NOBODY, tail=3), id="logs"),
)


class RuntimeConformance:
    """The tests; they share a service, so none relies on what another left."""

    async def only(self, case: RuntimeCase) -> Container:
        (container,) = await case.runtime.containers(case.service)
        return container

    async def test_running_container_tells_who_it_is(self, runtime_case: RuntimeCase) -> None:
        container = await self.only(runtime_case)
        assert (container.service, container.number) == (runtime_case.service, 1)
        assert container.status is ContainerStatus.RUNNING
        assert container.is_up
        assert container.image_digest.startswith("sha256:")
        assert container.started_at is not None
        assert container.started_at.tzinfo is not None

    async def test_unknown_service_has_no_containers(self, runtime_case: RuntimeCase) -> None:
        assert list(await runtime_case.runtime.containers(ServiceName("no-such-service"))) == []

    async def test_restart_gives_the_same_container_a_new_start(self, runtime_case: RuntimeCase) -> None:
        before = await self.only(runtime_case)
        await runtime_case.runtime.restart(before.id, grace=GRACE)
        after = await self.only(runtime_case)
        assert (after.id, after.image_digest, after.config_hash) == (before.id, before.image_digest, before.config_hash)
        assert after.status is ContainerStatus.RUNNING
        assert before.started_at is not None
        assert after.started_at is not None
        assert after.started_at > before.started_at

    async def test_restart_of_an_unknown_container_names_the_trouble(self, runtime_case: RuntimeCase) -> None:
        with pytest.raises(UnknownName, match="container"):
            await runtime_case.runtime.restart(NOBODY, grace=GRACE)

    async def test_logs_are_the_last_lines_oldest_first(self, runtime_case: RuntimeCase) -> None:
        container = await self.only(runtime_case)
        lines = list(await runtime_case.runtime.logs(container.id, tail=3))
        assert len(lines) == 3
        assert lines == sorted(lines, key=lambda line: line.at)
        assert {line.stream for line in lines} <= {"stdout", "stderr"}
        assert all(line.at.tzinfo is not None for line in lines)

    async def test_logs_before_since_are_left_out(self, runtime_case: RuntimeCase) -> None:
        container = await self.only(runtime_case)
        newest = list(await runtime_case.runtime.logs(container.id, tail=1))[-1]
        since = newest.at + timedelta(seconds=1)
        later = await runtime_case.runtime.logs(container.id, tail=100, since=since)
        assert all(line.at >= since for line in later)

    async def test_logs_of_an_unknown_container_name_the_trouble(self, runtime_case: RuntimeCase) -> None:
        with pytest.raises(UnknownName, match="container"):
            await runtime_case.runtime.logs(NOBODY, tail=3)

    @pytest.mark.parametrize("call", CALLS)
    async def test_engine_that_is_away_is_temporary_trouble(self, runtime_case: RuntimeCase, call: Call) -> None:
        with pytest.raises(TemporaryError) as caught:
            await call(runtime_case.away)
        assert runtime_case.secret not in str(caught.value)
