"""Nothing that somebody wrote reaches Slack's markup with a meaning of its own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.limits import capped, cut
from bot.messages.mrkdwn import (
    DateForm,
    Mrkdwn,
    bold,
    clean,
    code,
    date,
    escape,
    fence,
    join,
    link,
    mention,
    paragraphs,
    say,
    shorten,
    without_mentions,
)
from tests.messages.hostile import HOSTILE
from tests.messages.slack_checks import HARMFUL

MOMENT = datetime(2026, 1, 2, 3, 12, 5, tzinfo=UTC)
anything = st.text() | st.sampled_from(HOSTILE)


@given(anything)
def test_escaped_text_is_one_line_without_angle_brackets_or_backticks(text: str) -> None:
    escaped = escape(text)
    assert not re.search("[<>`\n]", escaped)
    assert not HARMFUL.search(escaped)
    escaped.encode()


@given(anything)
def test_an_escaped_ampersand_always_begins_an_entity(text: str) -> None:
    assert not re.search("&(?!(?:amp|lt|gt);)", escape(text))


@given(st.text(alphabet="abc &<>'", min_size=0, max_size=50))
def test_escaping_loses_nothing_a_reader_sees(text: str) -> None:
    back = escape(text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert back == text


@given(anything, st.integers(min_value=1, max_value=200))
def test_cut_text_fits_and_says_that_it_was_cut(text: str, size: int) -> None:
    short = cut(text, size)
    assert len(short) <= size
    assert short == text if len(text) <= size else short.endswith("…")


@given(anything, anything, st.integers(min_value=1, max_value=300))
def test_shortened_markup_fits_and_is_never_cut_inside_a_token(one: str, two: str, size: int) -> None:
    page = link("https://a.example/?b&c", two)
    text = say("{one} {who} {page} {two}", one=one, who=mention("U0ADA"), page=page, two=two)
    short = shorten(text, size)
    assert len(short) <= max(size, 1)
    assert short.count("<") == short.count(">")
    assert not re.search("&(?!(?:amp|lt|gt);)", short)


@given(st.lists(anything, max_size=5), st.integers(min_value=1, max_value=4))
def test_a_capped_list_says_how_many_it_hides(items: list[str], most: int) -> None:
    shown, more = capped(items, most)
    hidden = len(items) - len(shown)
    assert more == (f"and {hidden} more" if hidden else "")


@given(anything)
def test_code_keeps_exactly_its_own_two_backticks(text: str) -> None:
    assert code(text).count("`") in (0, 2)
    assert not re.search("[<>\n]", code(text))


@given(anything)
def test_a_fence_cannot_be_ended_from_inside(text: str) -> None:
    assert fence(text).count("```") == 2
    assert not re.search("[<>]", fence(text))


def test_escape_says_exactly_what_was_written() -> None:
    assert escape("a < b & c > d") == "a &lt; b &amp; c &gt; d"
    assert escape("<!channel> <@U0ADA>") == "&lt;!channel&gt; &lt;@U0ADA&gt;"
    assert escape("one\ntwo\u2028three") == "one two three"
    assert escape("`rm`") == "'rm'"
    assert escape("safe\u202egnp") == "safegnp"
    assert escape("\x1b[31mred\x1b[0m") == "red"


def test_a_bare_broadcast_is_broken_up() -> None:
    assert "@channel" not in escape("@channel look")
    assert "@here" not in escape("x@here")


def test_paragraphs_keep_their_lines() -> None:
    assert paragraphs("one\r\n<two>") == "one\n&lt;two&gt;"


def test_say_escapes_what_is_not_safe_and_keeps_what_is() -> None:
    assert say("{who} said {what}", who=mention("U0ADA"), what="<!here>") == "<@U0ADA> said &lt;!here&gt;"
    assert say("{text}", text="{0} {name}") == "{0} {name}"


def test_bold_text_cannot_end_its_own_bold() -> None:
    assert bold("a * b") == "*a ∗ b*"
    assert bold("  ") == ""


@pytest.mark.parametrize("url", ["https://a.example/x?a=1&b=2", "http://a.example:8080/"])
def test_web_addresses_become_links(url: str) -> None:
    assert link(url, "Run|book") == f"<{url.replace('&', '&amp;')}|Run¦book>"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "mailto:a@b.example",
        "https://",
        "//a.example",
        "https://a.example/ x",
        "https://a.example/\u202e",
        "https://[bad",
        "https://a.example/" + "x" * 4_000,
        "",
    ],
)
def test_other_addresses_leave_only_their_label(url: str) -> None:
    assert link(url, "<Runbook>") == "&lt;Runbook&gt;"


def test_a_link_cannot_be_left_from_its_address() -> None:
    assert link("https://a.example/>|<!channel>", "x") == "<https://a.example/%3E%7C%3C!channel%3E|x>"


@pytest.mark.parametrize(
    ("who", "shown"),
    [
        ("U0ADA", "<@U0ADA>"),
        ("W0ADA", "<@W0ADA>"),
        ("S0OPS", "<!subteam^S0OPS>"),
        ("alert source", "alert source"),
        ("watchkeeper", "Watchkeeper"),
        ("cli:root", "root at the terminal"),
        ("*", "everybody"),
        ("U0ADA> <!channel", "U0ADA&gt; &lt;!channel"),
        ("C0INC", "C0INC"),
        ("U0ADA\n", "U0ADA "),
    ],
)
def test_only_people_and_groups_are_mentioned(who: str, shown: str) -> None:
    assert mention(who) == shown


def test_dates_carry_a_utc_fallback() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert date(elsewhere) == "<!date^1767323525^{time} {date_short_pretty}|2026-01-02 03:12 UTC>"
    assert date(MOMENT, DateForm.SECONDS) == "<!date^1767323525^{time_secs}|03:12:05 UTC>"


def test_a_moment_that_slack_does_not_know_stays_plain() -> None:
    assert date(datetime(1, 1, 1, tzinfo=UTC), DateForm.SECONDS) == "00:00:00 UTC"


def test_join_leaves_out_what_is_not_there() -> None:
    assert join(" · ", [escape("a"), escape(""), escape("b")]) == "a · b"


def test_mentions_are_taken_away_but_for_those_to_keep() -> None:
    text = join(" ", [mention("U0ADA"), mention("S0OPS"), date(MOMENT)])
    assert without_mentions(text, keep=["U0ADA"]).startswith("<@U0ADA> S0OPS <!date^")


def test_clean_keeps_lines_where_asked() -> None:
    assert clean("a\tb\r\nc\x0bd", keep_lines=True) == "a b\nc\nd"


def test_safe_text_is_made_in_one_module_only() -> None:
    """Elsewhere only the sentence of a message, safe since it was composed, may be called safe again."""
    package = Path(__file__).parents[2] / "bot" / "messages"
    made = re.compile(r"\bMrkdwn\((?!message\.text\))")
    assert {path.name for path in package.glob("*.py") if made.search(path.read_text("utf-8"))} == {"mrkdwn.py"}
    assert type(say("{a}", a=1)) is Mrkdwn
