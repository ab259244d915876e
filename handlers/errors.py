"""The one place that turns errors into replies: whoever asked hears what happened, and nothing escapes a listener.

An exception that leaves a listener costs the acknowledgement, and the person sees a failure of the workspace instead of
a sentence of ours; so every listener runs inside `Guard`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import TypeVar

from bot.domain.answers import Problem
from bot.domain.errors import TemporaryError, UserError
from bot.logs import bound
from bot.messages.answers import render_answer
from bot.messages.modals import problem_view
from handlers.acks import Ack, AckFamily, AckMetrics, AckOutcome, Body, Listen, private
from handlers.telling import Origin, Teller

WORK_WITHIN = timedelta(seconds=20)
"""Above the slowest probe of a read verb, below what a person waits for."""
REQUEST_ID = "request_id"
TOKEN_BYTES = 5
BROKE = (
    "Something broke here. What you asked for may or may not have happened: look at the card, or ask for the status, "
    "before you try again."
)
SLOW = "There was no answer within {seconds} s. What you asked for may or may not have happened: look before you retry."

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error as what the person is told."""

    problem: Problem
    outcome: AckOutcome


def trouble_of(error: Exception) -> Trouble:
    """Return what an error says to the person who asked.

    One that nobody meant is logged with the id of the request, which the person sees as a token.
    """
    if isinstance(error, UserError):
        return Trouble(Problem(str(error)), AckOutcome.REFUSED)
    if isinstance(error, TemporaryError):
        log.warning("request_not_served", extra={"why": str(error)})
        return Trouble(Problem(f"Nothing was done: {error}. Try again in a minute."), AckOutcome.AWAY)
    token = (bound.get() or {}).get(REQUEST_ID) or token_hex(TOKEN_BYTES)
    log.error("request_failed", exc_info=error, extra={"token": token})
    text = SLOW.format(seconds=round(WORK_WITHIN.total_seconds())) if isinstance(error, TimeoutError) else BROKE
    return Trouble(Problem(text, token=token), AckOutcome.FAILED)


async def caught(work: Awaitable[T]) -> T | Trouble:
    """Return what ``work`` returns, or why it did not."""
    try:
        return await work
    except Exception as exc:
        # One of the two places that catch all: a listener must answer whatever happens.
        return trouble_of(exc)


async def caught_in_time(work: Awaitable[T], *, within: timedelta = WORK_WITHIN) -> T | Trouble:
    """Return what ``work`` returns, or why it did not; work that hangs is called off and says so."""
    return await caught(_bounded(work, within))


async def _bounded(work: Awaitable[T], within: timedelta) -> T:
    async with asyncio.timeout(within.total_seconds()):
        return await work


class Guard:
    """Runs listeners so that each payload is acknowledged exactly once, whatever happens inside."""

    def __init__(self, metrics: AckMetrics, teller: Teller) -> None:
        self._metrics = metrics
        self._teller = teller

    def around(self, family: AckFamily, listen: Listen) -> Listen:
        """Return a listener that returns the acknowledgement of ``listen``, or an apology; it raises nothing."""

        async def guarded(body: Body) -> Ack:
            started = time.perf_counter()
            bound.set({REQUEST_ID: token_hex(TOKEN_BYTES), "family": family})
            given = await caught(listen(body))
            answer = given if isinstance(given, Ack) else self._apology(family, body, given)
            self._metrics.on_ack(family, time.perf_counter() - started, answer.outcome)
            return answer

        return guarded

    def _apology(self, family: AckFamily, body: Body, trouble: Trouble) -> Ack:
        """Return the safe acknowledgement of a payload that nothing else was said about."""
        match family:
            case AckFamily.COMMAND:
                return Ack(private(render_answer(trouble.problem)), trouble.outcome)
            case AckFamily.MODAL:
                view = problem_view(trouble.problem.text, _hint(trouble.problem))
                return Ack({"response_action": "update", "view": view}, trouble.outcome)
            case AckFamily.OPTIONS:
                return Ack({"options": []}, trouble.outcome)
            case AckFamily.BUTTON | AckFamily.SHORTCUT:
                self._teller.tell(Origin.of(body), trouble.problem)
        return Ack(outcome=trouble.outcome)


def _hint(problem: Problem) -> str:
    return f"If it happens again, look for {problem.token} in the log." if problem.token else problem.hint
