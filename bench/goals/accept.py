"""Goal 1: what it costs to take a webhook and to have it on disk, beside the least that could do the same."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from bench.children import Child, floor
from bench.load import Job
from bench.report import Section
from bench.rounds import MakeJob, Series, alternate, run
from bench.stage import PLATFORM, Stage, playing
from bench.store import Store
from bench.webhooks import Webhooks, now_text

KNOWN_GROUPS = 50
MANY = 200
"""Alerts in a webhook above which only the cost per alert counts."""
TRIP_REQUESTS = 1000


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of webhook."""

    alerts: int
    is_new: bool
    count: int

    @property
    def name(self) -> str:
        """Return it in words."""
        return f"{self.alerts} {'alert' if self.alerts == 1 else 'alerts'}, {'new' if self.is_new else 'known'} groups"


CASES = (
    Case(1, is_new=False, count=2500),
    Case(1, is_new=True, count=2500),
    Case(20, is_new=False, count=1000),
    Case(20, is_new=True, count=1000),
    Case(MANY, is_new=False, count=200),
    Case(MANY, is_new=True, count=200),
)


async def measure(section: Section, folder: Path) -> None:
    """Fill the section."""
    async with playing(folder, part="web") as (scene, store, bot), floor("webhook", folder, redis=store.url) as least:
        for case in CASES:
            below, ours = await alternate([_jobs(case, least, scene, store), _jobs(case, bot, scene, store)])
            _judge(section, case, below, ours)
        await _count_round_trips(section, bot, scene, store)
    async with playing(folder) as (scene, store, bot):
        case = Case(1, is_new=True, count=1000)
        [whole] = await alternate([_jobs(case, bot, scene, store)], rounds=1)
        section.notes.append(
            f"`watchkeeper serve`, {case.name}, while its loops open the incidents and post: {whole.summary()}"
        )


def _jobs(case: Case, server: Child, scene: Stage, store: Store) -> MakeJob:
    """Return the jobs of one side; known groups are the same in each round, and known to both after the first."""
    since = now_text()

    def make(name: str) -> Job:
        requests = Webhooks(
            platform=PLATFORM,
            token=scene.webhook_token,
            name=f"{case.alerts}-{name}" if case.is_new else f"{case.alerts}-known",
            since=since,
            count=case.count,
            groups=case.count if case.is_new else KNOWN_GROUPS,
            alerts=case.alerts,
        )
        return Job(server.port, requests, server=server.pid, bystanders=(store.pid,))

    return make


def _judge(section: Section, case: Case, below: Series, ours: Series) -> None:
    if case.alerts == MANY:
        each = f"CPU per alert at {case.name}"
        section.ratio(each, below.cpu_us / case.alerts, ours.cpu_us / case.alerts, "µs", at_most=1.6)
    else:
        section.ratio(f"CPU, {case.name}", below.cpu_us, ours.cpu_us, "µs", at_most=2.0)
        section.ratio(f"Requests, {case.name}", below.per_second, ours.per_second, "/s", at_least=0.5)
    section.notes.append(f"{case.name}: floor {below.summary()}; Watchkeeper {ours.summary()}")


async def _count_round_trips(section: Section, bot: Child, scene: Stage, store: Store) -> None:
    """Count what the bot asks of the store for each webhook of a new group, less what it asks when nothing comes."""
    job = _jobs(Case(1, is_new=True, count=TRIP_REQUESTS), bot, scene, store)("trips")
    before = await store.round_trips()
    measured = await run(job)
    asked = await store.round_trips() - before
    before = await store.round_trips()
    await asyncio.sleep(measured.elapsed_s)
    idle = await store.round_trips() - before
    section.count("Round trips to the store per webhook", max(0, asked - idle) / TRIP_REQUESTS, at_most=2)
