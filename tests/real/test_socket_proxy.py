"""The proxy in front of the engine's socket lets the bot work, and lets nothing else through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from bot.adapters.docker_engine import DockerRuntime
from bot.domain.ids import ServiceName
from tests.project.checkout import ROOT
from tests.real.compose import qdrant_like
from tests.real.engine import DockerEngine
from tests.real.factories import MakesProject
from tests.real.processes import ServerProcess, answers_ok, free_port, require_part

pytest_plugins = ("tests.real.parts",)
pytestmark = [pytest.mark.part("dockerd", "haproxy")]

CONFIG = ROOT / "deploy" / "docker-socket-proxy.cfg"
FULL_ID = "a" * 64
REFUSED = (
    ("POST", "/v1.41/containers/create"),
    ("POST", f"/v1.41/containers/{FULL_ID}/exec"),
    ("POST", f"/v1.41/containers/{FULL_ID}/stop"),
    ("POST", f"/v1.41/containers/{FULL_ID}/start"),
    ("DELETE", f"/v1.41/containers/{FULL_ID}"),
    ("GET", f"/v1.41/containers/{FULL_ID}/archive?path=/etc/shadow"),
    ("GET", f"/v1.41/containers/{FULL_ID}/restart"),
    ("POST", f"/v1.41/containers/{FULL_ID}/restart/../../create"),
    ("POST", f"/v1.41/containers/{FULL_ID}%2f..%2fcreate"),
    ("POST", "/v1.41/containers/web/restart"),
    ("GET", "/v1.41/images/json"),
    ("GET", "/v1.41/secrets"),
    ("GET", "/v1.41/volumes"),
    ("POST", "/v1.41/build"),
    ("GET", "/containers/json"),
    ("GET", "/"),
)


@pytest_asyncio.fixture
async def proxy(docker_engine: DockerEngine, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a real HAProxy with the shipped configuration, moved to loopback and the private engine."""
    port = free_port()
    shipped = CONFIG.read_text(encoding="utf8")
    moved = shipped.replace("bind :2375", f"bind 127.0.0.1:{port}").replace(
        "/var/run/docker.sock", str(docker_engine.socket)
    )
    assert moved.count(str(port)) == moved.count(str(docker_engine.socket)) == 1
    config = tmp_path / "haproxy.cfg"
    config.write_text(moved)
    process = ServerProcess([require_part("haproxy"), "-db", "-f", str(config)], log=tmp_path / "haproxy.log")
    try:
        await process.ready(lambda: answers_ok(f"http://127.0.0.1:{port}/version"))
        yield f"127.0.0.1:{port}"
    finally:
        await process.stop()


async def test_the_bot_looks_reads_logs_and_restarts_through_it(compose_project: MakesProject, proxy: str) -> None:
    project = await compose_project({"qdrant": qdrant_like()}, name="proxied")
    runtime = DockerRuntime(f"tcp://{proxy}", project.name)
    try:
        (container,) = await runtime.containers(ServiceName("qdrant"))
        await runtime.logs(container.id, tail=10)
        await runtime.restart(container.id, grace=timedelta(seconds=2))
        (again,) = await runtime.containers(ServiceName("qdrant"))
    finally:
        await runtime.aclose()
    assert again.started_at != container.started_at
    assert list(await project.engine.actions(container.id)).count("restart") == 1


@pytest.mark.parametrize(("method", "path"), REFUSED)
async def test_nothing_else_passes(proxy: str, method: str, path: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.send(_as_written(client, method, f"http://{proxy}", path))
    assert answer.status_code == 403, answer.text


@pytest.mark.parametrize("upgrade", ["h2c", "tcp"])
async def test_no_allowed_request_becomes_a_tunnel(proxy: str, upgrade: str) -> None:
    wishes = {"connection": "Upgrade, HTTP2-Settings", "upgrade": upgrade, "http2-settings": "AAMAAABkAAQAAP__"}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://{proxy}/version", headers=wishes)
    assert answer.status_code == 403, answer.text


def _as_written(client: httpx.AsyncClient, method: str, host: str, path: str) -> httpx.Request:
    """Return a request whose path is sent as it is written here, dots and all."""
    request = client.build_request(method, host)
    request.url = request.url.copy_with(raw_path=path.encode())
    return request
