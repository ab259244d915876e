"""What a runtime says of the containers behind a service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.ids import ContainerId, ServiceName


class ContainerStatus(StrEnum):
    """The engine's word for what the main process does."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    """The restart policy is bringing it up again after a crash: it is looping."""
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


class Health(StrEnum):
    """The container's own healthcheck."""

    NONE = "none"
    """It declares no healthcheck; only a probe can tell."""
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a service, as observed at one moment."""

    id: ContainerId
    name: str
    service: ServiceName
    number: int
    """Compose's container number, from 1."""
    image: str
    image_digest: str
    """``sha256:…`` of the image it runs."""
    config_hash: str
    """Compose's hash of the service's configuration; empty where the runtime has none."""
    status: ContainerStatus
    health: Health
    started_at: datetime | None
    """None where it never ran."""
    finished_at: datetime | None
    exit_code: int
    oom_killed: bool
    restart_count: int

    @property
    def is_up(self) -> bool:
        """True while the main process runs and its healthcheck does not deny it."""
        return self.status is ContainerStatus.RUNNING and self.health is not Health.UNHEALTHY

    @property
    def is_looping(self) -> bool:
        """True while the restart policy, not a person, decides when it starts."""
        return self.status is ContainerStatus.RESTARTING


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line a container wrote. ``text`` is untrusted."""

    at: datetime
    text: str
    stream: str
    """``stdout`` or ``stderr``."""
