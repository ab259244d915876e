"""A whole installation on loopback: the bot as its own process, the stand-in for Slack, and a platform.

Nothing of the bot is in the tests' process: what a test sees is what people, engines and Alertmanager see.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from bot.sandbox import cast
from bot.sandbox.client import SandboxClient
from tests.real.processes import ServerProcess, answers_ok, free_port
from tests.waiting import wait_until

SIGNING_SECRET = "signing-secret-of-the-tests"
WEBHOOK_TOKEN = "webhook-token-of-the-tests"
PLATFORM = "search"
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class PlatformAddresses:
    """Where the one platform of an installation is."""

    runtime: Mapping[str, Any]
    alertmanager: str
    prometheus: str
    services: Mapping[str, str]
    overrides: Mapping[str, Any] = field(default_factory=dict)


class Bot:
    """The bot's process; it can be killed and started again on the same data folder."""

    def __init__(self, folder: Path, environ: Mapping[str, str], port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.webhook_url = f"{self.url}/alertmanager/{PLATFORM}"
        self.log = folder / "bot.log"
        self.environ = {**os.environ, **environ}
        self._process: ServerProcess | None = None

    async def start(self, *, module: Sequence[str] = ("bot", "serve")) -> None:
        """Start it and return when it is ready; ``module`` is what ``python -m`` runs."""
        await self.launch(module=module)
        process = self.process
        await process.ready(lambda: answers_ok(f"{self.url}/readyz"), timeout_s=30)

    async def launch(self, *, module: Sequence[str] = ("bot", "serve")) -> None:
        """Start it without waiting: a test that kills it at a named point may never see it ready."""
        argv = [sys.executable, "-X", "utf8", "-m", *module]
        self._process = ServerProcess(argv, log=self.log, env=self.environ)

    @property
    def process(self) -> ServerProcess:
        """Return the process that was started last."""
        assert self._process is not None, "the bot was not started"
        return self._process

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self.process.is_running:
            os.kill(self.process.pid, signal.SIGKILL)
        await self.died()

    async def died(self) -> None:
        """Return when the process is gone."""
        await wait_until(lambda: not self.process.is_running, description="the bot's process ended", timeout_s=60)

    async def stop(self) -> None:
        """End it as an operator does."""
        if self._process is not None:
            await self._process.stop()

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines of one event."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if f'"{event}"' in line]


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What one command printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Installation:
    """What a test acts on and looks at."""

    bot: Bot
    slack: SandboxClient
    folder: Path

    async def run_command(self, *arguments: str) -> CommandResult:
        """Return what ``watchkeeper <arguments>`` prints beside the running bot."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.bot.environ,
        )
        out, err = await asyncio.wait_for(process.communicate(), 30)
        return CommandResult(process.returncode or 0, out.decode(), err.decode())

    async def connected(self, count: int = 2) -> None:
        """Return once Slack has that many connections of the bot to deliver through."""

        async def there() -> bool:
            return len([it for it in await self.slack.sockets() if not it["is_leaving"]]) == count

        await wait_until(there, description=f"{count} connections of Socket Mode")

    async def cards(self, channel: str = cast.INCIDENTS) -> list[dict[str, Any]]:
        """Return the root messages of the bot in a channel, oldest first."""
        messages = await self.slack.messages(channel)
        return [it for it in messages if it.get("bot_id") and it.get("thread_ts") in (None, it["ts"])]

    async def thread(self) -> list[dict[str, Any]]:
        """Return the replies below the first incident card; none while there is no card."""
        cards = await self.cards()
        if not cards:
            return []
        first = cards[0]
        return [it for it in await self.slack.thread(cast.INCIDENTS, first["ts"]) if it["ts"] != first["ts"]]

    async def reply_with(self, text: str, *, timeout_s: float = 30) -> dict[str, Any]:
        """Return the newest reply in the thread that shows ``text``, once it is there."""
        found: list[dict[str, Any]] = []

        async def there() -> bool:
            found[:] = [it for it in await self.thread() if text in json.dumps(it, ensure_ascii=False)]
            return bool(found)

        await wait_until(there, description=f"a reply that shows {text!r}", timeout_s=timeout_s)
        return found[-1]

    async def card_with(self, text: str, *, timeout_s: float = 30) -> dict[str, Any]:
        """Return the first incident card that shows ``text``, once there is one."""
        found: list[dict[str, Any]] = []

        async def there() -> bool:
            found[:] = [it for it in await self.cards() if text in json.dumps(it, ensure_ascii=False)]
            return bool(found)

        await wait_until(there, description=f"the card shows {text!r}", timeout_s=timeout_s)
        return found[0]


def configuration(port: int, platform: PlatformAddresses) -> dict[str, Any]:
    """Return ``watchkeeper.yaml`` of an installation with the cast of the stand-in."""
    channels = {"incidents": cast.INCIDENTS, "approvals": cast.APPROVALS, "admin": cast.ADMIN, "reports": cast.REPORTS}
    return {
        "server": {"bind": "127.0.0.1", "port": port},
        "slack": {"team": cast.TEAM, "channels": channels},
        "roles": {
            "viewer": ["*"],
            "operator": [cast.OPS_GROUP],
            "approver": [cast.APPROVERS_GROUP],
            "admin": [cast.ADA],
            "break_glass": [cast.ADA],
        },
        "cli_users": {"root": cast.ADA},
        "platforms": [
            {
                "name": PLATFORM,
                "profile": "workspace-qdrant-mcp",
                "environment": "production",
                "owners": [cast.SEARCH_GROUP],
                "runtime": dict(platform.runtime),
                "alertmanager": {"url": platform.alertmanager, "secrets": ["${WEBHOOK_TOKEN}"]},
                "prometheus": {"url": platform.prometheus},
                "services": {name: {"url": url} for name, url in platform.services.items()},
                **({"overrides": dict(platform.overrides)} if platform.overrides else {}),
            }
        ],
    }


@asynccontextmanager
async def sandbox(folder: Path, bot_port: int, *, socket_mode: bool = False) -> AsyncIterator[SandboxClient]:
    """Yield a client of a stand-in for Slack that runs as its own process and delivers to ``bot_port``.

    With ``socket_mode`` it delivers through the connections that the bot opens.
    """
    port = free_port()
    argv = [sys.executable, "-m", "bot.sandbox", "--port", str(port), "--signing-secret", SIGNING_SECRET]
    argv += ["--socket-mode"] if socket_mode else ["--bot-url", f"http://127.0.0.1:{bot_port}/slack/events"]
    process = ServerProcess(argv, log=folder / "sandbox.log")
    url = f"http://127.0.0.1:{port}"
    try:
        await process.ready(lambda: answers_ok(f"{url}/"))
        async with SandboxClient(url) as client:
            yield client
    finally:
        await process.stop()


@asynccontextmanager
async def installed(
    folder: Path,
    platform: PlatformAddresses,
    *,
    bot_port: int,
    environ: Mapping[str, str] | None = None,
    socket_mode: bool = False,
) -> AsyncIterator[Installation]:
    """Yield an installation in an existing folder, whose bot is not started yet."""
    way_in = {"SLACK_APP_TOKEN": cast.APP_TOKEN} if socket_mode else {"SLACK_SIGNING_SECRET": SIGNING_SECRET}
    async with sandbox(folder, bot_port, socket_mode=socket_mode) as slack:
        config = folder / "watchkeeper.yaml"
        config.write_text(yaml.safe_dump(configuration(bot_port, platform), sort_keys=False))
        bot = Bot(
            folder,
            {
                "SLACK_BOT_TOKEN": cast.BOT_TOKEN,
                **way_in,
                "SLACK_API_URL": f"{slack.base_url}/api/",
                "WATCHKEEPER_CONFIG": str(config),
                "WATCHKEEPER_DATA_DIR": str(folder / "data"),
                "WEBHOOK_TOKEN": WEBHOOK_TOKEN,
                "PYTHONPATH": str(ROOT),
                **(environ or {}),
            },
            bot_port,
        )
        try:
            yield Installation(bot, slack, folder)
        finally:
            await bot.stop()


@asynccontextmanager
async def simulated_platform(folder: Path, bot_port: int, *, speed: int = 60) -> AsyncIterator[SimulatedPlatform]:
    """Yield a simulated platform that runs as its own process and posts its webhooks to the bot."""
    port = free_port()
    argv = [sys.executable, "-m", "bot.adapters.simulated", "--port", str(port), "--speed", str(speed)]
    argv += ["--webhook-url", f"http://127.0.0.1:{bot_port}/alertmanager/{PLATFORM}"]
    argv += ["--webhook-token", WEBHOOK_TOKEN, "--platform", PLATFORM]
    process = ServerProcess(argv, log=folder / "platform.log")
    url = f"http://127.0.0.1:{port}"
    try:
        await process.ready(lambda: answers_ok(f"{url}/control/state"))
        async with httpx.AsyncClient(trust_env=False) as client:
            state = (await client.get(f"{url}/control/state")).json()
        yield SimulatedPlatform(url, state["addresses"])
    finally:
        await process.stop()


@dataclass(frozen=True, slots=True)
class SimulatedPlatform:
    """The simulated platform as a test breaks, mends and judges it."""

    url: str
    services: Mapping[str, str]
    """Where each service answers."""

    @property
    def addresses(self) -> PlatformAddresses:
        """Return where the bot finds it."""
        return PlatformAddresses(
            runtime={"simulated": {"url": self.url}},
            alertmanager=f"{self.url}/alertmanager",
            prometheus=f"{self.url}/prometheus",
            services=self.services,
        )

    async def stop_service(self, service: str) -> None:
        """Stop a service as a fault would."""
        await self.damage(service, "stop")

    async def damage(self, service: str, kind: str) -> None:
        """Break a service, or the host, in one of the ways that the platform's state lists."""
        await self._post("break", service=service, kind=kind)

    async def mend(self, service: str) -> None:
        """Mend everything that is wrong with it, from outside."""
        await self._post("mend", service=service)

    async def state(self) -> dict[str, Any]:
        """Return what the platform says of itself."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer: dict[str, Any] = (await client.get(f"{self.url}/control/state")).json()
            return answer

    async def _post(self, order: str, **content: str) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            (await client.post(f"{self.url}/control/{order}", json=content)).raise_for_status()
