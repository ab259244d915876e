"""Running the doctor over an installation, and the faults it must find: what each row of the table is made of."""

from __future__ import annotations

import copy
import io
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml

from bot.doctor import consult
from bot.domain.checks import Check, Level
from bot.domain.settings import MASK
from bot.manifest import DEFINITION

S = TypeVar("S")

SCOPES = [scope.name for scope in DEFINITION.scopes]


@dataclass(frozen=True, slots=True)
class Line:
    """One finding, as the JSON report has it."""

    check: str
    level: str
    subject: str
    text: str
    fix: str
    section: str


@dataclass(frozen=True, slots=True)
class Examination:
    """What one run of the doctor gave."""

    code: int
    lines: Sequence[Line]
    written: str

    @property
    def troubles(self) -> list[Line]:
        """Everything that is not fine."""
        return [line for line in self.lines if line.level != "ok"]

    def trouble(self, check: Check, level: Level, says: str) -> Line:
        """Return the one finding of a check that says this; fails with everything found where there is none."""
        found = [it for it in self.troubles if (it.check, it.level) == (check, level.lower()) and says in it.text]
        assert len(found) == 1, f"{check} {level} {says!r}: {len(found)} of {self.shown()}"
        return found[0]

    def shown(self) -> str:
        """Return every trouble as lines, for the message of a failed test."""
        return "\n".join(f"{it.level} {it.check} {it.text} | {it.fix}" for it in self.troubles) or "nothing"


@dataclass(slots=True)
class Installed:
    """An installation as its keepers see it: variables and a configuration file, changed at will."""

    folder: Path
    environ: dict[str, str]
    config: dict[str, Any]
    profile: str | None = None
    """The text of a profile of its own, ``shop.yaml`` beside the configuration."""
    _healthy: tuple[dict[str, str], dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self._healthy = (copy.deepcopy(self.environ), copy.deepcopy(self.config))

    @property
    def path(self) -> Path:
        return self.folder / "watchkeeper.yaml"

    @property
    def platform(self) -> dict[str, Any]:
        """The one platform of the configuration."""
        platform: dict[str, Any] = self.config["platforms"][0]
        return platform

    def heal(self) -> None:
        """Return to the variables and the file it was made with."""
        self.environ, self.config = copy.deepcopy(self._healthy[0]), copy.deepcopy(self._healthy[1])
        self.path.unlink(missing_ok=True)

    def write(self) -> None:
        """Write the configuration; the mode of a file that is there stays."""
        if self.profile is not None:
            (self.folder / "shop.yaml").write_text(self.profile)
        self.path.write_text(yaml.safe_dump(self.config, sort_keys=False))

    async def examine(self, *, strict: bool = False) -> Examination:
        """Run the doctor in this process and read its JSON."""
        self.write()
        out = io.StringIO()
        code = await consult(out, scopes=SCOPES, strict=strict, as_json=True, environ=self.environ)
        told = json.loads(out.getvalue())
        assert told["exit_code"] == code
        return Examination(code, [Line(**line) for line in told["findings"]], out.getvalue())

    async def read(self) -> str:
        """Run the doctor in this process and return what a person reads."""
        self.write()
        out = io.StringIO()
        await consult(out, scopes=SCOPES, strict=False, as_json=False, environ=self.environ)
        return out.getvalue()


@dataclass(frozen=True, slots=True)
class Fault(Generic[S]):
    """One planted fault: how it gets there, what finds it, and how its fix is followed."""

    name: str
    check: Check
    level: Level
    says: str
    """Part of the finding's text."""
    fix: str
    """Part of the finding's fix."""
    plant: Callable[[S], Awaitable[None]]
    mend: Callable[[S, str], Awaitable[None]]
    """Does what the fix says; it is given the fix's words and takes commands, values and snippets from them."""
    code: int | None = None
    """The exit code; None: what the level asks for."""

    @property
    def exit_code(self) -> int:
        """The exit code without ``--strict``."""
        if self.code is not None:
            return self.code
        return 1 if self.level is Level.FAIL else 0


def quoted(fix: str) -> list[str]:
    """Return what stands between backquotes in a fix: commands, settings and snippets to be used as they are."""
    return re.findall(r"`([^`]+)`", fix)


def settings(fix: str) -> Mapping[str, Any]:
    """Return the settings (``key: value``) a fix gives between backquotes."""
    found: dict[str, Any] = {}
    for snippet in quoted(fix):
        loaded = yaml.safe_load(snippet) if ": " in snippet else None
        if isinstance(loaded, dict):
            found |= loaded
    return found


async def found_and_healed(fault: Fault[S], place: S, installed: Installed) -> None:
    """Plant a fault, see it named, do what its fix says, and see nothing left to find."""
    await fault.plant(place)
    sick = await installed.examine()
    finding = sick.trouble(fault.check, fault.level, fault.says)
    assert fault.fix in finding.fix
    assert sick.code == fault.exit_code
    assert MASK not in sick.written, "a word of ours was taken for a secret"
    await fault.mend(place, finding.fix)
    healed = await installed.examine(strict=True)
    assert (healed.code, healed.shown()) == (0, "nothing")
