"""``/services/<name>``: what each service answers on its own port, in its own shapes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from bot.adapters.simulated.faces.answering import AnsweringWhile
from bot.adapters.simulated.faces.bodies import json_response
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
    Collection,
)
from bot.adapters.simulated.platform import SimulatedPlatform
from bot.adapters.simulated.world import ServiceStatus
from bot.domain.ids import ServiceName

Endpoint = Callable[[Request], Awaitable[Response]]


def mounts(platform: SimulatedPlatform) -> list[BaseRoute]:
    """Return one mount per service; a stopped one breaks the connection."""
    world, clock = platform.world, platform.clock
    own = {
        QDRANT: _qdrant(platform),
        **{
            name: [Route("/health", _health(platform, name))]
            for name in (DAEMON_COORDINATOR, MCP_SERVER, WEB_UI, NGINX)
        },
        PROMETHEUS: [
            Route("/-/healthy", _text("Prometheus Server is Healthy.\n")),
            Route("/-/ready", _text("Prometheus Server is Ready.\n")),
        ],
        ALERTMANAGER: [Route("/-/healthy", _text("OK")), Route("/-/ready", _text("OK"))],
        GRAFANA: [Route("/api/health", _grafana_health)],
        NODE_EXPORTER: [Route("/", _node_exporter_home), Route("/metrics", _text(_NODE_METRICS))],
    }

    def answers(name: ServiceName) -> bool:
        return world.answers(name, clock.now())

    return [
        Mount(f"/{name}", app=AnsweringWhile(Router(own[name], redirect_slashes=False), partial(answers, name)))
        for name in SERVICES
    ]


def _health(platform: SimulatedPlatform, name: ServiceName) -> Endpoint:
    """Return a ``/health`` that is 503 until the service runs and what it needs runs too."""

    async def health(_: Request) -> Response:
        now = platform.clock.now()
        parts = {part: platform.world.status(part, now) for part in (name, *SERVICES[name].needs)}
        is_healthy = platform.world.is_healthy(name, now)
        body = {"status": "healthy" if is_healthy else "unhealthy", "service": name, "checks": parts}
        return json_response(body, status=200 if is_healthy else 503)

    return health


def _qdrant(platform: SimulatedPlatform) -> list[Route]:
    def is_ready() -> bool:
        return platform.world.status(QDRANT, platform.clock.now()) is ServiceStatus.RUNNING

    async def ready(_: Request) -> Response:
        if is_ready():
            return PlainTextResponse("all shards are ready")
        return PlainTextResponse("some shards are not ready", status_code=503)

    async def root(_: Request) -> Response:
        title = "qdrant - vector search engine"
        return json_response({"title": title, "version": QDRANT_VERSION, "commit": "9c1d4f2b"})

    async def collections(_: Request) -> Response:
        if not is_ready():
            return _qdrant_error("collections are being loaded", status=503)
        return _qdrant_result({"collections": [{"name": name} for name in COLLECTIONS]})

    async def collection(request: Request) -> Response:
        name = request.path_params["name"]
        if not is_ready():
            return _qdrant_error("collections are being loaded", status=503)
        if name not in COLLECTIONS:
            return _qdrant_error(f"Not found: Collection `{name}` doesn't exist!", status=404)
        return _qdrant_result(_described(COLLECTIONS[name]))

    return [
        Route("/", root),
        Route("/healthz", _text("healthz check passed")),
        Route("/livez", _text("healthz check passed")),
        Route("/readyz", ready),
        Route("/collections", collections),
        Route("/collections/{name}", collection),
    ]


def _qdrant_result(result: object) -> Response:
    return json_response({"result": result, "status": "ok", "time": 0.000021})


def _qdrant_error(message: str, *, status: int) -> Response:
    return json_response({"status": {"error": message}, "time": 0.000008}, status=status)


def _described(collection: Collection) -> dict[str, object]:
    """Return what ``GET /collections/<name>`` of Qdrant 1.19 has in its result, in brief."""
    return {
        "status": collection.status,
        "optimizer_status": "ok",
        "indexed_vectors_count": collection.points,
        "points_count": collection.points,
        "segments_count": collection.segments,
        "config": {
            "params": {
                "vectors": {"size": collection.vector_size, "distance": "Cosine"},
                "shard_number": 1,
                "replication_factor": 1,
                "write_consistency_factor": 1,
                "on_disk_payload": True,
            },
            "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000, "max_indexing_threads": 0},
            "optimizer_config": {
                "deleted_threshold": 0.2,
                "vacuum_min_vector_number": 1000,
                "default_segment_number": 0,
                "flush_interval_sec": 5,
            },
            "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0},
        },
        "payload_schema": {},
        "update_queue": {"length": 0, "deferred_points": 0},
    }


def _text(text: str) -> Endpoint:
    async def answer(_: Request) -> Response:
        return PlainTextResponse(text)

    return answer


async def _grafana_health(_: Request) -> Response:
    return json_response({"commit": "b58701869e1a11b696010a6f28bd96b68a2cf0d0", "database": "ok", "version": "11.4.0"})


async def _node_exporter_home(_: Request) -> Response:
    return HTMLResponse(
        '<html><head><title>Node Exporter</title></head><body><a href="/metrics">Metrics</a></body></html>'
    )


_NODE_METRICS = "# TYPE node_exporter_build_info gauge\n" + 'node_exporter_build_info{version="1.8.2"} 1\n'
