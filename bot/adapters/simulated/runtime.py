"""The container runtime of the simulated platform, asked over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import httpx
import msgspec

from bot.domain.containers import Container, LogLine
from bot.domain.errors import PermanentError, TemporaryError, UnknownName
from bot.domain.ids import ContainerId, ServiceName

T = TypeVar("T")

_TIMEOUT = httpx.Timeout(5.0, connect=2.0)
_BEYOND_GRACE = timedelta(seconds=10)
"""What a restart may take beside the stop."""


class SimulatedRuntime:
    """`bot.ports.runtime.ContainerRuntime` over ``/runtime`` of a simulated platform at ``base_url``.

    Errors name the host and port only: an address may hold credentials.
    """

    def __init__(self, base_url: str) -> None:
        url = httpx.URL(base_url)
        self._where = f"{url.host}:{url.port}" if url.port else url.host
        # No proxy of the environment: the platform is on this machine.
        self._client = httpx.AsyncClient(base_url=f"{base_url.rstrip('/')}/runtime", timeout=_TIMEOUT, trust_env=False)

    async def containers(self, service: ServiceName) -> Sequence[Container]:
        """Return the service's containers, stopped ones included; empty when there is none."""
        answer = await self._ask("GET", "/containers", params={"service": service})
        return sorted(self._read(answer, list[Container]), key=lambda container: container.number)

    async def restart(self, container: ContainerId, *, grace: timedelta) -> None:
        """Stop the container within ``grace``, start it again, and return when it runs.

        Raises UnknownName when there is no such container.
        """
        await self._ask(
            "POST",
            "/restart",
            json={"container": container, "grace_s": grace.total_seconds()},
            timeout=httpx.Timeout((grace + _BEYOND_GRACE).total_seconds(), connect=2.0),
        )

    async def logs(self, container: ContainerId, *, tail: int, since: datetime | None = None) -> Sequence[LogLine]:
        """Return the last ``tail`` lines, oldest first; the platform bounds their number and age.

        Raises UnknownName when there is no such container.
        """
        params = {"container": container, "tail": str(tail)}
        if since is not None:
            params["since"] = str(since.timestamp())
        return self._read(await self._ask("GET", "/logs", params=params), list[LogLine])

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        timeout: httpx.Timeout = _TIMEOUT,
    ) -> httpx.Response:
        try:
            answer = await self._client.request(method, path, params=params, json=json, timeout=timeout)
        except httpx.TimeoutException as exc:
            raise TemporaryError(f"the simulated runtime at {self._where} does not answer in time") from exc
        except httpx.TransportError as exc:
            raise TemporaryError(
                f"the simulated runtime at {self._where} is away; `watchkeeper sandbox --platform NAME` plays one"
            ) from exc
        return self._judged(answer)

    def _judged(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise UnknownName("the simulated runtime has no such container; list the service's containers")
        if answer.is_server_error:
            raise TemporaryError(f"the simulated runtime at {self._where} answered {answer.status_code}")
        if not answer.is_success:
            raise PermanentError(f"the simulated runtime at {self._where} refused with {answer.status_code}")
        return answer

    def _read(self, answer: httpx.Response, type_: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.content, type=type_)
        except msgspec.DecodeError as exc:
            raise PermanentError(f"the simulated runtime at {self._where} answered what cannot be read") from exc
