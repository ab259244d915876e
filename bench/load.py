"""The load generator: keep-alive HTTP/1.1 over raw sockets, in a process of its own, the same for floor and bot.

``python -m bench.load`` reads a `Job` as JSON, builds every request, then sends them over a fixed number of
connections, each with one request under way. It reads the CPU time of the servers right before the first request and
right after the last answer, and writes a `Measured` as JSON.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import cast

import msgspec
import uvloop

from bench.deliveries import Clicks, Commands
from bench.procfs import cpu_s, machine_busy_s
from bench.webhooks import Webhooks

HOST = "127.0.0.1"


class Job(msgspec.Struct, frozen=True):
    """What to send, where, and whose CPU time to read."""

    port: int
    requests: Webhooks | Commands | Clicks
    connections: int = 10
    server: int = 0
    """Process id of the server; 0 measures none."""
    bystanders: tuple[int, ...] = ()
    """Process ids of what belongs to the measurement besides: the state store, the stand-ins."""


class Measured(msgspec.Struct, frozen=True):
    """What came of a job."""

    requests: int
    elapsed_s: float
    p50_ms: float
    p99_ms: float
    server_cpu_s: float
    bystanders_cpu_s: float
    others_share: float
    """Share of all cores that neither we nor the measured processes used."""
    statuses: dict[int, int]
    """How many answers came with each HTTP status."""

    @property
    def per_second(self) -> float:
        """Return the requests answered in a second."""
        return self.requests / self.elapsed_s

    @property
    def cpu_us(self) -> float:
        """Return the server's CPU microseconds per request."""
        return self.server_cpu_s / self.requests * 1e6


class Connection(asyncio.Protocol):
    """One connection with one request under way."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class

    def data_received(self, data: bytes) -> None:
        """Settle the answer once it is whole."""
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0 or self._answer is None:
            return
        head = self._buffer[:head_end].lower()
        _, found, length = head.partition(b"content-length:")
        if not found:
            self._answer.set_exception(ValueError("an answer without a length"))
            return
        if len(self._buffer) >= head_end + 4 + int(length.split(b"\r\n", 1)[0]):
            self._buffer = b""
            self._answer.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        """Fail the request that was under way."""
        self._gone.set()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server closed the connection"))

    async def send(self, request: bytes) -> int:
        """Return the status of the answer to ``request``."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    async def aclose(self) -> None:
        """Close it; return once it is closed."""
        if self._transport is not None:
            self._transport.close()
            await self._gone.wait()


async def send_all(port: int, requests: Sequence[bytes], *, connections: int) -> tuple[list[float], Counter[int]]:
    """Return the seconds each answer took, and how many answers came with each status; all requests are answered."""
    loop = asyncio.get_running_loop()
    lines = [(await loop.create_connection(Connection, HOST, port))[1] for _ in range(connections)]
    waiting, seconds, statuses = iter(requests), list[float](), Counter[int]()
    try:
        await asyncio.gather(*(_send_in_turn(line, waiting, seconds, statuses) for line in lines))
    finally:
        for line in lines:
            await line.aclose()
    return seconds, statuses


async def _send_in_turn(
    line: Connection, waiting: Iterator[bytes], seconds: list[float], statuses: Counter[int]
) -> None:
    for request in waiting:
        began = time.perf_counter()
        statuses[await line.send(request)] += 1
        seconds.append(time.perf_counter() - began)


async def carry_out(job: Job) -> Measured:
    """Send everything and return what it took."""
    requests = job.requests.build()
    busy, own = machine_busy_s(), time.process_time()
    server, bystanders = _spent((job.server,)), _spent(job.bystanders)
    began = time.perf_counter()
    seconds, statuses = await send_all(job.port, requests, connections=job.connections)
    elapsed_s = time.perf_counter() - began
    server, bystanders = _spent((job.server,)) - server, _spent(job.bystanders) - bystanders
    ours = server + bystanders + time.process_time() - own
    return Measured(
        requests=len(requests),
        elapsed_s=elapsed_s,
        p50_ms=percentile(seconds, 0.50) * 1000,
        p99_ms=percentile(seconds, 0.99) * 1000,
        server_cpu_s=server,
        bystanders_cpu_s=bystanders,
        others_share=max(0.0, machine_busy_s() - busy - ours) / (elapsed_s * cores()),
        statuses=dict(statuses),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of all values do not pass (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def cores() -> int:
    """Return how many cores the machine counts in ``/proc/stat``."""
    with open("/proc/stat", encoding="utf8") as stat:
        return sum(line.startswith("cpu") and line[3].isdigit() for line in stat)


def _spent(pids: Sequence[int]) -> float:
    return sum(cpu_s(pid) for pid in pids if pid)


def main() -> None:
    """Carry out the job on standard input."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    measured = uvloop.run(carry_out(job))
    sys.stdout.buffer.write(msgspec.json.encode(measured))


if __name__ == "__main__":
    main()
