"""Where the services of a platform run: the containers behind a service, their logs, and a restart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.containers import Container, LogLine
from bot.domain.ids import ContainerId, ServiceName


class ContainerRuntime(Protocol):
    """A runtime of one platform.

    Every call raises TemporaryError when the runtime is away and PermanentError when it refuses; neither message
    carries a secret.
    """

    async def containers(self, service: ServiceName) -> Sequence[Container]:
        """Return the service's containers, stopped ones included, ordered by number; empty when there is none."""
        ...

    async def restart(self, container: ContainerId, *, grace: timedelta) -> None:
        """Stop the container within ``grace``, start it again, and return when the engine says it runs.

        Raises UnknownName when there is no such container.
        """
        ...

    async def logs(self, container: ContainerId, *, tail: int, since: datetime | None = None) -> Sequence[LogLine]:
        """Return the last ``tail`` lines (both streams, oldest first), bounded in time and bytes."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and threads."""
        ...
