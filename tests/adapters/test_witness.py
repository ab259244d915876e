"""The witness: what its mark means, and a file that is right whatever happens to its writers."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.witness import FILE_NAME, FileWitness
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.witness import WitnessFinding, compare
from bot.ports.witness import Witness, WitnessMark


def mark(audit_seq: int, *, epoch: int = 0, installation: str = "ours") -> WitnessMark:
    return WitnessMark(installation=installation, epoch=epoch, audit_seq=audit_seq)


def heads(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str | None]]:
    lines = [record for record in caplog.records if record.getMessage() == "audit_head"]
    return [(line.__dict__["seq"], line.__dict__.get("hash")) for line in lines]


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("witness", "store", "finding"),
    [
        (None, None, WitnessFinding.FRESH),
        (None, mark(5), WitnessFinding.NEW_WITNESS),
        (mark(5), None, WitnessFinding.STORE_EMPTIED),
        (mark(5), mark(5), WitnessFinding.AGREES),
        (mark(5), mark(9), WitnessFinding.AGREES),
        (mark(5), mark(4), WitnessFinding.STORE_BEHIND),
        (mark(5, epoch=2), mark(9, epoch=1), WitnessFinding.STORE_BEHIND),
        (mark(5, epoch=1), mark(2, epoch=2), WitnessFinding.AGREES),
        (mark(5), mark(5, installation="theirs"), WitnessFinding.OTHER_INSTALLATION),
        (mark(5), mark(1, installation="theirs", epoch=9), WitnessFinding.OTHER_INSTALLATION),
    ],
)
def test_comparison_names_what_happened_to_the_store(
    witness: WitnessMark | None, store: WitnessMark | None, finding: WitnessFinding
) -> None:
    assert compare(witness, store) is finding


def test_only_lost_state_stops_risky_work() -> None:
    stopping = {finding for finding in WitnessFinding if finding.means_lost_state}
    assert stopping == {
        WitnessFinding.STORE_BEHIND,
        WitnessFinding.STORE_EMPTIED,
        WitnessFinding.OTHER_INSTALLATION,
    }


@pytest.mark.parametrize("fields", [("", 0, 0), ("ours", -1, 0), ("ours", 0, -1)])
def test_mark_that_counts_below_zero_or_names_nobody_is_refused(fields: tuple[str, int, int]) -> None:
    with pytest.raises(ValueError, match="witness mark"):
        WitnessMark(*fields)


async def test_witness_that_never_wrote_reads_as_none(tmp_path: Path) -> None:
    assert await FileWitness(tmp_path / "not-made-yet").read() is None


async def test_mark_is_found_by_the_next_process(tmp_path: Path) -> None:
    first: Witness = FileWitness(tmp_path / "data")
    await first.write(mark(7, epoch=3))
    assert await FileWitness(tmp_path / "data").read() == mark(7, epoch=3)


async def test_file_is_readable_for_its_owner_alone(tmp_path: Path) -> None:
    await FileWitness(tmp_path / "data").write(mark(1))
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data" / FILE_NAME).stat().st_mode & 0o777 == 0o600


async def test_older_mark_changes_nothing(tmp_path: Path) -> None:
    witness = FileWitness(tmp_path)
    await witness.write(mark(7))
    await witness.write(mark(6))
    assert await witness.read() == mark(7)


@pytest.mark.parametrize("other", [mark(9, epoch=1), mark(9, installation="theirs")])
async def test_only_reset_crosses_to_another_epoch_or_installation(tmp_path: Path, other: WitnessMark) -> None:
    witness = FileWitness(tmp_path)
    await witness.write(mark(7))
    with pytest.raises(PermanentError, match="clear"):
        await witness.write(other)
    assert await witness.read() == mark(7)
    await witness.reset(other)
    assert await witness.read() == other


async def test_reset_may_go_back(tmp_path: Path) -> None:
    witness = FileWitness(tmp_path)
    await witness.write(mark(7))
    await witness.reset(mark(2, epoch=1))
    assert await witness.read() == mark(2, epoch=1)


whole = json.dumps({"installation": "ours", "epoch": 0, "audit_seq": 7}).encode()


@pytest.mark.parametrize(
    "torn",
    [b"", whole[: len(whole) // 2], b"\xff\xfe", b"[]", b'{"installation":"ours"}', whole.replace(b"7", b"-7")],
)
async def test_torn_file_is_named_with_the_next_move_and_not_overwritten(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(torn)
    witness = FileWitness(tmp_path)
    with pytest.raises(PermanentError, match=rf"{FILE_NAME}.*move this file away"):
        await witness.read()
    with pytest.raises(PermanentError, match=FILE_NAME):
        await witness.write(mark(8))
    assert (tmp_path / FILE_NAME).read_bytes() == torn


async def test_reset_replaces_a_torn_file(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"{")
    witness = FileWitness(tmp_path)
    await witness.reset(mark(8))
    assert await witness.read() == mark(8)


async def test_leftover_of_a_writer_that_died_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).with_suffix(".tmp").write_bytes(b"half a ma")
    witness = FileWitness(tmp_path)
    await witness.write(mark(3))
    assert await witness.read() == mark(3)


async def test_place_that_cannot_be_written_is_a_temporary_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(TemporaryError, match=FILE_NAME):
        await FileWitness(tmp_path / "data").write(mark(1))


async def _highest_after(folder: Path, seqs: Sequence[int]) -> None:
    """Write through two witnesses of one folder at once and read in between."""
    writers = [FileWitness(folder), FileWitness(folder)]
    highest_read = 0
    pending = {asyncio.create_task(writers[i % 2].write(mark(seq))) for i, seq in enumerate(seqs)}
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        kept = await writers[0].read()
        assert kept is not None
        assert kept.audit_seq >= highest_read
        highest_read = kept.audit_seq
    assert await writers[1].read() == mark(max(seqs))


@given(st.lists(st.integers(min_value=0, max_value=50), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_mark_never_goes_back_whatever_order_writers_come_in(seqs: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_highest_after(Path(folder), seqs))


_WRITER = """
import asyncio, sys
from pathlib import Path
from bot.adapters.witness import FileWitness
from bot.ports.witness import WitnessMark

async def main():
    witness = FileWitness(Path(sys.argv[1]))
    for seq in range(int(sys.argv[2]), 10**9):
        await witness.write(WitnessMark("ours", 0, seq))
        print(seq, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 2, 5, 11])
async def test_killed_writer_leaves_a_whole_mark_no_older_than_what_it_reported(
    tmp_path: Path, acknowledged: int
) -> None:
    # Stops the writer from the pipe's other end, at whatever point of its next writes it has reached by then.
    with subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", _WRITER, os.fspath(tmp_path), "1"], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        for _ in range(acknowledged):
            reported = int(writer.stdout.readline())
        writer.kill()
        reported = max([reported, *(int(line) for line in writer.stdout.read().split(b"\n") if line)])
    kept = await FileWitness(tmp_path).read()
    assert kept is not None
    assert kept.audit_seq in {reported, reported + 1}


async def test_log_stream_tells_a_new_head_at_most_each_second(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    witness = FileWitness(tmp_path, clock=clock)
    with caplog.at_level(logging.INFO):
        await witness.write(mark(1), head_hash="aa")
        await witness.write(mark(2), head_hash="bb")
        await witness.write(mark(3), head_hash="cc")
        assert heads(caplog) == [(1, "aa")]
        clock.now_s += 1
        await witness.write(mark(3), head_hash="cc")
        clock.now_s += 1
        await witness.write(mark(3), head_hash="cc")
    assert heads(caplog) == [(1, "aa"), (3, "cc")]


async def test_hash_that_comes_after_its_number_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    witness = FileWitness(tmp_path, clock=clock)
    with caplog.at_level(logging.INFO):
        await witness.write(mark(4))
        clock.now_s += 1
        await witness.write(mark(4), head_hash="dd")
        clock.now_s += 1
        await witness.write(mark(4))
    assert heads(caplog) == [(4, None), (4, "dd")]


async def test_late_writer_does_not_tell_an_old_head(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    witness = FileWitness(tmp_path, clock=clock)
    with caplog.at_level(logging.INFO):
        await witness.write(mark(9))
        clock.now_s += 5
        await witness.write(mark(8), head_hash="late")
    assert heads(caplog) == [(9, None)]
