"""The demo projects that other tests break and mend, as the real Compose and the real engine run them."""

from __future__ import annotations

import httpx
import pytest

from tests.real.compose import OnStop, Service, qdrant_like
from tests.real.engine import DockerEngine
from tests.real.factories import MakesProject

pytest_plugins = ("tests.real.parts",)
pytestmark = [pytest.mark.part("dockerd"), pytest.mark.part("compose")]


async def test_qdrant_like_service_answers_and_its_health_follows(compose_project: MakesProject) -> None:
    project = await compose_project({"qdrant": qdrant_like()}, name="search")
    async with httpx.AsyncClient(base_url=project.url("qdrant")) as client:
        assert (await client.get("/readyz")).text == "all shards are ready"
        assert (await client.get("/collections")).json()["result"] == {"collections": []}
    assert (await project.state("qdrant"))["Health"]["Status"] == "healthy"
    project.break_answer("qdrant", "healthz")
    await project.wait_for("qdrant", Health="unhealthy")
    project.mend_answer("qdrant", "healthz")
    await project.wait_for("qdrant", Health="healthy")


async def test_changed_file_recreates_the_service(docker_engine: DockerEngine, compose_project: MakesProject) -> None:
    project = await compose_project({"worker": Service(), "stubborn": Service(on_stop=OnStop.IGNORES)})
    before = await project.container_id("worker")
    project.services["worker"] = Service(extra={"environment": {"LEVEL": "debug"}})
    project.write()
    await project.up()
    after = await project.container_id("worker")
    assert after != before
    assert await docker_engine.actions(after) == ["create", "start"]
    assert (await docker_engine.actions(before))[-1] == "destroy"


async def test_service_that_ignores_its_stop_is_killed_after_its_grace(compose_project: MakesProject) -> None:
    project = await compose_project({"stubborn": Service(on_stop=OnStop.IGNORES), "worker": Service()})
    await project.compose("stop", "--timeout", "1")
    assert (await project.state("stubborn"))["ExitCode"] == 137
    assert (await project.state("worker"))["ExitCode"] == 0
