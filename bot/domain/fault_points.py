"""Named gaps between two commits, where tests kill, freeze or delay the process. They do nothing in production.

A crash in any of them costs seconds, never work; each is in the fault tests by its name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum


class FaultPoint(StrEnum):
    """Where a process can be stopped by a test."""

    INTAKE_BEFORE_ABSORB = "intake.before_absorb"
    PLANNER_BEFORE_ASK = "planner.before_ask"
    STARTER_AFTER_LEASE = "starter.after_lease"
    STARTER_BEFORE_CONSUME = "starter.before_consume"
    STARTER_AFTER_CONSUME = "starter.after_consume"
    DRIVER_AFTER_CLAIM = "driver.after_claim"
    DRIVER_BEFORE_BEGIN = "driver.before_begin"
    DRIVER_AFTER_BEGIN = "driver.after_begin"
    DRIVER_AFTER_EFFECT = "driver.after_effect"
    DRIVER_AFTER_END = "driver.after_end"
    PUBLISHER_BEFORE_POST = "publisher.before_post"
    PUBLISHER_AFTER_POST = "publisher.after_post"
    PUBLISHER_BEFORE_SHOWN = "publisher.before_shown"
    SEALER_BEFORE_SEAL = "sealer.before_seal"


Hook = Callable[[FaultPoint], Awaitable[None]]


async def _nothing(point: FaultPoint) -> None:
    """Go on."""


_hook: Hook = _nothing


def set_hook(hook: Hook | None) -> None:
    """Let a test decide what happens at the points; None makes them do nothing again."""
    global _hook
    _hook = hook or _nothing


async def reached(point: FaultPoint) -> None:
    """Tell that the process has come to a gap."""
    await _hook(point)
