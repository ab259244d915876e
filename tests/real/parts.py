"""Fixtures of real parts: a Docker engine with Compose projects, Alertmanager, Prometheus, redis-server.

A test module takes them with ``pytest_plugins = ("tests.real.parts",)`` and never imports this module (pytest wants to
import its plugins first): the types are in ``tests.real.factories`` and beside what they describe. It marks what it
needs with ``@pytest.mark.part("dockerd")`` and so on; where the machine lacks a part, its fixture skips by that name.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.real.compose import ComposeProject, Service
from tests.real.engine import DockerEngine
from tests.real.factories import MakesAlertmanager, MakesProject, MakesPrometheus, MakesRedisServer
from tests.real.monitoring import Alertmanager, Prometheus, WebhookSink
from tests.real.processes import require_part
from tests.real.redis_server import RedisServer

_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def docker_engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DockerEngine]:
    """One private engine for the whole run; tests keep apart by project."""
    engine = await DockerEngine.start(tmp_path_factory.mktemp("dockerd"))
    yield engine
    await engine.stop()


@pytest_asyncio.fixture
async def own_docker_engine(tmp_path: Path) -> AsyncIterator[DockerEngine]:
    """A private engine for one test that stops or kills it."""
    engine = await DockerEngine.start(tmp_path)
    yield engine
    await engine.stop()


@pytest_asyncio.fixture
async def compose_project(docker_engine: DockerEngine, tmp_path: Path) -> AsyncIterator[MakesProject]:
    """Makes Compose projects for one test; ``name`` gets a number, so that no two projects share one."""
    made: list[ComposeProject] = []

    async def make(
        services: Mapping[str, Service], *, name: str = "demo", up: bool = True, wait: bool = True
    ) -> ComposeProject:
        unique = f"{re.sub('[^a-z0-9]', '', name.lower())}{next(_numbers)}"
        folder = tmp_path / unique
        folder.mkdir()
        made.append(ComposeProject(docker_engine, unique, folder, services))
        if up:
            await made[-1].up(wait=wait)
        return made[-1]

    yield make
    for project in made:
        await project.down()


@pytest_asyncio.fixture
async def webhook_sink() -> AsyncIterator[WebhookSink]:
    """Takes what an Alertmanager posts."""
    sink = WebhookSink()
    await sink.start()
    yield sink
    await sink.stop()


@pytest_asyncio.fixture
async def alertmanager(tmp_path: Path) -> AsyncIterator[MakesAlertmanager]:
    """Starts real Alertmanagers, each with its own port and data."""
    require_part("alertmanager")
    made: list[Alertmanager] = []

    async def make(config: Mapping[str, Any], *, flags: Sequence[str] = ()) -> Alertmanager:
        made.append(Alertmanager(tmp_path / f"alertmanager{len(made)}", config, flags=flags))
        await made[-1].start()
        return made[-1]

    yield make
    for server in made:
        await server.stop()


@pytest_asyncio.fixture
async def prometheus(tmp_path: Path) -> AsyncIterator[MakesPrometheus]:
    """Starts real Prometheus servers, each with its own port and data."""
    require_part("prometheus")
    made: list[Prometheus] = []

    async def make(
        *,
        targets: Mapping[str, Sequence[str]],
        rules: Sequence[Mapping[str, Any]] = (),
        alertmanager: Alertmanager | None = None,
        external_labels: Mapping[str, str] | None = None,
    ) -> Prometheus:
        folder = tmp_path / f"prometheus{len(made)}"
        server = Prometheus(
            folder, targets=targets, rules=rules, alertmanager=alertmanager, external_labels=external_labels
        )
        made.append(server)
        await server.start()
        return server

    yield make
    for server in made:
        await server.stop()


@pytest_asyncio.fixture
async def redis_server(tmp_path: Path) -> AsyncIterator[MakesRedisServer]:
    """Starts real redis-servers, each with its own data."""
    require_part("redis-server")
    made: list[RedisServer] = []

    async def make(*, tcp: bool = False, flags: Sequence[str] = ()) -> RedisServer:
        made.append(RedisServer(tmp_path, tcp=tcp, flags=flags))
        await made[-1].start()
        return made[-1]

    yield make
    for server in made:
        await server.discard()
