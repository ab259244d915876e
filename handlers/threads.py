"""Which incident a thread is about: the card it hangs on tells."""

from __future__ import annotations

from bot.domain.effects import CardKind, card_parts
from bot.domain.ids import ApprovalId, IncidentId, RunId
from bot.ports.approvals import Approvals
from bot.ports.outbox import MessageRef, Outbox
from bot.ports.runs import Runs


class IncidentThreads:
    """Finds incidents by messages."""

    def __init__(self, outbox: Outbox, approvals: Approvals, runs: Runs) -> None:
        self._outbox = outbox
        self._approvals = approvals
        self._runs = runs

    async def incident_of(self, parent: MessageRef) -> IncidentId | None:
        """Return the incident of the thread below ``parent``; None where the message is no card, or about none."""
        card = await self._outbox.card_of(parent)
        if card is None:
            return None
        kind, subject = card_parts(card)
        match kind:
            case CardKind.INCIDENT | CardKind.EVIDENCE:
                return IncidentId(subject)
            case CardKind.APPROVAL:
                return (await self._approvals.get(ApprovalId(subject))).incident
            case CardKind.RUN:
                return (await self._runs.get(RunId(subject))).incident
