"""One event meets one stored thing; a delivery has its effect once, and seen again is answered as it was first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import Change, Committed, Document, RedisStore, Refused
from bot.domain.effects import Decision
from bot.ports.transitions import Transition

S = TypeVar("S")
R = TypeVar("R", bound=StrEnum)


async def answered(
    store: RedisStore, change: Change, answer: Transition[S, R], newest: Callable[[], Awaitable[S]]
) -> Transition[S, R] | Refused:
    """Commit; return ``answer``, or what the same delivery was told the first time, with the newest state."""
    committed = await store.commit(change)
    if isinstance(committed, Committed):
        return answer
    if committed.guard[0] == "absent":
        return Transition(await newest(), type(answer.outcome)(committed.found), committed.at)
    return committed


async def told_again(store: RedisStore, state: S, outcome: R, act: str, now: datetime) -> Transition[S, R]:
    """Return what a refusal says, or what was said when the same delivery came first."""
    first = await store.string(keys.seen(act)) if act else None
    return Transition(state, type(outcome)(first.decode()) if first else outcome, now)


@dataclass(frozen=True, slots=True)
class Shelf(Generic[S, R]):
    """One kind of stored thing: where it is kept, how it is read and how a decision about it is written."""

    store: RedisStore
    key: Callable[[str], str]
    read: Callable[[str, Mapping[bytes, bytes]], Document[S]]
    """Raises UnknownName when there is none."""
    put: Callable[[Change, Document[S] | None, Decision[S, R], datetime], None]
    kind: str

    async def get(self, id_: str) -> S:
        """Return the thing as it is."""
        loaded = await self.store.load(self.key(id_))
        return self.read(id_, loaded.hashes[0]).state

    async def meet(
        self, id_: str, decide: Callable[[S, datetime], Decision[S, R]], *, act: str = ""
    ) -> Transition[S, R]:
        """Let one event meet the thing, and commit what becomes of it."""

        async def attempt() -> Transition[S, R] | Refused:
            loaded = await self.store.load(self.key(id_))
            before = self.read(id_, loaded.hashes[0])
            decision = decide(before.state, loaded.now)
            if decision.state is None:
                return await told_again(self.store, before.state, decision.outcome, act, loaded.now)
            change = Change()
            change.once(act, decision.outcome)
            self.put(change, before, decision, loaded.now)
            answer = Transition(decision.state, decision.outcome, loaded.now)
            return await answered(self.store, change, answer, lambda: self.get(id_))

        return await self.store.again(attempt, f"{self.kind} {id_}")
