"""Asking everything at once, each question bounded in time, and handing sections over as they finish.

One endpoint that hangs is named and delays nothing else: the questions run side by side, and a section that takes long
loses its turn to those that are finished. Within a section, and between sections that are quick, the order is always
the same.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from bot.domain.checks import Check, CheckFinding, fail
from bot.domain.errors import BotError

T = TypeVar("T")

WITHIN = timedelta(seconds=5)
"""The longest time one question may take."""
PATIENCE = timedelta(seconds=1.5)
"""How long a finished section waits for one before it."""

Findings = Sequence[CheckFinding]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to find out."""

    check: Check
    """What is named where no answer comes in time."""
    about: str
    """Who is asked, for the same case: ``the engine at unix:///…``."""
    ask: Callable[[], Awaitable[Findings]]
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Questions about one thing, shown together."""

    title: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Examined:
    """A section and what was found."""

    place: int
    """Where it stands among all sections, from 0."""
    title: str
    findings: tuple[CheckFinding, ...]


class Once(Generic[T]):
    """An answer that several questions need: asked when the first of them wants it, and then shared."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._task: asyncio.Future[T] | None = None

    async def __call__(self) -> T:
        """Return the answer, or raise what asking raised."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._ask())
        # One question that gives up must not take the answer from the others.
        return await asyncio.shield(self._task)


async def examine(
    sections: Sequence[Section], *, within: timedelta = WITHIN, patience: timedelta = PATIENCE
) -> AsyncIterator[Examined]:
    """Yield every section as it finishes, in the given order as long as none takes longer than ``patience``."""
    until = time.monotonic() + patience.total_seconds()
    waiting = {place: asyncio.ensure_future(_section(place, it, within)) for place, it in enumerate(sections)}
    try:
        while waiting:
            for place in _ready(waiting, is_patient=time.monotonic() < until):
                yield waiting.pop(place).result()
            if waiting:
                left = max(until - time.monotonic(), 0.0)
                pending = [task for task in waiting.values() if not task.done()]
                await asyncio.wait(pending, timeout=left or None, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting.values():
            task.cancel()


def _ready(waiting: Mapping[int, asyncio.Future[Examined]], *, is_patient: bool) -> list[int]:
    """Return the sections to hand over now: all finished ones, but only up to the first unfinished while patient."""
    ready: list[int] = []
    for place, task in waiting.items():
        if task.done():
            ready.append(place)
        elif is_patient:
            break
    return ready


async def _section(place: int, section: Section, within: timedelta) -> Examined:
    found = await asyncio.gather(*(_answer(question, within) for question in section.questions))
    return Examined(place, section.title, tuple(finding for findings in found for finding in findings))


async def _answer(question: Question, within: timedelta) -> Findings:
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await question.ask()
    except TimeoutError:
        said = f"{question.about} does not answer within {within.total_seconds():g} s"
        fix = "look at that machine and at the network between; everything else was looked at all the same"
        return [fail(question.check, said, fix=fix, subject=question.subject)]
    except BotError as exc:
        fix = "do what the message says, then run `watchkeeper doctor` again"
        return [fail(question.check, f"{question.about}: {exc}", fix=fix, subject=question.subject)]
