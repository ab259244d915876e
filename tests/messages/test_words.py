"""Values of metrics read as people say them."""

from __future__ import annotations

import pytest

from bot.messages.words import measured


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.4505, "seconds", "450 ms"),
        (1.7234, "seconds", "1.72 s"),
        (0.2828, "ratio", "28.3 %"),
        (85.04, "percent", "85 %"),
        (5.902, "per_second", "5.9/s"),
        (1_610_612_736, "bytes", "1.5 GiB"),
        (12, "bytes", "12 B"),
        (12_000, "count", "12,000"),
        (0.5, "count", "0.5"),
        (0, "ratio", "0 %"),
    ],
)
def test_a_value_is_said_with_its_unit(value: float, unit: str, said: str) -> None:
    assert measured(value, unit) == said
