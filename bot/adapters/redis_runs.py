"""The ledger of runs in Redis: what drivers write under their fence, and what people do to a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.adapters import redis_keys as keys
from bot.adapters.redis_deliveries import Shelf
from bot.adapters.redis_store import (
    Change,
    Committed,
    Document,
    RedisStore,
    Refused,
    Script,
    decode,
    encode,
    from_ms,
    read_document,
    to_ms,
    translated,
)
from bot.domain import runs as rules_of
from bot.domain.errors import NotAllowed, UnknownName
from bot.domain.ids import PlatformName, RunbookName, RunId
from bot.domain.people import Actor
from bot.domain.plans import Facts
from bot.domain.runs import MAX_CLAIMS, PRESUMED_DEAD_AFTER, HumanChoice, Run, RunDecision, RunOutcome, RunState
from bot.ports.runs import Beat, Claim, ClaimOutcome, Drivers, FenceLost, RunChange
from bot.ports.transitions import Transition

RECENT_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class _LastTime:
    """How a runbook with the same parameters went last."""

    run: str
    state: RunState
    seconds: int
    at: datetime
    why: str


def put_run(change: Change, before: Document[Run] | None, decision: RunDecision, now: datetime) -> None:
    """Write a decision about a run with its indexes; one that is over frees its locks."""
    after = decision.state
    if after is None:
        return
    key = keys.run(after.id)
    flags: dict[str, object] = {"cancel": after.cancel_by or "", "pause": after.pause_by or "", "state": after.state}
    if after.state is RunState.QUEUED:
        # A person let it go on: that is no death of a driver, and the one before has let go.
        flags |= {"claims": 0, "owner": ""}
    change.put_document(key, before.version if before else "", encode(after), **flags)
    if before is None:
        change.op("HSET", keys.ALIASES, after.name, after.id)
        change.op("ZADD", keys.RECENT_RUNS, to_ms(now), after.id)
        change.op("ZREMRANGEBYRANK", keys.RECENT_RUNS, 0, -RECENT_KEPT - 1)
        change.op("ZADD", keys.OPEN_RUNS, to_ms(now), after.id)
    _index_run(change, after, now)
    if after.state.is_final:
        _close_run(change, after)
    change.add_effects(decision.effects, now)


def _index_run(change: Change, run: Run, now: datetime) -> None:
    """Keep it in the one index of its state: queued, active, or none."""
    for index, state in ((keys.QUEUED, RunState.QUEUED), (keys.ACTIVE, RunState.RUNNING)):
        if run.state is state:
            change.op("ZADD", index, "NX", to_ms(now), run.id)
            change.rings.add(index)
        else:
            change.op("ZREM", index, run.id)


def _close_run(change: Change, run: Run) -> None:
    change.op("ZREM", keys.OPEN_RUNS, run.id)
    change.op("PEXPIRE", keys.run(run.id), keys.RUN_TTL_MS)
    for target in run.plan.targets:
        change.op("HDEL", keys.LOCKS, target.key)
    ended = run.ended_at or run.changed_at
    seconds = int((ended - run.created_at).total_seconds())
    last = _LastTime(run.name, run.state, seconds, ended, run.evidence)
    field = _history_field(run.plan.platform, run.plan.runbook, run.plan.parameters)
    change.op("HSET", keys.HISTORY, field, encode(last))


def _history_field(platform: PlatformName, runbook: RunbookName, parameters: Mapping[str, str]) -> str:
    return f"{platform} {runbook} {json.dumps(parameters, sort_keys=True)}"


class RedisLedger:
    """Implements `bot.ports.runs.Ledger`."""

    def __init__(self, store: RedisStore, drivers: Drivers) -> None:
        self._store = store
        self._drivers = drivers
        self._claim = Script("claim.lua")
        self._beat = Script("beat.lua")

    async def claim(self, run: RunId, driver: str) -> Claim:
        """Take the run with a new fence, unless its driver lives; after too many deaths it needs a person."""
        (owner,) = await self._store.fields(keys.run(run), ["owner"])
        dead = owner is not None and self._drivers.is_proven_dead(owner.decode())
        presumed_ms = round(PRESUMED_DEAD_AFTER.total_seconds() * 1000)
        with translated():
            word, _, fence, claims = await self._claim(
                self._store.redis, (keys.run(run),), self._store.skew_ms(), driver, presumed_ms, "1" if dead else "0"
            )
        if word != b"claimed":
            return Claim(ClaimOutcome.BUSY if word == b"busy" else ClaimOutcome.OVER)
        decide = rules_of.claimed if claims <= MAX_CLAIMS else rules_of.give_up_claims
        try:
            changed = await self._write(run, int(fence), decide)
        except FenceLost:
            return Claim(ClaimOutcome.BUSY)
        outcome = ClaimOutcome.CLAIMED if changed.outcome is RunOutcome.CHANGED else ClaimOutcome.OVER
        return Claim(outcome, changed.state, int(fence))

    async def beat(self, run: RunId, fence: int) -> Beat:
        """Say that the driver lives; learn of cancel and pause."""
        with translated():
            answer = await self._beat(self._store.redis, (keys.run(run),), self._store.skew_ms(), fence)
        if answer[0] == b"lost":
            raise FenceLost(run)
        return Beat(cancel=bool(answer[1]), pause=bool(answer[2]))

    async def begin_step(self, run: RunId, fence: int, index: int, before: Facts) -> RunChange:
        """Write the intent of a step; refused while risk is frozen."""
        return await self._write(run, fence, lambda it, now: rules_of.begin_step(it, index, before, now), risky=True)

    async def begin_again(self, run: RunId, fence: int, index: int, before: Facts) -> RunChange:
        """Write the second intent of a step that proved not to have happened."""
        return await self._write(run, fence, lambda it, now: rules_of.begin_again(it, index, before, now), risky=True)

    async def end_step(self, run: RunId, fence: int, index: int, result: str) -> RunChange:
        """Write the outcome of a step; after the last one the run is done and its locks are free."""
        return await self._write(run, fence, lambda it, now: rules_of.end_step(it, index, result, now))

    async def fail_step(self, run: RunId, fence: int, index: int, why: str) -> RunChange:
        """Write that a step failed; the run is over and its locks are free."""
        return await self._write(run, fence, lambda it, now: rules_of.fail_step(it, index, why, now))

    async def cancel_at_safe_point(self, run: RunId, fence: int, index: int) -> RunChange:
        """Write that a step stopped at a safe point because the run was called off."""
        return await self._write(run, fence, lambda it, now: rules_of.cancel_at_safe_point(it, index, now))

    async def needs_human(self, run: RunId, fence: int, evidence: str) -> RunChange:
        """Write that only a person can tell; the locks stay."""
        return await self._write(run, fence, lambda it, now: rules_of.needs_human(it, evidence, now))

    async def _write(
        self, run: RunId, fence: int, decide: Callable[[Run, datetime], RunDecision], *, risky: bool = False
    ) -> RunChange:
        """Let one event of the driver meet the run, under its fence."""

        async def attempt() -> RunChange | Refused:
            loaded = await self._store.load(keys.run(run))
            before = _present(run, loaded.hashes[0])
            if loaded.hashes[0].get(b"fence", b"") != str(fence).encode():
                raise FenceLost(run)
            decision = decide(before.state, loaded.now)
            if decision.state is None:
                return Transition(before.state, decision.outcome, loaded.now)
            change = Change()
            change.require_field(keys.run(run), "fence", str(fence))
            if risky:
                change.require_not_frozen()
            put_run(change, before, decision, loaded.now)
            committed = await self._store.commit(change)
            if isinstance(committed, Committed):
                return Transition(decision.state, decision.outcome, loaded.now)
            _raise_if_lost(run, committed)
            return committed

        return await self._store.again(attempt, f"run {run}")


def _raise_if_lost(run: RunId, refused: Refused) -> None:
    if refused.guard[2:3] == ("fence",):
        raise FenceLost(run)
    if refused.is_about_freeze:
        raise NotAllowed(f"risky work is frozen: {refused.found}; an admin clears it with `/ops unfreeze`")


def _run_key(run: str) -> str:
    return keys.run(RunId(run))


def _present(run: str, fields: Mapping[bytes, bytes]) -> Document[Run]:
    document = read_document(fields, Run)
    if document is None:
        raise UnknownName(f"run {run}: not there any more; `/ops runs` shows the newest")
    return document


class RedisRuns:
    """Implements `bot.ports.runs.Runs`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self._shelf = Shelf(store, _run_key, _present, put_run, "run")

    async def cancel(self, run: RunId, actor: Actor) -> RunChange:
        """Call it off."""
        return await self._shelf.meet(run, lambda it, now: rules_of.cancel(it, actor, now), act=actor.act)

    async def pause(self, run: RunId, actor: Actor) -> RunChange:
        """Ask it to stop at the next step border."""
        return await self._shelf.meet(run, lambda it, now: rules_of.pause(it, actor, now), act=actor.act)

    async def unpause(self, run: RunId, actor: Actor) -> RunChange:
        """Let it go on."""
        return await self._shelf.meet(run, lambda it, now: rules_of.unpause(it, actor, now), act=actor.act)

    async def answer_for_step(self, run: RunId, choice: HumanChoice, actor: Actor, *, reason: str) -> RunChange:
        """Say what the evidence could not."""
        return await self._shelf.meet(
            run, lambda it, now: rules_of.answer_for_step(it, choice, actor, reason, now), act=actor.act
        )

    async def get(self, run: RunId) -> Run:
        """Return one run."""
        return await self._shelf.get(run)

    async def find(self, number: int) -> RunId:
        """Return the id behind ``RUN-<number>``."""
        (found,) = await self._store.fields(keys.ALIASES, [f"RUN-{number}"])
        if found is None:
            raise UnknownName(f"RUN-{number}: not there; `/ops runs` shows the newest")
        return RunId(found.decode())

    async def recent(self, limit: int) -> Sequence[Run]:
        """Return the newest runs."""
        return await self._many(await self._store.members(keys.RECENT_RUNS, limit, newest_first=True))

    async def on_platform(self, platform: PlatformName) -> Sequence[Run]:
        """Return the runs of a platform that are not over."""
        open_runs = await self._many(await self._store.members(keys.OPEN_RUNS, 0))
        return [run for run in open_runs if run.plan.platform == platform]

    async def _many(self, ids: Sequence[str]) -> list[Run]:
        loaded = await self._store.load(*(keys.run(RunId(id_)) for id_ in ids))
        documents = (read_document(fields, Run) for fields in loaded.hashes)
        return [document.state for document in documents if document]

    async def to_drive(self) -> Sequence[tuple[RunId, str, datetime | None]]:
        """Return queued and active runs with their driver and its last beat."""
        ids = [*await self._store.members(keys.QUEUED, 0), *await self._store.members(keys.ACTIVE, 0)]
        found: list[tuple[RunId, str, datetime | None]] = []
        for id_ in dict.fromkeys(ids):
            owner, beat = await self._store.fields(keys.run(RunId(id_)), ["owner", "beat"])
            found.append((RunId(id_), owner.decode() if owner else "", from_ms(beat) if beat else None))
        return found

    async def last_time(self, platform: PlatformName, runbook: RunbookName, parameters: dict[str, str]) -> str:
        """Return, in a line for people, how this went before; empty when it never did."""
        (found,) = await self._store.fields(keys.HISTORY, [_history_field(platform, runbook, parameters)])
        if found is None:
            return ""
        last = decode(found, _LastTime)
        why = f": {last.why}" if last.why else ""
        return f"{last.run} was {last.state} in {last.seconds} s on {last.at:%Y-%m-%d %H:%M} UTC{why}"
