"""What is wrong with a configuration: every problem at once, each with its file, its line and what was expected.

Values are never repeated here unless they are names from a closed set: a value may be a secret in the wrong place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bot.domain.errors import UserError

_LISTED_AT_MOST = 12
_NEAR = 0.5


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to correct."""

    file: str
    line: int
    """From 1; 0 where no line is to blame: a missing file, the environment."""
    field: str
    """``platforms[0].runtime.compose``; empty for the file as a whole."""
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (where, self.field, self.message) if part)


class ConfigurationError(UserError):
    """The configuration cannot be used; ``problems`` says everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(format_problems(problems))
        self.problems = tuple(problems)


def format_problems(problems: Iterable[Problem]) -> str:
    """Return one line per problem: ``file:line: field: message``."""
    return "\n".join(str(problem) for problem in problems)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return each problem once, ordered by file and line."""
    return sorted(set(problems))


def unknown(name: str, known: Iterable[str]) -> str:
    """Return the message for a name that is none of ``known``, with the closest one as a hint."""
    names = list(known)
    if near := get_close_matches(name, names, n=1, cutoff=_NEAR):
        return f"`{name}`: unknown; did you mean `{near[0]}`?"
    if not names:
        return f"`{name}`: unknown; there are none here"
    if len(names) > _LISTED_AT_MOST:
        return f"`{name}`: unknown"
    return f"`{name}`: unknown; expected one of {listed(names)}"


def listed(names: Iterable[str]) -> str:
    """Return the names for a sentence: ```a`, `b`, `c```."""
    return ", ".join(f"`{name}`" for name in names)
