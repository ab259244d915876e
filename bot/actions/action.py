"""What runbook steps name: a typed capability that can look, act, and tell afterwards whether its act happened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from bot.domain.plans import Cancelling, Effect, Facts, Target
from bot.ports.platforms import PlatformPorts

Arguments = Mapping[str, str]
"""Bound arguments, as text; the loader has checked their names, the action checks their values."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What an action sees before it acts. ``binds`` is what a yes rests on, ``shows`` moves by itself."""

    title: str
    current: str
    wanted: str
    target: Target | None = None
    binds: Facts = field(default_factory=dict)
    shows: Facts = field(default_factory=dict)


class VerdictKind(StrEnum):
    """Whether a step that was begun took effect."""

    DONE = "done"
    NOT_DONE = "not_done"
    UNKNOWN = "unknown"
    """The facts do not tell: a person must look."""


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """The answer, and what it rests on."""

    kind: VerdictKind
    evidence: str


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step gets besides its arguments while it works."""

    before: Facts
    """The fact stored at its begin."""
    is_cancelled: Callable[[], bool]
    """Whether a person called the run off; looked at where stopping is safe."""
    sleep: Callable[[timedelta], Awaitable[None]]
    """Waits between looks; moved by tests."""


class Action(Protocol):
    """One capability. Every method raises TemporaryError or PermanentError; none changes anything but `run`."""

    name: str
    parameters: frozenset[str]
    effect: Effect
    cancel: Cancelling

    def timeout(self, arguments: Arguments, platform: PlatformPorts) -> timedelta:
        """Return how long it may take until it counts as failed, stop grace included."""
        ...

    async def observe(self, arguments: Arguments, platform: PlatformPorts) -> Observation:
        """Look at what it would act on."""
        ...

    async def run(self, arguments: Arguments, platform: PlatformPorts, context: StepContext) -> str:
        """Act; return in one line what was seen at the end."""
        ...

    async def verdict(self, arguments: Arguments, platform: PlatformPorts, before: Facts) -> StepVerdict:
        """Compare the facts now with the fact stored before, and tell whether the act happened."""
        ...


class LooksOnly:
    """What actions that change nothing have in common: doing them again costs nothing."""

    effect = Effect.NONE

    async def verdict(self, arguments: Arguments, platform: PlatformPorts, before: Facts) -> StepVerdict:
        """Return that it did not happen yet."""
        return StepVerdict(VerdictKind.NOT_DONE, "it only looks")


class StepCancelled(Exception):
    """A step stopped at a safe point because the run was called off."""
