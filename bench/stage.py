"""Everything around the measured bot: the stand-in for Slack, a simulated platform, and a configuration for both.

The bot runs as in production, as ``watchkeeper serve`` or ``watchkeeper web`` with nothing but its environment. Its
Alertmanager does not answer, which counts as firing: so no incident of a measurement is settled under its hands.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.children import Child, free_port, running, start
from bench.load import HOST
from bench.store import Store, running_store
from bot.sandbox import cast

PLATFORM = "search-bench"
PROFILE = "workspace-qdrant-mcp"
SERVICES = (
    "qdrant",
    "mcp-server",
    "daemon-coordinator",
    "web-ui",
    "nginx",
    "prometheus",
    "grafana",
    "alertmanager",
    "node-exporter",
)
BOT = (sys.executable, "-m", "bot")


@dataclass(frozen=True, slots=True)
class Stage:
    """What a bot can be started on."""

    folder: Path
    sandbox: Child
    platform: Child
    webhook_token: str
    signing_secret: str
    bot_port: int

    @property
    def sandbox_url(self) -> str:
        """Return the address of the stand-in for Slack."""
        return f"http://{HOST}:{self.sandbox.port}"

    def environ(self, data_dir: Path, redis_url: str | None) -> dict[str, str]:
        """Return what the bot is told; without ``redis_url`` it runs a Valkey of its own."""
        config = self.folder / "watchkeeper.yaml"
        config.write_text(json.dumps(self._configuration(), indent=1), encoding="utf8")
        told = {
            "SLACK_BOT_TOKEN": cast.BOT_TOKEN,
            "SLACK_SIGNING_SECRET": self.signing_secret,
            "SLACK_API_URL": f"{self.sandbox_url}/api/",
            "WATCHKEEPER_CONFIG": str(config),
            "WATCHKEEPER_DATA_DIR": str(data_dir),
            "BENCH_TOKEN": self.webhook_token,
        }
        return told if redis_url is None else told | {"REDIS_URL": redis_url}

    async def start_bot(
        self, data_dir: Path, *, redis_url: str | None = None, part: str = "serve", command: Sequence[str] = BOT
    ) -> Child:
        """Return a bot that was started and may not be ready yet; it keeps its log beside the others."""
        environ = self.environ(data_dir, redis_url)
        return await start(f"bot-{part}", [*command, part], self.folder, port=self.bot_port, environ=environ)

    @asynccontextmanager
    async def bot(self, redis_url: str, part: str) -> AsyncIterator[Child]:
        """Yield a bot that is ready, and stop it afterwards."""
        bot = await self.start_bot(self.fresh_data_dir(), redis_url=redis_url, part=part)
        try:
            await bot.ready()
            yield bot
        finally:
            await bot.stop()

    def fresh_data_dir(self) -> Path:
        """Return a folder that no bot has used."""
        return self.folder / f"data-{secrets.token_hex(4)}"

    def _configuration(self) -> dict[str, object]:
        platform = f"http://{HOST}:{self.platform.port}"
        return {
            "server": {"bind": HOST, "port": self.bot_port},
            "slack": {
                "team": cast.TEAM,
                "channels": {
                    "incidents": cast.INCIDENTS,
                    "approvals": cast.APPROVALS,
                    "admin": cast.ADMIN,
                    "reports": cast.REPORTS,
                },
            },
            "roles": {
                "viewer": ["*"],
                "operator": [cast.OPS_GROUP],
                "approver": [cast.APPROVERS_GROUP],
                "admin": [cast.ADA],
                "break_glass": [cast.ADA],
            },
            "platforms": [
                {
                    "name": PLATFORM,
                    "profile": PROFILE,
                    "environment": "production",
                    "owners": [cast.SEARCH_GROUP],
                    "runtime": {"simulated": {"url": platform}},
                    "alertmanager": {"url": f"http://{HOST}:{free_port()}", "secrets": ["${BENCH_TOKEN}"]},
                    "prometheus": {"url": f"{platform}/prometheus"},
                    "services": {name: {"url": f"{platform}/services/{name}"} for name in SERVICES},
                }
            ],
        }


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """Yield a stage of its own below ``folder``, without a bot."""
    place = folder / f"stage-{secrets.token_hex(4)}"
    place.mkdir()
    # Hexadecimal: an option's value that begins with a dash would be read as another option.
    token, secret, bot_port = secrets.token_hex(16), secrets.token_hex(16), free_port()
    webhook_url = f"http://{HOST}:{bot_port}/alertmanager/{PLATFORM}"
    async with AsyncExitStack() as exits:
        platform = await exits.enter_async_context(
            _stand_in(
                "bot.adapters.simulated",
                place,
                ("--webhook-url", webhook_url, "--webhook-token", token),
                ready_path="/alertmanager/-/ready",
            )
        )
        sandbox = await exits.enter_async_context(
            _stand_in(
                "bot.sandbox",
                place,
                ("--bot-url", f"http://{HOST}:{bot_port}/slack/events", "--signing-secret", secret),
                ready_path="/control/faults",
            )
        )
        yield Stage(place, sandbox, platform, token, secret, bot_port)


@asynccontextmanager
async def playing(folder: Path, *, part: str = "serve") -> AsyncIterator[tuple[Stage, Store, Child]]:
    """Yield a stage, a state store and a ready bot on both."""
    async with stage(folder) as scene, running_store(scene.folder) as store, scene.bot(store.url, part) as bot:
        yield scene, store, bot


@asynccontextmanager
async def _stand_in(module: str, folder: Path, options: Sequence[str], *, ready_path: str) -> AsyncIterator[Child]:
    port = free_port()
    argv = [sys.executable, "-m", module, "--port", str(port), *options]
    async with running(module.rpartition(".")[2], argv, folder, port=port, ready_path=ready_path) as child:
        yield child
