"""The bot with a bomb in it: ``python -m tests.faults.killing_bot <point> <nth> <delay_ms> serve``.

When the named gap is reached for the n-th time the whole process is killed, at once or after a delay, as a power cut
would: no handler runs, nothing is flushed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from bot.cli import main
from bot.domain.fault_points import FaultPoint, set_hook


def bomb(point: FaultPoint, nth: int, delay_s: float) -> None:
    """Kill this process when ``point`` is reached for the n-th time, ``delay_s`` later."""
    reached = 0

    async def at(where: FaultPoint) -> None:
        nonlocal reached
        if where is not point:
            return
        reached += 1
        if reached != nth:
            return
        if delay_s == 0:
            _die()
        asyncio.get_running_loop().call_later(delay_s, _die)

    set_hook(at)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    bomb(FaultPoint(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) / 1000)
    sys.exit(main(sys.argv[4:]))
