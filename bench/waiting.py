"""Waiting for a fact, as long as it takes and no longer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from bench.children import NotMeasured


async def until(holds: Callable[[], Awaitable[bool]], what: str, *, within_s: float, every_s: float = 0.05) -> None:
    """Return once ``holds`` says so; NotMeasured when it does not in time."""
    if not await comes_true(holds, within_s=within_s, every_s=every_s):
        raise NotMeasured(f"still not so after {within_s:.0f} s: {what}")


async def comes_true(holds: Callable[[], Awaitable[bool]], *, within_s: float, every_s: float = 0.05) -> bool:
    """Return True as soon as ``holds`` says so, False when the time is over."""
    deadline = time.monotonic() + within_s
    while not await holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(every_s)
    return True
