"""`docs/messages.md` shows what the builders render. After a change: `python -m tests.messages.write_messages_page`."""

from __future__ import annotations

import re

from bot.domain.approvals import ApprovalState
from bot.domain.effects import NoticeKind
from bot.domain.incidents import IncidentState
from bot.domain.runs import RunState
from tests.messages.gallery import page, sections
from tests.project.checkout import ROOT

PAGE = ROOT / "docs" / "messages.md"
ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")


def test_the_page_shows_what_is_rendered() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_state_and_notice_is_on_the_page() -> None:
    shown = {heading: len(found) for heading, found in sections()}
    assert shown["Incident card"] == len(IncidentState)
    assert shown["Approval card"] > len(ApprovalState)
    assert shown["Run card"] == len(RunState)
    assert shown["Notices"] > len(NoticeKind) - 2


def test_no_message_shows_machine_times_or_raw_markup() -> None:
    assert not ISO.search(page())
    assert "<!date" not in page()


def test_notifications_are_sentences() -> None:
    said = [line for line in page().splitlines() if line.startswith("notification: ")]
    ours = [line.removesuffix(" U0ADA") for line in said if "📝" not in line]  # a note is in its writer's words
    assert [line for line in ours if line[-1] not in ".!?…"] == []
