"""The audit cannot be edited quietly, and a store that forgot what was done stops risky work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from bot.adapters import redis_keys as keys
from bot.adapters.witness import FileWitness
from bot.domain.effects import AuditEntry, NoticeKind
from bot.domain.errors import NotAllowed, UsageError
from bot.domain.ids import UserId
from bot.domain.witness import WitnessFinding, WitnessMark
from bot.services.guarding import StoreGuard
from bot.services.sealing import AuditService, SealerService
from tests.state.builders import ADA, ROOT
from tests.state.conftest import State


@pytest.fixture
def witness(tmp_path: Path) -> FileWitness:
    return FileWitness(tmp_path)


@pytest.fixture
def sealer(state: State, witness: FileWitness) -> SealerService:
    return SealerService(state.audit, witness)


@pytest.fixture
def service(state: State, witness: FileWitness) -> AuditService:
    return AuditService(state.audit, witness)


@pytest.fixture
def guard(state: State, witness: FileWitness) -> StoreGuard:
    return StoreGuard(state.audit, witness, state.outbox)


def an_entry(number: int) -> AuditEntry:
    return AuditEntry(UserId("U0ADA"), "incident.noted", f"INC-{number}", {"detail": "Ünïcode → kept"})


async def append(state: State, count: int, *, since: int = 0) -> None:
    for number in range(since, since + count):
        await state.audit.append(an_entry(number))


async def entries_of(redis: Redis) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Return the audit as it lies in the store."""
    return cast("list[tuple[bytes, dict[bytes, bytes]]]", await redis.xrange(keys.AUDIT))


async def rewrite(redis: Redis, kept: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> None:
    """Write the audit anew, as somebody with access to the store could."""
    await redis.delete(keys.AUDIT)
    for id_, fields in kept:
        await redis.xadd(keys.AUDIT, cast("dict[Any, Any]", fields), id=id_)


async def backup(redis: Redis) -> dict[bytes, tuple[bytes, int]]:
    """Return every key as it is, with its TTL in ms (0: none)."""
    names = cast("list[bytes]", await redis.keys("*"))
    found = [(name, await redis.dump(name), await redis.pttl(name)) for name in names]
    return {name: (dump, max(ttl, 0)) for name, dump, ttl in found if dump}


async def roll_back(redis: Redis, older: dict[bytes, tuple[bytes, int]]) -> None:
    """Put an older state in place of everything there is."""
    await redis.flushall()
    for key, (dump, ttl) in older.items():
        await redis.restore(key, ttl, dump)


# --- the chain ------------------------------------------------------------------------------------------------------


async def test_the_chain_is_sealed_and_holds(
    state: State, guard: StoreGuard, sealer: SealerService, service: AuditService
) -> None:
    await guard.check()
    await append(state, 5)
    assert await sealer.seal() == 5
    await append(state, 2, since=5)
    verdict = await service.verify()
    assert (verdict.holds, verdict.entries, verdict.head, verdict.unsealed) == (True, 7, 5, (6, 7))
    assert await sealer.seal() == 2
    assert await sealer.seal() == 0


async def test_two_sealers_at_once_make_one_chain(
    state: State, another: State, guard: StoreGuard, service: AuditService, witness: FileWitness
) -> None:
    await guard.check()
    for round_ in range(10):
        await append(state, 3, since=3 * round_)
        sealed = await asyncio.gather(*(SealerService(it.audit, witness).seal() for it in (state, another)))
        assert sorted(sealed) in ([0, 3], [0, 0])
    await SealerService(state.audit, witness).seal()
    assert (await service.verify()).holds


async def test_a_changed_entry_is_named(state: State, sealer: SealerService, service: AuditService) -> None:
    await append(state, 4)
    await sealer.seal()
    entries = await entries_of(state.store.redis)
    entries[1][1][b"e"] = entries[1][1][b"e"].replace(b"U0ADA", b"U0BEN")
    await rewrite(state.store.redis, entries)
    assert (await service.verify()).problem == "entry 2 was changed after it was sealed"


async def test_a_removed_entry_is_named(state: State, sealer: SealerService, service: AuditService) -> None:
    await append(state, 4)
    await sealer.seal()
    await state.store.redis.xdel(keys.AUDIT, "3-1")
    assert (await service.verify()).problem == "entry 3 is missing; 4 follows"


async def test_an_inserted_entry_is_named(state: State, sealer: SealerService, service: AuditService) -> None:
    await append(state, 3)
    await sealer.seal()
    entries = await entries_of(state.store.redis)
    entries.insert(2, (b"2-2", entries[1][1]))
    await rewrite(state.store.redis, entries)
    assert (await service.verify()).problem == "entry 3 is missing; 2 follows"


async def test_an_entry_put_at_the_end_by_hand_is_named(
    state: State, guard: StoreGuard, sealer: SealerService, service: AuditService
) -> None:
    await guard.check()
    await append(state, 3)
    await sealer.seal()
    await state.store.redis.xadd(keys.AUDIT, {"at": "0", "e": '{"actor":"x","action":"y","subject":"z"}'}, id="4-1")
    assert "entry 4 was put in by hand" in (await service.verify()).problem


@pytest.mark.parametrize("meta_too", [False, True], ids=["entries", "entries and count"])
async def test_a_cut_end_is_named(
    state: State, guard: StoreGuard, sealer: SealerService, service: AuditService, meta_too: bool
) -> None:
    await guard.check()
    await append(state, 5)
    await sealer.seal()
    for stream in (keys.AUDIT, keys.SEALS):
        await state.store.redis.xdel(stream, "4-1", "5-1")
    if meta_too:
        await state.store.redis.hset(keys.META, mapping={"audit_seq": 3, "sealed_seq": 3})
    assert "its end was cut off" in (await service.verify()).problem


async def test_a_removed_seal_is_named(
    state: State, guard: StoreGuard, sealer: SealerService, service: AuditService
) -> None:
    await guard.check()
    await append(state, 3)
    await sealer.seal()
    await state.store.redis.xdel(keys.SEALS, "3-1")
    assert (await service.verify()).problem == "entry 3 has lost its seal: 3 entries were sealed"


async def test_verifying_while_entries_come_in_finds_nothing(
    state: State, another: State, guard: StoreGuard, sealer: SealerService, service: AuditService
) -> None:
    await guard.check()
    await append(state, 600)
    while await sealer.seal():
        pass

    async def go_on() -> None:
        for number in range(40):
            await another.audit.append(an_entry(number))
            await sealer.seal()

    writing = asyncio.create_task(go_on())
    while not writing.done():
        assert (await service.verify()).holds
    await writing


async def test_a_gap_is_not_sealed_over(state: State, sealer: SealerService) -> None:
    await append(state, 2)
    await sealer.seal()
    await append(state, 2, since=2)
    await state.store.redis.xdel(keys.AUDIT, "3-1")
    assert await sealer.seal() == 0
    assert (await state.audit.head())[0] == 2


# --- the guard ------------------------------------------------------------------------------------------------------


async def test_a_first_start_gives_the_store_its_identity(state: State, guard: StoreGuard) -> None:
    assert await guard.check() is WitnessFinding.FRESH
    mark = await state.audit.mark()
    assert mark is not None
    assert mark.installation
    assert await guard.check() is WitnessFinding.AGREES
    await guard.vouch()


async def test_two_first_starts_at_once_give_one_identity(
    state: State, another: State, tmp_path: Path, guard: StoreGuard
) -> None:
    other = StoreGuard(another.audit, FileWitness(tmp_path / "other"), another.outbox)
    await asyncio.gather(guard.check(), other.check())
    assert {await guard.check(), await other.check()} == {WitnessFinding.AGREES}


async def test_an_emptied_store_stops_risky_work_and_is_told_once(
    state: State, guard: StoreGuard, sealer: SealerService
) -> None:
    await guard.check()
    await append(state, 3)
    await sealer.seal()
    await state.store.redis.flushall()
    for _ in range(3):
        assert await guard.check() is WitnessFinding.STORE_EMPTIED
        with pytest.raises(NotAllowed, match="the state store was emptied"):
            await guard.vouch()
    said = await state.said(NoticeKind.OPERATIONS)
    assert sorted(str(it.place.channel) for it in said) == ["admin", "incidents"]
    assert all("emptied" in it.facts["text"] for it in said)


async def test_two_processes_that_see_an_emptied_store_tell_once(
    state: State, another: State, guard: StoreGuard, witness: FileWitness
) -> None:
    await guard.check()
    await state.store.redis.flushall()
    other = StoreGuard(another.audit, witness, another.outbox)
    await asyncio.gather(guard.check(), other.check(), guard.check())
    assert len(await state.said(NoticeKind.OPERATIONS)) == 2


async def test_a_store_rolled_back_stops_risky_work(state: State, guard: StoreGuard, sealer: SealerService) -> None:
    await guard.check()
    approval = await state.approved()
    older = await backup(state.store.redis)
    await append(state, 2)
    await sealer.seal()
    await roll_back(state.store.redis, older)
    assert await guard.check() is WitnessFinding.STORE_BEHIND
    with pytest.raises(NotAllowed, match="rolled back"):
        await state.start(approval.id)


async def test_an_admin_accepts_the_store_with_a_reason_as_a_new_epoch(
    state: State, guard: StoreGuard, sealer: SealerService, witness: FileWitness
) -> None:
    await guard.check()
    await append(state, 3)
    await sealer.seal()
    before = await state.audit.mark()
    await state.store.redis.flushall()
    await guard.check()
    with pytest.raises(NotAllowed, match="admin"):
        await guard.unfreeze(ADA, "looks fine")
    with pytest.raises(UsageError, match="say why"):
        await guard.unfreeze(ROOT, " ")
    assert await guard.unfreeze(ROOT, "the disk was replaced") == "the state store was emptied"
    assert before is not None
    assert await witness.read() == WitnessMark(before.installation, before.epoch + 1, 1)
    assert await guard.check() is WitnessFinding.AGREES
    await guard.vouch()
    (entry,) = await state.audit.newest(1)
    assert (entry.entry.action, entry.entry.detail["reason"]) == ("store.unfrozen", "the disk was replaced")
    with pytest.raises(UsageError, match="nothing is frozen"):
        await guard.unfreeze(ROOT, "again")


async def test_a_second_process_follows_into_the_new_epoch(state: State, guard: StoreGuard, tmp_path: Path) -> None:
    other_witness = FileWitness(tmp_path / "other")
    other = StoreGuard(state.audit, other_witness, state.outbox)
    await guard.check()
    await other.check()
    await state.store.redis.flushall()
    await guard.check()
    await guard.unfreeze(ROOT, "the disk was replaced")
    assert await other.check() is WitnessFinding.AGREES
    await other.vouch()


class BusyWitness:
    """A witness that moves on whenever somebody looks at it, as another process's sealer makes it."""

    def __init__(self, witness: FileWitness, go_on: Callable[[], Awaitable[object]]) -> None:
        self._witness = witness
        self._go_on = go_on
        self.write, self.reset = witness.write, witness.reset

    async def read(self) -> WitnessMark | None:
        await self._go_on()
        return await self._witness.read()


async def test_a_guard_never_freezes_a_store_that_only_moves_on(
    state: State, guard: StoreGuard, sealer: SealerService, witness: FileWitness
) -> None:
    await guard.check()

    async def go_on() -> None:
        await state.audit.append(an_entry(1))
        await sealer.seal()

    busy = StoreGuard(state.audit, BusyWitness(witness, go_on), state.outbox)
    for _ in range(3):
        assert await busy.check() is WitnessFinding.AGREES
        await busy.vouch()
