"""What the figures were measured on: enough to judge them, nothing that tells one machine from another."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.load import cores
from bot.adapters.valkey_folder import server_program

_PACKAGES = ("starlette", "uvicorn", "uvloop", "httptools", "msgspec", "redis", "pydocket", "slack-bolt")
_APPENDS = 50


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine."""

    cores: int
    memory_gib: float
    system: str
    python: str
    valkey: str
    packages: dict[str, str]
    fsync_us: float
    """One synced append of 4 KiB where the state store writes."""

    def facts(self) -> list[str]:
        """Return what a reader should know."""
        packages = ", ".join(f"{name} {number}" for name, number in self.packages.items())
        return [
            f"Machine: {self.cores} cores, {self.memory_gib:.0f} GiB of memory, {self.system}",
            f"Python {self.python}; {packages}",
            f"State store: Valkey {self.valkey} on a unix socket, `appendfsync always`; "
            f"one synced append of 4 KiB takes {self.fsync_us:,.0f} µs here",
        ]


def this_machine(folder: Path) -> Machine:
    """Return what this machine is; ``folder`` is where the state store will write."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        cores=cores(),
        memory_gib=pages / 2**30,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        valkey=_valkey_version(),
        packages={name: version(name) for name in _PACKAGES},
        fsync_us=_synced_append_us(folder / "append"),
    )


def _valkey_version() -> str:
    said = subprocess.run([server_program(), "--version"], capture_output=True, text=True, check=True).stdout
    return next((word.removeprefix("v=") for word in said.split() if word.startswith("v=")), "of unknown version")


def _synced_append_us(path: Path) -> float:
    taken: list[float] = []
    with path.open("wb", buffering=0) as file:
        for _ in range(_APPENDS):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    path.unlink()
    return median(taken) * 1e6
