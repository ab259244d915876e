"""Secrets are told by how they look, and text of strangers cannot make the look expensive."""

from __future__ import annotations

import time

import pytest

from bot.domain.redaction import Redactor
from bot.domain.settings import MASK, Secret

LONG = 100_000


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("api_key: abc", f"api_key: {MASK}"),
        ('{"my-API-key" : "x y", "n": 1}', f'{{"my-API-key" : {MASK}, "n": 1}}'),
        ("MY_SECRET_2=abc,other", f"MY_SECRET_2={MASK},other"),
        ("password='a b' user=c", f"password={MASK} user=c"),
        ("Authorization: Bearer abcdef.ghi", f"Authorization: Bearer {MASK}"),
        ("redis://keeper:word@store:6379/0", f"redis://{MASK}@store:6379/0"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl now", f"got {MASK} now"),
        ("xoxb-123456789-abcdef", MASK),
        ("tokens left: none spent, the secret is out", "tokens left: none spent, the secret is out"),
        ("known-word here", f"{MASK} here"),
    ],
)
def test_what_looks_like_a_secret_is_masked(written: str, shown: str) -> None:
    assert Redactor([Secret("known-word")]).clean(written) == shown


@pytest.mark.parametrize(
    "part",
    ["x", "token", "x-", "eyJaaaaaaaaaa-", "eyJaaaaaaaaaaa.", "token ", 'token="', "token='", "bearer ", "a://b:", " "],
)
def test_no_text_takes_longer_than_its_length_explains(part: str) -> None:
    started = time.process_time()
    Redactor().clean(f"token {part * (LONG // len(part))}")
    assert time.process_time() - started < 1
