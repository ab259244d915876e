"""What was found, as a page: every goal beside its floor, with PASS or MISS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bench.machine import Machine


class Verdict(StrEnum):
    """What came of one goal."""

    PASS = "PASS"
    MISS = "MISS"
    INFORMATION = "–"
    """No goal is set."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure beside its floor."""

    what: str
    floor: str
    bot: str
    measured: str
    goal: str = "–"
    verdict: Verdict = Verdict.INFORMATION


@dataclass(slots=True)
class Section:
    """One goal with its figures."""

    goal: int
    title: str
    how: str
    """What was measured, in a sentence or two."""
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    not_measured: str = ""
    """Why there are no (more) figures."""

    def ratio(self, what: str, floor: float, bot: float, unit: str, *, at_most: float = 0, at_least: float = 0) -> None:
        """Add the ratio of bot to floor, which is to be at most or at least a number."""
        found = bot / floor
        is_good = found <= at_most if at_most else found >= at_least
        goal = f"≤ {at_most:g}×" if at_most else f"≥ {at_least:g}×"
        self.lines.append(Line(what, amount(floor, unit), amount(bot, unit), f"{found:.2f}×", goal, _verdict(is_good)))

    def count(self, what: str, found: float, *, at_most: float | None = None, exactly: float | None = None) -> None:
        """Add a count that has no floor."""
        is_good = found == exactly if exactly is not None else at_most is not None and found <= at_most
        goal = f"{exactly:g}" if exactly is not None else f"≤ {at_most:g}"
        self.lines.append(Line(what, "–", f"{found:.2f}".rstrip("0").rstrip("."), "–", goal, _verdict(is_good)))

    def tell(self, what: str, bot: str, *, floor: str = "–", measured: str = "–") -> None:
        """Add figures that no goal is set for."""
        self.lines.append(Line(what, floor, bot, measured))

    def summary(self) -> str:
        """Return how many goals were reached and missed."""
        verdicts = [line.verdict for line in self.lines]
        broken = ", not measured to the end" if self.not_measured else ""
        return f"{verdicts.count(Verdict.PASS)} PASS, {verdicts.count(Verdict.MISS)} MISS{broken}"


def amount(value: float, unit: str) -> str:
    """Return a value with its unit, as many digits as say something."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def page(title: str, machine: Machine, sections: Sequence[Section], took_s: float) -> str:
    """Return the whole page as Markdown."""
    head = [f"# {title}", "", *(f"- {fact}" for fact in machine.facts()), f"- Duration: {took_s:.0f} s", ""]
    return "\n".join([*head, *(line for section in sections for line in section_lines(section))])


def section_lines(section: Section) -> list[str]:
    """Return one goal as Markdown."""
    lines = [f"## Goal {section.goal}: {section.title}", "", section.how, ""]
    if section.lines:
        lines += ["| What | Floor | Watchkeeper | Measured | Goal | Verdict |", "| --- | --: | --: | --: | --: | --- |"]
        lines += [
            f"| {one.what} | {one.floor} | {one.bot} | {one.measured} | {one.goal} | {one.verdict} |"
            for one in section.lines
        ]
        lines.append("")
    if section.not_measured:
        lines += [f"Not measured to the end: {section.not_measured}", ""]
    if section.notes:
        lines += [*(f"- {note}" for note in section.notes), ""]
    return lines


def _verdict(is_good: bool) -> Verdict:
    return Verdict.PASS if is_good else Verdict.MISS
