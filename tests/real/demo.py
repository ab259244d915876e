"""The demo as `make demo` starts it, for tests that look at it through a browser."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.real.processes import ServerProcess, answers_ok, free_port


@asynccontextmanager
async def running_demo(folder: Path) -> AsyncIterator[str]:
    """Yield the address of a running demo; its log is kept in ``folder``."""
    port = free_port()
    process = ServerProcess([sys.executable, "-m", "bot", "demo", "--port", str(port)], log=folder / "demo.log")
    url = f"http://127.0.0.1:{port}"
    try:
        await process.ready(lambda: answers_ok(f"{url}/page/state"), timeout_s=40)
        yield url
    finally:
        await process.stop()
