"""How every floor listens: uvicorn with uvloop and httptools on one loopback port, nothing logged."""

from __future__ import annotations

import argparse

import uvicorn
from starlette.types import ASGIApp


def options(*names: str) -> argparse.Namespace:
    """Return the command line of a floor: ``--port`` and one required option for each name."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    for name in names:
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_args()


def serve(app: ASGIApp, port: int) -> None:
    """Serve until a signal ends it."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", ws="none")
    config.access_log = False
    uvicorn.Server(config).run()
