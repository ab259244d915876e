"""``make bench`` and ``make soak``: what Watchkeeper costs, beside the least that could do the same.

Run it with ``python -m bench`` (about seven minutes; ``--goal 1`` for a part) or ``python -m bench soak`` (longer; it
says first how long). It needs Linux, loopback and nothing else: state store, stand-ins and floors are started here.

**How to read the result** (``bench/results.md``; of a soak ``bench/soak.md``)

* Every goal is a ratio of Watchkeeper to a *floor*: a small honest program in ``bench/floors/`` that does the least
  anybody could do. Floor and Watchkeeper run in the same run, on the same state store, and take turns (A B A B A B);
  the medians of the rounds are compared. So a slow or busy machine moves both, and the ratio stays.
* *PASS* and *MISS* judge the ratio or the count. "–" has no goal and is there to understand the others.
* CPU is the server's own (user and system, from ``/proc``), not that of the load generator, which is another process,
  nor that of the state store, which is printed beside it. On a busy machine CPU says more than time.
* "others" is the share of all cores that went to nothing of ours while a round was measured. Above 25 % a round is
  made once more; what is printed is the worst share of the rounds that count.
* A goal that could not be measured to its end says why, and the exit code is 1. A MISS is a result: exit code 0.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from redis.exceptions import RedisError

from bench.children import NotMeasured
from bench.goals import accept, acks, crash, memory, start
from bench.machine import this_machine
from bench.report import Section, page, section_lines
from bot.sandbox.client import Refused

HERE = Path(__file__).parent
SOAK_POINTS = 20

Measure = Callable[[Section, Path], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Part:
    """One goal, and how it is measured."""

    goal: int
    title: str
    how: str
    measure: Measure
    minutes: float
    """About how long it takes."""


async def _crash_often(section: Section, folder: Path) -> None:
    await crash.measure(section, folder, points=SOAK_POINTS)


BENCH = (
    Part(
        1,
        "accept a webhook",
        "Ten connections post webhooks to `watchkeeper web`, credentials on, everything synced to disk before the "
        "answer. The floor decodes the body and keeps it with one script, known or new, without credentials, cap or "
        "metrics.",
        accept.measure,
        1.6,
    ),
    Part(
        2,
        "acknowledge commands and buttons",
        "Signed deliveries to `watchkeeper web` with every handler, policy and audit; two people take incidents from "
        "each other, so that each acknowledgement changes one. The floor is Bolt with one listener that acknowledges "
        "and does nothing (`process_before_response=True`), and default Bolt.",
        acks.measure,
        1.6,
    ),
    Part(
        6,
        "survive a crash",
        f"{crash.WEBHOOKS} webhooks of new groups are acknowledged, then the process is killed around "
        f"{crash.CENTRE_S} s after the last one, its embedded state store with it, and started again.",
        crash.measure,
        2.2,
    ),
    Part(
        8,
        "start",
        "From the start of the process to the first 200 of `/readyz`, the state store being up. The floor is an ASGI "
        "application with Redis and a docket worker.",
        start.measure,
        0.7,
    ),
    Part(
        9,
        "memory",
        "The process and its children, without the state store. The floor is the process of goal 8.",
        memory.measure,
        1.1,
    ),
)
SOAK = (
    Part(
        6,
        "survive many crashes",
        f"As in `make bench`, at {SOAK_POINTS} points.",
        _crash_often,
        SOAK_POINTS * 0.3 + 1,
    ),
    Part(
        9,
        "memory after storms",
        f"{memory.STORMS} storms of {memory.WEBHOOKS} groups, each fired and resolved.",
        memory.measure_storms,
        30,
    ),
)


async def measure(parts: Sequence[Part], folder: Path) -> list[Section]:
    """Return one section for each part; one that could not be measured says why and does not stop the others."""
    sections: list[Section] = []
    for part in parts:
        section = Section(part.goal, part.title, part.how)
        try:
            await part.measure(section, folder)
        except NotMeasured as exc:
            section.not_measured = str(exc)
        except (Refused, OSError, RedisError, httpx.HTTPError) as exc:
            section.not_measured = f"{type(exc).__name__}: {exc}"
        print("\n".join(section_lines(section)), flush=True)
        sections.append(section)
    return sections


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page; return 1 when something could not be measured."""
    options = _parser().parse_args(arguments)
    is_soak = options.length == "soak"
    parts = [part for part in (SOAK if is_soak else BENCH) if options.goal in (None, part.goal)]
    print(f"About {sum(part.minutes for part in parts):.0f} minutes on an idle machine.\n", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wk-bench-") as name:
        folder = Path(name)
        machine = this_machine(folder)
        sections = asyncio.run(measure(parts, folder))
    title = "Long measurements" if is_soak else "Measurements"
    text = page(title, machine, sections, time.monotonic() - began)
    if options.goal is None:
        (HERE / ("soak.md" if is_soak else "results.md")).write_text(text, encoding="utf8")
    for section in sections:
        print(f"Goal {section.goal}, {section.title}: {section.summary()}")
    return int(any(section.not_measured for section in sections))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Watchkeeper against its floors.")
    parser.add_argument("length", nargs="?", choices=("bench", "soak"), default="bench", help="which measurements")
    parser.add_argument("--goal", type=int, help="only this goal; nothing is written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
