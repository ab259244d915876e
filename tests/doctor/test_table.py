"""The table of planted faults as a whole: every check has a fault that only its fix heals."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bot.domain.checks import Check
from tests.doctor import office, plant
from tests.doctor.examining import Fault

FAULTS: list[Fault[Any]] = [*office.FAULTS, *plant.FAULTS]
JUDGED_BY_RULES = {
    Check.DATA_SPACE: "a disk cannot be filled for a test",
    Check.STORE_VERSION: "no older store is packaged",
}
"""Checks whose facts cannot be planted here; `test_rules.py` judges made-up facts."""


def test_names_are_unique() -> None:
    assert max(Counter(fault.name for fault in FAULTS).values()) == 1


def test_every_check_has_a_planted_fault() -> None:
    assert {fault.check for fault in FAULTS} | set(JUDGED_BY_RULES) == set(Check)
