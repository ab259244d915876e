"""Every modal is taken by Slack and keeps what people type within its sizes."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.ids import PlatformName
from bot.domain.rights import Severity
from bot.domain.runs import HumanChoice
from bot.messages import modals
from tests.messages.hostile import HOSTILE
from tests.messages.slack_checks import check_modal

PLATFORMS = {PlatformName("search-prod"): "Search production", PlatformName("search-dev"): "Search development"}


def every_modal(text: str = "Qdrant does not answer") -> list[modals.View]:
    """Return one modal of every kind."""
    return [
        modals.deny_view("APR-7", "01KD"),
        modals.resolve_view("INC-42", 0, "01KD"),
        modals.resolve_view("INC-42", 3, "01KD"),
        modals.note_view("INC-42", "01KD", text=text),
        modals.severity_view("INC-42", Severity.SEV2, "01KD"),
        modals.declare_view(PLATFORMS, "01KD", platform=PlatformName("search-dev"), title=text),
        modals.declare_view({PlatformName(f"p{n}"): text for n in range(300)}, "01KD"),
        *(modals.settle_step_view(choice, "RUN-12", text, "01KD") for choice in HumanChoice),
        modals.loading_view(text),
        modals.problem_view(text, text),
    ]


def test_slack_takes_every_modal() -> None:
    for view in every_modal():
        check_modal(view)


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_in_a_modal_does_harm(hostile: str) -> None:
    for view in every_modal(hostile):
        check_modal(view)


def test_the_severity_of_today_is_chosen_already() -> None:
    view: Any = modals.severity_view("INC-42", Severity.SEV2, "01KD")
    assert view["blocks"][0]["element"]["initial_option"]["value"] == "sev2"


def test_a_note_starts_with_what_a_message_said() -> None:
    view: Any = modals.note_view("INC-42", "01KD", text="disk\nis full")
    assert view["blocks"][0]["element"]["initial_value"] == "disk\nis full"


def test_ids_are_never_cut() -> None:
    with pytest.raises(ValueError, match="private metadata"):
        modals.deny_view("APR-7", "x" * 3_001)


def test_every_form_has_a_callback_of_its_own() -> None:
    callbacks = {str(view["callback_id"]) for view in every_modal() if "callback_id" in view}
    assert callbacks == {
        modals.DENY_CALLBACK,
        modals.RESOLVE_CALLBACK,
        modals.NOTE_CALLBACK,
        modals.SEVERITY_CALLBACK,
        modals.DECLARE_CALLBACK,
        modals.MARK_DONE_CALLBACK,
        modals.GIVE_UP_CALLBACK,
    }
