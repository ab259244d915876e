"""What a port of state answers: the state after the transition, and what became of the event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

State = TypeVar("State")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Transition(Generic[State, Outcome]):
    """One event met one thing."""

    state: State
    """As it is now, changed or not."""
    outcome: Outcome
    at: datetime
    """The store's clock."""
