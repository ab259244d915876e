"""Where Alertmanager's route tree leads an alert, as far as its labels are known.

An alert's labels come from three places: the rule, Prometheus's external labels, and the rule's expression. The last
are unknown beforehand, so a matcher holds, does not hold, or may hold; an alert reaches a receiver surely or perhaps.
Source: Alertmanager ``dispatch/route.go``: depth first, the first match wins unless ``continue``, a node whose children
all fail takes the alert itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from bot.ports.inspection import Matcher, Route


class Holds(IntEnum):
    """Whether a condition holds; the smaller one decides over several."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Reached:
    """A node of the tree that an alert ends at."""

    route: Route
    is_sure: bool


def ends_at(root: Route, labels: Mapping[str, str]) -> tuple[Reached, ...]:
    """Return every node at which an alert with at least these labels ends, or may end."""
    return tuple(_ends(root, labels, sure=True))


def _ends(route: Route, labels: Mapping[str, str], *, sure: bool) -> Iterator[Reached]:
    taken = Holds.NO
    for child in route.routes:
        holds = _all_hold(child, labels)
        if holds is Holds.NO:
            continue
        taken = max(taken, holds)
        yield from _ends(child, labels, sure=sure and holds is Holds.YES)
        if child.goes_on:
            continue
        if holds is Holds.YES:
            return
        sure = False  # perhaps the alert never came this far
    if taken is not Holds.YES:
        yield Reached(route, sure and taken is Holds.NO)


def _all_hold(route: Route, labels: Mapping[str, str]) -> Holds:
    return min((_holds(matcher, labels) for matcher in route.matchers), default=Holds.YES)


def _holds(matcher: Matcher, labels: Mapping[str, str]) -> Holds:
    if matcher.label not in labels:
        return Holds.MAYBE
    fits = _fits(matcher, labels[matcher.label])
    if fits is None:
        return Holds.MAYBE
    return Holds.YES if fits is not matcher.operator.startswith("!") else Holds.NO


def _fits(matcher: Matcher, value: str) -> bool | None:
    """Return whether the value is what the matcher names, negation aside; None for a pattern we cannot read."""
    if "~" not in matcher.operator:
        return value == matcher.value
    try:
        return re.fullmatch(matcher.value, value) is not None
    except re.error:
        return None
