"""Fair comparison: floor and bot take turns, and a measurement that others disturbed is made once more."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import msgspec

from bench.children import ROOT, NotMeasured
from bench.load import Job, Measured

ROUNDS = 3
DISTURBED = 0.25
"""Share of all cores that others may use before a measurement is made again."""

MakeJob = Callable[[str], Job]
"""A job for the round of that name; a round's name is never used twice."""


@dataclass(frozen=True, slots=True)
class Series:
    """The rounds of one side."""

    rounds: tuple[Measured, ...]

    @property
    def cpu_us(self) -> float:
        """Return the median of the server's CPU microseconds per request."""
        return median(one.cpu_us for one in self.rounds)

    @property
    def per_second(self) -> float:
        """Return the median of the requests per second."""
        return median(one.per_second for one in self.rounds)

    @property
    def p50_ms(self) -> float:
        """Return the median of the p50s."""
        return median(one.p50_ms for one in self.rounds)

    @property
    def p99_ms(self) -> float:
        """Return the median of the p99s."""
        return median(one.p99_ms for one in self.rounds)

    @property
    def bystanders_us(self) -> float:
        """Return the median of the CPU microseconds per request of store and stand-ins."""
        return median(one.bystanders_cpu_s / one.requests * 1e6 for one in self.rounds)

    @property
    def others_share(self) -> float:
        """Return the largest share of the machine that others took in any round."""
        return max(one.others_share for one in self.rounds)

    @property
    def refused(self) -> int:
        """Return how many answers were not 200."""
        return sum(count for one in self.rounds for status, count in one.statuses.items() if status != 200)

    def summary(self) -> str:
        """Return one line of figures."""
        refused = f", {self.refused} answers not 200" if self.refused else ""
        return (
            f"{self.cpu_us:,.0f} µs CPU, {self.per_second:,.0f}/s, p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms, "
            f"store and stand-ins {self.bystanders_us:,.0f} µs, others ≤ {self.others_share:.0%}{refused}"
        )


async def run(job: Job) -> Measured:
    """Return what one job took, carried out by a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.load"), stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    answer, _ = await process.communicate(msgspec.json.encode(job))
    if process.returncode != 0:
        raise NotMeasured(f"the load generator ended with {process.returncode}")
    return msgspec.json.decode(answer, type=Measured)


async def alternate(sides: Sequence[MakeJob], *, rounds: int = ROUNDS) -> list[Series]:
    """Return one series for each side; the sides take turns, round by round."""
    measured: list[list[Measured]] = [[] for _ in sides]
    for number in range(rounds):
        for index, make in enumerate(sides):
            measured[index].append(await undisturbed(make, f"{index}{number}"))
    return [Series(tuple(one)) for one in measured]


async def undisturbed(make: MakeJob, name: str) -> Measured:
    """Return what a job took; carried out a second time where others took too much of the machine."""
    first = await run(make(f"{name}a"))
    if first.others_share <= DISTURBED:
        return first
    return await run(make(f"{name}b"))
