"""The embedded Valkey on real processes: owners and servers that are killed, and never two servers on one folder."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.adapters.embedded_valkey import CONFIG_FROM_STDIN, EmbeddedValkey, attach, server_command
from bot.adapters.folder_locks import server_pid
from bot.adapters.valkey_folder import ValkeyFolder
from bot.domain.errors import PermanentError, TemporaryError
from tests.waiting import wait_until

_OWNER = """
import asyncio, sys
from pathlib import Path
from bot.adapters.embedded_valkey import EmbeddedValkey

async def main():
    async with EmbeddedValkey(Path(sys.argv[1])) as valkey:
        print(valkey.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


needs_death_signal = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
needs_proc_locks = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists waiting locks in /proc/locks")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder short enough for a socket, whatever the test is called."""
    with tempfile.TemporaryDirectory(prefix="wk-") as folder:
        yield Path(folder) / "data"


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(url)
    try:
        yield client
    finally:
        await client.aclose()


@asynccontextmanager
async def owner_process(data_dir: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """An owner of its own process; killed with SIGKILL when the block ends, unless it has ended."""
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _OWNER, os.fspath(data_dir)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield owner
    finally:
        with suppress(ProcessLookupError):
            owner.kill()
        await owner.communicate()


async def url_of(owner: asyncio.subprocess.Process) -> str:
    assert owner.stdout is not None
    return (await owner.stdout.readline()).decode().strip()


def servers_on(data_dir: Path) -> list[int]:
    """Return the pids of the live servers that work in the folder, as the process table has them."""
    return [process.pid for process in psutil.process_iter() if _is_server_in(data_dir, process)]


def _is_server_in(data_dir: Path, process: psutil.Process) -> bool:
    try:
        is_live_server = process.name() == "valkey-server" and process.status() != psutil.STATUS_ZOMBIE
        return is_live_server and Path(process.cwd()) == data_dir
    except psutil.Error:
        return False


def make_folder(path: Path, *, mode: int) -> None:
    path.mkdir()
    path.chmod(mode)


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def content_of(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def answers(url: str) -> bool:
    async with client_of(url) as client:
        try:
            return bool(await client.ping())
        except RedisError:
            return False


async def test_data_survives_a_restart_of_its_owner(data_dir: Path) -> None:
    async with EmbeddedValkey(data_dir) as first, client_of(first.url) as client:
        await client.set("kept", "yes")
        url = first.url
    assert servers_on(data_dir) == []
    async with EmbeddedValkey(data_dir) as second, client_of(second.url) as client:
        assert second.url == url
        assert await client.get("kept") == b"yes"


async def test_server_runs_with_the_settings_that_keep_what_was_acknowledged(data_dir: Path) -> None:
    async with EmbeddedValkey(data_dir) as valkey, client_of(valkey.url) as client:
        settings = await client.config_get("*")
    expected = {
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "port": "0",
        "dir": os.fspath(data_dir),
        "daemonize": "no",
        "loglevel": "notice",
        "logfile": os.fspath(data_dir / "valkey.log"),
    }
    assert {name: settings[name] for name in expected} == expected


async def test_folder_and_all_in_it_are_for_their_owner_alone(data_dir: Path) -> None:
    make_folder(data_dir, mode=0o755)
    async with EmbeddedValkey(data_dir):
        assert mode_of(data_dir) == 0o700
        assert mode_of(data_dir / "valkey.sock") == 0o700
        assert [path for path in content_of(data_dir) if mode_of(path) & 0o077] == []


async def test_server_gets_none_of_our_environment(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "not-for-children")
    async with EmbeddedValkey(data_dir) as valkey:
        assert psutil.Process(valkey.pid).environ() == {}


async def test_folder_that_many_share_is_refused(data_dir: Path) -> None:
    make_folder(data_dir, mode=0o1777)
    with pytest.raises(PermanentError, match="one of its own"):
        async with EmbeddedValkey(data_dir):
            pass
    assert mode_of(data_dir) == 0o1777


async def test_second_owner_is_refused_with_the_pid_of_the_first(data_dir: Path) -> None:
    async with owner_process(data_dir) as owner:
        url = await url_of(owner)
        with pytest.raises(PermanentError, match=rf"process {owner.pid};"):
            async with EmbeddedValkey(data_dir):
                pass
        assert await answers(url)
        assert len(servers_on(data_dir)) == 1


async def test_second_owner_in_the_same_process_is_refused(data_dir: Path) -> None:
    async with EmbeddedValkey(data_dir) as valkey:
        with pytest.raises(PermanentError, match=rf"process {os.getpid()};"):
            async with EmbeddedValkey(data_dir):
                pass
        assert await answers(valkey.url)


async def test_forked_worker_does_not_keep_the_folder_from_the_next_owner(data_dir: Path) -> None:
    reading, writing = os.pipe()
    async with EmbeddedValkey(data_dir):
        worker = os.fork()
        if worker == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
    try:
        async with EmbeddedValkey(data_dir) as valkey:
            assert await answers(valkey.url)
    finally:
        os.close(writing)
        os.close(reading)
        await asyncio.to_thread(os.waitpid, worker, 0)


@needs_death_signal
async def test_server_ends_when_its_owner_is_killed(data_dir: Path) -> None:
    async with owner_process(data_dir) as owner:
        await url_of(owner)
        assert len(servers_on(data_dir)) == 1
    await wait_until(lambda: not servers_on(data_dir), description="server ended with its owner")
    assert "ready to exit" in (data_dir / "valkey.log").read_text(), "it was a clean stop"


async def test_launcher_whose_parent_died_before_it_looked_starts_nothing(tmp_path: Path) -> None:
    command = server_command(["--port", "0"], lock=tmp_path / "lock")
    command[command.index(str(os.getpid()))] = str(os.getppid())
    launcher = await asyncio.create_subprocess_exec(*command)
    assert await launcher.wait() == 0
    assert content_of(tmp_path) == []


@needs_proc_locks
async def test_second_server_waits_until_the_first_is_gone(data_dir: Path) -> None:
    folder = ValkeyFolder(data_dir)
    async with EmbeddedValkey(data_dir) as valkey:
        second = await asyncio.create_subprocess_exec(*server_command(["--port", "0"], lock=folder.server_lock))
        await wait_until(lambda: _waits_for_a_lock(second.pid), description="second server waits")
        assert server_pid(folder.server_lock) == valkey.pid
    await wait_until(lambda: server_pid(folder.server_lock) == second.pid, description="second server's turn")
    second.terminate()
    await second.wait()


def _waits_for_a_lock(pid: int) -> bool:
    """Return whether the kernel lists the process among those that wait for a lock (``1: -> POSIX …``)."""
    waiting = [line.split() for line in Path("/proc/locks").read_text().splitlines() if " -> " in line]
    return any(str(pid) in line for line in waiting)


async def _count_until_cut_off(url: str, acknowledged: list[int]) -> None:
    """Add one to the counter again and again; the numbers that came back are kept here, outside the server."""
    async with client_of(url) as client:
        with suppress(RedisError):
            while True:
                acknowledged.append(await client.incr("counter"))


async def _assert_nothing_was_lost(url: str, acknowledged: list[int]) -> None:
    # A lost increment would have its number told a second time; one whose answer was cut off may count.
    assert acknowledged == sorted(set(acknowledged))
    async with client_of(url) as client:
        assert int(await client.get("counter") or 0) >= acknowledged[-1]


async def _own_for_a_moment(data_dir: Path, acknowledged: list[int], *, moment_s: float) -> None:
    """Kill an owner after ``moment_s``, wherever it has got to: maybe not even to its server."""
    async with owner_process(data_dir) as owner:
        writing = asyncio.create_task(_count_for(owner, acknowledged))
        await asyncio.wait({writing}, timeout=moment_s)
        owner.kill()
        assert len(servers_on(data_dir)) <= 1
        await writing


async def _own_until_written(data_dir: Path, acknowledged: list[int], *, writes: int) -> None:
    """Kill an owner in the middle of its client's writing."""
    enough = len(acknowledged) + writes
    async with owner_process(data_dir) as owner:
        writing = asyncio.create_task(_count_for(owner, acknowledged))
        await wait_until(lambda: len(acknowledged) >= enough, description="writes acknowledged", timeout_s=30)
        assert len(servers_on(data_dir)) == 1
        owner.kill()
        await writing


async def _count_for(owner: asyncio.subprocess.Process, acknowledged: list[int]) -> None:
    url = await url_of(owner)
    if url:
        await _count_until_cut_off(url, acknowledged)


@needs_death_signal
@pytest.mark.timeout(300)
async def test_owner_killed_twenty_times_in_a_row_loses_no_acknowledged_write(data_dir: Path) -> None:
    acknowledged: list[int] = []
    for _ in range(10):
        await _own_until_written(data_dir, acknowledged, writes=random.randint(1, 100))
        await _own_for_a_moment(data_dir, acknowledged, moment_s=random.uniform(0.02, 0.8))
    async with EmbeddedValkey(data_dir) as valkey:
        assert servers_on(data_dir) == [valkey.pid]
        await _assert_nothing_was_lost(valkey.url, acknowledged)


async def test_killed_server_comes_back_at_the_same_url_with_its_data(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    restarts: list[str] = []
    async with EmbeddedValkey(data_dir, on_restart=lambda: restarts.append("again")) as valkey:
        url, first_pid = valkey.url, valkey.pid
        async with client_of(url) as client:
            await client.set("kept", "yes")
        os.kill(first_pid, signal.SIGKILL)
        await wait_until(lambda: restarts, description="server restarted")
        assert (valkey.url, valkey.pid != first_pid) == (url, True)
        async with client_of(url) as client:
            assert await client.get("kept") == b"yes"
        assert servers_on(data_dir) == [valkey.pid]
    told = [record for record in caplog.records if record.getMessage() == "embedded_valkey_restarted"]
    assert [(line.__dict__["ended_pid"], line.__dict__["exit_code"]) for line in told] == [(first_pid, -9)]


async def test_server_killed_again_and_again_loses_no_acknowledged_write(data_dir: Path) -> None:
    restarts: list[str] = []
    acknowledged: list[int] = []
    async with EmbeddedValkey(data_dir, on_restart=lambda: restarts.append("again")) as valkey:
        for kills in range(1, 5):
            enough = len(acknowledged) + random.randint(1, 100)
            writing = asyncio.create_task(_count_until_cut_off(valkey.url, acknowledged))
            await wait_until(lambda n=enough: len(acknowledged) >= n, description="writes acknowledged")
            os.kill(valkey.pid, signal.SIGKILL)
            await writing
            await wait_until(lambda n=kills: len(restarts) == n, description=f"restart {kills}")
        await _assert_nothing_was_lost(valkey.url, acknowledged)


async def test_leaving_while_the_server_is_down_leaves_nothing_behind(data_dir: Path) -> None:
    async with EmbeddedValkey(data_dir) as valkey:
        os.kill(valkey.pid, signal.SIGKILL)
    assert servers_on(data_dir) == []
    assert server_pid(ValkeyFolder(data_dir).server_lock) is None


@asynccontextmanager
async def orphaned_server(data_dir: Path) -> AsyncIterator[int]:
    """A server on the folder whose owner is gone: what is left behind where the kernel does not end it."""
    async with EmbeddedValkey(data_dir):
        pass
    folder = ValkeyFolder(data_dir)
    with folder.config.open("rb") as config:
        orphan = await asyncio.create_subprocess_exec(
            *server_command(CONFIG_FROM_STDIN, lock=folder.server_lock), cwd=data_dir, stdin=config
        )
    try:
        await wait_until(lambda: _is_attachable(data_dir), description="orphan answers")
        yield orphan.pid
    finally:
        with suppress(ProcessLookupError):
            orphan.kill()
        await orphan.wait()


async def _is_attachable(data_dir: Path) -> bool:
    try:
        await attach(data_dir)
    except TemporaryError:
        return False
    return True


async def test_next_owner_takes_over_a_server_that_answers_and_stops_it_at_the_end(data_dir: Path) -> None:
    async with orphaned_server(data_dir) as orphan:
        async with EmbeddedValkey(data_dir) as valkey:
            assert valkey.pid == orphan
            assert servers_on(data_dir) == [orphan]
        assert servers_on(data_dir) == []


async def test_server_that_was_taken_over_is_watched_too(data_dir: Path) -> None:
    restarts: list[str] = []
    async with (
        orphaned_server(data_dir) as orphan,
        EmbeddedValkey(data_dir, on_restart=lambda: restarts.append("again")) as valkey,
    ):
        os.kill(orphan, signal.SIGKILL)
        await wait_until(lambda: restarts, description="a server of our own")
        assert servers_on(data_dir) == [valkey.pid]
        assert valkey.pid != orphan
        assert await answers(valkey.url)


async def test_server_that_neither_ends_nor_answers_is_ended_before_another_starts(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patience in ("_ANSWER_WITHIN_S", "_TAKE_OVER_WITHIN_S", "_STOP_WITHIN_S"):
        monkeypatch.setattr(f"bot.adapters.embedded_valkey.{patience}", 0.6)
    async with orphaned_server(data_dir) as orphan:
        os.kill(orphan, signal.SIGSTOP)
        async with EmbeddedValkey(data_dir) as valkey:
            assert valkey.pid != orphan
            assert servers_on(data_dir) == [valkey.pid]


async def test_server_that_does_not_start_is_reported_in_its_own_words(data_dir: Path) -> None:
    async with EmbeddedValkey(data_dir) as valkey, client_of(valkey.url) as client:
        await client.set("kept", "yes")
    for written in (data_dir / "appendonlydir").glob("*.incr.aof"):
        written.write_bytes(b"not a command\r\n" * 3 + written.read_bytes())
    with pytest.raises(PermanentError, match=r"ended while it started: .*see .*valkey\.log"):
        async with EmbeddedValkey(data_dir):
            pass
    assert servers_on(data_dir) == []


async def test_half_a_command_at_the_end_is_dropped(data_dir: Path) -> None:
    async with EmbeddedValkey(data_dir) as valkey, client_of(valkey.url) as client:
        await client.set("kept", "yes")
    (written,) = (data_dir / "appendonlydir").glob("*.incr.aof")
    with written.open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$4\r\nha")
    async with EmbeddedValkey(data_dir) as valkey, client_of(valkey.url) as client:
        assert await client.get("kept") == b"yes"


async def test_folder_too_deep_for_a_socket_keeps_its_url_over_restarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 60) / ("d" * 60)
    with tempfile.TemporaryDirectory(prefix="wk-") as temp:
        monkeypatch.setattr(tempfile, "tempdir", temp)
        async with EmbeddedValkey(deep) as valkey:
            url = valkey.url
            assert await attach(deep) == url
            assert await answers(url)
        async with EmbeddedValkey(deep) as valkey:
            assert valkey.url == url
            (made,) = content_of(Path(temp))
            assert mode_of(made) == 0o700


async def test_temp_folder_that_somebody_else_could_enter_is_not_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 60) / ("d" * 60)
    with tempfile.TemporaryDirectory(prefix="wk-") as temp:
        monkeypatch.setattr(tempfile, "tempdir", temp)
        async with EmbeddedValkey(deep) as valkey:
            url = valkey.url
        (made,) = content_of(Path(temp))
        made.chmod(0o777)
        with pytest.raises(TemporaryError, match="no Watchkeeper is running"):
            await attach(deep)
        async with EmbeddedValkey(deep) as valkey:
            assert valkey.url != url


async def test_folder_with_unusual_letters_works(data_dir: Path) -> None:
    odd = data_dir.parent / 'a "b" \\ü?*[x] %20#'
    async with EmbeddedValkey(odd) as valkey:
        assert await answers(valkey.url)
        assert await attach(odd) == valkey.url


async def test_attach_finds_the_server_of_another_process(data_dir: Path) -> None:
    async with owner_process(data_dir) as owner:
        url = await url_of(owner)
        assert await attach(data_dir) == url


async def test_attach_starts_nothing_and_says_what_to_do(data_dir: Path) -> None:
    with pytest.raises(TemporaryError, match=re.escape(f"{data_dir}; start `watchkeeper serve` first")):
        await attach(data_dir)
    assert content_of(data_dir.parent) == []


async def test_attach_after_the_owner_left_says_that_nobody_runs(data_dir: Path) -> None:
    async with EmbeddedValkey(data_dir):
        pass
    with pytest.raises(TemporaryError, match="no Watchkeeper is running"):
        await attach(data_dir)


async def test_suite_gets_a_real_valkey_9(redis_client: Redis) -> None:
    facts = await redis_client.info("server")
    assert facts["server_name"] == "valkey"
    assert facts["valkey_version"].startswith("9.")


@pytest.mark.parametrize("turn", [1, 2])
async def test_suite_gets_an_empty_valkey_each_time(redis_client: Redis, turn: int) -> None:
    assert await redis_client.dbsize() == 0
    await redis_client.set("left behind", turn)
