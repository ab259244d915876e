"""``watchkeeper demo``: a whole incident on one page, with a stand-in for Slack and a simulated platform.

Three processes on loopback: the stand-in with its page, the platform with its monitoring, and Watchkeeper itself as it
runs in production, on a state store of its own that is thrown away at the end.
"""

from __future__ import annotations

import json
import logging
import secrets
import socket
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import yaml

from bot.app import application, connect
from bot.children import PlayedPlatform, child, simulated_platform
from bot.domain.errors import UserError
from bot.domain.redaction import Redactor
from bot.domain.settings import Settings
from bot.services.catalogue import Catalogue
from bot.serving import Part, serve
from bot.settings import load_settings
from commands.completion import Vocabulary, completion_vocabulary

PLATFORM = "search-demo"


async def play(*, port: int) -> int:
    """Run the demo until it is interrupted; return the exit code."""
    if not _is_free(port):
        raise UserError(f'port {port} is taken; choose another: make demo DEMO_ARGS="--port 8090"')
    with tempfile.TemporaryDirectory(prefix="watchkeeper-demo-") as name:
        async with AsyncExitStack() as exits:
            folder, bot_port = Path(name), _free_port()
            token, secret = secrets.token_hex(16), secrets.token_hex(16)
            platform = await exits.enter_async_context(
                simulated_platform(PLATFORM, bot_url=f"http://127.0.0.1:{bot_port}", token=token)
            )
            config = folder / "watchkeeper.yaml"
            described = configuration(bot_port, platform)
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
                child(
                    "bot.sandbox",
                    ("--port", str(port), "--bot-url", f"http://127.0.0.1:{bot_port}/slack/events"),
                    {"--signing-secret": secret, "--platform-url": platform.url, "--completion": str(completion)},
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


def configuration(bot_port: int, platform: PlayedPlatform) -> dict[str, object]:
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
        "platforms": [platform.entry("DEMO_TOKEN")],
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0
