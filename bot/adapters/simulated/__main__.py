"""``python -m bot.adapters.simulated``: play a platform until the process is ended.

Prints one line on standard output once it answers: ``{"ready": "http://127.0.0.1:PORT"}``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence

import httpx

from bot.adapters.simulated.app import create_app
from bot.adapters.simulated.clock import Pace, SystemClock
from bot.adapters.simulated.inventory import NGINX
from bot.adapters.simulated.own_port import OwnPort
from bot.adapters.simulated.platform import Scene, SimulatedPlatform
from bot.adapters.simulated.serving import SimulatedServer, bind
from bot.adapters.simulated.webhook import WebhookReceiver
from bot.domain.ids import PlatformName


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until it is interrupted; return 1 when the port is taken."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_serve(options))
    except KeyboardInterrupt:
        return 0
    except OSError as exc:
        sys.stderr.write(f"simulated platform: port {options.port} cannot be used ({exc.strerror}); choose another\n")
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    listener, base_url = bind(options.port)
    clock, pace = SystemClock(), Pace(options.speed)
    nginx = OwnPort()
    # No proxy of the environment: the receiver is where the option says.
    async with httpx.AsyncClient(trust_env=False) as client:
        receiver = WebhookReceiver(client, url=options.webhook_url, token=options.webhook_token, clock=clock, pace=pace)
        scene = Scene(
            base_url=base_url,
            platform=PlatformName(options.platform),
            environment=options.environment,
            pace=pace,
            watchdog=options.watchdog,
            own_ports={NGINX: nginx.url},
        )
        platform = SimulatedPlatform(scene, clock=clock, receiver=receiver)
        server = SimulatedServer(create_app(platform), on_ready=lambda: _say_ready(base_url))
        async with nginx.open_while(lambda: platform.world.answers(NGINX, clock.now())):
            await server.serve(sockets=[listener])


def _say_ready(base_url: str) -> None:
    sys.stdout.write(json.dumps({"ready": base_url}) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.adapters.simulated", description="Play a whole platform.")
    parser.add_argument("--port", type=int, default=9100, help="loopback port; 0 takes any free one (default 9100)")
    parser.add_argument("--webhook-url", required=True, help="where the simulated Alertmanager posts")
    parser.add_argument("--webhook-token", required=True, help="the bearer token it sends")
    parser.add_argument("--speed", type=_speed, default=12.0, help="how many times faster alerting runs (default 12)")
    parser.add_argument("--platform", default="search-demo", help="the platform label (default search-demo)")
    parser.add_argument("--environment", default="demo", help="the environment label (default demo)")
    parser.add_argument("--watchdog", action="store_true", help="add the alert that always fires")
    return parser


def _speed(text: str) -> float:
    speed = float(text)
    if speed <= 0:
        raise argparse.ArgumentTypeError("it must be above 0")
    return speed


if __name__ == "__main__":
    sys.exit(main())
