"""Mentions: the same verbs inside a thread, where slash commands do not work. The answer is a notice in the thread."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot.domain.answers import Problem
from bot.domain.effects import NoticeKind, Place, notice
from bot.domain.ids import IncidentId
from bot.domain.people import Actor
from bot.messages.answers import render_answer
from bot.messages.message import Message, to_json, to_payload
from bot.ports.conversation import Conversation
from bot.ports.outbox import MessageRef, Outbox
from bot.services.access import AccessService
from bot.verbs import Entrance, Family, Request
from handlers.acks import Ack, AckOutcome, Body
from handlers.answering import Verbs
from handlers.background import Background, Late
from handlers.errors import Trouble, caught_in_time
from handlers.slack_payloads import Mention, read_mention
from handlers.threads import IncidentThreads

ANSWER_WITHIN = timedelta(seconds=2)
"""While a mention is not acknowledged, the workspace brings it again; a longer wait would bring it needlessly."""


class Mentions:
    """Answers people who speak to us in a channel or thread."""

    def __init__(
        self,
        our_id: Callable[[], str],
        access: AccessService,
        verbs: Verbs,
        threads: IncidentThreads,
        outbox: Outbox,
        conversation: Conversation,
        background: Background,
        *,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        """Take our own user id, who may ask, what can be asked and the ways to answer; the time is for tests."""
        self._our_id = our_id
        self._access = access
        self._verbs = verbs
        self._threads = threads
        self._outbox = outbox
        self._conversation = conversation
        self._background = background
        self._answer_within = answer_within

    async def receive(self, body: Body) -> Ack:
        """Answer in the thread; what bots say is not for us."""
        mention = read_mention(body, self._our_id())
        if mention.is_by_bot or not mention.who.user:
            return Ack()
        done = await self._background.promptly(self._serve(mention), within=self._answer_within, later=_nothing)
        return Ack(outcome=AckOutcome.LATE if isinstance(done, Late) else done)

    async def _serve(self, mention: Mention) -> AckOutcome:
        """Answer for all to read, or say privately why there is no answer."""
        done = await caught_in_time(self._answer(mention))
        if not isinstance(done, Trouble):
            return AckOutcome.ANSWERED
        await self._say_privately(mention, done.problem)
        return done.outcome

    async def _answer(self, mention: Mention) -> None:
        actor = await self._access.actor(mention.who.user, mention.who.team, act=mention.act)
        request = await self._request(mention, actor)
        reply = await self._verbs.answer(request)
        await self._say_in_thread(mention, render_answer(reply.answer))

    async def _request(self, mention: Mention, actor: Actor) -> Request:
        incident = await self._incident(mention)
        return Request(actor, self._family(mention.text), mention.text, Entrance.MENTION, _place(mention), incident)

    def _family(self, text: str) -> Family:
        """Return ``incident`` for a verb that only it has, so that nobody spells it out in a thread at 3 a.m."""
        verb, _, _ = text.partition(" ")
        is_of_incidents = not self._verbs.find(Family.OPS, verb) and self._verbs.find(Family.INCIDENT, verb)
        return Family.INCIDENT if is_of_incidents else Family.OPS

    async def _incident(self, mention: Mention) -> IncidentId | None:
        if mention.thread is None:
            return None
        return await self._threads.incident_of(MessageRef(mention.channel, mention.thread))

    async def _say_in_thread(self, mention: Mention, message: Message) -> None:
        answer = notice(NoticeKind.ANSWER, _place(mention), message=to_json(message))
        # The verb's own effect is remembered under the event's id: the answer needs a name of its own.
        await self._outbox.say(answer, act=f"{mention.act}:answer")

    async def _say_privately(self, mention: Mention, problem: Problem) -> None:
        message = to_payload(render_answer(problem))
        await self._conversation.ephemeral(mention.channel, mention.who.user, message, mention.thread)


def _place(mention: Mention) -> Place:
    return Place(room=mention.channel, thread=mention.thread or mention.ts)


async def _nothing(_: AckOutcome) -> None:
    """Leave it: the answer is a notice already."""
