"""Cancellation that arrives although somebody below swallowed it.

Before Python 3.12 `asyncio.wait_for` returns normally when its work ends in the same moment as it is cancelled
(python/cpython#86296), and the Redis client sends every command through it. A loop would then go on for ever.
"""

from __future__ import annotations

import asyncio


def heed_cancellation() -> None:
    """Raise CancelledError if the running task was asked to end, whether or not it has heard of it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
