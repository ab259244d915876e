"""What the page says follows from the figures, and names neither the machine nor its folders."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from bench.__main__ import BENCH, SOAK, main
from bench.load import Measured
from bench.machine import this_machine
from bench.procfs import cpu_s, machine_busy_s, tree_memory
from bench.report import Section, Verdict, page, section_lines
from bench.rounds import Series


def measured(*, cpu: float, statuses: dict[int, int] | None = None, others: float = 0.0) -> Measured:
    return Measured(100, 1.0, 1.0, 2.0, cpu, 0.0, others, statuses or {200: 100})


def test_ratios_are_judged_by_their_bound() -> None:
    section = Section(1, "title", "how")
    section.ratio("CPU", 100, 200, "µs", at_most=2.0)
    section.ratio("CPU", 100, 201, "µs", at_most=2.0)
    section.ratio("Requests", 100, 50, "/s", at_least=0.5)
    section.ratio("Requests", 100, 49, "/s", at_least=0.5)
    section.count("Lost", 0, exactly=0)
    section.count("Trips", 2.01, at_most=2)
    assert [line.verdict for line in section.lines] == [Verdict.PASS, Verdict.MISS] * 3


def test_medians_are_compared_and_the_worst_disturbance_is_told() -> None:
    series = Series((measured(cpu=0.1), measured(cpu=0.9, others=0.3), measured(cpu=0.2, statuses={200: 98, 503: 2})))
    assert series.cpu_us == 2000
    assert "others ≤ 30%" in series.summary()
    assert "2 answers not 200" in series.summary()


def test_page_says_what_could_not_be_measured() -> None:
    section = Section(6, "crash", "how", not_measured="the bot ended with 1")
    assert "Not measured to the end: the bot ended with 1" in section_lines(section)


def test_page_names_neither_machine_nor_folder(tmp_path: Path) -> None:
    text = page("Measurements", this_machine(tmp_path), [Section(1, "title", "how")], 60)
    assert platform.node() not in text
    assert str(tmp_path) not in text
    assert "cores" in text


def test_kernel_tells_of_this_process() -> None:
    assert 0 < cpu_s(os.getpid()) <= machine_busy_s()
    held = tree_memory(os.getpid())
    assert held.rss_mib >= held.pss_mib > 1


def test_lengths_name_their_goals_once() -> None:
    for parts in (BENCH, SOAK):
        assert len({part.goal for part in parts}) == len(parts)


def test_unknown_length_is_refused() -> None:
    with pytest.raises(SystemExit):
        main(["forever"])
