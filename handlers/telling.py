"""What a click or a shortcut leads to, and the ways to say it to the person behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from bot.domain.answers import Answer, Problem
from bot.messages.answers import render_answer
from bot.messages.message import Message, to_payload
from bot.messages.modals import View
from bot.messages.windows import outcome_view
from bot.ports.conversation import Conversation
from handlers.acks import Body
from handlers.background import Background

NOT_OPENED = Problem("The window could not be opened in time, and nothing was done. Press again.")


@dataclass(frozen=True, slots=True)
class Ask:
    """A window that asks before anything is done."""

    view: View


@dataclass(frozen=True, slots=True)
class SayForAll:
    """A private answer that the person repeats for everybody."""

    message: Message


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer as it is shown already, with the button that shares it."""

    message: Message


Pressed: TypeAlias = Answer | Ask | SayForAll | Rendered | None
"""What a press leads to. None: the card shows it, and nothing more is said."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The ways back to the person behind an interaction; each may be missing."""

    trigger: str
    response_url: str

    @classmethod
    def of(cls, body: Body) -> Origin:
        """Return what a payload of any shape carries."""
        trigger, response_url = body.get("trigger_id"), body.get("response_url")
        return cls(trigger if isinstance(trigger, str) else "", response_url if isinstance(response_url, str) else "")


class Teller:
    """Says things to one person after the acknowledgement."""

    def __init__(self, conversation: Conversation, background: Background) -> None:
        self._conversation = conversation
        self._background = background

    def follow(self, origin: Origin, pressed: Pressed) -> None:
        """Let happen what a press leads to."""
        match pressed:
            case None:
                return
            case Ask(view=view):
                self._background.start(self._ask(origin, view))
            case SayForAll(message=message):
                self._background.start(self._say_for_all(origin, message))
            case Rendered(message=message):
                self._background.start(self._show(origin, message))
            case answer:
                self.tell(origin, answer)

    def tell(self, origin: Origin, answer: Answer) -> None:
        """Say something to the person alone."""
        self._background.start(self._tell(origin, answer))

    async def _tell(self, origin: Origin, answer: Answer) -> None:
        await self._show(origin, render_answer(answer))

    async def _show(self, origin: Origin, message: Message) -> None:
        if origin.response_url:
            await self._conversation.respond(origin.response_url, to_payload(message))
        elif origin.trigger:
            # Pressed where no message is: in the home tab, or a shortcut of the whole workspace.
            await self._conversation.open_view(origin.trigger, outcome_view(message))

    async def _ask(self, origin: Origin, view: View) -> None:
        if await self._conversation.open_view(origin.trigger, view) is None and origin.response_url:
            await self._tell(origin, NOT_OPENED)

    async def _say_for_all(self, origin: Origin, message: Message) -> None:
        await self._conversation.respond(origin.response_url, to_payload(message), public=True)
