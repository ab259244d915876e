"""Publishing: show what is dirty and say what is pending, once each, inside the workspace's limits, worst first.

`Publishing.plan` says which calls may go now, `Publishing.deliver` carries one of them out; the loop runs several at
once. What must survive a crash is in the outbox: a post is marked before it goes out, and a mark without an answer is
looked for before anything is posted again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from bot.domain.effects import Channel, Notice, NoticeKind, Place, notice
from bot.domain.errors import TemporaryError
from bot.domain.fault_points import FaultPoint, reached
from bot.ports.outbox import CardRecord, MessageRef, Outbox, PendingNotice
from bot.ports.workspace import Gone, LostAnswer, Refused, Throttled, Unreachable, Workspace
from bot.services.call_budgets import Call, Ticks
from bot.services.errands import Errand, Plan, Step
from bot.services.publishing_memory import PublishingMemory
from bot.services.publishing_plan import LoadCard, Planner

log = logging.getLogger(__name__)

T = TypeVar("T")

MARGIN = timedelta(seconds=2)
"""What a call needs of the publisher's term beyond its own timeout, to note what came of it."""
NOTICE_LIFE = timedelta(hours=24)
"""A notice that could not be said for so long is old news."""


class CallOutcome(StrEnum):
    """How a call ended; a label of metrics."""

    DONE = "done"
    THROTTLED = "throttled"
    LOST = "lost"
    """It may have been shown or not."""
    AWAY = "away"
    GONE = "gone"
    UNREACHABLE = "unreachable"


_UNANSWERED = (CallOutcome.LOST, CallOutcome.AWAY)


class PublisherMetrics(Protocol):
    """Told about every call and about everything shown."""

    def on_call(self, call: Call, outcome: CallOutcome, seconds: float) -> None:
        """Take how one call ended and how long it took."""
        ...

    def on_shown(self, age_seconds: float) -> None:
        """Take how long something had waited when it was shown."""
        ...


class Term(Protocol):
    """The right to publish, as the loop holds it."""

    @property
    def fence(self) -> int:
        """Return the number that every write carries."""
        ...

    async def last_for(self, span: timedelta) -> None:
        """Return once the term lasts for at least ``span`` from now; raises LeaseLost when it is over."""
        ...


class _NotNow(Exception):
    """A call came to nothing; that is noted, and the next plan takes it up again."""


class Publishing:
    """Plans and makes the calls that show cards and say notices. One object serves one loop."""

    def __init__(
        self,
        outbox: Outbox,
        workspace: Workspace,
        cards: LoadCard,
        metrics: PublisherMetrics,
        *,
        ticks: Ticks = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._outbox = outbox
        self._workspace = workspace
        self._cards = cards
        self._metrics = metrics
        self._ticks = ticks
        self._now = now
        self._memory = PublishingMemory(ticks)
        self._planner = Planner(outbox, workspace, cards, self._memory, now=now)

    def begin_term(self) -> None:
        """Start anew after an earlier term has ended, its calls with it."""
        self._memory.begin_term()

    async def plan(self) -> Plan:
        """Return what may go now; each errand is to be delivered once. TemporaryError when the state store is away."""
        return await self._planner.plan()

    async def deliver(self, errand: Errand, term: Term) -> None:
        """Carry one errand out. What cannot be done now is noted and planned again.

        Raises LeaseLost when another process publishes now, TemporaryError when the state store is away.
        """
        try:
            await self._carry_out(errand, term)
        except _NotNow:
            return
        except Refused as exc:
            await self._content_refused(errand, term, exc)
        except Unreachable as exc:
            await self._unreachable(errand, term, exc)
        finally:
            self._memory.end(errand)

    def broke(self, errand: Errand, reason: str) -> None:
        """Leave something alone for a while whose delivery failed in a way that nobody foresaw."""
        rest = self._memory.rest(errand)
        log.error("publish_broke", extra={"item": errand.id, "reason": reason, "times": rest.times})

    async def _carry_out(self, errand: Errand, term: Term) -> None:
        item = errand.item
        if errand.step is Step.OPEN:
            await self._open(errand, term)
        elif errand.step is Step.LOOK:
            await self._look(errand, term)
        elif isinstance(item, PendingNotice):
            await self._say(errand, item, term)
        elif errand.step is Step.POST:
            await self._post(errand, item, term)
        elif errand.step is Step.UPDATE:
            await self._update(errand, item, term)
        else:
            await self._respect_deletion(item, term)

    # -- calls ---------------------------------------------------------------------------------------------------

    async def _call(self, errand: Errand, call: Call, term: Term, make: Callable[[], Awaitable[T]]) -> T:
        """Make one call inside the term and note how it ended; raises Gone, Unreachable or _NotNow."""
        await term.last_for(self._workspace.call_timeout + MARGIN)
        errand.is_spent = True
        began = self._ticks()
        outcome = CallOutcome.DONE
        try:
            return await make()
        except Throttled as exc:
            outcome = CallOutcome.THROTTLED
            log.warning("throttled", extra={"call": call, "seconds": exc.retry_after.total_seconds()})
            self._memory.budgets.throttled(call, errand.channel, exc.retry_after)
            raise _NotNow from exc
        except TemporaryError as exc:
            outcome = CallOutcome.LOST if isinstance(exc, LostAnswer) else CallOutcome.AWAY
            log.warning("workspace_away", extra={"call": call, "item": errand.id, "reason": str(exc)})
            self._memory.budgets.failed(call, began=began, wait=exc.retry_after)
            raise _NotNow from exc
        except Gone:
            outcome = CallOutcome.GONE
            raise
        except Unreachable:
            outcome = CallOutcome.UNREACHABLE
            raise
        finally:
            if outcome not in _UNANSWERED:
                self._memory.budgets.worked(call)
            self._metrics.on_call(call, outcome, self._ticks() - began)

    async def _send(self, errand: Errand, term: Term, make: Callable[[], Awaitable[MessageRef]]) -> MessageRef:
        """Post, and remember whether it may be there when no answer says so."""
        await reached(FaultPoint.PUBLISHER_BEFORE_POST)
        self._memory.sending(errand.id)
        try:
            message = await self._call(errand, Call.POST, term, make)
        except _NotNow as exc:
            if not isinstance(exc.__cause__, LostAnswer):
                self._memory.unsent.add(errand.id)
            raise
        except Gone as exc:
            self._memory.unsent.add(errand.id)
            await self._thread_not_found(errand, term)
            raise _NotNow from exc
        except Unreachable:
            self._memory.unsent.add(errand.id)
            raise
        await reached(FaultPoint.PUBLISHER_AFTER_POST)
        self._reachable(errand)
        return message

    # -- cards ---------------------------------------------------------------------------------------------------

    async def _post(self, errand: Errand, card: CardRecord, term: Term) -> None:
        view = await self._cards(card.id)
        if view is None:
            await self._leave_as_it_is(card, term)
            return
        digest = self._workspace.card_digest(view)
        await self._outbox.card_sending(card.id, term.fence)
        message = await self._send(errand, term, lambda: self._workspace.post_card(card.id, view, errand.spot))
        await self._shown(card, message, digest, term)
        self._metrics.on_shown(self._age(card.dirty_since))

    async def _update(self, errand: Errand, card: CardRecord, term: Term) -> None:
        view, message = await self._cards(card.id), card.message
        if view is None or message is None:
            await self._leave_as_it_is(card, term)
            return
        digest = self._workspace.card_digest(view)
        if digest == card.digest and card.id not in self._memory.suspects:
            await self._leave_as_it_is(card, term)
            return
        self._memory.updated(card.id)
        try:
            await self._call(errand, Call.UPDATE, term, lambda: self._workspace.update_card(view, message))
        except Gone:
            await self._deleted(card, term)
            return
        self._reachable(errand)
        await self._shown(card, message, digest, term)
        self._metrics.on_shown(self._age(card.dirty_since))

    async def _shown(self, card: CardRecord, message: MessageRef, digest: str, term: Term) -> None:
        await reached(FaultPoint.PUBLISHER_BEFORE_SHOWN)
        is_another = card.message is not None and message != card.message
        await self._outbox.card_shown(card, message, digest, term.fence, reposted=is_another)
        self._card_settled(card)

    async def _leave_as_it_is(self, card: CardRecord, term: Term) -> None:
        """Let a card count as clean: it shows the truth already, or there is no truth left to show."""
        await self._outbox.card_shown(card, card.message, card.digest, term.fence)
        self._card_settled(card)

    async def _deleted(self, card: CardRecord, term: Term) -> None:
        """Post a deleted card again, once: the first deletion may be a slip, the second is an answer."""
        log.info("card_deleted", extra={"card": card.id, "again": card.reposted})
        if card.reposted:
            await self._respect_deletion(card, term)
        else:
            self._memory.suspects.discard(card.id)
            self._memory.gone.add(card.id)

    async def _respect_deletion(self, card: CardRecord, term: Term) -> None:
        await self._outbox.card_shown(card, None, "", term.fence)
        self._card_settled(card)

    def _card_settled(self, card: CardRecord) -> None:
        self._memory.settled(card.id)
        self._memory.gone.discard(card.id)
        self._memory.suspects.discard(card.id)

    # -- notices -------------------------------------------------------------------------------------------------

    async def _say(self, errand: Errand, pending: PendingNotice, term: Term) -> None:
        said = pending.notice
        await self._outbox.notice_sending(said.id, term.fence)
        await self._send(errand, term, lambda: self._workspace.post_notice(said, errand.spot))
        await self._said(said, term)
        self._metrics.on_shown(self._age(pending.since))

    async def _said(self, said: Notice, term: Term) -> None:
        await reached(FaultPoint.PUBLISHER_BEFORE_SHOWN)
        await self._outbox.notice_said(said.id, term.fence)
        self._memory.settled(said.id)

    async def _open(self, errand: Errand, term: Term) -> None:
        user = errand.user
        assert user is not None
        channel = await self._call(errand, Call.OPEN, term, lambda: self._workspace.open_direct(user))
        self._memory.directs[user] = channel

    # -- looking for what may be there ---------------------------------------------------------------------------

    async def _look(self, errand: Errand, term: Term) -> None:
        """Look for something that may have been shown: the oldest is it, doubles are taken away."""
        try:
            found = await self._call(errand, Call.LOOK, term, lambda: self._workspace.find(errand.id, errand.spot))
        except Gone:
            await self._thread_not_found(errand, term)
            return
        if not found:
            self._memory.looked(errand.id)
            return
        self._memory.look_again(errand.id)
        for double in found[1:]:
            await self._remove(errand, double, term)
        log.info("lost_answer_found", extra={"item": errand.id, "doubles": len(found) - 1})
        if isinstance(errand.item, PendingNotice):
            await self._said(errand.item.notice, term)
        else:
            # Which state it shows is not known. 0 changes are: so it stays dirty and is updated next.
            await self._shown(replace(errand.item, want=0), found[0], "", term)

    async def _remove(self, errand: Errand, double: MessageRef, term: Term) -> None:
        self._memory.budgets.take(Call.DELETE)
        try:
            await self._call(errand, Call.DELETE, term, lambda: self._workspace.delete(double))
        except (Gone, Unreachable) as exc:
            log.warning("double_stays", extra={"item": errand.id, "ts": double.ts, "reason": str(exc)})

    # -- trouble -------------------------------------------------------------------------------------------------

    async def _thread_not_found(self, errand: Errand, term: Term) -> None:
        """Let it be found out whether the card above was deleted; leave a thread that is no card's."""
        route, item = errand.route, errand.item
        assert route is not None
        if route.spot.thread is None:
            raise Unreachable(f"{route.spot.channel} is gone")
        self._memory.threadless[errand.id] += 1
        log.info("thread_not_found", extra={"item": errand.id, "times": self._memory.threadless[errand.id]})
        if route.owner is not None:
            await self._outbox.touch(route.owner.id, route.owner.place, route.owner.rank)
            self._memory.suspects.add(route.owner.id)
            return
        self._memory.dead_threads.add((route.spot.channel, route.spot.thread))
        if isinstance(item, PendingNotice) and item.notice.kind is NoticeKind.ANSWER:
            # Whoever asked has deleted the question: its answer is of no use in the open channel.
            await self._said(item.notice, term)

    async def _content_refused(self, errand: Errand, term: Term, exc: Refused) -> None:
        """Leave alone what the workspace does not take: a newer state of a card may fit, a notice never will."""
        self._memory.rest(errand)
        await self._tell(errand, f"{errand.id} cannot be shown: {exc}", cause=errand.id)
        if isinstance(errand.item, PendingNotice):
            await self._said(errand.item.notice, term)
        else:
            self._memory.suspects.discard(errand.item.id)

    async def _unreachable(self, errand: Errand, term: Term, exc: Unreachable) -> None:
        """Leave a channel alone for a while: somebody may let the bot in."""
        if errand.channel is None:
            self._memory.rest(errand)
        else:
            self._memory.close(errand.channel)
        where = errand.channel or errand.user
        await self._tell(errand, f"Nothing can be shown in {where}: {exc}", cause=f"{where}:{exc}")
        item = errand.item
        if isinstance(item, PendingNotice) and self._now() - item.since > NOTICE_LIFE:
            log.error("notice_given_up", extra={"item": errand.id, "reason": str(exc)})
            await self._said(item.notice, term)

    async def _tell(self, errand: Errand, text: str, *, cause: str) -> None:
        """Tell the administrators, once a day for each cause; only the log, where it is they who are not reached."""
        log.error("unreachable", extra={"item": errand.id, "reason": text})
        admin = Place(channel=Channel.ADMIN)
        if errand.channel == self._workspace.channel(Channel.ADMIN):
            return
        told = notice(NoticeKind.OPERATIONS, admin, rank=2, text=text, hint="What waits is kept and shown afterwards.")
        await self._outbox.say(told, act=f"unreachable:{cause}:{self._now():%Y-%m-%d}")

    def _reachable(self, errand: Errand) -> None:
        if errand.channel is not None and errand.channel in self._memory.closed:
            del self._memory.closed[errand.channel]
            log.info("reachable_again", extra={"channel": errand.channel})

    def _age(self, since: datetime) -> float:
        return max(0.0, (self._now() - since).total_seconds())
