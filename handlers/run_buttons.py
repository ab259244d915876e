"""Buttons of a run's card: calling it off, pausing it, and saying what nobody could tell of a step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from bot.domain import runs as rules
from bot.domain.answers import RunActed, Said
from bot.domain.ids import RunId
from bot.domain.people import Actor
from bot.domain.runs import HumanChoice, Run, RunOutcome
from bot.messages import run_card as card
from bot.messages.modals import settle_step_view
from bot.ports.runs import RunChange, Runs
from handlers.buttons import STALE, ULID, Press
from handlers.slack_payloads import Click
from handlers.telling import Ask, Pressed

Transition: TypeAlias = Callable[[RunId, Actor], Awaitable[RunChange]]
Theirs: TypeAlias = Callable[[Run, Actor], bool]

REFUSED = (RunOutcome.NOT_ALLOWED, RunOutcome.UNCHANGED)


class RunButtons:
    """What each button of a run does."""

    def __init__(self, runs: Runs, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._runs = runs
        self._now = now

    def presses(self) -> Mapping[str, Press]:
        """Return what each ``action_id`` does."""
        return {
            card.CANCEL: self._act("cancel", self._runs.cancel, lambda run, actor: run.cancel_by == actor.id),
            card.PAUSE: self._act("pause", self._runs.pause, lambda run, actor: run.pause_by == actor.id),
            card.UNPAUSE: self._act("unpause", self._runs.unpause, lambda _, __: False),
            card.MARK_DONE: self._settle(HumanChoice.MARK_DONE),
            card.GIVE_UP: self._settle(HumanChoice.GIVE_UP),
        }

    def _act(self, act: str, transition: Transition, is_theirs: Theirs) -> Press:
        async def press(click: Click, actor: Actor) -> Pressed:
            if not ULID.fullmatch(click.value):
                return STALE
            change = await transition(RunId(click.value), actor)
            if change.outcome is RunOutcome.NOT_ALLOWED:
                return RunActed(change.state, change.outcome, act)
            if is_theirs(change.state, actor) or change.outcome in (RunOutcome.CHANGED, RunOutcome.FLAGGED):
                return None
            if change.state.state.is_final:
                return Said(f"{change.state.name} is over already: it is {change.state.state}. Nothing was done.")
            return RunActed(change.state, change.outcome, act)

        return press

    def _settle(self, choice: HumanChoice) -> Press:
        """Ask what the person saw; what would be refused anyway is refused before anybody types."""

        async def press(click: Click, actor: Actor) -> Pressed:
            if not ULID.fullmatch(click.value):
                return STALE
            run = await self._runs.get(RunId(click.value))
            foreseen = rules.answer_for_step(run, choice, actor, "", self._now()).outcome
            index = run.next_step
            if foreseen in REFUSED or index is None:
                return RunActed(run, foreseen, choice.value)
            step = f"{index + 1}: {run.planned(index).title}"
            return Ask(settle_step_view(choice, run.name, step, run.id))

        return press
