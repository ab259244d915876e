"""Runs as transitions: the ledger that drivers write under their fence, and what people do to a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from bot.domain.ids import PlatformName, RunbookName, RunId
from bot.domain.people import Actor
from bot.domain.plans import Facts
from bot.domain.runs import HumanChoice, Run, RunOutcome
from bot.ports.transitions import Transition

RunChange: TypeAlias = Transition[Run, RunOutcome]


class ClaimOutcome(StrEnum):
    """What came of a driver's claim."""

    CLAIMED = "claimed"
    BUSY = "busy"
    """Another driver lives."""
    OVER = "over"
    """Final, paused, or waiting for a person."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A driver's hold on a run. Everything it writes carries the fence; an older one writes nothing."""

    outcome: ClaimOutcome
    run: Run | None = None
    fence: int = 0


class FenceLost(Exception):
    """Another driver has claimed the run; this one must not start another effect."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What the heartbeat brings back."""

    cancel: bool
    pause: bool


class Drivers(Protocol):
    """Which drivers live on this machine, told by their lock files."""

    def is_proven_dead(self, driver: str) -> bool:
        """Return whether a driver of this machine is gone for certain; False where nothing can be said."""
        ...


class Ledger(Protocol):
    """What a driver does. Every call but `claim` raises FenceLost when the fence is not the run's any more."""

    async def claim(self, run: RunId, driver: str) -> Claim:
        """Take the run with a new fence, unless its driver lives; after too many deaths it needs a person."""
        ...

    async def beat(self, run: RunId, fence: int) -> Beat:
        """Say that the driver lives; learn of cancel and pause."""
        ...

    async def begin_step(self, run: RunId, fence: int, index: int, before: Facts) -> RunChange:
        """Write the intent of a step, with the fact its verdict will be compared to. Refused while risk is frozen."""
        ...

    async def begin_again(self, run: RunId, fence: int, index: int, before: Facts) -> RunChange:
        """Write the second intent of a step that proved not to have happened."""
        ...

    async def end_step(self, run: RunId, fence: int, index: int, result: str) -> RunChange:
        """Write the outcome of a step; after the last one the run is done and its locks are free."""
        ...

    async def fail_step(self, run: RunId, fence: int, index: int, why: str) -> RunChange:
        """Write that a step failed; the run is over and its locks are free."""
        ...

    async def cancel_at_safe_point(self, run: RunId, fence: int, index: int) -> RunChange:
        """Write that a step stopped at a safe point because the run was called off."""
        ...

    async def needs_human(self, run: RunId, fence: int, evidence: str) -> RunChange:
        """Write that only a person can tell; the locks stay."""
        ...


class Runs(Protocol):
    """What people and loops do with runs. A call naming a run raises UnknownName when there is none."""

    async def cancel(self, run: RunId, actor: Actor) -> RunChange:
        """Call it off."""
        ...

    async def pause(self, run: RunId, actor: Actor) -> RunChange:
        """Ask it to stop at the next step border."""
        ...

    async def unpause(self, run: RunId, actor: Actor) -> RunChange:
        """Let it go on."""
        ...

    async def answer_for_step(self, run: RunId, choice: HumanChoice, actor: Actor, *, reason: str) -> RunChange:
        """Say what the evidence could not."""
        ...

    async def get(self, run: RunId) -> Run:
        """Return one run."""
        ...

    async def find(self, number: int) -> RunId:
        """Return the id behind ``RUN-<number>``; UnknownName when there is none."""
        ...

    async def recent(self, limit: int) -> Sequence[Run]:
        """Return the newest runs."""
        ...

    async def on_platform(self, platform: PlatformName) -> Sequence[Run]:
        """Return the runs of a platform that are not over."""
        ...

    async def to_drive(self) -> Sequence[tuple[RunId, str, datetime | None]]:
        """Return the indexes ``queued`` and ``active``: run, its driver (empty: none yet), the driver's last beat."""
        ...

    async def last_time(self, platform: PlatformName, runbook: RunbookName, parameters: dict[str, str]) -> str:
        """Return, in a line for people, how this went before; empty when it never did."""
        ...
