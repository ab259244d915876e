"""What the publisher does one at a time: the steps towards a card that is shown and a notice that is said, in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.effects import Place
from bot.domain.ids import ChannelId, UserId
from bot.ports.outbox import CardRecord, PendingNotice
from bot.ports.workspace import Spot
from bot.services.call_budgets import Call


class Step(StrEnum):
    """What is to be done about a card or a notice next."""

    POST = "post"
    UPDATE = "update"
    LOOK = "look"
    """Its post got no answer: look whether it is there."""
    OPEN = "open"
    """It goes to one person, whose direct messages are not open yet."""
    FORGET = "forget"
    """People deleted this card twice; it is not shown again."""

    @property
    def call(self) -> Call | None:
        """Return the kind of call this step makes; None for a step that calls nobody."""
        return None if self is Step.FORGET else Call(self.value)


@dataclass(frozen=True, slots=True)
class Route:
    """Where something goes, and whose thread that is."""

    spot: Spot
    owner: CardRecord | None = None
    """The card whose message is the thread's parent."""


@dataclass(slots=True)
class Errand:
    """One card or notice and the one step that may be done about it now."""

    item: CardRecord | PendingNotice
    step: Step
    route: Route | None = None
    user: UserId | None = None
    """Whose direct messages are to be opened; such an errand has no route yet."""
    is_spent: bool = False
    """Whether the workspace was called: what it was charged for is not given back."""

    @property
    def id(self) -> str:
        """Return the id of the card or notice."""
        return id_of(self.item)

    @property
    def want(self) -> int:
        """Return which state it is about; a notice has only one."""
        return want_of(self.item)

    @property
    def channel(self) -> ChannelId | None:
        """Return the channel it goes to, where that is known."""
        return self.route.spot.channel if self.route else None

    @property
    def spot(self) -> Spot:
        """Return where it goes; only an errand with a route is asked."""
        assert self.route is not None
        return self.route.spot


@dataclass(frozen=True, slots=True)
class Plan:
    """What may go now, worst first, and when to plan again if nothing else happens."""

    errands: tuple[Errand, ...]
    next_at: float
    """Seconds of the monotonic clock; infinite when only a change, or the end of a call, can bring work."""


def id_of(item: CardRecord | PendingNotice) -> str:
    """Return the id of a card or a notice."""
    return item.id if isinstance(item, CardRecord) else item.notice.id


def want_of(item: CardRecord | PendingNotice) -> int:
    """Return how often a card was changed; 0 for a notice, which never changes."""
    return item.want if isinstance(item, CardRecord) else 0


def in_order(cards: Iterable[CardRecord], notices: Sequence[PendingNotice]) -> list[CardRecord | PendingNotice]:
    """Return what may go next, the most urgent first.

    Worst rank first, then what opens a thread before what is said in one, then the oldest. Of the notices in one
    thread only the first may go; it is as urgent as the most urgent one behind it.
    """
    heads: dict[Place | str, PendingNotice] = {}
    ranks: dict[Place | str, int] = {}
    for pending in notices:
        line = _line(pending)
        heads.setdefault(line, pending)
        ranks[line] = min(ranks.get(line, pending.notice.rank), pending.notice.rank)
    urgent: list[tuple[tuple[int, bool, datetime], CardRecord | PendingNotice]] = [
        *(((card.rank, _is_reply(card.place), card.dirty_since), card) for card in cards),
        *(((ranks[line], _is_reply(head.notice.place), head.since), head) for line, head in heads.items()),
    ]
    return [item for _, item in sorted(urgent, key=lambda entry: entry[0])]


def _line(pending: PendingNotice) -> Place | str:
    """Return what keeps its order: a thread, one person's direct messages; else the notice stands for itself."""
    place = pending.notice.place
    return place if _is_reply(place) or place.user is not None else pending.notice.id


def _is_reply(place: Place) -> bool:
    return place.thread_of is not None or place.thread is not None
