"""What the simulated containers wrote, computed for the moment somebody asks.

A service writes a steady line at fixed instants while its process runs, complaints among or instead of them while
something is wrong (a fault of its own, or a service it talks to is away), and a few lines around each start and end.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bot.adapters.simulated.breaks import BreakKind
from bot.adapters.simulated.inventory import (
    ALERTMANAGER,
    COLLECTIONS,
    DAEMON_COORDINATOR,
    GRAFANA,
    MCP_SERVER,
    NGINX,
    NODE_EXPORTER,
    PROMETHEUS,
    QDRANT,
    QDRANT_VERSION,
    SERVICES,
    WEB_UI,
)
from bot.adapters.simulated.world import Life, ServiceStatus, World
from bot.domain.containers import LogLine
from bot.domain.ids import ServiceName

MOST_LINES = 1000
LOOK_BACK = timedelta(hours=1)
"""Older lines are rotated away."""
_PERIOD = timedelta(seconds=3)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_STEADY: dict[ServiceName, tuple[str, ...]] = {
    QDRANT: (
        'INFO actix_web::middleware::logger: 172.18.0.5 "POST /collections/documents/points/query HTTP/1.1" 200',
        'INFO actix_web::middleware::logger: 172.18.0.5 "POST /collections/code/points/query HTTP/1.1" 200',
        'INFO actix_web::middleware::logger: 172.18.0.4 "PUT /collections/documents/points?wait=true HTTP/1.1" 200',
        'INFO actix_web::middleware::logger: 172.18.0.8 "GET /metrics HTTP/1.1" 200',
    ),
    DAEMON_COORDINATOR: ("INFO coordinator: 3 daemons alive, 0 documents waiting",),
    MCP_SERVER: ("INFO mcp_server.search: 200 in 41 ms, 12 results", "INFO mcp_server.search: 200 in 57 ms, 9 results"),
    WEB_UI: ("GET /health 200", "GET /search 200"),
    NGINX: ('172.18.0.1 "POST /api/search HTTP/1.1" 200', '172.18.0.1 "GET / HTTP/1.1" 200'),
    PROMETHEUS: ('level=info component=tsdb msg="Head GC completed"',),
    ALERTMANAGER: ('level=debug component=dispatcher msg="Received alert"',),
    GRAFANA: ('logger=cleanup level=info msg="Completed cleanup jobs"',),
    NODE_EXPORTER: ('level=info msg="collector success"',),
}

_ABOUT_QDRANT: dict[ServiceName, tuple[str, ...]] = {
    DAEMON_COORDINATOR: ("ERROR coordinator: qdrant:6333 refuses connections; documents wait in the queue",),
    MCP_SERVER: (
        "ERROR mcp_server.search: 503, cannot reach qdrant:6333: [Errno 111] Connection refused",
        "ERROR mcp_server.health: qdrant is not reachable",
    ),
}
"""What a service writes, and nothing else, while it cannot work."""

_ABOUT_FAULTS: dict[BreakKind, tuple[str, ...]] = {
    BreakKind.RAISE_ERRORS: (
        "ERROR mcp_server.search: 500, RuntimeError: embedding model is not loaded in worker 2",
        "ERROR mcp_server.ingest: 500, RuntimeError: embedding model is not loaded in worker 2",
    ),
    BreakKind.RAISE_LATENCY: (
        "ERROR mcp_server.workers: 3 of 4 embedding workers are stuck; 41 searches wait in line",
        "ERROR mcp_server.search: 200 in 1480 ms, of which 1420 ms waiting for an embedding worker",
    ),
    BreakKind.LEAK_MEMORY: (
        "ERROR mcp_server.cache: the result cache grows without evicting: its limit is not applied",
        "ERROR mcp_server.memory: resident memory is above the soft limit of 6 GiB after a collection freed nothing",
    ),
    BreakKind.LOSE_ALERTMANAGER: (
        'level=error component=dispatcher msg="Notify for alerts failed" err="context deadline exceeded"',
    ),
}
"""What a service writes between its steady lines while it has a fault."""

_PEERS: dict[ServiceName, dict[ServiceName, str]] = {
    NGINX: {
        MCP_SERVER: "[error] 29#29: connect() failed (111: Connection refused) while connecting to upstream, "
        'upstream: "http://mcp-server:8000/search"',
        WEB_UI: "[error] 29#29: connect() failed (111: Connection refused) while connecting to upstream, "
        'upstream: "http://web-ui:3000/"',
    },
    PROMETHEUS: {
        ALERTMANAGER: 'level=error component=notifier alertmanager=http://alertmanager:9093/api/v2/alerts msg="Error '
        'sending alert" err="connection reset by peer"',
    },
}
"""What a service writes, between its steady lines, of another that does not answer it."""

_STARTS: dict[ServiceName, tuple[str, ...]] = {
    QDRANT: (
        f"INFO qdrant: Version: {QDRANT_VERSION}, build: 9c1d4f2b",
        *(f"INFO storage::content_manager::toc: Loading collection: {name}" for name in COLLECTIONS),
        'INFO actix_server::server: starting service: "actix-web-service-0.0.0.0:6333"',
    ),
}

_ENDS: dict[ServiceName, tuple[str, ...]] = {
    QDRANT: (
        "WARN qdrant: received SIGTERM, shutting down",
        "ERROR qdrant::actix: 3 requests to /collections/documents/points/query aborted: the server is shutting down",
        "ERROR collection::shards::local_shard: update worker stopped with operations in its queue",
    ),
}


def log_lines(
    world: World, service: ServiceName, *, now: datetime, tail: int, since: datetime | None = None
) -> list[LogLine]:
    """Return the last ``tail`` lines (at most 1000) of the last hour, oldest first."""
    oldest = max(since, now - LOOK_BACK) if since is not None else now - LOOK_BACK
    told = (*_life_lines(world, service), *_fault_lines(world, service))
    lines = [line for line in told if oldest <= line.at <= now]
    lines += _steady_lines(world, service, now=now, oldest=oldest)
    lines.sort(key=lambda line: line.at)
    return lines[max(0, len(lines) - min(tail, MOST_LINES)) :] if tail > 0 else []


def _steady_lines(world: World, service: ServiceName, *, now: datetime, oldest: datetime) -> Iterator[LogLine]:
    """Yield, newest first, what the service wrote at its instants."""
    index = (now - _EPOCH) // _PERIOD
    while (at := _EPOCH + index * _PERIOD) >= oldest:
        if world.status(service, at) is ServiceStatus.RUNNING:
            yield _steady_line(world, service, at=at, index=index)
        index -= 1


def _steady_line(world: World, service: ServiceName, *, at: datetime, index: int) -> LogLine:
    texts, stream = _STEADY[service], "stdout"
    if complaints := _complaints(world, service, at):
        only = service in _ABOUT_QDRANT and not world.is_healthy(service, at)
        if only or index % 2:
            texts, stream = complaints, "stderr"
    # The pace of the complaints is half that of the instants, so they are counted in pairs.
    return _line(at, texts[(index // 2 if stream == "stderr" else index) % len(texts)], stream=stream)


def _complaints(world: World, service: ServiceName, at: datetime) -> tuple[str, ...]:
    """Return what a service has to say of what is wrong at a moment."""
    if service in _ABOUT_QDRANT and not world.is_healthy(service, at):
        return _ABOUT_QDRANT[service]
    own = (text for kind, texts in _ABOUT_FAULTS.items() if world.fault(service, kind, at) for text in texts)
    others = (text for peer, text in _PEERS.get(service, {}).items() if not world.answers(peer, at))
    return (*own, *others)


def _life_lines(world: World, service: ServiceName) -> Iterator[LogLine]:
    for life in world.lives(service):
        yield from _start_lines(service, life)
        yield from _end_lines(service, life)


def _fault_lines(world: World, service: ServiceName) -> Iterator[LogLine]:
    """Yield what a fault makes a service write at once."""
    for fault in world.faults(service):
        for index, text in enumerate(_ABOUT_FAULTS.get(fault.kind, ()), start=1):
            at = fault.since + index * timedelta(milliseconds=200)
            if fault.lasts(at) and world.status(service, at) is ServiceStatus.RUNNING:
                yield _line(at, text, stream="stderr")


def _start_lines(service: ServiceName, life: Life) -> Iterator[LogLine]:
    texts = _STARTS.get(service, (f"INFO {service}: starting",))
    apart = (life.ready_at - life.started_at) / (len(texts) + 1)
    for index, text in enumerate(texts):
        yield _line(life.started_at + index * apart, text, stream="stdout")
    if life.ended_at is None or life.ready_at < life.ended_at:
        yield _line(life.ready_at, f"INFO {service}: listening on port {SERVICES[service].port}", stream="stdout")


def _end_lines(service: ServiceName, life: Life) -> Iterator[LogLine]:
    if life.ended_at is None:
        return
    texts = _ENDS.get(service, (f"ERROR {service}: received SIGTERM, shutting down",))
    for index, text in enumerate(reversed(texts), start=1):
        yield _line(life.ended_at - index * timedelta(milliseconds=50), text, stream="stderr")


def _line(at: datetime, text: str, *, stream: str) -> LogLine:
    return LogLine(at=at, text=f"{at.isoformat(timespec='milliseconds').replace('+00:00', 'Z')} {text}", stream=stream)
