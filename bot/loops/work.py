"""What runs by itself besides the publisher: each loop serves one index, and nothing is taken out before it is done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

from bot.domain.effects import TimerKind
from bot.domain.errors import TemporaryError, UnknownName
from bot.domain.ids import ApprovalId, IncidentId, PlatformName, RunId, made_at
from bot.domain.runs import PRESUMED_DEAD_AFTER
from bot.loops.loop import Flights, Loop, each_in_turn
from bot.ports.approvals import Approvals, PlanRequest, PlanRequests
from bot.ports.carrier import Carrier
from bot.ports.doorbell import Index
from bot.ports.incidents import Incidents
from bot.ports.intake import IntakeQueue
from bot.ports.runs import Drivers, Runs
from bot.ports.timers import Timers
from bot.services.access import REFRESH_EVERY, AccessService
from bot.services.alerting import POLLS, IntakeService, ReconcilerService, RefusedWebhooks
from bot.services.evidence import EvidenceService
from bot.services.gauging import MemoryWatch
from bot.services.guarding import StoreGuard
from bot.services.planning import PlannerService
from bot.services.sealing import SealerService
from bot.services.starting import StarterService

log = logging.getLogger(__name__)

BATCH = 100
EVIDENCE_AT_ONCE = 8
FALLBACK = timedelta(milliseconds=500)
RECONCILE_EVERY = timedelta(minutes=1)
SEAL_EVERY = timedelta(milliseconds=500)
TELL_REFUSED_EVERY = timedelta(seconds=30)
WATCH_MEMORY_EVERY = timedelta(minutes=1)
PLAN_GIVES_UP_AFTER = timedelta(minutes=2)
"""A request whose platform stays away so long is refused, with the reason."""
RESUME_AFTER = PRESUMED_DEAD_AFTER

Clock = Callable[[], Awaitable[datetime]]


def intake_loop(queue: IntakeQueue, service: IntakeService) -> Loop:
    """Return the loop that lets accepted webhooks meet incidents, in the order they came."""

    async def look() -> None:
        while True:
            entries = await queue.waiting(BATCH)
            await each_in_turn(entries, service.serve)
            if len(entries) < BATCH:
                return

    return Loop("intake", look, FALLBACK, frozenset({Index.INTAKE}))


def planner_loop(requests: PlanRequests, planner: PlannerService, now: Clock) -> Loop:
    """Return the loop that makes plans; looking at one platform does not hold up another."""

    async def serve(request: PlanRequest) -> None:
        try:
            await planner.serve(request)
        except TemporaryError as exc:
            if await now() - made_at(request.id) > PLAN_GIVES_UP_AFTER:
                await planner.refuse(request, str(exc))

    flights = Flights()

    async def look() -> None:
        for request in await requests.waiting(BATCH):
            flights.start(f"plan {request.id}", partial(serve, request))

    return Loop("planner", look, FALLBACK, frozenset({Index.REQUESTS}), flights)


def starter_loop(approvals: Approvals, starter: StarterService) -> Loop:
    """Return the loop that starts approved plans; one that waits for a lock keeps nobody else waiting."""

    flights = Flights()

    async def look() -> None:
        for id_ in await approvals.approved():
            flights.start(f"start {id_}", partial(starter.start, id_))

    return Loop("starter", look, FALLBACK, frozenset({Index.APPROVED}), flights)


def run_loop(runs: Runs, carrier: Carrier, drivers: Drivers, now: Clock) -> Loop:
    """Return the loop that brings runs without a living driver to one."""
    brought: dict[RunId, datetime] = {}

    async def bring(run: RunId, driver: str, beat: datetime | None, moment: datetime) -> None:
        lives = beat is not None and moment - beat <= RESUME_AFTER and not drivers.is_proven_dead(driver)
        if driver and lives:
            return
        if moment - brought.get(run, moment - RESUME_AFTER) < RESUME_AFTER:
            return
        brought[run] = moment
        await carrier.carry(run, again=bool(driver))

    async def look() -> None:
        moment = await now()
        waiting = await runs.to_drive()
        for run, driver, beat in waiting:
            await bring(run, driver, beat, moment)
        for gone in set(brought) - {run for run, _, _ in waiting}:
            del brought[gone]

    return Loop("runs", look, FALLBACK, frozenset({Index.QUEUED, Index.ACTIVE}))


def timer_loop(timers: Timers, incidents: Incidents, approvals: Approvals) -> Loop:
    """Return the loop that meets everything timed; a timer goes only after what it is for was committed."""
    meet: Mapping[TimerKind, Callable[[str], Awaitable[object]]] = {
        TimerKind.ACK_ASK: lambda id_: incidents.ask_if_still_held(IncidentId(id_)),
        TimerKind.ACK_DROP: lambda id_: incidents.drop_acknowledgement(IncidentId(id_)),
        TimerKind.ESCALATE: lambda id_: incidents.escalate(IncidentId(id_)),
        TimerKind.STILL_FIRING: lambda id_: incidents.remind_still_firing(IncidentId(id_)),
        TimerKind.SETTLE_INCIDENT: lambda id_: incidents.settle(IncidentId(id_)),
        TimerKind.CLOSE_WINDOW: lambda id_: incidents.close_window(IncidentId(id_)),
        TimerKind.APPROVAL_WARN: lambda id_: approvals.warn(ApprovalId(id_)),
        TimerKind.APPROVAL_EXPIRE: lambda id_: approvals.expire(ApprovalId(id_)),
        TimerKind.BREAK_GLASS_REVIEW: lambda id_: approvals.remind_of_review(ApprovalId(id_)),
    }
    return _due_loop("timers", timers, meet, at_most=BATCH)


def evidence_loop(timers: Timers, evidence: EvidenceService) -> Loop:
    """Return the loop that collects first evidence, for a few incidents at once: a storm is not asked about whole."""
    meet = {TimerKind.COLLECT_EVIDENCE: lambda id_: evidence.collect(IncidentId(id_))}
    return _due_loop("evidence", timers, meet, at_most=EVIDENCE_AT_ONCE)


def _due_loop(
    name: str, timers: Timers, meet: Mapping[TimerKind, Callable[[str], Awaitable[object]]], *, at_most: int
) -> Loop:
    """Return a loop over the due timers of the kinds that ``meet`` knows, ``at_most`` of them under way."""

    async def serve(kind: TimerKind, subject: str, at: datetime) -> None:
        try:
            await meet[kind](subject)
        except UnknownName as exc:
            log.info("timer_of_nothing", extra={"kind": kind, "subject": subject, "why": str(exc)})
        await timers.done(kind, subject, at)

    flights = Flights(at_most=at_most)

    async def look() -> None:
        for kind, subject, at in await timers.due(2 * at_most, frozenset(meet)):
            flights.start(f"{kind} {subject}", partial(serve, kind, subject, at))

    return Loop(name, look, FALLBACK, frozenset({Index.DUE}), flights)


def reconciler_loop(platforms: Iterable[PlatformName], reconciler: ReconcilerService, queue: IntakeQueue) -> Loop:
    """Return the loop that compares with Alertmanager: thrice at the start, then each minute, at once when asked."""
    started: set[PlatformName] = set()

    async def one(platform: PlatformName, asked: frozenset[PlatformName]) -> None:
        polls = POLLS if platform not in started or platform in asked else 1
        try:
            await reconciler.reconcile(platform, polls=polls)
        except TemporaryError as exc:
            log.info("reconciler_waits", extra={"platform": platform, "why": str(exc)})
        else:
            started.add(platform)

    async def look() -> None:
        asked = await queue.take_oversized()
        await asyncio.gather(*(one(platform, asked) for platform in platforms))

    return Loop("reconciler", look, RECONCILE_EVERY, frozenset({Index.RECONCILE}))


def sealer_loop(sealer: SealerService, guard: StoreGuard) -> Loop:
    """Return the loop that chains the audit and watches the store against its witness."""

    async def look() -> None:
        if not (await guard.check()).means_lost_state:
            await sealer.seal()

    return Loop("sealer", look, SEAL_EVERY)


def groups_loop(access: AccessService) -> Loop:
    """Return the loop that asks the workspace who belongs to which group."""

    async def look() -> None:
        for group, why in (await access.refresh()).items():
            log.warning("group_not_refreshed", extra={"group": group, "why": why})

    return Loop("groups", look, REFRESH_EVERY)


def refused_loop(refused: RefusedWebhooks) -> Loop:
    """Return the loop that tells administrators of webhooks that were turned away."""
    return Loop("refused", refused.tell, TELL_REFUSED_EVERY)


def memory_loop(watch: MemoryWatch) -> Loop:
    """Return the loop that warns before the state store is full."""
    return Loop("memory", watch.look, WATCH_MEMORY_EVERY)
