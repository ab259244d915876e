"""What a decision leaves behind besides the new state: timeline, audit, notices, cards, timers, work for a loop.

`decide` functions are pure; one script commits a `Decision` whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from bot.domain.ids import CardId, ChannelId, GroupId, IncidentId, NoticeId, UserId, new_ulid

State = TypeVar("State")
Outcome = TypeVar("Outcome")


class Channel(StrEnum):
    """The channels every installation names in its configuration."""

    INCIDENTS = "incidents"
    APPROVALS = "approvals"
    ADMIN = "admin"
    REPORTS = "reports"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is shown: a channel, the thread of a card, a known thread, or one person's direct messages."""

    channel: Channel | None = None
    thread_of: CardId | None = None
    """The thread below this card, wherever the card is; its channel wins over ``channel``."""
    room: ChannelId | None = None
    """A channel known by id, where somebody asked."""
    thread: str | None = None
    """``ts`` of the parent in ``room``."""
    user: UserId | None = None
    """Direct messages with this person."""


class CardKind(StrEnum):
    """What a card is a projection of; the prefix of its id."""

    INCIDENT = "incident"
    EVIDENCE = "evidence"
    APPROVAL = "approval"
    RUN = "run"


def card_id(kind: CardKind, subject: str) -> CardId:
    """Return the id of the one card of ``kind`` about ``subject``."""
    return CardId(f"{kind}:{subject}")


def card_parts(card: CardId) -> tuple[CardKind, str]:
    """Return the kind and the subject a card id names."""
    kind, _, subject = card.partition(":")
    return CardKind(kind), subject


@dataclass(frozen=True, slots=True)
class CardChange:
    """A card that no longer shows the truth."""

    card: CardId
    place: Place
    rank: int
    """Worst first: 1 for a ``sev1`` or a terminal state, 9 for what can wait."""


class NoticeKind(StrEnum):
    """What a notice says; `bot.messages.notices` has one sentence builder for each, over `Notice.facts`."""

    INCIDENT_GREW = "incident_grew"
    INCIDENT_CHANGED = "incident_changed"
    INCIDENT_REOPENED = "incident_reopened"
    INCIDENT_RESOLVED = "incident_resolved"
    ACK_QUIET_ASK = "ack_quiet_ask"
    ACK_DROPPED = "ack_dropped"
    STILL_FIRING = "still_firing"
    ESCALATED = "escalated"
    APPROVAL_WANTED = "approval_wanted"
    APPROVAL_SETTLED = "approval_settled"
    APPROVAL_WARNING = "approval_warning"
    BREAK_GLASS_USED = "break_glass_used"
    BREAK_GLASS_REVIEW = "break_glass_review"
    PLAN_REFUSED = "plan_refused"
    RUN_RESUMED = "run_resumed"
    RUN_ENDED = "run_ended"
    RUN_NEEDS_HUMAN = "run_needs_human"
    ANSWER = "answer"
    """The answer to a mention; ``facts["message"]`` is a rendered message."""
    OPERATIONS = "operations"
    """Something the administrators should know."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that is said once."""

    id: NoticeId
    kind: NoticeKind
    place: Place
    facts: dict[str, str]
    """Plain values; untrusted text is escaped where it becomes Slack text."""
    mentions: tuple[UserId | GroupId, ...] = ()
    rank: int = 5


def notice(
    kind: NoticeKind, place: Place, *, mentions: tuple[UserId | GroupId, ...] = (), rank: int = 5, **facts: object
) -> Notice:
    """Return a notice with a fresh id; facts are kept as text, absent ones left out."""
    return Notice(NoticeId(new_ulid()), kind, place, as_facts(facts), mentions, rank)


def as_facts(values: Mapping[str, object]) -> dict[str, str]:
    """Return the values that are there, as text."""
    return {name: str(value) for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of an incident's history."""

    at: datetime
    actor: UserId
    event: str
    """Past tense, from a closed vocabulary: ``opened``, ``acknowledged``, ``run_started`` …"""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What the audit keeps of an act; sequence number and time are given by the script that commits it."""

    actor: UserId
    action: str
    subject: str
    detail: dict[str, str] = field(default_factory=dict)


class TimerKind(StrEnum):
    """Everything timed; the member of the ``due`` index is ``kind:subject``."""

    COLLECT_EVIDENCE = "collect_evidence"
    ACK_ASK = "ack_ask"
    ACK_DROP = "ack_drop"
    ESCALATE = "escalate"
    STILL_FIRING = "still_firing"
    SETTLE_INCIDENT = "settle_incident"
    CLOSE_WINDOW = "close_window"
    APPROVAL_WARN = "approval_warn"
    APPROVAL_EXPIRE = "approval_expire"
    BREAK_GLASS_REVIEW = "break_glass_review"


@dataclass(frozen=True, slots=True)
class TimerChange:
    """Set a timer, or (``at`` None) take it away."""

    kind: TimerKind
    subject: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Effects:
    """All that one decision leaves behind."""

    timeline: tuple[tuple[IncidentId, TimelineEntry], ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    notices: tuple[Notice, ...] = ()
    cards: tuple[CardChange, ...] = ()
    timers: tuple[TimerChange, ...] = ()

    def __add__(self, other: Effects) -> Effects:
        """Return both, in order."""
        return Effects(
            self.timeline + other.timeline,
            self.audit + other.audit,
            self.notices + other.notices,
            self.cards + other.cards,
            self.timers + other.timers,
        )


@dataclass(frozen=True, slots=True)
class Decision(Generic[State, Outcome]):
    """What is to become of one thing, and what the person who asked is told."""

    outcome: Outcome
    state: State | None = None
    """None: nothing changes."""
    effects: Effects = field(default_factory=Effects)

    def adding(self, effects: Effects) -> Decision[State, Outcome]:
        """Return the same decision with more effects."""
        return replace(self, effects=self.effects + effects)
