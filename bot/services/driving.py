"""Driving: carry a run through its steps, under a fence, so that a driver that dies costs seconds and no effect twice.

`begin → effect → done`. Found begun by a dead driver, a step is asked for its verdict: done goes on; not done counts
only when the step's whole timeout has passed since its begin, because an engine completes what it was asked; what the
facts cannot tell stops for a person.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from bot.actions.action import Action, StepCancelled, StepContext, StepVerdict, VerdictKind
from bot.domain.errors import BotError, NotAllowed, TemporaryError
from bot.domain.fault_points import FaultPoint, reached
from bot.domain.ids import RunId
from bot.domain.plans import Effect, Facts, PlannedStep, facts_difference
from bot.domain.runs import BEAT_EVERY, Run, RunOutcome, StepState
from bot.ports.platforms import PlatformPorts, Platforms
from bot.ports.runs import ClaimOutcome, FenceLost, Ledger
from bot.services.guarding import StoreGuard

log = logging.getLogger(__name__)

T = TypeVar("T")

ASK_EVERY = timedelta(seconds=1)
STORE_RETRY = timedelta(milliseconds=500)
CALL_OFF_AGAIN = timedelta(milliseconds=100)
MAX_DOUBTS = 3
"""Times that one driver does a step whose answer never comes; drivers that die over it are counted by their claims."""

Sleep = Callable[[timedelta], Awaitable[None]]
Clock = Callable[[], Awaitable[datetime]]


async def asleep(span: timedelta) -> None:
    """Wait on the event loop's clock."""
    await asyncio.sleep(span.total_seconds())


async def _ended(*tasks: asyncio.Task[None]) -> None:
    """Call tasks off and return when they have ended.

    A client that is cancelled just as its answer arrives can swallow the call; a heart that went on beating would keep
    every other driver away from the run.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CALL_OFF_AGAIN.total_seconds())


@dataclass(slots=True)
class _Flags:
    """What the heartbeat brought back last."""

    cancel: bool = False


@dataclass(slots=True)
class _Doubts:
    """How often in a row the step under way ended without an answer, under this driver."""

    step: int = -1
    count: int = 0

    def another(self, step: int) -> int:
        """Count one more for ``step``; return how many that were."""
        self.count = self.count + 1 if step == self.step else 1
        self.step = step
        return self.count


@dataclass(frozen=True, slots=True)
class _Hold:
    """One driver's hold on one run."""

    run: RunId
    fence: int
    platform: PlatformPorts
    flags: _Flags
    doubts: _Doubts


class DriverService:
    """Carries runs; one instance a process, any number of runs at once."""

    def __init__(
        self,
        ledger: Ledger,
        platforms: Platforms,
        actions: Mapping[str, Action],
        *,
        driver: str,
        guard: StoreGuard,
        now: Clock,
        sleep: Sleep = asleep,
    ) -> None:
        self._ledger = ledger
        self._platforms = platforms
        self._actions = actions
        self._driver = driver
        self._guard = guard
        self._now = now
        self._sleep = sleep
        self._under_way: set[RunId] = set()

    async def drive(self, id_: RunId) -> None:
        """Claim the run and carry it as far as it goes; returns when it is over, stopped, or somebody else's."""
        if id_ in self._under_way:
            # The ledger would take a second claim of the same driver for the first one's end.
            log.info("run_under_way_here", extra={"run": id_})
            return
        self._under_way.add(id_)
        try:
            await self._guard.vouch()
            await self._drive(id_)
        except NotAllowed as exc:
            # Not even claimed: each claim counts as the death of the driver before.
            log.warning("run_frozen", extra={"run": id_, "why": str(exc)})
        finally:
            self._under_way.discard(id_)

    async def _drive(self, id_: RunId) -> None:
        claim = await self._ledger.claim(id_, self._driver)
        if claim.outcome is not ClaimOutcome.CLAIMED or claim.run is None:
            log.info("run_not_claimed", extra={"run": id_, "outcome": claim.outcome})
            return
        log.info("run_claimed", extra={"run": id_, "fence": claim.fence, "driver": self._driver})
        await reached(FaultPoint.DRIVER_AFTER_CLAIM)
        platform = self._platforms.get(claim.run.plan.platform)
        if platform is None:
            why = f"{claim.run.plan.platform} is no longer configured"
            await self._ledger.needs_human(id_, claim.fence, why)
            return
        await self._carry(claim.run, _Hold(id_, claim.fence, platform, _Flags(), _Doubts()))

    async def _carry(self, run: Run, hold: _Hold) -> None:
        """Do the steps while a heartbeat says that we live; a lost fence stops the steps at once."""
        steps = asyncio.create_task(self._steps(run, hold), name=f"run {run.id}")
        heart = asyncio.create_task(self._beat(hold), name=f"heart {run.id}")
        try:
            await asyncio.wait({steps, heart}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _ended(steps, heart)
            results = await asyncio.gather(steps, heart, return_exceptions=True)
        for result in results:
            if isinstance(result, FenceLost):
                log.warning("run_fence_lost", extra={"run": run.id, "fence": hold.fence})
            elif isinstance(result, Exception):
                raise result

    async def _beat(self, hold: _Hold) -> None:
        """Beat every second; a store that is away is asked again, a lost fence ends it."""
        while True:
            with suppress(TemporaryError):
                beat = await self._ledger.beat(hold.run, hold.fence)
                hold.flags.cancel = beat.cancel
            await asleep(BEAT_EVERY)

    async def _steps(self, run: Run, hold: _Hold) -> None:
        """Do what is not done yet, in order, until the run is over or stopped."""
        while (index := run.next_step) is not None:
            after = await self._step(run, index, hold)
            if after is None or after.state.is_final:
                return
            run = after

    async def _step(self, run: Run, index: int, hold: _Hold) -> Run | None:
        """Return the run after one step; None when it stopped here."""
        planned = run.planned(index)
        action = self._actions.get(planned.action)
        if action is None:
            why = f"{planned.action} is unknown to this version; an older or newer one has to go on"
            await self._store(lambda: self._ledger.needs_human(run.id, hold.fence, why))
            return None
        if run.steps[index].state is StepState.BEGUN:
            return await self._go_on(run, index, action, hold)
        return await self._begin(run, index, action, hold)

    async def _begin(self, run: Run, index: int, action: Action, hold: _Hold) -> Run | None:
        """Check the step's own facts right before its effect, write the intent, act."""
        planned = run.planned(index)
        try:
            seen = await action.observe(planned.arguments, hold.platform)
        except TemporaryError as exc:
            return await self._fail(run, index, f"before it began: {exc}", hold)
        except BotError as exc:
            return await self._fail(run, index, str(exc), hold)
        changed = facts_difference(planned.binds, seen.binds) if planned.binds else ()
        if changed:
            return await self._fail(run, index, f"changed since the yes: {'; '.join(changed)}", hold)
        await reached(FaultPoint.DRIVER_BEFORE_BEGIN)
        try:
            await self._store(self._guard.vouch)
            change = await self._store(lambda: self._ledger.begin_step(run.id, hold.fence, index, seen.binds))
        except NotAllowed as exc:
            log.warning("run_frozen", extra={"run": run.id, "why": str(exc)})
            return None
        await reached(FaultPoint.DRIVER_AFTER_BEGIN)
        if change.outcome is RunOutcome.UNCERTAIN:
            return await self._go_on(change.state, index, action, hold)
        if change.outcome is not RunOutcome.BEGIN:
            return None
        return await self._act(change.state, index, action, hold)

    async def _act(self, run: Run, index: int, action: Action, hold: _Hold) -> Run | None:
        """Do the effect within its timeout and write its outcome."""
        planned = run.planned(index)
        context = StepContext(run.steps[index].before, lambda: hold.flags.cancel, self._sleep)
        try:
            async with asyncio.timeout(planned.timeout.total_seconds() + 5):
                result = await action.run(planned.arguments, hold.platform, context)
        except StepCancelled:
            change = await self._store(lambda: self._ledger.cancel_at_safe_point(run.id, hold.fence, index))
            return change.state
        except (TemporaryError, TimeoutError) as exc:
            return await self._after_doubt(run, index, action, hold, str(exc) or "it took too long")
        except BotError as exc:
            return await self._fail(run, index, str(exc), hold)
        await reached(FaultPoint.DRIVER_AFTER_EFFECT)
        change = await self._store(lambda: self._ledger.end_step(run.id, hold.fence, index, result))
        await reached(FaultPoint.DRIVER_AFTER_END)
        return change.state

    async def _after_doubt(self, run: Run, index: int, action: Action, hold: _Hold, why: str) -> Run | None:
        """An effect whose answer never came is asked for its verdict; what only looks has simply failed."""
        if action.effect is Effect.NONE:
            return await self._fail(run, index, why, hold)
        if hold.doubts.another(index) >= MAX_DOUBTS:
            return await self._undecided(run, index, action, hold, why)
        await self._sleep(ASK_EVERY)
        return await self._go_on(run, index, action, hold)

    async def _undecided(self, run: Run, index: int, action: Action, hold: _Hold, why: str) -> Run | None:
        """End a step that was tried often enough: done or failed where its verdict says so, else for a person."""
        verdict = await self._verdict(run, index, action, hold)
        if verdict.kind is VerdictKind.DONE:
            return await self._found_done(run, index, verdict, hold)
        if verdict.kind is VerdictKind.NOT_DONE:
            return await self._fail(run, index, f"tried {MAX_DOUBTS} times: {why}; {verdict.evidence}", hold)
        await self._store(lambda: self._ledger.needs_human(run.id, hold.fence, verdict.evidence))
        return None

    async def _go_on(self, run: Run, index: int, action: Action, hold: _Hold) -> Run | None:
        """Go on at a step that was begun by somebody who cannot say how it ended."""
        if action.effect in (Effect.NONE, Effect.IDEMPOTENT):
            return await self._again(run, index, action, run.steps[index].before, hold)
        verdict = await self._verdict(run, index, action, hold)
        log.info("step_verdict", extra={"run": run.id, "step": index, "verdict": verdict.kind})
        if verdict.kind is VerdictKind.UNKNOWN:
            await self._store(lambda: self._ledger.needs_human(run.id, hold.fence, verdict.evidence))
            return None
        if verdict.kind is VerdictKind.NOT_DONE:
            return await self._again(run, index, action, run.steps[index].before, hold)
        return await self._found_done(run, index, verdict, hold)

    async def _found_done(self, run: Run, index: int, verdict: StepVerdict, hold: _Hold) -> Run | None:
        result = f"found done: {verdict.evidence}"
        change = await self._store(lambda: self._ledger.end_step(run.id, hold.fence, index, result))
        return change.state

    async def _verdict(self, run: Run, index: int, action: Action, hold: _Hold) -> StepVerdict:
        """Ask until done, or until nothing that was asked for before can still be under way."""
        planned, record = run.planned(index), run.steps[index]
        settled_at = (record.began_at or run.changed_at) + planned.timeout
        while True:
            verdict = await self._ask(planned, record.before, action, hold)
            if verdict.kind is VerdictKind.DONE:
                return verdict
            if await self._store(self._now) >= settled_at:
                return verdict
            await self._sleep(ASK_EVERY)

    async def _ask(self, planned: PlannedStep, before: Facts, action: Action, hold: _Hold) -> StepVerdict:
        try:
            return await action.verdict(planned.arguments, hold.platform, before)
        except BotError as exc:
            return StepVerdict(VerdictKind.UNKNOWN, f"nobody can look: {exc}")

    async def _again(self, run: Run, index: int, action: Action, before: Facts, hold: _Hold) -> Run | None:
        try:
            await self._store(self._guard.vouch)
            change = await self._store(lambda: self._ledger.begin_again(run.id, hold.fence, index, before))
        except NotAllowed as exc:
            log.warning("run_frozen", extra={"run": run.id, "why": str(exc)})
            return None
        if change.outcome is not RunOutcome.BEGIN:
            return None
        return await self._act(change.state, index, action, hold)

    async def _fail(self, run: Run, index: int, why: str, hold: _Hold) -> Run | None:
        change = await self._store(lambda: self._ledger.fail_step(run.id, hold.fence, index, why))
        return change.state

    async def _store(self, call: Callable[[], Awaitable[T]]) -> T:
        """Ask a store that is away again; only the fence ends that, when somebody else goes on."""
        while True:
            try:
                return await call()
            except TemporaryError as exc:
                log.warning("store_away", extra={"driver": self._driver, "why": str(exc)})
                await asleep(STORE_RETRY)
