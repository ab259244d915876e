"""The home tab: what is this person's to do, with the buttons that do it, within Slack's blocks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.answers import Outlook, Problem
from bot.domain.findings import Verdict
from bot.domain.incidents import IncidentState
from bot.domain.rights import Need, Risk
from bot.domain.runs import RunState
from bot.messages.answers import render_answer
from bot.messages.home import Home, home_view, no_rights_view, refused_home_view
from bot.messages.message import Message
from bot.messages.modals import View
from bot.messages.plain import to_plain
from tests.messages import builders as a
from tests.messages.hostile import HOSTILE
from tests.messages.slack_checks import buttons, check_harmless
from tests.slack_models import complaints_about_view

PEOPLE = frozenset({"<@U0ADA>", "<@U0BEN>", "<!subteam^S0SEARCH>"})
LINK = "https://sandbox.slack.test/archives/C0INC/p1"


def a_home(*, text: a.Text = a.friendly, many: int = 1) -> Home:
    held = a.an_incident(IncidentState.ACKNOWLEDGED, text=text)
    return Home(
        as_of=a.NOW,
        mine=(held,) * many,
        unheld=(replace(a.an_incident(text=text), number=43),) * many,
        held=many,
        approvals=(a.an_approval(text=text),) * many,
        asked=(replace(a.an_approval(text=text, need=Need.TWO, risk=Risk.DESTRUCTIVE), number=8),) * many,
        runs=(a.a_run(text=text),) * many,
        platforms=(
            Outlook(a.SEARCH, text("Search"), Verdict.CRITICAL, a.NOW, (text("qdrant: container exited"),) * many),
            Outlook(a.SEARCH, text("Search"), Verdict.UNKNOWN, a.NOW, (text("web: no answer within 3 s"),)),
        )
        * many,
        links={"INC-42": LINK, "INC-43": LINK, "APR-7": LINK, "APR-8": LINK, "RUN-12": LINK},
    )


def as_message(view: View) -> Message:
    """Return the blocks of a view as a message, for what looks at messages."""
    blocks = view["blocks"]
    assert isinstance(blocks, list)
    return Message("home", tuple(blocks))


@pytest.mark.parametrize("many", [0, 1, 300])
def test_slack_takes_a_home_of_any_size(many: int) -> None:
    view = home_view(a_home(many=many))
    assert complaints_about_view(view) == []
    assert len(as_message(view).blocks) <= 100


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_in_a_home_does_harm(hostile: str) -> None:
    view = home_view(a_home(text=lambda _: hostile))
    assert complaints_about_view(view) == []
    check_harmless(as_message(view), calling=PEOPLE | {f"<{LINK}|"})


def test_a_home_reads_as_a_whole() -> None:
    assert to_plain(as_message(home_view(a_home()))) == (
        "3 incidents open · 1 request waiting for your yes\n"
        "as of 03:12:05 UTC\n"
        "In your hands\n"
        "👀 INC-42 · sev1 · Qdrant does not answer\n"
        "search-prod/qdrant · open 2026-01-02 03:00 UTC\n"
        "Nobody has these\n"
        "🔥 INC-43 · sev1 · Qdrant does not answer\n"
        "search-prod/qdrant · open 2026-01-02 03:00 UTC\n"
        "1 other incident is in other people's hands.\n"
        "Waiting for your yes\n"
        "✋ APR-7 · Restart qdrant on search-prod (production)\n"
        "until 2026-01-02 03:26 UTC, 14 min left\n"
        "You asked for\n"
        f"✋ APR-8 ({LINK}) Restart qdrant on search-prod waits for the yes of two people\n"
        "Runs under way\n"
        f"▶️ RUN-12 ({LINK}) Restart qdrant on search-prod is running, step 2 of 2\n"
        "Platforms\n"
        "search-prod 🔴 degraded, as of 03:12:05 UTC\n"
        "   • qdrant: container exited\n"
        "search-prod ❔ unknown, as of 03:12:05 UTC\n"
        "   • web: no answer within 3 s\n"
        "    /ops status\n"
        "    /incident list\n"
        "    /ops approvals\n"
        "    /incident declare\n"
        "    /ops restart\n"
        "/ops and /incident show a menu · in a thread, where they do not work, mention me: @watchkeeper status"
        " · /ops help lists everything"
    )


def test_each_thing_has_the_buttons_that_move_it() -> None:
    found = buttons(as_message(home_view(a_home())))
    assert found[:6] == [
        ("home.open", "Open thread"),
        ("home.open", "Open thread"),
        ("incident.ack", "Acknowledge"),
        ("home.open", "Read plan"),
        ("approval.approve", "Approve"),
        ("approval.deny", "Deny…"),
    ]


def test_who_may_only_look_gets_no_button_that_acts() -> None:
    view = home_view(replace(a_home(), can_act=False, approvals=()))
    assert "incident.ack" not in [action for action, _ in buttons(as_message(view))]
    assert "/ops restart" not in to_plain(as_message(view))


def test_a_calm_home_says_so() -> None:
    said = to_plain(as_message(home_view(Home(a.NOW))))
    assert said.startswith("No incident is open\nas of 03:12:05 UTC\nNothing is in your hands, and nothing waits")


def test_unknown_is_never_healthy() -> None:
    said = to_plain(as_message(home_view(Home(a.NOW, platforms=(Outlook(a.SEARCH, "S", Verdict.UNKNOWN, a.NOW),)))))
    assert "unknown" in said
    assert "healthy" not in said


def test_runs_that_wait_for_a_person_say_so() -> None:
    said = to_plain(as_message(home_view(Home(a.NOW, runs=(a.a_run(RunState.NEEDS_HUMAN),)))))
    assert "🆘 RUN-12 Restart qdrant on search-prod needs a person" in said


def test_a_home_without_rights_says_whom_to_ask() -> None:
    view = no_rights_view(a.NOW, (a.OWNERS,))
    assert complaints_about_view(view) == []
    assert "You hold no role here, so there is nothing to show. Ask S0SEARCH for" in to_plain(as_message(view))


def test_a_refused_home_says_why_and_what_to_do() -> None:
    view = refused_home_view(render_answer(Problem("U0X is a guest.")))
    assert complaints_about_view(view) == []
    said = to_plain(as_message(view))
    assert said.startswith("U0X is a guest.\nAsk whoever keeps Watchkeeper here")
