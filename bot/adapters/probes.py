"""What the services of a platform answer when asked directly: by HTTP, by Qdrant's collections, or by a connection."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from bot.adapters.http_calls import Answer, NoAnswer, Trouble, ask, decoded, joined, no_answer, one_line, seconds
from bot.domain.findings import Finding, Verdict
from bot.domain.ids import ServiceName
from bot.domain.profiles import Probe, ProbeKind

READ_BYTES = 4096
"""Of the body of a plain probe: its first line is evidence, the rest is not read."""
AT_A_TIME = 8
"""Collections asked about in parallel; a monitoring question must not become load."""
NAMED = 3
"""Collections that evidence names; the others are counted."""
EVIDENCE_CHARACTERS = 400
DOWN = frozenset({Trouble.REFUSED, Trouble.RESET})
"""The host is there and the service is not; any other trouble may be ours."""
PORTS = {"http": 80, "https": 443, "redis": 6379, "rediss": 6379, "postgresql": 5432, "bolt": 7687}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service answers."""

    url: str
    api_key: str | None = field(default=None, repr=False)
    """Sent as Qdrant's ``api-key`` header."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that open it."""
        return {} if self.api_key is None else {"api-key": self.api_key}

    def redacted(self, text: str) -> str:
        """Return ``text`` without the key, should the service repeat it."""
        return text.replace(self.api_key, "[redacted]") if self.api_key else text


@dataclass(frozen=True, slots=True)
class Reading:
    """What one probe saw, before it is filed under its service and name."""

    verdict: Verdict
    evidence: str
    suggestion: str | None = None


class CollectionStatus(StrEnum):
    """How a Qdrant collection stands. Source: Qdrant 1.19, ``local_shard/mod.rs``."""

    GREEN = "green"
    GREY = "grey"
    """Optimisations wait for a write since the last restart; reads are fine."""
    YELLOW = "yellow"
    """Being optimised, or being snapshotted: both look the same."""
    RED = "red"
    """An operation or the optimizer failed."""
    UNKNOWN = "unknown"
    """No status could be had."""


VERDICT_OF = {
    CollectionStatus.GREEN: Verdict.OK,
    CollectionStatus.GREY: Verdict.OK,
    CollectionStatus.YELLOW: Verdict.WARNING,
    CollectionStatus.RED: Verdict.CRITICAL,
    CollectionStatus.UNKNOWN: Verdict.UNKNOWN,
}
WORST_FIRST = (
    CollectionStatus.RED,
    CollectionStatus.UNKNOWN,  # may be red
    CollectionStatus.YELLOW,
    CollectionStatus.GREY,
    CollectionStatus.GREEN,
)


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection as a probe saw it."""

    name: str
    status: CollectionStatus
    detail: str = ""
    """Why it is not fine; empty where it is."""


class _Named(msgspec.Struct):
    name: str


class _Names(msgspec.Struct):
    collections: list[_Named]


class _NamesAnswer(msgspec.Struct):
    result: _Names


class _Info(msgspec.Struct):
    status: str
    optimizer_status: str | dict[str, object] | None = None
    """``"ok"`` or ``{"error": text}``."""


class _InfoAnswer(msgspec.Struct):
    result: _Info


_NAMES = msgspec.json.Decoder(_NamesAnswer)
_INFO = msgspec.json.Decoder(_InfoAnswer)


class HttpProbes:
    """Asks the services of one platform; fits `bot.ports.monitoring.ServiceProbe`."""

    def __init__(self, endpoints: Mapping[ServiceName, Endpoint], client: httpx.AsyncClient) -> None:
        """Take where each service answers and a client that somebody else closes."""
        self._endpoints = endpoints
        self._client = client

    async def ask(self, service: ServiceName, probe: Probe) -> Finding:
        """Return the finding within the probe's timeout; refused or reset is critical, no readable answer unknown."""
        endpoint = self._endpoints.get(service)
        started = time.monotonic()
        if endpoint is None:
            reading = _no_address(service)
        else:
            try:
                reading = await self._read(endpoint, probe)
            except NoAnswer as exc:
                reading = Reading(Verdict.CRITICAL if exc.trouble in DOWN else Verdict.UNKNOWN, exc.why)
        return Finding(
            service=service,
            name=probe.name,
            verdict=reading.verdict,
            evidence=reading.evidence,
            took=_since(started),
            suggestion=reading.suggestion,
        )

    async def _read(self, endpoint: Endpoint, probe: Probe) -> Reading:
        match probe.kind:
            case ProbeKind.HTTP:
                return await self._read_http(endpoint, probe)
            case ProbeKind.QDRANT_COLLECTIONS:
                return await self._read_collections(endpoint, probe.timeout)
            case ProbeKind.TCP:
                return await _read_tcp(endpoint, probe.timeout)

    async def _read_http(self, endpoint: Endpoint, probe: Probe) -> Reading:
        started = time.monotonic()
        answer = await ask(
            self._client,
            joined(endpoint.url, probe.path),
            within=probe.timeout,
            headers=endpoint.headers,
            max_bytes=READ_BYTES,
        )
        if answer.status == probe.expect_status:
            return Reading(Verdict.OK, f"HTTP {answer.status} in {_ms(_since(started))}")
        return _unexpected(endpoint, answer, expected=probe.expect_status)

    async def _read_collections(self, endpoint: Endpoint, within: timedelta) -> Reading:
        deadline = time.monotonic() + within.total_seconds()
        answer = await ask(self._client, joined(endpoint.url, "collections"), within=within, headers=endpoint.headers)
        if answer.status != httpx.codes.OK:
            return _unexpected(endpoint, answer, expected=200)
        names = sorted(collection.name for collection in decoded(answer, _NAMES).result.collections)
        turns = asyncio.Semaphore(AT_A_TIME)
        asked = await asyncio.gather(*(self._collection(endpoint, name, turns, deadline) for name in names))
        return _summed_up([collection for collection in asked if collection is not None])

    async def _collection(
        self, endpoint: Endpoint, name: str, turns: asyncio.Semaphore, deadline: float
    ) -> Collection | None:
        """Return how one collection stands; None when it was deleted since the list was read."""
        async with turns:
            left = timedelta(seconds=deadline - time.monotonic())
            if left <= timedelta():
                return Collection(name, CollectionStatus.UNKNOWN, "not asked in time")
            url = joined(endpoint.url, f"collections/{quote(name, safe='')}")
            try:
                answer = await ask(self._client, url, within=left, headers=endpoint.headers)
                return None if answer.status == httpx.codes.NOT_FOUND else _collection(name, answer, endpoint)
            except NoAnswer as exc:
                why = "did not answer in time" if exc.trouble is Trouble.SLOW else exc.why
                return Collection(name, CollectionStatus.UNKNOWN, why)


def _collection(name: str, answer: Answer, endpoint: Endpoint) -> Collection:
    if answer.status != httpx.codes.OK:
        why = f"answered {_unexpected(endpoint, answer, expected=200).evidence}"
        return Collection(name, CollectionStatus.UNKNOWN, why)
    info = decoded(answer, _INFO).result
    match info.status:
        case CollectionStatus.GREEN | CollectionStatus.GREY:
            return Collection(name, CollectionStatus(info.status))
        case CollectionStatus.YELLOW:
            return Collection(name, CollectionStatus.YELLOW, "is optimising or being snapshotted")
        case CollectionStatus.RED:
            return Collection(name, CollectionStatus.RED, one_line(endpoint.redacted(_optimizer_error(info))))
    return Collection(name, CollectionStatus.UNKNOWN, f"has the unknown status {one_line(info.status, 20)}")


def _optimizer_error(info: _Info) -> str:
    error = info.optimizer_status.get("error") if isinstance(info.optimizer_status, dict) else None
    return f"optimizer error: {error}" if error else "an operation failed"


def _summed_up(collections: Sequence[Collection]) -> Reading:
    """Return the worst verdict, the count of each status, and the names of the worst few."""
    if not collections:
        return Reading(Verdict.OK, "no collections")
    counts = Counter(collection.status for collection in collections)
    worst = next(status for status in WORST_FIRST if counts[status])
    noun = "collection" if len(collections) == 1 else "collections"
    tally = ", ".join(f"{counts[status]} {status}" for status in WORST_FIRST if counts[status])
    evidence = "; ".join([f"{len(collections)} {noun}: {tally}", *_troubled(collections)])
    suggestion = "read the optimizer error; a full disk is the usual cause" if worst is CollectionStatus.RED else None
    return Reading(VERDICT_OF[worst], one_line(evidence, EVIDENCE_CHARACTERS), suggestion)


def _troubled(collections: Sequence[Collection]) -> list[str]:
    troubled = sorted((c for c in collections if c.detail), key=lambda c: WORST_FIRST.index(c.status))
    lines = [f"{one_line(collection.name, 40)} {_joint(collection)}" for collection in troubled[:NAMED]]
    rest = len(troubled) - NAMED
    return [*lines, f"and {rest} more"] if rest > 0 else lines


def _joint(collection: Collection) -> str:
    """Return the detail as it continues the name: a red one's is a quotation, the others' a predicate."""
    return f"({collection.detail})" if collection.status is CollectionStatus.RED else collection.detail


async def _read_tcp(endpoint: Endpoint, within: timedelta) -> Reading:
    host, port = _host_and_port(endpoint.url)
    started = time.monotonic()
    try:
        async with asyncio.timeout(within.total_seconds()):
            writer = await _connected(host, port)
    except TimeoutError as exc:
        raise NoAnswer(Trouble.SLOW, f"did not accept a connection within {seconds(within)}") from exc
    except (OSError, UnicodeError) as exc:
        raise no_answer(exc) from exc
    took = _since(started)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return Reading(Verdict.OK, f"accepted a connection in {_ms(took)}")


async def _connected(host: str, port: int) -> asyncio.StreamWriter:
    """Return a connection to the first of the host's addresses that takes one, else raise what the last one said.

    `asyncio.open_connection` with the name would fold the errors of several addresses into one without a kind.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    said: OSError = socket.gaierror(f"no address for {host}")
    for *_, socket_address in found:
        try:
            _, writer = await asyncio.open_connection(str(socket_address[0]), port)
        except OSError as exc:
            said = exc
        else:
            return writer
    raise said


def _host_and_port(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORTS.get(parts.scheme)
    except ValueError as exc:
        raise NoAnswer(Trouble.UNREACHABLE, "has no usable address in watchkeeper.yaml") from exc
    if not host or not port:
        raise NoAnswer(Trouble.UNREACHABLE, "has an address without host or port in watchkeeper.yaml")
    return host, port


def _no_address(service: ServiceName) -> Reading:
    where = f"platforms[].services.{service}.url"
    return Reading(Verdict.UNKNOWN, f"no address configured for {service} in watchkeeper.yaml: {where}")


def _unexpected(endpoint: Endpoint, answer: Answer, *, expected: int) -> Reading:
    evidence = f"HTTP {answer.status}, expected {expected}"
    said = one_line(_in_words(endpoint.redacted(answer.body.decode("utf-8", "replace"))))
    suggestion = None
    if answer.status in {401, 403}:
        suggestion = "check the service's api_key in watchkeeper.yaml"
    elif 300 <= answer.status < 400:
        suggestion = "redirects are not followed: ask the address it points to, or expect this status"
    return Reading(Verdict.CRITICAL, f"{evidence}: {said}" if said else evidence, suggestion)


def _in_words(body: str) -> str:
    """Return a JSON object as ``status: unhealthy, checks: (qdrant: stopped)``, anything else as it is."""
    try:
        told = json.loads(body)
        return _members(told) if isinstance(told, dict) else body
    except (ValueError, RecursionError):
        return body


def _members(value: dict[str, Any]) -> str:
    parts = {name: f"({_members(part)})" if isinstance(part, dict) else part for name, part in value.items()}
    return ", ".join(f"{name}: {part}" for name, part in parts.items())


def _since(started: float) -> timedelta:
    return timedelta(seconds=time.monotonic() - started)


def _ms(span: timedelta) -> str:
    return f"{max(round(span.total_seconds() * 1000), 1)} ms"
