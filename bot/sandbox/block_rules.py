"""The grammar Block Kit's limits are written in: small rules over JSON values that collect what is wrong and where."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(slots=True)
class Findings:
    """What one check found; ``surface`` is ``message``, ``modal`` or ``home``.

    ``problems`` are lines in Slack's form, each with a JSON pointer; ``characters`` is all text counted so far.
    """

    surface: str
    problems: list[str] = field(default_factory=list)
    characters: int = 0

    def add(self, pointer: str, fact: str) -> None:
        """Note one problem at a JSON pointer."""
        self.problems.append(f"[ERROR] {fact} [json-pointer:{pointer}]")


Rule: TypeAlias = Callable[[Findings, Any, str], None]
"""Checks one value at one JSON pointer."""


def anything(findings: Findings, value: Any, pointer: str) -> None:
    """Accept any value: a field whose content Slack does not limit."""


def string(longest: int, *, shortest: int = 1, counts: bool = False) -> Rule:
    """Return a rule for a bare string of ``shortest``..``longest`` characters; ``counts`` adds it to the total."""

    def check(findings: Findings, value: Any, pointer: str) -> None:
        if not isinstance(value, str):
            findings.add(pointer, "must be a string")
            return
        if len(value) < shortest:
            findings.add(pointer, f"must be more than {shortest - 1} characters")
        if len(value) > longest:
            findings.add(pointer, f"must be less than {longest + 1} characters")
        findings.characters += len(value) if counts else 0

    return check


def matching(pattern: str, description: str) -> Rule:
    """Return a rule for a string of one form, named by ``description``."""
    compiled = re.compile(pattern)

    def check(findings: Findings, value: Any, pointer: str) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            findings.add(pointer, f"must be {description}")

    return check


def flag(findings: Findings, value: Any, pointer: str) -> None:
    """Accept true or false."""
    if not isinstance(value, bool):
        findings.add(pointer, "must be a boolean")


def choice(*values: str) -> Rule:
    """Return a rule for one of a closed set of strings."""

    def check(findings: Findings, value: Any, pointer: str) -> None:
        if value not in values:
            findings.add(pointer, f"must be one of {', '.join(values)}")

    return check


def number(least: float | None = None, most: float | None = None, *, whole: bool = True) -> Rule:
    """Return a rule for a number inside bounds; ``whole`` refuses fractions."""

    def check(findings: Findings, value: Any, pointer: str) -> None:
        allowed = (int,) if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, allowed):
            findings.add(pointer, "must be an integer" if whole else "must be a number")
            return
        if least is not None and value < least:
            findings.add(pointer, f"must be at least {least}")
        if most is not None and value > most:
            findings.add(pointer, f"must be at most {most}")

    return check


def items(rule: Rule, least: int, most: int) -> Rule:
    """Return a rule for an array of ``least``..``most`` values that each satisfy ``rule``."""

    def check(findings: Findings, value: Any, pointer: str) -> None:
        if not isinstance(value, list):
            findings.add(pointer, "must be an array")
            return
        if len(value) < least:
            findings.add(pointer, f"must have at least {least} items, {len(value)} given")
        if len(value) > most:
            findings.add(pointer, f"no more than {most} items allowed, {len(value)} given")
        for index, item in enumerate(value):
            rule(findings, item, f"{pointer}/{index}")

    return check


def shape(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """Return a rule for an object with exactly these fields; ``type`` is always allowed."""
    known = {"type": anything, **(optional or {}), **required}

    def check(findings: Findings, value: Any, pointer: str) -> None:
        if not isinstance(value, dict):
            findings.add(pointer, "must be an object")
            return
        for name in required:
            if value.get(name) is None:
                findings.add(pointer, f"missing required field: {name}")
        for name, content in value.items():
            if name not in known:
                findings.add(pointer, f"invalid additional property: {name}")
            elif content is not None:
                known[name](findings, content, f"{pointer}/{name}")

    return check


def typed(kinds: Mapping[str, Rule]) -> Rule:
    """Return a rule for an object whose ``type`` picks the rule."""

    def check(findings: Findings, value: Any, pointer: str) -> None:
        if not isinstance(value, dict):
            findings.add(pointer, "must be an object")
            return
        rule = kinds.get(str(value.get("type")))
        if rule is None:
            findings.add(f"{pointer}/type", f"unsupported type: {value.get('type')}")
            return
        rule(findings, value, pointer)

    return check


def also(rule: Rule, *more: Rule) -> Rule:
    """Return a rule that applies several in order; the later ones only to objects."""

    def check(findings: Findings, value: Any, pointer: str) -> None:
        rule(findings, value, pointer)
        if isinstance(value, dict):
            for extra in more:
                extra(findings, value, pointer)

    return check


def text(longest: int, *, plain_only: bool = False) -> Rule:
    """Return a rule for a text object of 1..``longest`` characters."""
    content = string(longest, counts=True)
    kinds: dict[str, Rule] = {"plain_text": shape({"text": content}, {"emoji": flag})}
    if not plain_only:
        kinds["mrkdwn"] = shape({"text": content}, {"verbatim": flag})
    return typed(kinds)


def plain(longest: int) -> Rule:
    """Return a rule for a ``plain_text`` object of 1..``longest`` characters."""
    return text(longest, plain_only=True)


def needs(name: str) -> Rule:
    """Return a rule for an object that must have one more field."""

    def check(findings: Findings, value: Any, pointer: str) -> None:
        if value.get(name) is None or value[name] == "":
            findings.add(pointer, f"missing required field: {name}")

    return check


def link(longest: int) -> Rule:
    """Return a rule for an address of 1..``longest`` characters; without a scheme it is none."""
    length, form = string(longest), re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")

    def check(findings: Findings, value: Any, pointer: str) -> None:
        length(findings, value, pointer)
        if isinstance(value, str) and value and not form.fullmatch(value):
            findings.add(pointer, "must be a valid URL")

    return check


IDENTIFIER = string(255)
URL = link(3000)
EXACTLY_ONE_IMAGE_SOURCE = "exactly one of image_url and slack_file must be given"


def one_image_source(findings: Findings, value: Any, pointer: str) -> None:
    """Refuse an image with both sources or none."""
    if ("image_url" in value) == ("slack_file" in value):
        findings.add(pointer, EXACTLY_ONE_IMAGE_SOURCE)
