from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.durations import format_duration, parse_duration

WHOLE_MILLISECONDS = st.integers(min_value=0, max_value=10**15).map(lambda count: timedelta(milliseconds=count))


@given(WHOLE_MILLISECONDS)
def test_a_written_duration_reads_as_the_same(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60s", timedelta(seconds=60)),
        ("5m", timedelta(minutes=5)),
        ("2h30m", timedelta(hours=2, minutes=30)),
        ("30d", timedelta(days=30)),
        ("250ms", timedelta(milliseconds=250)),
        ("1m1ms", timedelta(minutes=1, milliseconds=1)),
        ("0s", timedelta()),
    ],
)
def test_durations_read_as_people_write_them(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "60", "5 m", "m", "-5m", "30m2h", "5m5m", "5M", "1.5h", "٣m", "5min", "999999999d99h"]
)
def test_anything_else_is_refused_in_plain_words(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(text)


def test_the_largest_unit_comes_first() -> None:
    assert format_duration(timedelta(seconds=60)) == "1m"
    assert format_duration(timedelta(hours=26, milliseconds=5)) == "1d2h5ms"


def test_a_negative_duration_has_no_spelling() -> None:
    with pytest.raises(ValueError, match="negative"):
        format_duration(timedelta(seconds=-1))
