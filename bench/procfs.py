"""What the kernel says of processes and of the machine: CPU time spent and memory held. Linux only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_BUSY_FIELDS = (0, 1, 2, 5, 6, 7)
"""user, nice, system, irq, softirq and steal of the first line of ``/proc/stat``."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process holds, in MiB."""

    rss_mib: float
    """Resident; pages shared with others count whole."""
    pss_mib: float
    """Resident; a page shared by n processes counts 1/n."""


def cpu_s(pid: int) -> float:
    """Return the CPU seconds (user and system) of a process with all its threads, in steps of 10 ms."""
    # The program's name, in brackets, may hold spaces: what follows it does not.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def machine_busy_s() -> float:
    """Return the CPU seconds that all cores together have worked since the machine started."""
    with open("/proc/stat", encoding="utf8") as stat:
        fields = stat.readline().split()[1:]
    return sum(int(fields[index]) for index in _BUSY_FIELDS) / _TICKS_PER_S


def memory(pid: int) -> Memory:
    """Return what a process holds now."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf8") as rollup:
        lines = [line.partition(":") for line in rollup if line.endswith("kB\n")]
    sizes = {name: int(rest.split()[0]) for name, _, rest in lines}
    return Memory(sizes["Rss"] / 1024, sizes["Pss"] / 1024)


def descendants(pid: int) -> list[int]:
    """Return the process ids of all living children, and theirs."""
    found: list[int] = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in tasks.read_text(encoding="utf8").split():
            found += [int(child), *descendants(int(child))]
    return found


def tree_memory(pid: int) -> Memory:
    """Return what a process and all its descendants hold together."""
    each = [memory(one) for one in (pid, *descendants(pid))]
    return Memory(sum(one.rss_mib for one in each), sum(one.pss_mib for one in each))
