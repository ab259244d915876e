"""Slash commands: `/ops` and `/incident`, answered in the acknowledgement itself wherever that is quick enough."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.answers import Said
from bot.domain.effects import Place
from bot.messages.answers import render_answer
from bot.messages.message import Message, to_payload
from bot.ports.conversation import Conversation, Shares
from bot.services.access import AccessService
from bot.verbs import Entrance, Request
from handlers.acks import Ack, AckOutcome, Body, private
from handlers.answering import Verbs, form_of, shown
from handlers.background import Background, Late
from handlers.errors import Trouble, caught_in_time
from handlers.slack_payloads import Command, read_command

ANSWER_WITHIN = timedelta(seconds=1.5)
"""The workspace waits 3 s, the way there and back included."""
LOOKING = Said("Looking… the answer follows here.")
OPENED = Said("A form asks for the rest.")


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

        async def later(answer: tuple[Message | None, AckOutcome]) -> None:
            message = answer[0] or render_answer(OPENED)
            await self._conversation.respond(command.origin.response_url, to_payload(message))

        answer = await self._background.promptly(self._told(command), within=self._answer_within, later=later)
        if isinstance(answer, Late):
            return Ack(private(render_answer(LOOKING)), AckOutcome.LATE)
        message, outcome = answer
        return Ack(private(message) if message else None, outcome)

    async def _told(self, command: Command) -> tuple[Message | None, AckOutcome]:
        """Return what is said, nothing where a form has opened, and what the acknowledgement says."""
        answered = await caught_in_time(self._answer(command))
        if isinstance(answered, Trouble):
            return render_answer(answered.problem), answered.outcome
        return answered, AckOutcome.ANSWERED

    async def _answer(self, command: Command) -> Message | None:
        actor = await self._access.actor(command.who.user, command.who.team, act=command.act)
        request = Request(actor, command.family, command.text, Entrance.SLASH, Place(room=command.channel))
        reply = await self._verbs.answer(request)
        form = form_of(reply)
        if form and await self._conversation.open_view(command.origin.trigger, form):
            return None
        return await shown(reply, self._shares)
