"""Goal 9: what the process holds when idle and after a thousand webhooks, beside the least that could do the same."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import median

from bench.children import Child, NotMeasured, floor
from bench.load import Job
from bench.procfs import Memory, tree_memory
from bench.report import Section
from bench.rounds import run
from bench.stage import PLATFORM, Stage, playing
from bench.store import Store
from bench.waiting import comes_true, until
from bench.webhooks import Webhooks, now_text
from bot.adapters import redis_keys as keys

WEBHOOKS = 1000
SETTLE_S = 3.0
"""After which a process that started counts as idle."""
ABSORB_WITHIN_S = 45.0
"""How long the accepted webhooks have to meet their incidents; what waits then is told."""
STORM_WITHIN_S = 600.0
LOOKS = 5
STORMS = 5
GROWTH = 0.05


async def measure(section: Section, folder: Path) -> None:
    """Fill the section."""
    async with playing(folder) as (scene, store, bot), floor("minimal", folder, redis=store.url) as least:
        await asyncio.sleep(SETTLE_S)
        below, ours = await _held(least), await _held(bot)
        _compare(section, "idle", below, ours, at_most=1.6)
        since = now_text()
        for child in (least, bot):
            await _send(child, scene, "memory", since)
        began = time.monotonic()
        await comes_true(lambda: _nothing_waits(store), within_s=ABSORB_WITHIN_S)
        waiting, took_s = await store.redis.zcard(keys.INTAKE), time.monotonic() - began
        await asyncio.sleep(SETTLE_S)
        _compare(section, f"after {WEBHOOKS} webhooks", await _held(least), await _held(bot), at_most=2.0)
        section.notes.append(
            f"{WEBHOOKS - waiting} of {WEBHOOKS} webhooks, each a new group, met their incident within {took_s:.0f} s: "
            f"{(WEBHOOKS - waiting) / took_s:.1f} a second, evidence collected and messages posted meanwhile"
        )


async def measure_storms(section: Section, folder: Path) -> None:
    """Add what five storms, each fired and resolved, leave behind."""
    held: list[Memory] = []
    async with playing(folder) as (scene, store, bot):
        for number in range(STORMS):
            since = now_text()
            for resolved in (False, True):
                await _send(bot, scene, f"storm-{number}", since, resolved=resolved)
                await until(
                    lambda: _nothing_waits(store), "every webhook has met its incident", within_s=STORM_WITHIN_S
                )
            await asyncio.sleep(SETTLE_S)
            held.append(await _held(bot))
    growth = held[-1].rss_mib / held[0].rss_mib - 1
    section.notes.append(
        f"RSS after each storm of {WEBHOOKS} groups: {', '.join(f'{one.rss_mib:.1f}' for one in held)} MiB"
    )
    section.count(f"Growth of RSS over {STORMS} storms, as a share", growth, at_most=GROWTH)


def _compare(section: Section, when: str, below: Memory, ours: Memory, *, at_most: float) -> None:
    section.ratio(f"RSS {when}", below.rss_mib, ours.rss_mib, "MiB", at_most=at_most)
    section.ratio(f"PSS {when}", below.pss_mib, ours.pss_mib, "MiB", at_most=at_most)


async def _held(child: Child) -> Memory:
    """Return what a process and its children hold: the median of a few looks, a second apart in all."""
    looks: list[Memory] = []
    for _ in range(LOOKS):
        looks.append(tree_memory(child.pid))
        await asyncio.sleep(1 / LOOKS)
    return Memory(median(one.rss_mib for one in looks), median(one.pss_mib for one in looks))


async def _send(child: Child, scene: Stage, name: str, since: str, *, resolved: bool = False) -> None:
    webhooks = Webhooks(PLATFORM, scene.webhook_token, name, since, WEBHOOKS, WEBHOOKS, 1, resolved=resolved)
    measured = await run(Job(child.port, webhooks))
    if set(measured.statuses) != {200}:
        raise NotMeasured(f"{child.name} answered {measured.statuses}")


async def _nothing_waits(store: Store) -> bool:
    """Return whether every accepted webhook has met its incident."""
    return await store.redis.zcard(keys.INTAKE) == 0
