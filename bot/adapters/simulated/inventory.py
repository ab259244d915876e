"""The nine services of the simulated platform and the facts about them that never change.

Names, ports and dependencies: section 1 of the operations guide of workspace-qdrant-mcp.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.ids import ContainerId, ServiceName

PROJECT = "search-demo"
"""The Compose project all containers belong to."""

QDRANT = ServiceName("qdrant")
DAEMON_COORDINATOR = ServiceName("daemon-coordinator")
MCP_SERVER = ServiceName("mcp-server")
WEB_UI = ServiceName("web-ui")
NGINX = ServiceName("nginx")
PROMETHEUS = ServiceName("prometheus")
ALERTMANAGER = ServiceName("alertmanager")
GRAFANA = ServiceName("grafana")
NODE_EXPORTER = ServiceName("node-exporter")

HOST = ServiceName("host")
"""What the containers run on: it can be broken, and is no service."""

QDRANT_VERSION = "1.19.0"


@dataclass(frozen=True, slots=True)
class SimulatedService:
    """One service and its single container."""

    name: ServiceName
    image: str
    port: int
    needs: tuple[ServiceName, ...] = ()
    """Services without which its health endpoint answers 503."""
    stops_in: timedelta = timedelta(milliseconds=400)
    """How long its process takes to end after a polite signal; a shorter grace kills it."""
    has_healthcheck: bool = False
    """Whether the container itself is probed; the official images of the tools are not."""

    @property
    def instance(self) -> str:
        """Prometheus' ``instance`` label."""
        return f"{self.name}:{self.port}"

    @property
    def container_name(self) -> str:
        """The name Compose gives its first container."""
        return f"{PROJECT}-{self.name}-1"

    @property
    def container_id(self) -> ContainerId:
        """64 hex digits as an engine has them, the same in every process."""
        return ContainerId(_sha256(f"container {self.container_name}"))

    @property
    def image_digest(self) -> str:
        """``sha256:…`` of the image."""
        return f"sha256:{_sha256(f'image {self.image}')}"

    @property
    def config_hash(self) -> str:
        """Compose's hash of the service's configuration."""
        return _sha256(f"config {PROJECT} {self.name} {self.image} {self.port}")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


SERVICES: dict[ServiceName, SimulatedService] = {
    service.name: service
    for service in (
        SimulatedService(QDRANT, f"qdrant/qdrant:v{QDRANT_VERSION}", 6333, stops_in=timedelta(milliseconds=600)),
        SimulatedService(
            DAEMON_COORDINATOR,
            "workspace-qdrant-mcp/daemon-coordinator:1.4.2",
            8001,
            needs=(QDRANT,),
            has_healthcheck=True,
        ),
        SimulatedService(
            MCP_SERVER, "workspace-qdrant-mcp/mcp-server:1.4.2", 8000, needs=(QDRANT,), has_healthcheck=True
        ),
        SimulatedService(WEB_UI, "workspace-qdrant-mcp/web-ui:1.4.2", 3000, has_healthcheck=True),
        SimulatedService(NGINX, "nginx:1.27.3", 80, has_healthcheck=True),
        SimulatedService(PROMETHEUS, "prom/prometheus:v2.42.0", 9090),
        SimulatedService(ALERTMANAGER, "prom/alertmanager:v0.25.0", 9093),
        SimulatedService(GRAFANA, "grafana/grafana:11.4.0", 3001),
        SimulatedService(NODE_EXPORTER, "prom/node-exporter:v1.8.2", 9100),
    )
}
"""Every service by name, in start order."""

BY_CONTAINER: dict[ContainerId, SimulatedService] = {service.container_id: service for service in SERVICES.values()}


@dataclass(frozen=True, slots=True)
class Collection:
    """A Qdrant collection and what it reports of itself."""

    name: str
    status: str
    """``green``, ``yellow``, ``grey`` or ``red``."""
    points: int
    segments: int
    vector_size: int


COLLECTIONS: dict[str, Collection] = {
    collection.name: collection
    for collection in (
        Collection("documents", "green", points=184_213, segments=6, vector_size=768),
        Collection("code", "green", points=92_640, segments=4, vector_size=384),
        Collection("conversations", "grey", points=11_058, segments=2, vector_size=768),
    )
}
"""What the simulated Qdrant holds."""
