"""What can be made to go wrong: with answers of the Web API, and with deliveries to the bot."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.sandbox.errors import ControlError
from bot.sandbox.shapes import Json


class FaultKind(StrEnum):
    """What goes wrong."""

    RATE_LIMITED = "rate_limited"
    """HTTP 429 with ``Retry-After: seconds``; nothing is done."""
    SERVER_ERROR = "server_error"
    """HTTP ``status`` (500 or 503) with a page of HTML, as Slack's edge sends; nothing is done."""
    ERROR = "error"
    """HTTP 200 with ``{"ok": false, "error": code}``; nothing is done."""
    SLOW = "slow"
    """The work is done at once, the answer arrives ``seconds`` later (real time)."""
    LOST_ANSWER = "lost_answer"
    """The work is done, then the connection is cut without an answer."""
    CUT = "cut"
    """The connection is cut before anything is done."""
    UNSHARED = "unshared"
    """files.completeUploadExternal answers ok and never shares the file."""
    DUPLICATE = "duplicate"
    """A delivery is sent twice: events with retry headers, interactions as a second click at the same moment."""
    DROP = "drop"
    """A delivery is not sent at all; the actor's client sees a timeout, an event is simply lost."""


DELIVERY_FAULTS = frozenset({FaultKind.DUPLICATE, FaultKind.DROP})
SURFACES = frozenset({"events", "interactions", "commands", "*"})


@dataclass(slots=True)
class Fault:
    """One rule: for ``target`` (a method, a kind of delivery, or ``*``), ``times`` times or always, with ``share``.

    ``share`` is the probability for each matching call, drawn from a generator seeded with ``seed``.
    ``used`` counts how often it struck.
    """

    id: int
    kind: FaultKind
    target: str = "*"
    times: int | None = 1
    share: float = 1.0
    seed: int = 0
    seconds: float = 1.0
    status: int = 500
    code: str = "internal_error"
    channel: str | None = None
    used: int = 0
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - repeatable, not secret

    def strikes(self, target: str, channel: str | None) -> bool:
        """Return whether this fault hits now, and count it if so."""
        if self.target not in {"*", target} or (self.channel and self.channel != channel):
            return False
        if self.times is not None and self.used >= self.times:
            return False
        if self.share < 1.0 and self._random.random() >= self.share:
            return False
        self.used += 1
        return True

    def as_json(self) -> Json:
        """Return the fault for the control API."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "target": self.target,
            "times": self.times,
            "share": self.share,
            "seconds": self.seconds,
            "status": self.status,
            "code": self.code,
            "channel": self.channel,
            "used": self.used,
        }


_FIELDS: dict[str, type] = {
    "target": str,
    "times": int,
    "share": float,
    "seed": int,
    "seconds": float,
    "status": int,
    "code": str,
    "channel": str,
}


class Faults:
    """The standing faults, in the order they were added; the first that strikes wins."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._next_id = 1

    def add(self, settings: Json) -> Fault:
        """Add a fault from control JSON; raise ControlError for an unknown kind or field.

        ``{"kind", "target"?, "times"?, "share"?, "seed"?, "seconds"?, "status"?, "code"?, "channel"?}``; ``times``
        null means until removed.
        """
        rest = dict(settings)
        name = str(rest.pop("kind", ""))
        if name not in set(FaultKind):
            raise ControlError(f"kind: {name!r} is none of {', '.join(FaultKind)}")
        unknown = set(rest) - set(_FIELDS)
        if unknown:
            raise ControlError(f"unknown fields: {', '.join(sorted(unknown))}; known are {', '.join(_FIELDS)}")
        kind = FaultKind(name)
        if kind in DELIVERY_FAULTS and rest.get("target", "*") not in SURFACES:
            raise ControlError(f"target: {name} takes one of {', '.join(sorted(SURFACES))}")
        fault = Fault(id=self._next_id, kind=kind, **{key: _read(key, value) for key, value in rest.items()})
        self._next_id += 1
        self._faults.append(fault)
        return fault

    def strike(self, target: str, channel: str | None = None) -> Fault | None:
        """Return the fault that hits a Web API call of ``target`` now."""
        answers = (fault for fault in self._faults if fault.kind not in DELIVERY_FAULTS)
        return next((fault for fault in answers if fault.strikes(target, channel)), None)

    def strike_delivery(self, surface: str) -> Fault | None:
        """Return the fault that hits a delivery: ``surface`` is events, interactions or commands."""
        deliveries = (fault for fault in self._faults if fault.kind in DELIVERY_FAULTS)
        return next((fault for fault in deliveries if fault.strikes(surface, None)), None)

    def clear(self) -> None:
        """Remove every fault."""
        self._faults.clear()

    def remove(self, fault_id: int) -> bool:
        """Remove one fault; return whether it stood."""
        before = len(self._faults)
        self._faults = [fault for fault in self._faults if fault.id != fault_id]
        return len(self._faults) < before

    def as_json(self) -> list[Json]:
        """Return the standing faults with their counts."""
        return [fault.as_json() for fault in self._faults]


def _read(name: str, value: object) -> Any:
    if value is None and name in {"times", "channel"}:
        return None
    wanted = _FIELDS[name]
    if isinstance(value, bool) or not isinstance(value, (int, float) if wanted is float else wanted):
        raise ControlError(f"{name}: must be a {wanted.__name__}")
    return value
