"""What the fixtures of ``tests.real.parts`` are, as types: each is called by a test and returns something running."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol

from tests.real.compose import ComposeProject, Service
from tests.real.monitoring import Alertmanager, Prometheus
from tests.real.redis_server import RedisServer


class MakesProject(Protocol):
    """Writes a compose file, brings it up, and returns the project; ``wait`` is for services to be healthy."""

    def __call__(
        self, services: Mapping[str, Service], *, name: str = "demo", up: bool = True, wait: bool = True
    ) -> Awaitable[ComposeProject]: ...


class MakesAlertmanager(Protocol):
    """Returns a started Alertmanager with this configuration; see ``webhook_config``."""

    def __call__(self, config: Mapping[str, Any], *, flags: Sequence[str] = ()) -> Awaitable[Alertmanager]: ...


class MakesPrometheus(Protocol):
    """Returns a started Prometheus; see ``Prometheus``."""

    def __call__(
        self,
        *,
        targets: Mapping[str, Sequence[str]],
        rules: Sequence[Mapping[str, Any]] = (),
        alertmanager: Alertmanager | None = None,
        external_labels: Mapping[str, str] | None = None,
    ) -> Awaitable[Prometheus]: ...


class MakesRedisServer(Protocol):
    """Returns a started redis-server; see ``RedisServer``."""

    def __call__(self, *, tcp: bool = False, flags: Sequence[str] = ()) -> Awaitable[RedisServer]: ...
