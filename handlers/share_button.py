""" "Share here": a private answer repeated for everybody, once."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.answers import Problem
from bot.domain.people import Actor
from bot.messages.answers import SHARE
from bot.messages.blocks import context
from bot.messages.message import Message, from_json, without_pings
from bot.messages.mrkdwn import mention, say
from bot.ports.conversation import Shares
from handlers.buttons import Press
from handlers.slack_payloads import Click
from handlers.telling import Pressed, SayForAll

SHARED = Problem("This answer was shared already, or is older than 30 minutes. Ask again and share the new one.")


class ShareButton:
    """What "Share here" does."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares

    def presses(self) -> Mapping[str, Press]:
        """Return what each ``action_id`` does."""
        return {SHARE: self._share}

    async def _share(self, click: Click, actor: Actor) -> Pressed:
        kept = await self._shares.take(click.value) if click.value else None
        return SayForAll(_for_all(from_json(kept), actor)) if kept else SHARED


def _for_all(message: Message, actor: Actor) -> Message:
    """Return the answer with the name of who shares it; nobody it names is called."""
    quiet = without_pings(message)
    who = context(say("Shared by {who}.", who=mention(actor.id)))
    return Message(quiet.text, (*quiet.blocks, who), quiet.colour)
