"""Buttons and menus: every press gets an answer, a stale or foreign one too. A button's value is never authority."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any, TypeAlias

from bot.domain.answers import Problem
from bot.domain.people import Actor
from bot.services.access import AccessService
from handlers.acks import Ack, AckOutcome, Body
from handlers.background import Background, Late
from handlers.errors import Trouble, caught_in_time
from handlers.slack_payloads import Click, Who, read_click
from handlers.telling import Pressed, Teller

Press: TypeAlias = Callable[[Click, Actor], Awaitable[Pressed]]

ANSWER_WITHIN = timedelta(seconds=2)
STALE = Problem("This button belongs to an older version or to another plan; the card shows the newest state.")
UPDATING = Problem("Watchkeeper is being updated and does not know this button yet. Press again in a minute.")

ULID = re.compile(r"[0-9A-Z]{26}")


class Buttons:
    """Hands presses over by ``action_id``."""

    def __init__(
        self,
        access: AccessService,
        presses: Mapping[str, Press],
        teller: Teller,
        background: Background,
        *,
        home: Callable[[Who], Coroutine[Any, Any, None]] | None = None,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        """Take who may press, what each ``action_id`` does and what shows somebody their home tab anew.

        ``answer_within`` is for tests.
        """
        self._home = home
        self._access = access
        self._presses = presses
        self._teller = teller
        self._background = background
        self._answer_within = answer_within

    @property
    def known(self) -> frozenset[str]:
        """Return every ``action_id`` that does something."""
        return frozenset(self._presses)

    async def receive(self, body: Body) -> Ack:
        """Do what the press asks for and acknowledge; what the card does not show is told privately."""
        click = read_click(body)

        async def later(outcome: tuple[Pressed, AckOutcome]) -> None:
            self._follow(click, outcome[0])

        done = await self._background.promptly(self._serve(click), within=self._answer_within, later=later)
        if isinstance(done, Late):
            return Ack(outcome=AckOutcome.LATE)
        pressed, outcome = done
        self._follow(click, pressed)
        return Ack(outcome=outcome)

    def _follow(self, click: Click, pressed: Pressed) -> None:
        """Let happen what the press leads to; a home tab it was made in shows what is so now."""
        self._teller.follow(click.origin, pressed)
        if click.in_home and self._home is not None:
            self._background.start(self._home(click.who))

    async def _serve(self, click: Click) -> tuple[Pressed, AckOutcome]:
        pressed = await caught_in_time(self._press(click))
        return (pressed.problem, pressed.outcome) if isinstance(pressed, Trouble) else (pressed, AckOutcome.ANSWERED)

    async def _press(self, click: Click) -> Pressed:
        actor = await self._access.actor(click.who.user, click.who.team, act=click.act)
        press = self._presses.get(click.action)
        return await press(click, actor) if press else UPDATING
