"""The containers of one Compose project, over the Docker Engine's API.

Compose gives containers names that an interrupted run spoils for good (``67faa95fe364_demo-api-1``), and one engine
serves many projects. So containers are found by Compose's labels, touched only by their full id, and only where their
labels say that they belong to this project.

The docker SDK blocks: every call runs in this adapter's own threads, so a slow engine never holds the event loop.
Cancelling a caller does not stop its thread; each call is bounded by the timeout of its socket instead.
"""

from __future__ import annotations

import asyncio
import math
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from bot.adapters.docker_logs import NewestLines, log_messages
from bot.domain.containers import Container, ContainerStatus, Health, LogLine
from bot.domain.errors import PermanentError, TemporaryError, UnknownName
from bot.domain.ids import ContainerId, ServiceName

if TYPE_CHECKING:
    from docker import APIClient

_T = TypeVar("_T")

CALL_TIMEOUT = timedelta(seconds=15)
LOG_TIMEOUT = timedelta(seconds=20)
THREADS = 8
"""One change and four reads at a time per platform, with room for the abandoned."""

_PROJECT = "com.docker.compose.project"
_SERVICE = "com.docker.compose.service"
_NUMBER = "com.docker.compose.container-number"
_ONEOFF = "com.docker.compose.oneoff"
_CONFIG_HASH = "com.docker.compose.config-hash"

_FULL_ID = re.compile(r"[0-9a-f]{64}")
_CREDENTIAL = re.compile(
    r"(?i)((?:pass\w*|pwd|secret\w*|token|\w*key|credentials?)\s*[=:]\s*)[^\s,;\"']+|(://)[^\s/@]+@"
)
_AWAY_STATUSES = frozenset({502, 503, 504})
"""What a proxy in front of the engine answers while the engine is away."""


class DockerRuntime:
    """The ``ContainerRuntime`` of one Compose project. The engine is first asked when the first call needs it."""

    def __init__(
        self,
        docker_host: str,
        project: str,
        *,
        names: Mapping[ServiceName, str] | None = None,
        timeout: timedelta = CALL_TIMEOUT,
    ) -> None:
        """``docker_host`` is an address as ``DOCKER_HOST`` has it; ``timeout`` bounds each wait for the engine.

        ``names`` says what services are called in the Compose file, where that is not their own name.
        """
        self._docker_host = docker_host
        self._project = project
        self._names = names or {}
        self._timeout_s = timeout.total_seconds()
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix=f"docker-{project}")
        self._client: APIClient | None = None
        self._client_lock = threading.Lock()

    async def containers(self, service: ServiceName) -> Sequence[Container]:
        """Return the service's containers, stopped ones included, ordered by number; empty when there is none."""
        return await self._in_thread(partial(self._containers, service))

    async def restart(self, container: ContainerId, *, grace: timedelta) -> None:
        """Stop the container within ``grace``, start it again, and return when the engine says it runs.

        Raises UnknownName where this project has no such container, PermanentError where the engine refuses or the
        container has ended already; one that ends a moment later is for a health check to find. After a
        TemporaryError the engine may still be completing the restart.
        """
        await self._in_thread(partial(self._restart, container, grace))

    async def logs(self, container: ContainerId, *, tail: int, since: datetime | None = None) -> Sequence[LogLine]:
        """Return the last ``tail`` lines (both streams, oldest first), bounded in time and bytes.

        A container with a terminal has only ``stdout``. Raises UnknownName where this project has no such container.
        """
        return await self._in_thread(partial(self._logs, container, tail, since))

    async def aclose(self) -> None:
        """Let go of connections and threads; a call still under way ends with its own timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    async def _in_thread(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    # What follows runs in the threads.

    def _engine(self) -> APIClient:
        """Return the client, made on first use: making one asks the engine for its API version."""
        from docker import APIClient

        with self._client_lock:
            if self._client is None:
                self._client = APIClient(
                    base_url=self._docker_host,
                    version="auto",
                    timeout=self._timeout_s,  # type: ignore[arg-type]  # requests takes fractions of a second
                    use_ssh_client=True,
                    max_pool_size=THREADS,
                )
                self._client.trust_env = False  # no proxy and no netrc decides how the engine is reached
            return self._client

    def _knock(self) -> None:
        """Raise OSError where nobody listens on the unix socket: the SDK leaks each socket that it cannot connect."""
        if self._docker_host.startswith("unix://"):
            with socket.socket(socket.AF_UNIX) as knock:
                knock.settimeout(self._timeout_s)
                knock.connect(self._docker_host.removeprefix("unix://"))

    def _containers(self, service: ServiceName) -> Sequence[Container]:
        labels = [f"{_PROJECT}={self._project}", f"{_SERVICE}={self._names.get(service, service)}", f"{_ONEOFF}=False"]
        with self._translated(f"list the containers of {service}"):
            listed = _read(lambda: self._engine().containers(all=True, filters={"label": labels}))
            facts = [found for entry in listed if (found := self._inspect_listed(entry["Id"])) is not None]
        containers = (self._container(service, it) for it in facts)
        return sorted(containers, key=lambda container: (container.number, container.name))

    def _inspect_listed(self, id_: str) -> dict[str, Any] | None:
        """Return what the engine knows of a container it has just listed; None where it went away meanwhile."""
        from docker.errors import NotFound

        try:
            return _read(lambda: self._inspect(id_))
        except NotFound:
            return None

    def _inspect(self, id_: str) -> dict[str, Any]:
        facts: dict[str, Any] = self._engine().inspect_container(id_)
        return facts

    def _restart(self, container: ContainerId, grace: timedelta) -> None:
        name = _name(self._own(container))
        with self._translated(
            f"restart {name}", unsure="; it may still complete the restart: look before trying again"
        ):
            self._engine().restart(container, timeout=math.ceil(grace.total_seconds()))
        with self._translated(f"say whether {name} runs again"):
            state = _read(lambda: self._inspect(container))["State"]
        if not state["Running"] or state["Restarting"]:
            raise PermanentError(
                f"{name}: ended with exit code {state['ExitCode']} right after its start; see its logs"
            )

    def _logs(self, container: ContainerId, tail: int, since: datetime | None) -> Sequence[LogLine]:
        facts = self._own(container)
        if tail < 1:
            return ()
        newest = NewestLines(tail)
        with self._translated(f"show the logs of {_name(facts)}"):
            for message in log_messages(self._log_chunks(container, newest.limit, since), tty=facts["Config"]["Tty"]):
                newest.take(message)
        return newest.lines()

    def _log_chunks(self, container: ContainerId, tail: int, since: datetime | None) -> Iterator[bytes]:
        """Yield the engine's answer as it comes.

        Asked through the client's own session, because the SDK's ``logs`` joins both streams and bounds nothing.
        Source: Engine API 1.41, ``GET /containers/{id}/logs``.
        """
        deadline = time.monotonic() + LOG_TIMEOUT.total_seconds()
        engine = self._engine()
        query = {"stdout": "1", "stderr": "1", "timestamps": "1", "tail": str(tail)}
        if since is not None:
            query["since"] = f"{since.timestamp():.6f}"
        url = f"{engine.base_url}/v{engine.api_version}/containers/{container}/logs"
        with engine.get(url, params=query, stream=True, timeout=self._timeout_s) as answer:
            _raise_for_status(answer)
            for chunk in answer.iter_content(chunk_size=65536):
                if time.monotonic() > deadline:
                    raise TemporaryError(
                        f"{self._project}: the logs take longer than {LOG_TIMEOUT.seconds} s; ask for fewer lines"
                    )
                yield chunk

    def _own(self, container: ContainerId) -> dict[str, Any]:
        """Return what the engine knows of this project's container; raise UnknownName for any other."""
        unknown = UnknownName(
            f"{self._project}: no container {container[:12]} in this project; list the service's containers again"
        )
        if _FULL_ID.fullmatch(container) is None:  # a name or a prefix could mean another container tomorrow
            raise unknown
        with self._translated(f"inspect {container[:12]}"):
            facts = self._inspect_listed(container)
        if facts is None or not self._is_ours(facts):
            raise unknown
        return facts

    def _is_ours(self, facts: dict[str, Any]) -> bool:
        labels = facts["Config"].get("Labels") or {}
        return labels.get(_PROJECT) == self._project and labels.get(_ONEOFF) == "False"

    def _container(self, service: ServiceName, facts: dict[str, Any]) -> Container:
        state, labels = facts["State"], facts["Config"]["Labels"]
        try:
            return Container(
                id=ContainerId(facts["Id"]),
                name=_name(facts),
                service=service,
                number=int(labels[_NUMBER]),
                image=facts["Config"]["Image"],
                image_digest=facts["Image"],
                config_hash=labels.get(_CONFIG_HASH, ""),
                status=ContainerStatus(state["Status"]),
                health=Health((state.get("Health") or {}).get("Status") or Health.NONE),
                started_at=_moment(state["StartedAt"]),
                finished_at=_moment(state["FinishedAt"]),
                exit_code=state["ExitCode"],
                oom_killed=state["OOMKilled"],
                restart_count=facts["RestartCount"],
            )
        except (KeyError, ValueError) as exc:
            raise PermanentError(f"{_name(facts)}: the engine describes it in a way this version cannot read") from exc

    @contextmanager
    def _translated(
        self, intent: str, *, unsure: str = "; check that it runs and that its socket may be used"
    ) -> Iterator[None]:
        """Raise foreign errors as ours. The engine's address is left out of them: it may hold a secret."""
        from docker.errors import APIError, DockerException, InvalidVersion, NotFound
        from requests import RequestException

        try:
            self._knock()
            yield
        except NotFound as exc:
            raise UnknownName(f"{self._project}: could not {intent}: the engine no longer has it") from exc
        except APIError as exc:
            if exc.status_code in _AWAY_STATUSES:
                raise TemporaryError(f"{self._project}: could not {intent}: the engine is away") from exc
            raise PermanentError(f"{self._project}: the engine refused to {intent}: {_explanation(exc)}") from exc
        except InvalidVersion as exc:
            raise PermanentError(f"{self._project}: the engine is too old for this version; upgrade it") from exc
        except (DockerException, RequestException, OSError) as exc:
            raise TemporaryError(f"{self._project}: could not {intent}: no answer from the engine{unsure}") from exc


def _read(call: Callable[[], _T]) -> _T:
    """Return what a read answers, asked once more where the connection broke: the engine may just have restarted."""
    from requests import ConnectionError as Broken

    try:
        return call()
    except Broken:
        return call()


def _raise_for_status(answer: Any) -> None:
    """Raise the SDK's error for an answer that the SDK did not ask for itself."""
    from docker.errors import create_api_error_from_http_exception
    from requests import HTTPError

    try:
        answer.raise_for_status()
    except HTTPError as exc:
        create_api_error_from_http_exception(exc)


def _explanation(error: Any) -> str:
    """Return the engine's reason on one line without what looks like a credential (mount options carry some)."""
    words = " ".join(str(error.explanation or error.status_code).split())
    return _CREDENTIAL.sub(lambda found: f"{found[1]}***" if found[1] else "://***@", words)[:300]


def _name(facts: dict[str, Any]) -> str:
    return str(facts["Name"]).removeprefix("/")


def _moment(stamp: str) -> datetime | None:
    """Return the engine's time, cut to microseconds; None for Go's zero time, which means never."""
    moment = datetime.fromisoformat(stamp)
    return None if moment.year == 1 else moment.astimezone(UTC)
