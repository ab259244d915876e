"""What the Docker adapter makes of engines that are away, mute, broken or rude; none of it needs an engine."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from bot.adapters.docker_engine import DockerRuntime
from bot.domain.errors import BotError, PermanentError, TemporaryError, UnknownName
from bot.domain.ids import ContainerId, ServiceName

ID = ContainerId("a" * 64)
QDRANT = ServiceName("qdrant")
QUICK = timedelta(seconds=0.5)

Answer = tuple[int, object]
MakesRuntime = Callable[[Mapping[str, Answer]], Awaitable[DockerRuntime]]


def inspected(**state: object) -> dict[str, Any]:
    """Return as much of an engine's inspection as the adapter reads. Source: Engine API 1.41."""
    labels = {"project": "demo", "service": "qdrant", "oneoff": "False", "container-number": "1"}
    return {
        "Id": ID,
        "Name": "/demo-qdrant-1",
        "Image": "sha256:" + "b" * 64,
        "RestartCount": 0,
        "Config": {
            "Image": "qdrant/qdrant:v1.20.0",
            "Tty": False,
            "Labels": {f"com.docker.compose.{name}": value for name, value in labels.items()},
        },
        "State": {
            "Status": "running",
            "Running": True,
            "Restarting": False,
            "OOMKilled": False,
            "ExitCode": 0,
            "StartedAt": "2026-01-02T03:04:05.678901234Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
            **state,
        },
    }


@pytest_asyncio.fixture
async def engine_answering() -> AsyncIterator[MakesRuntime]:
    """Makes a runtime over a socket whose "engine" gives fixed answers by the end of the path, 404 to the rest."""
    folder = Path(tempfile.mkdtemp(prefix="wk-", dir="/tmp"))  # unix sockets are limited to 107 bytes
    made: list[DockerRuntime] = []
    runners: list[web.AppRunner] = []

    async def make(answers: Mapping[str, Answer]) -> DockerRuntime:
        async def answer(request: web.Request) -> web.Response:
            known = {"/version": (200, {"ApiVersion": "1.41"}), **answers}
            status, body = next((known[end] for end in known if request.path.endswith(end)), (404, {"message": "no"}))
            return web.json_response(body, status=status) if not isinstance(body, str) else web.Response(text=body)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runners.append(web.AppRunner(app))
        await runners[-1].setup()
        await web.UnixSite(runners[-1], str(folder / "docker.sock")).start()
        made.append(DockerRuntime(f"unix://{folder}/docker.sock", "demo", timeout=QUICK))
        return made[-1]

    yield make
    for runtime in made:
        await runtime.aclose()
    for runner in runners:
        await runner.cleanup()
    shutil.rmtree(folder)


@pytest.mark.parametrize("host", ["unix:///nowhere/docker.sock", "tcp://ada:hunter2@127.0.0.1:1"])
async def test_absent_engine_is_away_and_its_address_stays_private(host: str) -> None:
    runtime = DockerRuntime(host, "demo", timeout=QUICK)
    with pytest.raises(TemporaryError, match="demo: could not list the containers of qdrant") as away:
        await runtime.containers(QDRANT)
    assert "hunter2" not in str(away.value)
    assert "nowhere" not in str(away.value)
    await runtime.aclose()


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, PermanentError), (409, PermanentError), (500, PermanentError), (503, TemporaryError), (404, UnknownName)],
)
async def test_engine_s_answer_decides_the_kind_of_error(
    engine_answering: MakesRuntime, status: int, error: type[BotError]
) -> None:
    runtime = await engine_answering({"/json": (200, inspected()), "/restart": (status, {"message": "is paused"})})
    with pytest.raises(error, match=r"demo: .*restart demo-qdrant-1"):
        await runtime.restart(ID, grace=timedelta(seconds=1))


@pytest.mark.parametrize(
    "words",
    [
        "mount //nas/x: data: username=ada,password=hunter2,vers=3: permission denied",
        "proxyconnect tcp: dial https://ada:hunter2@proxy.example: refused",
        'exec: "API_KEY=hunter2": not found',
        "env QDRANT_TOKEN: hunter2 is invalid",
    ],
)
async def test_engine_s_words_come_without_credentials(engine_answering: MakesRuntime, words: str) -> None:
    runtime = await engine_answering({"/json": (200, inspected()), "/restart": (500, {"message": words})})
    with pytest.raises(PermanentError) as refusal:
        await runtime.restart(ID, grace=timedelta(seconds=1))
    assert "hunter2" not in str(refusal.value)
    assert words.split()[0].rstrip(":") in str(refusal.value)


@pytest.mark.parametrize("state", [{"Running": False}, {"Restarting": True}])
async def test_container_that_ends_right_after_its_restart_is_told(
    engine_answering: MakesRuntime, state: dict[str, bool]
) -> None:
    answers: dict[str, Answer] = {"/json": (200, inspected(ExitCode=3, **state)), "/restart": (204, None)}
    runtime = await engine_answering(answers)
    with pytest.raises(PermanentError, match="demo-qdrant-1: ended with exit code 3 right after its start"):
        await runtime.restart(ID, grace=timedelta(seconds=1))


async def test_mute_engine_is_away() -> None:
    folder = Path(tempfile.mkdtemp(prefix="wk-", dir="/tmp"))
    closed = asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await closed.wait()
        writer.close()

    server = await asyncio.start_unix_server(say_nothing, folder / "mute.sock")
    runtime = DockerRuntime(f"unix://{folder}/mute.sock", "demo", timeout=QUICK)
    with pytest.raises(TemporaryError, match="no answer"):
        await runtime.containers(QDRANT)
    closed.set()
    server.close()
    await server.wait_closed()
    await runtime.aclose()
    shutil.rmtree(folder)


async def test_container_that_vanishes_between_list_and_look_is_left_out(engine_answering: MakesRuntime) -> None:
    runtime = await engine_answering({"/containers/json": (200, [{"Id": ID}])})
    assert list(await runtime.containers(QDRANT)) == []


@pytest.mark.parametrize("state", [{"Status": "hibernating"}, {"StartedAt": "yesterday"}])
async def test_state_that_is_not_understood_is_told(engine_answering: MakesRuntime, state: dict[str, str]) -> None:
    answers: dict[str, Answer] = {"/containers/json": (200, [{"Id": ID}]), "/json": (200, inspected(**state))}
    runtime = await engine_answering(answers)
    with pytest.raises(PermanentError, match="demo-qdrant-1: the engine describes it"):
        await runtime.containers(QDRANT)


async def test_answer_that_is_no_json_is_away(engine_answering: MakesRuntime) -> None:
    runtime = await engine_answering({"/containers/json": (200, "<h1>Please log in</h1>")})
    with pytest.raises(TemporaryError):
        await runtime.containers(QDRANT)
