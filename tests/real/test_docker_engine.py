"""The Docker adapter on a real engine; the engine's own event stream says what really happened."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from bot.adapters.docker_engine import DockerRuntime
from bot.domain.containers import ContainerStatus, Health
from bot.domain.errors import PermanentError, TemporaryError, UnknownName
from bot.domain.ids import ContainerId, ServiceName
from tests.real.compose import ComposeProject, OnStop, Service, qdrant_like
from tests.real.engine import DockerEngine
from tests.runtime_conformance import RuntimeCase, RuntimeConformance
from tests.waiting import wait_until

pytest_plugins = ("tests.real.parts",)
pytestmark = pytest.mark.part("dockerd")

GRACE = timedelta(seconds=5)
LINES = """
for i in 1 2 3 4 5 6; do echo "out $i"; echo "err $i" >&2; done
printf 'not \\377 text\\n'; head -c 40000 /dev/zero | tr '\\0' x; echo; echo last
"""
SERVICES = {
    "qdrant": qdrant_like(),
    "twice": Service(extra={"deploy": {"replicas": 2}}),
    "chatty": Service(script=LINES),
    "terminal": Service(script="echo first; echo shown", extra={"tty": True}),
    "steady": Service(script="echo one; echo two; echo three"),
    "stubborn": Service(on_stop=OnStop.IGNORES),
    "ended": Service(script="exit 3"),
    "looping": Service(script="exit 1", extra={"restart": "always"}),
    "unwell": Service(extra={"healthcheck": {"test": ["CMD", "false"], "interval": "1s", "retries": 1}}),
    "greedy": Service(script="exec tail /dev/zero", extra={"mem_limit": "16m", "memswap_limit": "16m"}),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def zoo(docker_engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ComposeProject]:
    """One project with a service for each way of being; a test restarts only services that it does not share."""
    project = ComposeProject(docker_engine, "zoo", tmp_path_factory.mktemp("zoo"), SERVICES)
    await project.up(wait=False)
    yield project
    await project.down()


@pytest_asyncio.fixture
async def runtime(zoo: ComposeProject) -> AsyncIterator[DockerRuntime]:
    runtime = DockerRuntime(zoo.docker_host, zoo.name)
    yield runtime
    await runtime.aclose()


def compose_labels(project: str, service: str, *, oneoff: bool = False) -> dict[str, str]:
    """Return what Compose writes on a service's first container."""
    labels = {"project": project, "service": service, "oneoff": str(oneoff), "container-number": "1"}
    return {f"com.docker.compose.{name}": value for name, value in labels.items()}


async def id_of(runtime: DockerRuntime, service: str) -> ContainerId:
    return (await runtime.containers(ServiceName(service)))[0].id


@pytest_asyncio.fixture
async def runtime_case(runtime: DockerRuntime) -> AsyncIterator[RuntimeCase]:
    away = DockerRuntime("tcp://ada:hunter2@127.0.0.1:1", "zoo")  # nobody listens on port 1
    yield RuntimeCase(runtime, ServiceName("steady"), away, "hunter2")
    await away.aclose()


class TestDockerRuntime(RuntimeConformance):
    """The promises that every runtime makes."""


async def test_container_is_described_as_the_engine_has_it(zoo: ComposeProject, runtime: DockerRuntime) -> None:
    await zoo.wait_for("qdrant", Health="healthy")
    (found,) = await runtime.containers(ServiceName("qdrant"))
    facts = await zoo.engine.inspect(found.id)
    hashes = (await zoo.compose("config", "--hash", "qdrant")).out.split()
    assert (found.name, found.number, found.image) == ("zoo-qdrant-1", 1, "ops/web:1")
    assert (found.image_digest, found.config_hash) == (facts["Image"], hashes[1])
    assert (found.status, found.health, found.is_up) == (ContainerStatus.RUNNING, Health.HEALTHY, True)
    assert found.started_at is not None
    assert facts["State"]["StartedAt"].startswith(found.started_at.strftime("%Y-%m-%dT%H:%M:%S.%f"))
    assert found.finished_at is None


async def test_replicas_come_in_the_order_of_their_numbers(runtime: DockerRuntime) -> None:
    assert [found.number for found in await runtime.containers(ServiceName("twice"))] == [1, 2]


async def test_a_service_that_compose_calls_otherwise_keeps_its_own_name(zoo: ComposeProject) -> None:
    runtime = DockerRuntime(zoo.docker_host, zoo.name, names={ServiceName("vectors"): "steady"})
    (found,) = await runtime.containers(ServiceName("vectors"))
    await runtime.aclose()
    assert (found.service, found.name) == ("vectors", "zoo-steady-1")


async def test_other_projects_and_one_off_containers_are_not_listed(
    zoo: ComposeProject, runtime: DockerRuntime
) -> None:
    await zoo.engine.create_container(["true"], labels=compose_labels("other", "ended"))
    await zoo.engine.create_container(["true"], labels=compose_labels(zoo.name, "ended", oneoff=True))
    assert len(await runtime.containers(ServiceName("ended"))) == 1


async def test_ended_container_tells_its_exit_code(zoo: ComposeProject, runtime: DockerRuntime) -> None:
    await zoo.wait_for("ended", Status="exited")
    (found,) = await runtime.containers(ServiceName("ended"))
    assert (found.status, found.exit_code, found.oom_killed, found.is_up) == (ContainerStatus.EXITED, 3, False, False)
    assert found.started_at is not None
    assert found.finished_at is not None  # a millisecond before started_at, at times: the engine takes them apart


async def test_container_out_of_memory_says_so(zoo: ComposeProject, runtime: DockerRuntime) -> None:
    container = await zoo.container_id("greedy")

    async def noticed() -> bool:
        state = await zoo.state("greedy")
        if state["Status"] == "exited" and not state["OOMKilled"]:  # the exit overtook the kernel's notice: once more
            await zoo.engine.ask("POST", f"/containers/{container}/start")
        return bool(state["OOMKilled"])

    await wait_until(noticed, description="the engine notices the kernel's kill")
    await zoo.wait_for("greedy", Status="exited")
    (found,) = await runtime.containers(ServiceName("greedy"))
    assert (found.oom_killed, found.exit_code) == (True, 137)


async def test_crashing_container_is_looping_and_counted(runtime: DockerRuntime) -> None:
    async def looping() -> bool:
        (found,) = await runtime.containers(ServiceName("looping"))
        return found.is_looping and found.restart_count > 1

    await wait_until(looping, description="the engine restarts it again and again")


async def test_unhealthy_container_is_not_up(zoo: ComposeProject, runtime: DockerRuntime) -> None:
    await zoo.wait_for("unwell", Health="unhealthy")
    (found,) = await runtime.containers(ServiceName("unwell"))
    assert (found.status, found.health, found.is_up) == (ContainerStatus.RUNNING, Health.UNHEALTHY, False)


async def test_container_without_healthcheck_has_no_health(runtime: DockerRuntime) -> None:
    (found,) = await runtime.containers(ServiceName("chatty"))
    assert (found.health, found.is_up) == (Health.NONE, True)


async def test_container_that_never_ran_has_no_times(zoo: ComposeProject, runtime: DockerRuntime) -> None:
    await zoo.engine.create_container(["true"], labels=compose_labels(zoo.name, "new"))
    (found,) = await runtime.containers(ServiceName("new"))
    assert (found.status, found.started_at, found.finished_at) == (ContainerStatus.CREATED, None, None)


async def test_restart_happens_once_and_keeps_the_container(zoo: ComposeProject, runtime: DockerRuntime) -> None:
    before, other = await runtime.containers(ServiceName("twice"))
    since = datetime.now(UTC)
    await runtime.restart(before.id, grace=GRACE)
    after, untouched = await runtime.containers(ServiceName("twice"))
    assert (after.id, after.status) == (before.id, ContainerStatus.RUNNING)
    assert after.started_at is not None
    assert before.started_at is not None
    assert after.started_at > before.started_at
    assert untouched == other
    assert sorted(await zoo.engine.actions(before.id, since)) == ["die", "kill", "restart", "start", "stop"]


async def test_restart_waits_for_a_stop_that_takes_its_whole_grace(zoo: ComposeProject) -> None:
    impatient = DockerRuntime(zoo.docker_host, zoo.name, timeout=timedelta(seconds=2.5))
    container = await id_of(impatient, "stubborn")
    since = datetime.now(UTC)
    await impatient.restart(container, grace=timedelta(seconds=2.6))  # longer than any other call may take
    died = [event for event in await zoo.engine.events(since) if (event.action, event.container) == ("die", container)]
    assert [event.attributes["exitCode"] for event in died] == ["137"]
    await impatient.aclose()


async def test_abandoned_restart_is_completed_by_the_engine(zoo: ComposeProject, runtime: DockerRuntime) -> None:
    (before,) = await runtime.containers(ServiceName("stubborn"))
    since = datetime.now(UTC)
    script = (
        "import asyncio, sys; from datetime import timedelta; from bot.adapters.docker_engine import DockerRuntime\n"
        "asyncio.run(DockerRuntime(sys.argv[1], sys.argv[2]).restart(sys.argv[3], grace=timedelta(seconds=2)))"
    )
    driver = await asyncio.create_subprocess_exec(sys.executable, "-c", script, zoo.docker_host, zoo.name, before.id)

    async def is_stopping() -> bool:
        return "kill" in await zoo.engine.actions(before.id, since)

    async def is_restarted() -> bool:
        return "restart" in await zoo.engine.actions(before.id, since)

    await wait_until(is_stopping, description="the stop began")
    os.kill(driver.pid, signal.SIGKILL)
    assert await driver.wait() == -signal.SIGKILL
    assert not await is_restarted()
    await wait_until(is_restarted, description="the engine completed it")
    (after,) = await runtime.containers(ServiceName("stubborn"))
    assert (await zoo.engine.actions(before.id, since)).count("restart") == 1
    assert after.status is ContainerStatus.RUNNING
    assert after.started_at != before.started_at


@pytest.mark.parametrize("stranger", ["zoo-chatty-1", "../images", ""])
async def test_restart_of_an_unknown_container_is_refused(runtime: DockerRuntime, stranger: str) -> None:
    with pytest.raises(UnknownName):
        await runtime.restart(ContainerId(stranger), grace=GRACE)


async def test_container_of_another_project_is_out_of_reach(zoo: ComposeProject, runtime: DockerRuntime) -> None:
    labels = compose_labels("other", "chatty")
    foreign = ContainerId(await zoo.engine.create_container(["sleep", "60"], labels=labels, start=True))
    since = datetime.now(UTC)
    with pytest.raises(UnknownName):
        await runtime.restart(foreign, grace=GRACE)
    with pytest.raises(UnknownName):
        await runtime.logs(foreign, tail=5)
    assert await zoo.engine.actions(foreign, since) == []


async def test_engine_s_refusal_is_permanent_and_hides_credentials(zoo: ComposeProject, runtime: DockerRuntime) -> None:
    options = {"type": "tmpfs", "device": "tmpfs", "o": "password=hunter2"}  # an option that no mount takes
    await zoo.engine.ask("POST", "/volumes/create", body={"Name": "unmountable", "DriverOpts": options})
    labels = compose_labels(zoo.name, "broken")
    container = await zoo.engine.create_container(["true"], labels=labels, Binds=["unmountable:/x"])
    with pytest.raises(PermanentError, match=r"refused to restart .* failed to mount") as refusal:
        await runtime.restart(ContainerId(container), grace=GRACE)
    assert "hunter2" not in str(refusal.value)


async def test_logs_keep_order_and_streams_apart(runtime: DockerRuntime) -> None:
    lines = await runtime.logs(await id_of(runtime, "chatty"), tail=100)
    assert [line.text for line in lines if line.stream == "stderr"] == [f"err {number}" for number in range(1, 7)]
    out = [line.text for line in lines if line.stream == "stdout"]
    assert out == [*(f"out {number}" for number in range(1, 7)), "not � text", "x" * 40000, "last"]
    assert [line.at for line in lines] == sorted(line.at for line in lines)


async def test_logs_are_the_last_lines_only(runtime: DockerRuntime) -> None:
    container = await id_of(runtime, "terminal")
    assert [line.text for line in await runtime.logs(container, tail=1)] == ["shown"]
    assert list(await runtime.logs(container, tail=0)) == []


async def test_logs_begin_where_asked(runtime: DockerRuntime) -> None:
    container = await id_of(runtime, "chatty")
    last = (await runtime.logs(container, tail=1))[0]
    assert last.at <= datetime.now(UTC)
    assert list(await runtime.logs(container, tail=100, since=last.at + timedelta(seconds=1))) == []
    assert last in await runtime.logs(container, tail=100, since=last.at)


async def test_terminal_s_log_is_all_stdout(runtime: DockerRuntime) -> None:
    lines = await runtime.logs(await id_of(runtime, "terminal"), tail=10)
    assert [(line.stream, line.text) for line in lines] == [("stdout", "first"), ("stdout", "shown")]


async def test_reads_go_on_while_a_restart_takes_its_time(zoo: ComposeProject, runtime: DockerRuntime) -> None:
    restart = asyncio.create_task(runtime.restart(await id_of(runtime, "stubborn"), grace=timedelta(seconds=1)))
    began = time.monotonic()
    await runtime.containers(ServiceName("qdrant"))
    assert time.monotonic() - began < 1
    assert not restart.done()
    await restart


async def test_engine_that_comes_back_is_reached_again(own_docker_engine: DockerEngine) -> None:
    runtime = DockerRuntime(own_docker_engine.docker_host, "demo")
    container = await own_docker_engine.create_container(["true"], labels=compose_labels("demo", "web"))
    assert [found.id for found in await runtime.containers(ServiceName("web"))] == [container]
    await own_docker_engine.suspend()
    with pytest.raises(TemporaryError, match="demo: could not list the containers of web"):
        await runtime.containers(ServiceName("web"))
    await own_docker_engine.resume()
    assert [found.id for found in await runtime.containers(ServiceName("web"))] == [container]
    await runtime.aclose()
