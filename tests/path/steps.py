"""The steps that people take on the path, as any test of it takes them."""

from __future__ import annotations

import json
from typing import Any

from bot.sandbox import cast
from tests.installation import Installation
from tests.waiting import wait_until


async def ask_for_restart(installation: Installation, service: str = "qdrant") -> dict[str, Any]:
    """Let Ben press the offered restart on the incident card; return the approval card in the thread."""
    card = await installation.card_with(f"Restart {service}")
    await installation.slack.click(cast.BEN, card, text=f"Restart {service}…")
    return await installation.reply_with("approval.approve")


async def approve(installation: Installation, user: str, card: dict[str, Any]) -> None:
    """Let somebody press Approve."""
    await installation.slack.click(user, card, action_id="approval.approve")


async def told_privately(installation: Installation, user: str, words: str) -> None:
    """Return once somebody was told something that only they see."""

    async def told() -> bool:
        return any(words in json.dumps(it, ensure_ascii=False) for it in await installation.slack.ephemerals(user))

    await wait_until(told, description=f"{user} is told {words!r}", timeout_s=15)
