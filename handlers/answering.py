"""Answers of verbs on their way to one person: with the button that shares them, or the form that asks for the rest."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Protocol

from bot.domain.effects import Place
from bot.domain.errors import TemporaryError
from bot.domain.forms import Filled
from bot.domain.ids import ChannelId
from bot.domain.people import Actor
from bot.messages.answers import COMMANDS_SHOWN, RUN_COMMAND, render_answer, with_share
from bot.messages.message import Message, to_json
from bot.messages.modals import View, command_view
from bot.ports.conversation import Shares
from bot.verbs import Entrance, Family, Reply, Request, command_of
from handlers.buttons import STALE, Press
from handlers.slack_payloads import Click
from handlers.telling import Ask, Pressed, Rendered
from handlers.threads import IncidentThreads

log = logging.getLogger(__name__)


class Verbs(Protocol):
    """The table of everything that can be asked."""

    async def answer(self, request: Request) -> Reply:
        """Return what the person is told; what they can put right is an answer too."""
        ...

    async def submit(self, filled: Filled, request: Request) -> Reply:
        """Return the answer to a form of a command."""
        ...

    def find(self, family: Family, name: str) -> object | None:
        """Return the verb that answers to a name; None when there is none."""
        ...


def form_of(reply: Reply) -> View | None:
    """Return the window that asks for what a command lacks, where it lacks something."""
    return command_view(reply.form, reply.form.command) if reply.form else None


async def shown(reply: Reply, shares: Shares) -> Message:
    """Return the answer as one person sees it; it outlives a store that cannot keep it for sharing."""
    message = render_answer(reply.answer)
    if not reply.shareable:
        return message
    try:
        return with_share(message, await shares.keep(to_json(message)))
    except TemporaryError as exc:
        log.info("answer_not_shareable", extra={"why": str(exc)})
        return message


class CommandButtons:
    """Buttons that run a command: what was probably meant, and the menus. They do what typing would have done."""

    def __init__(self, verbs: Verbs, shares: Shares, threads: IncidentThreads) -> None:
        self._verbs = verbs
        self._shares = shares
        self._threads = threads

    def presses(self) -> Mapping[str, Press]:
        """Return what each ``action_id`` does."""
        return {f"{RUN_COMMAND}.{position}": self._run for position in range(1, COMMANDS_SHOWN + 1)}

    async def _run(self, click: Click, actor: Actor) -> Pressed:
        if not click.value:
            return STALE
        command = command_of(click.value)
        incident = await self._threads.incident_of(click.parent) if click.parent else None
        place = Place(room=click.parent.channel if click.parent else ChannelId(""))
        reply = await self._verbs.answer(Request(actor, command.family, command.text, Entrance.BUTTON, place, incident))
        form = form_of(reply)
        return Ask(form) if form else Rendered(await shown(reply, self._shares))
