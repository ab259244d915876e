"""Run the sandbox: ``python -m bot.sandbox --port 8080 --bot-url http://127.0.0.1:3000/slack/events …``.

Listens on 127.0.0.1 only and prints one JSON line, ``{"ready": "http://127.0.0.1:PORT"}``, once it does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from socket import socket

from bot.sandbox import cast
from bot.sandbox.app import create_sandbox
from bot.sandbox.config import SandboxConfig
from bot.sandbox.server import address, listen, server_for
from bot.sandbox.shapes import Json


def read_config(arguments: list[str] | None = None) -> tuple[SandboxConfig, int]:
    """Return the settings and the port asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description="A stand-in for Slack on loopback.")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    parser.add_argument("--bot-url", action="append", default=[], help="where deliveries go; repeat it for replicas")
    parser.add_argument("--signing-secret", required=True)
    parser.add_argument("--bot-token", default=cast.BOT_TOKEN)
    parser.add_argument("--app-token", default=cast.APP_TOKEN, help="opens Socket Mode's connections")
    parser.add_argument("--socket-mode", action="store_true", help="deliver through WebSockets, not to URLs")
    parser.add_argument("--team", default=cast.TEAM)
    parser.add_argument("--platform-url", help="control address of the simulated platform, shown on the page")
    parser.add_argument("--completion", type=read_completion, metavar="FILE", help="JSON: what can be typed to the bot")
    parser.add_argument("--rate-limits", action="store_true", help="enforce Slack's tiers")
    parser.add_argument("--ack-timeout", type=float, default=3.0, metavar="S", help="seconds the bot has to answer")
    parser.add_argument("--retry-delays", default="0,60,300", metavar="S,S,S", help="seconds before event retries")
    given = parser.parse_args(arguments)
    config = SandboxConfig(
        signing_secret=given.signing_secret,
        bot_urls=tuple(given.bot_url),
        bot_token=given.bot_token,
        app_token=given.app_token,
        socket_mode=given.socket_mode,
        team=given.team,
        platform_url=given.platform_url,
        completion=given.completion,
        ack_timeout=timedelta(seconds=given.ack_timeout),
        retry_delays=tuple(timedelta(seconds=float(item)) for item in given.retry_delays.split(",") if item),
        rate_limits=given.rate_limits,
    )
    return config, given.port


def read_completion(path: str) -> Json:
    """Return what a file says can be typed; ArgumentTypeError when it is no JSON object."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise argparse.ArgumentTypeError(f"{path}: {exc}") from exc
    if not isinstance(content, dict):
        raise argparse.ArgumentTypeError(f"{path}: not a JSON object")
    return content


async def serve(config: SandboxConfig, sock: socket) -> None:
    """Serve until a signal ends it; say when it is ready."""

    def announce() -> None:
        sys.stdout.write(json.dumps({"ready": config.base_url}) + "\n")
        sys.stdout.flush()

    await server_for(create_sandbox(config), on_ready=announce).serve(sockets=[sock])


def main() -> None:
    """Run until interrupted."""
    config, port = read_config()
    sock = listen(port)
    asyncio.run(serve(replace(config, base_url=address(sock)), sock))


if __name__ == "__main__":
    main()
