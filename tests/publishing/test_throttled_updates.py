"""An update that Slack puts off is not lost, not made early, and holds up nothing else."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.incidents import IncidentState
from bot.ports.workspace import Throttled
from bot.services.call_budgets import Call
from tests.publishing.desk import Desk


async def test_an_update_that_is_throttled_is_made_when_it_may_be(desk: Desk) -> None:
    card = await desk.incident()
    await desk.run()
    desk.chat.fail(Call.UPDATE, Throttled("slow down", retry_after=timedelta(seconds=30)))
    await desk.change(card)
    await desk.run(15)
    await desk.change(card, state=IncidentState.RESOLVED)
    other = await desk.incident()
    await desk.run(14)
    assert (desk.chat.of(card)[0].edits, len(desk.chat.of(other))) == (0, 1)
    await desk.run(5)
    [shown] = desk.chat.of(card)
    assert (shown.edits, shown.content) == (1, desk.views[card])
    assert await desk.is_clean()
