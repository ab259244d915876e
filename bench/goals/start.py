"""Goal 8: how soon a start is ready, how soon help is there, and what a start leaves alone."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.children import ROOT, Child, NotMeasured, clean_environment, floor_command, free_port, start
from bench.procfs import cpu_s
from bench.report import Section
from bench.stage import BOT, Stage, stage
from bench.store import running_store
from bench.waiting import until

STARTS = 5
HELPS = 10
UNWANTED = ("docker", "qdrant_client", "prometheus_api_client", "boto3", "kubernetes")


async def measure(section: Section, folder: Path) -> None:
    """Fill the section."""
    await _compare_help(section)
    async with stage(folder) as scene, running_store(scene.folder) as store:
        await _compare_starts(section, scene, store.url)
        found = await _imported(scene, store.url)
        unwanted = [name for name in UNWANTED if name in found]
        section.count(f"Modules loaded after start among {', '.join(UNWANTED)}", len(unwanted), exactly=0)
        section.notes.append(f"{len(found)} modules are loaded after start{_named(unwanted)}")


def _named(unwanted: Sequence[str]) -> str:
    return f"; unwanted: {', '.join(unwanted)}" if unwanted else ""


async def _compare_starts(section: Section, scene: Stage, redis_url: str) -> None:
    floors: list[tuple[float, float]] = []
    bots: list[tuple[float, float]] = []
    for number in range(STARTS + 1):
        port = free_port()
        least = await start("floor-minimal", floor_command("minimal", port, redis=redis_url), scene.folder, port=port)
        floor_took = await _start_and_stop(least)
        bot_took = await _start_and_stop(await scene.start_bot(scene.fresh_data_dir(), redis_url=redis_url))
        if number > 0:  # The first start compiles and fills the page cache.
            floors.append(floor_took)
            bots.append(bot_took)
    section.ratio(
        "Process to ready", median(one[0] for one in floors), median(one[0] for one in bots), "s", at_most=1.8
    )
    section.tell(
        "CPU until ready",
        f"{median(one[1] for one in bots):.2f} s",
        floor=f"{median(one[1] for one in floors):.2f} s",
    )


async def _start_and_stop(child: Child) -> tuple[float, float]:
    """Return the seconds until it was ready, and the CPU seconds it had spent by then."""
    try:
        return await child.ready(), cpu_s(child.pid)
    finally:
        await child.stop()


async def _imported(scene: Stage, redis_url: str) -> list[str]:
    """Return the names of all modules that a bot has imported once it is ready."""
    note = scene.folder / f"modules-{secrets.token_hex(4)}"
    watched = (sys.executable, "-m", "bench.watched", str(note))
    bot = await scene.start_bot(scene.fresh_data_dir(), redis_url=redis_url, command=watched)
    try:
        await bot.ready()
        bot.process.send_signal(signal.SIGUSR1)

        async def written() -> bool:
            return note.exists()

        await until(written, "the list of modules is written", within_s=10)
        return note.read_text(encoding="utf8").splitlines()
    finally:
        await bot.stop()


async def _compare_help(section: Section) -> None:
    bare: list[float] = []
    ours: list[float] = []
    for _ in range(HELPS):
        bare.append(await _run((sys.executable, "-c", "pass")))
        ours.append(await _run((*BOT, "--help")))
    section.ratio(
        "`watchkeeper --help`, beside a bare interpreter", median(bare) * 1000, median(ours) * 1000, "ms", at_most=5
    )


async def _run(argv: Sequence[str]) -> float:
    """Return the seconds a program took from start to end."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=DEVNULL, stdout=DEVNULL, cwd=ROOT, env=clean_environment()
    )
    if await process.wait() != 0:
        raise NotMeasured(f"{' '.join(argv[1:])} ended with {process.returncode}")
    return time.perf_counter() - began
