"""The engine's log stream is read whole whatever its pieces, and never more of it is kept than wanted."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.docker_logs import MAX_BYTES, MAX_LINE_BYTES, MAX_LINES, NewestLines, log_messages
from bot.domain.containers import LogLine
from bot.domain.errors import PermanentError

STAMP = b"2026-01-02T03:04:05.678901234Z "
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)


def frame(text: bytes, *, kind: int = 1) -> bytes:
    """Return one message as the engine frames it."""
    return struct.pack(">BxxxL", kind, len(text)) + text


def read(chunks: Iterable[bytes], *, wanted: int = 100, tty: bool = False) -> Sequence[LogLine]:
    newest = NewestLines(wanted)
    for message in log_messages(chunks, tty=tty):
        newest.take(message)
    return newest.lines()


@given(st.integers(min_value=1, max_value=80))
def test_pieces_of_any_size_give_the_same_lines(size: int) -> None:
    whole = frame(STAMP + b"one\n") + frame(STAMP + b"oh no\n", kind=2) + frame(STAMP + b"\n")
    chunks = [whole[start : start + size] for start in range(0, len(whole), size)]
    expected = [LogLine(AT, "one", "stdout"), LogLine(AT, "oh no", "stderr"), LogLine(AT, "", "stdout")]
    assert read(chunks) == expected


def test_line_in_several_messages_is_one_line_of_its_stream() -> None:
    parts = [frame(STAMP + b"be"), frame(STAMP + b"meanwhile\n", kind=2), frame(STAMP + b"gin\n")]
    assert sorted(line.text for line in read(parts)) == ["begin", "meanwhile"]


def test_line_that_has_not_ended_is_shown() -> None:
    assert [line.text for line in read([frame(STAMP + b"Password: ")])] == ["Password: "]


def test_newest_lines_stay_and_older_fall_out() -> None:
    chunks = [frame(STAMP + b"%d\n" % number) for number in range(10)]
    assert [line.text for line in read(chunks, wanted=3)] == ["7", "8", "9"]


def test_lines_are_bounded_in_number() -> None:
    assert NewestLines(10**9).limit == MAX_LINES


def test_lines_are_bounded_in_bytes_and_the_newest_stay() -> None:
    chunks = [frame(STAMP + b"%5d" % number + b"x" * 60_000 + b"\n") for number in range(120)]
    lines = read(chunks, wanted=1000)
    assert MAX_BYTES * 0.95 < sum(len(line.text) for line in lines) <= MAX_BYTES
    assert lines[-1].text.startswith("  119")


@pytest.mark.parametrize("tty", [False, True])
def test_endless_line_is_cut(tty: bool) -> None:
    endless = [STAMP + b"x" * 16_000, *[b"x" * 16_000] * 20]
    chunks = endless if tty else [frame(STAMP + b"x" * 16_000) for _ in range(20)]
    assert [len(line.text) for line in read(chunks, tty=tty)] == [MAX_LINE_BYTES]


def test_terminal_s_lines_lose_their_carriage_return() -> None:
    assert read([STAMP + b"one\r\n" + STAMP, b"two\r\n"], tty=True) == [
        LogLine(AT, "one", "stdout"),
        LogLine(AT, "two", "stdout"),
    ]


def test_invalid_utf8_is_replaced() -> None:
    assert [line.text for line in read([frame(STAMP + b"caf\xe9\n")])] == ["caf�"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(frame(b"Error grabbing logs: invalid character\n", kind=3), id="engine failed"),
        pytest.param(frame(b"no time here\n"), id="no time"),
        pytest.param(frame(STAMP + b"x\n", kind=9), id="unknown stream"),
    ],
)
def test_unreadable_log_is_refused(answer: bytes) -> None:
    with pytest.raises(PermanentError):
        read([answer])
