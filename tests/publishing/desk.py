"""What publishing tests stand on: a real outbox, a workspace in memory with Slack's limits, and a clock to move."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from bot.adapters.redis_outbox import RedisOutbox
from bot.adapters.redis_store import RedisStore
from bot.domain.cards import CardView, IncidentCard
from bot.domain.effects import CardKind, Channel, Notice, NoticeKind, Place, card_id, notice
from bot.domain.ids import CardId, ChannelId, IncidentId, UserId, new_ulid
from bot.domain.incidents import IncidentState
from bot.messages.cards import render_card
from bot.messages.notices import render_notice
from bot.ports.outbox import CardRecord, MessageRef
from bot.ports.workspace import Gone, LostAnswer, Spot, Throttled, Workspace
from bot.sandbox.clock import SandboxClock
from bot.sandbox.rates import RateLimits
from bot.services.call_budgets import Call
from bot.services.publishing import CallOutcome, Publishing
from tests.messages.builders import an_incident_card

LEASE = timedelta(seconds=30)
START = datetime(2026, 1, 1, tzinfo=UTC)
METHODS = {
    Call.POST: "chat.postMessage",
    Call.UPDATE: "chat.update",
    Call.LOOK: "conversations.history",
    Call.DELETE: "chat.delete",
    Call.OPEN: "conversations.open",
}
CHANNELS = {channel: ChannelId(f"C-{channel}") for channel in Channel}
INCIDENTS, ADMIN = CHANNELS[Channel.INCIDENTS], CHANNELS[Channel.ADMIN]


class Clock:
    """Moves only when told; the store's clock moves with it."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def ticks(self) -> float:
        return 1000.0 + self.passed_s

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.passed_s)

    def skew_ms(self) -> int:
        return round(self.passed_s * 1000)

    def advance(self, seconds: float) -> None:
        self.passed_s += seconds

    def advance_to(self, ticks: float) -> None:
        """Move on to a moment, or a little past it where the sum would not reach it."""
        if ticks > self.ticks():
            self.passed_s += ticks - self.ticks()
        if ticks > self.ticks():
            self.passed_s += 1e-6


@dataclass
class Shown:
    """One message of the workspace."""

    ref: MessageRef
    id: str
    thread: str | None
    content: object
    is_deleted: bool = False
    edits: int = 0


@dataclass(frozen=True)
class Called:
    """One call that reached the workspace."""

    call: Call
    at: float
    about: str


@dataclass
class Fault:
    """What goes wrong with one call; ``after`` the work was done."""

    error: Exception
    after: bool = False


class MemoryWorkspace:
    """Implements `bot.ports.workspace.Workspace`; refuses what Slack's rate limits refuse."""

    call_timeout = timedelta(seconds=8)

    def __init__(self, clock: Clock, *, limited: bool = True) -> None:
        self._clock = clock
        self._limits = RateLimits(SandboxClock(lambda: START + timedelta(seconds=clock.passed_s)), enabled=limited)
        self._last_ts = 0
        self.messages: list[Shown] = []
        self.calls: list[Called] = []
        self.faults: dict[Call, deque[Fault]] = defaultdict(deque)
        self.standing: dict[ChannelId, Exception] = {}
        """Channels where every post fails."""
        self.hold: asyncio.Event | None = None
        """Posts wait for it before they answer."""

    def fail(self, call: Call, *errors: Exception, after: bool = False) -> None:
        """Let the next calls of a kind fail."""
        self.faults[call].extend(Fault(error, after) for error in errors)

    def channel(self, channel: Channel) -> ChannelId:
        return CHANNELS[channel]

    def card_digest(self, view: CardView) -> str:
        return repr(_timeless(view))

    async def post_card(self, card: CardId, view: CardView, spot: Spot) -> MessageRef:
        render_card(view)  # as the adapter would: what it returns is judged by the plugin that watches builders
        return await self._post(card, view, spot)

    async def post_notice(self, notice: Notice, spot: Spot) -> MessageRef:
        render_notice(notice)
        return await self._post(notice.id, notice, spot)

    async def update_card(self, view: CardView, message: MessageRef) -> None:
        render_card(view)
        fault = self._admit(Call.UPDATE, message.ts)
        shown = self._at(message)
        shown.content = view
        shown.edits += 1
        _strike(fault)

    async def find(self, id_: str, spot: Spot) -> Sequence[MessageRef]:
        fault = self._admit(Call.LOOK, id_)
        _strike(fault)
        if spot.thread is not None:
            self._at(MessageRef(spot.channel, spot.thread))
        there = (it for it in self.standing_messages(spot.channel) if it.id == id_ and it.thread == spot.thread)
        return [it.ref for it in there]

    async def delete(self, message: MessageRef) -> None:
        fault = self._admit(Call.DELETE, message.ts)
        self._at(message).is_deleted = True
        _strike(fault)

    async def open_direct(self, user: UserId) -> ChannelId:
        _strike(self._admit(Call.OPEN, user))
        return ChannelId(f"D-{user}")

    async def _post(self, id_: str, content: object, spot: Spot) -> MessageRef:
        fault = self._admit(Call.POST, id_, spot.channel)
        if spot.channel in self.standing:
            raise self.standing[spot.channel]
        if spot.thread is not None:
            self._at(MessageRef(spot.channel, spot.thread))
        self._last_ts += 1
        shown = Shown(MessageRef(spot.channel, f"{self._last_ts}.000000"), id_, spot.thread, content)
        self.messages.append(shown)
        if self.hold is not None:
            await self.hold.wait()
        _strike(fault)
        return shown.ref

    def _admit(self, call: Call, about: str, channel: ChannelId | None = None) -> Fault | None:
        wait_s = self._limits.admit(METHODS[call], channel)
        if wait_s is not None:
            self.calls.append(Called(call, self._clock.ticks(), "refused"))
            raise Throttled("slow down", retry_after=timedelta(seconds=wait_s))
        self.calls.append(Called(call, self._clock.ticks(), about))
        fault = self.faults[call].popleft() if self.faults[call] else None
        if fault is not None and not fault.after:
            raise fault.error
        return fault

    def _at(self, ref: MessageRef) -> Shown:
        found = next((it for it in self.messages if it.ref == ref and not it.is_deleted), None)
        if found is None:
            raise Gone(f"no message {ref.ts}")
        return found

    # -- for tests -----------------------------------------------------------------------------------------------

    def standing_messages(self, channel: ChannelId = INCIDENTS) -> list[Shown]:
        return [it for it in self.messages if it.ref.channel == channel and not it.is_deleted]

    def of(self, id_: str) -> list[Shown]:
        """Return the standing messages of one card or notice."""
        return [it for it in self.messages if it.id == id_ and not it.is_deleted]

    def remove(self, id_: str) -> None:
        """Let a person delete what stands of a card."""
        for shown in self.of(id_):
            shown.is_deleted = True

    def made(self, call: Call) -> list[Called]:
        return [it for it in self.calls if it.call is call]


def lost(what: str = "cut") -> LostAnswer:
    """Return what the adapter raises for a post that got no answer."""
    return LostAnswer(what, retry_after=timedelta(milliseconds=500))


def _strike(fault: Fault | None) -> None:
    if fault is not None:
        raise fault.error


def _timeless(view: CardView) -> object:
    return replace(view, as_of=START) if isinstance(view, IncidentCard) else view


@dataclass
class Metrics:
    """Keeps what it is told."""

    calls: list[tuple[Call, CallOutcome]] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)

    def on_call(self, call: Call, outcome: CallOutcome, seconds: float) -> None:
        self.calls.append((call, outcome))

    def on_shown(self, age_seconds: float) -> None:
        self.ages.append(age_seconds)


@dataclass
class HeldTerm:
    """A term on the real lease that never renews by itself."""

    fence: int

    async def last_for(self, span: timedelta) -> None:
        return


class Desk:
    """One publisher at work: makes things dirty, runs rounds, moves the clock."""

    def __init__(self, redis: Redis, *, limited: bool = True) -> None:
        self.clock = Clock()
        self.outbox = RedisOutbox(RedisStore(redis, skew_ms=self.clock.skew_ms))
        self.chat = MemoryWorkspace(self.clock, limited=limited)
        self.views: dict[CardId, CardView] = {}
        self.metrics = Metrics()
        self.publishing = self.another()
        self.term = HeldTerm(0)

    def another(self) -> Publishing:
        """Return a publisher as a process has it that was started just now: it remembers nothing."""
        workspace: Workspace = self.chat
        return Publishing(self.outbox, workspace, self._view, self.metrics, ticks=self.clock.ticks, now=self.clock.now)

    def restart(self) -> None:
        """Go on as another process would after a crash."""
        self.publishing = self.another()

    async def begin(self, holder: str = "first") -> None:
        fence = await self.outbox.lease(holder, life=timedelta(days=1))
        assert fence is not None
        self.term = HeldTerm(fence)

    async def _view(self, card: CardId) -> CardView | None:
        return self.views.get(card)

    # -- making work ---------------------------------------------------------------------------------------------

    async def incident(self, *, rank: int = 3, state: IncidentState = IncidentState.OPEN) -> CardId:
        """Make a new incident's card dirty."""
        card = card_id(CardKind.INCIDENT, IncidentId(new_ulid()))
        self.views[card] = an_incident_card(state)
        await self.outbox.touch(card, Place(channel=Channel.INCIDENTS), rank)
        return card

    async def change(self, card: CardId, *, rank: int = 3, state: IncidentState | None = None) -> None:
        """Change what a card is about."""
        view = self.views[card]
        assert isinstance(view, IncidentCard)
        incident = replace(view.incident, reopened=view.incident.reopened + 1, state=state or view.incident.state)
        self.views[card] = replace(view, incident=incident)
        await self.outbox.touch(card, Place(channel=Channel.INCIDENTS), rank)

    async def below(self, card: CardId, kind: CardKind = CardKind.RUN, *, rank: int = 3) -> CardId:
        """Make a card dirty that stands in the thread of another."""
        reply = card_id(kind, new_ulid())
        self.views[reply] = an_incident_card()
        await self.outbox.touch(reply, Place(thread_of=card), rank)
        return reply

    async def say(self, place: Place, *, rank: int = 3, kind: NoticeKind = NoticeKind.RUN_ENDED) -> Notice:
        """Keep a notice to be said."""
        said = notice(kind, place, rank=rank)
        await self.outbox.say(said)
        return said

    # -- letting time pass ---------------------------------------------------------------------------------------

    async def round(self) -> float:
        """Plan once and deliver what may go; return when to plan again."""
        plan = await self.publishing.plan()
        for errand in plan.errands:
            await self.publishing.deliver(errand, self.term)
        return self.clock.ticks() if plan.errands else plan.next_at

    async def run(self, seconds: float = 0.0) -> None:
        """Publish for so long, sleeping exactly until the next call may go, and then until nothing may go."""
        end = self.clock.ticks() + seconds
        while (next_at := await self.round()) <= end:
            self.clock.advance_to(next_at)
        self.clock.advance_to(end)

    async def record(self, card: CardId) -> CardRecord:
        found = await self.outbox.card(card)
        assert found is not None
        return found

    async def is_clean(self) -> bool:
        backlog = await self.outbox.backlog()
        return backlog.cards == 0 and backlog.notices == 0
