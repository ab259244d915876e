"""Plans: a runbook bound to parameters and to facts that were observed; making one changes nothing.

A yes binds to the plan's hash and to nothing else, so the hash holds exactly what would have to change the decision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

import rfc8785

from bot.domain.ids import PlatformName, RunbookName, ServiceName
from bot.domain.rights import Environment, Need, Risk

Facts: TypeAlias = dict[str, str]
"""Observed facts by name, as text: ids, digests, counts."""


class Effect(StrEnum):
    """What doing a step a second time would do."""

    NONE = "none"
    """It only looks: run it again."""
    IDEMPOTENT = "idempotent"
    """Run it again; the end is the same."""
    ONCE = "once"
    """Ask for its verdict before ever doing it again."""


class Cancelling(StrEnum):
    """When a step can still be called off."""

    BEFORE = "before"
    """Until it begins."""
    SAFE_POINT = "safe_point"
    """It looks for the flag by itself while it works."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a plan touches: a service, or the platform itself (whose lock excludes its services')."""

    platform: PlatformName
    service: ServiceName | None = None

    @property
    def key(self) -> str:
        """Return the name of its lock."""
        return f"{self.platform}/{self.service}" if self.service else str(self.platform)


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One action with bound arguments and what was seen when the plan was made."""

    action: str
    title: str
    """What it does, for people: ``Restart qdrant``."""
    arguments: dict[str, str]
    effect: Effect
    cancel: Cancelling
    timeout: timedelta
    """Until the step counts as failed; stop grace included."""
    target: Target | None = None
    binds: Facts = field(default_factory=dict)
    """Facts the yes rests on: ids, digests, replica counts, up or down."""
    shows: Facts = field(default_factory=dict)
    """Facts that move by themselves: sizes, counts, times."""
    current: str = ""
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will happen, to what, from what was seen; and who must agree."""

    platform: PlatformName
    environment: Environment
    runbook: RunbookName
    runbook_version: str
    title: str
    risk: Risk
    need: Need
    need_reason: str
    """Why this many people: the risk, or the fact that raised it."""
    parameters: dict[str, str]
    steps: tuple[PlannedStep, ...]
    interrupts: str
    undo: str
    break_glass_allowed: bool = False

    @property
    def targets(self) -> tuple[Target, ...]:
        """Return what it touches, each once, in the order of their lock names."""
        touched = {step.target.key: step.target for step in self.steps if step.target}
        return tuple(touched[key] for key in sorted(touched))

    def canonical(self) -> bytes:
        """Return RFC 8785 JSON of what a yes binds to; what only shows stays outside."""
        steps: list[dict[str, object]] = [
            {
                "action": step.action,
                "arguments": step.arguments,
                "binds": step.binds,
                "target": step.target.key if step.target else "",
            }
            for step in self.steps
        ]
        document: dict[str, object] = {
            "platform": self.platform,
            "environment": self.environment.value,
            "runbook": self.runbook,
            "version": self.runbook_version,
            "parameters": self.parameters,
            "need": self.need.value,
            "steps": steps,
            "undo": self.undo,
        }
        return rfc8785.dumps(document)  # type: ignore[arg-type]  # its alias is recursive over lists, ours is the same shape

    @property
    def hash(self) -> str:
        """Return the SHA-256 of `canonical`, in hex."""
        return hashlib.sha256(self.canonical()).hexdigest()


def changed_facts(approved: Plan, fresh: Plan) -> tuple[str, ...]:
    """Return, a line each, what a fresh look changed against the approved plan; empty when the yes still binds."""
    if approved.hash == fresh.hash:
        return ()
    lines: list[str] = []
    if approved.runbook_version != fresh.runbook_version:
        lines.append(f"runbook {approved.runbook}: version {approved.runbook_version} → {fresh.runbook_version}")
    if approved.need is not fresh.need:
        lines.append(f"needs: {approved.need} → {fresh.need} ({fresh.need_reason})")
    if len(approved.steps) != len(fresh.steps):
        lines.append(f"steps: {len(approved.steps)} → {len(fresh.steps)}")
    for before, after in zip(approved.steps, fresh.steps, strict=False):
        lines += [f"{after.title}: {line}" for line in facts_difference(before.binds, after.binds)]
    return tuple(lines) or ("the plan's text changed; read it again",)


def facts_difference(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Return, a line each, the facts that differ: ``container: 12ab… → 34cd…``."""
    names = sorted({*before, *after})
    return tuple(
        f"{name}: {before.get(name, 'absent')} → {after.get(name, 'absent')}"
        for name in names
        if before.get(name) != after.get(name)
    )
