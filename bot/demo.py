"""``watchkeeper demo``: a whole incident on one page, with a stand-in for Slack and a simulated platform.

Three processes on loopback: the stand-in with its page, the platform with its monitoring, and Watchkeeper itself as it
runs in production, on a state store of its own that is thrown away at the end.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import yaml

from bot.app import application, connect
from bot.domain.errors import PermanentError, UserError
from bot.domain.redaction import Redactor
from bot.domain.settings import Settings
from bot.services.catalogue import Catalogue
from bot.serving import Part, serve
from bot.settings import load_settings
from commands.completion import Vocabulary, completion_vocabulary

PLATFORM = "search-demo"
START_WITHIN_S = 20.0
STOP_WITHIN_S = 5.0


async def play(*, port: int) -> int:
    """Run the demo until it is interrupted; return the exit code."""
    if not _is_free(port):
        raise UserError(f"port {port} is taken; choose another: watchkeeper demo --port 8090")
    with tempfile.TemporaryDirectory(prefix="watchkeeper-demo-") as name:
        async with AsyncExitStack() as exits:
            folder, bot_port = Path(name), _free_port()
            token, secret = secrets.token_hex(16), secrets.token_hex(16)
            platform = await exits.enter_async_context(
                _child(
                    "bot.adapters.simulated",
                    ("--port", "0", "--webhook-url", f"http://127.0.0.1:{bot_port}/alertmanager/{PLATFORM}"),
                    {"--webhook-token": token},
                )
            )
            config = folder / "watchkeeper.yaml"
            described = configuration(bot_port, platform, await addresses(platform))
            config.write_text(yaml.safe_dump(described, sort_keys=False), encoding="utf8")
            settings = load_settings(
                {
                    "SLACK_BOT_TOKEN": "xoxb-sandbox",
                    "SLACK_SIGNING_SECRET": secret,
                    "SLACK_API_URL": f"http://127.0.0.1:{port}/api/",
                    "WATCHKEEPER_CONFIG": str(config),
                    "WATCHKEEPER_DATA_DIR": str(folder / "data"),
                    "DEMO_TOKEN": token,
                }
            )
            completion = folder / "completion.json"
            completion.write_text(json.dumps(await vocabulary(settings)), encoding="utf8")
            page = await exits.enter_async_context(
                _child(
                    "bot.sandbox",
                    ("--port", str(port), "--bot-url", f"http://127.0.0.1:{bot_port}/slack/events"),
                    {"--signing-secret": secret, "--platform-url": platform, "--completion": str(completion)},
                )
            )
            sys.stdout.write(f"\n  Watchkeeper is at {page}\n  Stop qdrant there and watch. Ctrl-C ends it.\n\n")
            sys.stdout.flush()
            await serve(settings, Part.SERVE, log_level=logging.WARNING)
    return 0


async def vocabulary(settings: Settings) -> Vocabulary:
    """Return what can be typed to the bot of these settings; its store is never asked, only its table of verbs."""
    redis = connect("redis://127.0.0.1")
    try:
        async with application(settings, redis, Redactor(())) as app:
            services = app.services
            names = Catalogue(
                app.outside.platforms, app.state.incidents, app.state.approvals, app.state.runs, services.access
            )
            return completion_vocabulary(app.verbs, names)
    finally:
        await redis.aclose()


async def addresses(platform: str) -> dict[str, str]:
    """Return where each service of the simulated platform answers."""
    async with httpx.AsyncClient(trust_env=False) as client:
        state = (await client.get(f"{platform}/control/state")).json()
    return dict(state["addresses"])


def configuration(bot_port: int, platform: str, services: Mapping[str, str]) -> dict[str, object]:
    """Return ``watchkeeper.yaml`` of the demo: one simulated platform, the cast of the stand-in."""
    return {
        "server": {"bind": "127.0.0.1", "port": bot_port},
        "slack": {
            "team": "T0SANDBOX",
            "channels": {"incidents": "C0INC", "approvals": "C0APR", "admin": "C0ADM", "reports": "C0REP"},
        },
        "roles": {
            "viewer": ["*"],
            "operator": ["S0OPS"],
            "approver": ["S0APPROVERS"],
            "admin": ["U0ADA"],
            "break_glass": ["U0ADA"],
        },
        "platforms": [
            {
                "name": PLATFORM,
                "profile": "workspace-qdrant-mcp",
                "environment": "production",
                "owners": ["S0SEARCH"],
                "runtime": {"simulated": {"url": platform}},
                "alertmanager": {"url": f"{platform}/alertmanager", "secrets": ["${DEMO_TOKEN}"]},
                "prometheus": {"url": f"{platform}/prometheus"},
                "services": {name: {"url": url} for name, url in services.items()},
            }
        ],
    }


@asynccontextmanager
async def _child(module: str, arguments: tuple[str, ...], options: Mapping[str, str]) -> AsyncIterator[str]:
    """Yield the address of a child process that says on its first line where it listens; end it afterwards."""
    flat = [part for name, value in options.items() for part in (name, value)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, *flat, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        yield await _address(process, module)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _address(process: asyncio.subprocess.Process, module: str) -> str:
    if process.stdout is None:
        raise PermanentError(f"{module}: started without an output to read its address from")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_WITHIN_S)
        return str(json.loads(line)["ready"])
    except (TimeoutError, ValueError, KeyError) as exc:
        raise PermanentError(f"{module} did not start within {START_WITHIN_S:.0f} s; see its lines above") from exc


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0
