"""Cards: the messages that always show the truth about one thing, from the state and nothing else.

People are shown as mentions here. Slack calls those mentioned where a message is new and never by an edit, so the
first post of a card calls the person whose own act made it, and nobody afterwards.
"""

from __future__ import annotations

from bot.domain.cards import ApprovalCard, CardView, EvidenceCard, IncidentCard, RunCard
from bot.messages.approval_card import render_approval
from bot.messages.evidence_card import render_evidence
from bot.messages.incident_card import render_incident
from bot.messages.message import Message
from bot.messages.run_card import render_run


def render_card(view: CardView) -> Message:
    """Return the message that shows ``view``."""
    match view:
        case IncidentCard():
            return render_incident(view)
        case EvidenceCard():
            return render_evidence(view)
        case ApprovalCard():
            return render_approval(view)
        case RunCard():
            return render_run(view)
