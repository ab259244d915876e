"""What the doctor asks the outside: facts as they are, without a judgement; `bot.services.inspection` judges.

A question that gets no answer raises NotAnswered with words that complete a sentence (``refused the connection``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from bot.domain.errors import BotError
from bot.domain.ids import ChannelId, GroupId, TeamId, UserId
from bot.domain.profiles import Metric
from bot.domain.settings import Secret


class NotAnswered(BotError):
    """Nobody could be asked, and why; completes a sentence."""


class RefusedBySlack(BotError):
    """Slack answered with an error."""

    def __init__(self, code: str, *, needed: str = "") -> None:
        super().__init__(f"Slack answered {code}")
        self.code = code
        self.needed = needed
        """The scope that ``missing_scope`` names."""


# The machine


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file that people keep."""

    path: Path
    mode: int
    """Permission bits."""
    holds_secrets: bool


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """The data folder."""

    path: Path
    exists: bool
    is_writable: bool
    """Of a folder that does not exist: whether it can be made."""
    mode: int
    """Permission bits; 0 where it does not exist."""
    owner: str
    """The operating system user it belongs to; empty where it does not exist."""
    us: str
    """The operating system user we are."""
    free_bytes: int
    was_used: bool
    """Whether a state store ever ran on it."""


class Machine(Protocol):
    """The machine we run on."""

    def file(self, path: Path, secrets: Sequence[Secret]) -> FileFacts | None:
        """Return what is to be known of a file; None where it cannot be read."""
        ...

    def folder(self, path: Path) -> FolderFacts:
        """Return what is to be known of the data folder."""
        ...

    def us(self) -> str:
        """Return the operating system user we are."""
        ...

    def why_no_embedded_store(self) -> str:
        """Return why no Valkey can be embedded here; empty where one can."""
        ...


class Listening(StrEnum):
    """Who answers at an address where Watchkeeper should."""

    NOBODY = "nobody"
    WATCHKEEPER = "watchkeeper"
    NOT_READY = "not_ready"
    """Watchkeeper, without its state store."""
    SOMEBODY_ELSE = "somebody_else"


class Doorstep(Protocol):
    """Watchkeeper's own HTTP address, seen from outside the process."""

    async def who_answers(self, url: str) -> Listening:
        """Return who answers at ``url``."""
        ...


# Slack


@dataclass(frozen=True, slots=True)
class SlackIdentity:
    """Whom the bot token belongs to."""

    team: TeamId
    team_name: str
    user: UserId
    user_name: str
    scopes: frozenset[str] | None
    """None where the answer did not name them."""
    ahead: timedelta | None
    """How far Slack's clock is ahead of ours; None where the answer had no date."""


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """A channel as the bot sees it."""

    name: str
    is_member: bool
    is_archived: bool | None
    """None where the bot may not ask for it."""


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A user group."""

    handle: str
    is_disabled: bool
    members: frozenset[UserId]


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """An account of the workspace."""

    id: UserId
    name: str
    team: TeamId
    is_bot: bool
    is_guest: bool
    is_deactivated: bool


class SlackInspection(Protocol):
    """Questions to the workspace. Each raises RefusedBySlack or NotAnswered."""

    async def identity(self) -> SlackIdentity:
        """Return whom the bot token belongs to."""
        ...

    async def socket_mode(self) -> None:
        """Return when Slack accepts the app token for Socket Mode; no connection is made."""
        ...

    async def channel(self, channel: ChannelId) -> ChannelFacts:
        """Return how the bot stands to a channel."""
        ...

    async def groups(self) -> Mapping[GroupId, GroupFacts]:
        """Return every user group of the workspace, disabled ones too."""
        ...

    async def person(self, user: UserId) -> PersonFacts:
        """Return what the workspace says of somebody."""
        ...


# The state store


class StoreTrouble(StrEnum):
    """Why the state store cannot be used."""

    AWAY = "away"
    AUTHENTICATION = "authentication"
    LOADING = "loading"
    RIGHTS = "rights"


class StoreRefused(BotError):
    """The state store cannot be used; the words complete a sentence."""

    def __init__(self, trouble: StoreTrouble, why: str) -> None:
        super().__init__(why)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What the state store says of itself."""

    product: str
    """``Redis``, ``Valkey``, ``Dragonfly``."""
    version: tuple[int, ...]
    """Of the protocol: what Valkey says it is compatible with."""
    shown_version: str
    is_replica: bool
    aof_enabled: bool
    aof_write_ok: bool
    snapshot_ok: bool
    eviction: str
    """``maxmemory-policy``."""
    used_bytes: int
    limit_bytes: int
    """``maxmemory``, or the machine's memory where that is 0."""
    fsync: str
    """``appendfsync``; empty where we may not ask."""
    denied: tuple[str, ...]
    """Commands that we need and may not use."""


class StoreInspection(Protocol):
    """Questions to the state store; nothing is written."""

    async def facts(self) -> StoreFacts:
        """Return what it says of itself. Raises StoreRefused."""
        ...


# Containers


class EngineTrouble(StrEnum):
    """Why a Docker engine cannot be asked."""

    NO_SOCKET = "no_socket"
    PERMISSION = "permission"
    AWAY = "away"
    UNREADABLE = "unreadable"


class EngineRefused(BotError):
    """The engine cannot be asked; the words complete a sentence."""

    def __init__(self, trouble: EngineTrouble, why: str, *, socket_group: int | None = None) -> None:
        super().__init__(why)
        self.trouble = trouble
        self.socket_group = socket_group
        """The group that may use its socket."""


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """One Compose project on one engine."""

    version: str
    running: frozenset[str]
    """Compose services with a container that runs."""
    stopped: frozenset[str]
    """Compose services whose containers are all stopped."""
    projects: tuple[str, ...]
    """Every Compose project of the engine."""


class EngineInspection(Protocol):
    """Questions to a Docker engine."""

    async def facts(self) -> EngineFacts:
        """Return what runs of the project. Raises EngineRefused."""
        ...

    def unreadable_files(self) -> Mapping[Path, str]:
        """Return the configured Compose files that cannot be read, and why."""
        ...


# Monitoring


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One alerting rule of Prometheus."""

    name: str
    labels: Mapping[str, str]
    """What the rule adds; other labels come from its expression."""
    error: str
    """Why it cannot be evaluated; empty where it can."""


class PrometheusInspection(Protocol):
    """Questions to a Prometheus. Each raises NotAnswered."""

    async def ready(self) -> None:
        """Return when it says that it is ready."""
        ...

    async def alertmanagers(self) -> Sequence[str]:
        """Return the addresses it sends alerts to."""
        ...

    async def jobs(self) -> frozenset[str]:
        """Return the jobs it scrapes."""
        ...

    async def rules(self) -> Sequence[AlertRule]:
        """Return its alerting rules."""
        ...

    async def external_labels(self) -> Mapping[str, str]:
        """Return the labels it adds to every alert."""
        ...

    async def why_no_data(self, metric: Metric) -> str | None:
        """Return why the metric has no value; None where it has one."""
        ...


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition of a route on a label."""

    label: str
    operator: str
    """``=``, ``!=``, ``=~`` or ``!~``."""
    value: str


@dataclass(frozen=True, slots=True)
class Route:
    """One node of Alertmanager's route tree, with what it inherits filled in."""

    receiver: str
    matchers: tuple[Matcher, ...]
    group_by: tuple[str, ...]
    """``("...",)`` means that every alert is a group of its own."""
    goes_on: bool
    """Whether its siblings are tried after it (``continue``)."""
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook of a receiver."""

    url: str
    """Empty where Alertmanager hides it (since 0.26)."""
    send_resolved: bool
    max_alerts: int
    authorization: str
    """``Bearer``, ``Basic``, another scheme's name, or empty where it sends none."""
    user: str
    """The user name of basic auth."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """One receiver."""

    name: str
    webhooks: tuple[Webhook, ...]
    others: int
    """How many ways besides webhooks it tells somebody (mail, pager, …)."""


@dataclass(frozen=True, slots=True)
class AlertmanagerFacts:
    """What an Alertmanager says of itself."""

    version: str
    cluster: str
    """``ready``, ``settling`` or ``disabled``."""
    receivers: Mapping[str, Receiver]
    route: Route


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    """Webhook notifications since an Alertmanager started."""

    sent: int
    """Failed ones included."""
    failed: int


class AlertmanagerInspection(Protocol):
    """Questions to one Alertmanager. Each raises NotAnswered."""

    async def facts(self) -> AlertmanagerFacts:
        """Return its version and its configuration."""
        ...

    async def deliveries(self) -> DeliveryCounts | None:
        """Return how its webhooks went; None where its metrics cannot be had."""
        ...
