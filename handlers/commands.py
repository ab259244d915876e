"""Slash commands: `/ops` and `/incident`, answered in the acknowledgement itself wherever that is quick enough."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Protocol

from bot.domain.answers import Said
from bot.domain.effects import Place
from bot.domain.errors import TemporaryError
from bot.messages.answers import render_answer, with_share
from bot.messages.message import Message, to_json, to_payload
from bot.ports.conversation import Conversation, Shares
from bot.services.access import AccessService
from bot.verbs import Entrance, Family, Reply, Request
from handlers.acks import Ack, AckOutcome, Body, private
from handlers.background import Background, Late
from handlers.errors import Trouble, caught_in_time
from handlers.slack_payloads import Command, read_command

ANSWER_WITHIN = timedelta(seconds=1.5)
"""The workspace waits 3 s, the way there and back included."""
LOOKING = Said("Looking… the answer follows here.")

log = logging.getLogger(__name__)


class Verbs(Protocol):
    """The table of everything that can be asked."""

    async def answer(self, request: Request) -> Reply:
        """Return what the person is told; what they can put right is an answer too."""
        ...

    def find(self, family: Family, name: str) -> object | None:
        """Return the verb that answers to a name; None when there is none."""
        ...


class Commands:
    """Answers slash commands, to the person alone."""

    def __init__(
        self,
        access: AccessService,
        verbs: Verbs,
        shares: Shares,
        conversation: Conversation,
        background: Background,
        *,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        """Take who may ask, what can be asked and the ways to answer; ``answer_within`` is for tests."""
        self._access = access
        self._verbs = verbs
        self._shares = shares
        self._conversation = conversation
        self._background = background
        self._answer_within = answer_within

    async def receive(self, body: Body) -> Ack:
        """Return the answer, or the word that it follows."""
        command = read_command(body)

        async def later(answer: tuple[Message, AckOutcome]) -> None:
            await self._conversation.respond(command.origin.response_url, to_payload(answer[0]))

        answer = await self._background.promptly(self._told(command), within=self._answer_within, later=later)
        if isinstance(answer, Late):
            return Ack(private(render_answer(LOOKING)), AckOutcome.LATE)
        message, outcome = answer
        return Ack(private(message), outcome)

    async def _told(self, command: Command) -> tuple[Message, AckOutcome]:
        answered = await caught_in_time(self._answer(command))
        if isinstance(answered, Trouble):
            return render_answer(answered.problem), answered.outcome
        return answered, AckOutcome.ANSWERED

    async def _answer(self, command: Command) -> Message:
        actor = await self._access.actor(command.who.user, command.who.team, act=command.act)
        request = Request(actor, command.family, command.text, Entrance.SLASH, Place(room=command.channel))
        reply = await self._verbs.answer(request)
        message = render_answer(reply.answer)
        return await self._with_share(message) if reply.shareable else message

    async def _with_share(self, message: Message) -> Message:
        try:
            return with_share(message, await self._shares.keep(to_json(message)))
        except TemporaryError as exc:
            log.info("answer_not_shareable", extra={"why": str(exc)})
            return message
