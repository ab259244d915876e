"""Waiting for a fact instead of for time."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable


async def wait_until(
    condition: Callable[[], object] | Callable[[], Awaitable[object]],
    *,
    description: str,
    timeout_s: float = 10.0,
    interval_s: float = 0.02,
) -> None:
    """Return once ``condition`` is truthy; fail with ``description`` after ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = condition()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {timeout_s} s: {description}")
        await asyncio.sleep(interval_s)
