"""`docs/doctor.md` is the catalogue of checks. After a change: `python -m tests.doctor.write_doctor_page`."""

from __future__ import annotations

from bot.domain.checks import Check
from bot.services.inspection.catalogue import CATALOGUE, page
from tests.doctor.write_doctor_page import PAGE


def test_page_says_what_the_catalogue_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_check_is_explained_once_and_in_order() -> None:
    assert list(CATALOGUE) == list(Check)
