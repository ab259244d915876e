"""What one installation is told: where it listens, whom it trusts, which platforms it looks after.

Plain values; `bot.settings` reads them from the environment and ``watchkeeper.yaml``, and is the only module that does.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, final

from bot.domain.ids import ChannelId, GroupId, PlatformName, ServiceName, TeamId, UserId
from bot.domain.profiles import Profile
from bot.domain.rights import Environment, Role

MASK: Final = "********"
"""What a secret looks like wherever it is shown."""


def _bytes(text: str) -> bytes:
    # An environment variable that is no UTF-8 arrives with lone surrogates in it.
    return text.encode("utf-8", "surrogatepass")


@final
class Secret:
    """A text that must not be shown: it prints as asterisks, cannot be pickled, and is compared in constant time."""

    __slots__ = ("_text",)
    _text: str

    def __init__(self, text: str) -> None:
        if not text:
            raise ValueError("a secret cannot be empty")
        object.__setattr__(self, "_text", text)

    def reveal(self) -> str:
        """Return the text itself, for the one call that needs it."""
        return self._text

    def matches(self, candidate: str) -> bool:
        """Return whether ``candidate`` is this secret, in a time that does not tell how much of it fits."""
        return hmac.compare_digest(_bytes(self._text), _bytes(candidate))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a secret cannot be changed")

    def __eq__(self, other: object) -> bool:
        return self.matches(other._text) if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Secret:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret cannot be pickled")


@dataclass(frozen=True, slots=True)
class ProcessEnvironment:
    """What the process was started with."""

    slack_bot_token: Secret | None
    slack_signing_secret: Secret | None
    """Checks `/slack/events`; None only where Socket Mode is the way in."""
    slack_app_token: Secret | None
    """Opens Socket Mode; None where Slack posts to us."""
    slack_api_url: str
    """Ends with a slash."""
    redis_url: Secret | None
    """A secret because it may carry a password; None means the embedded Valkey."""
    config_path: Path
    data_dir: Path


@dataclass(frozen=True, slots=True)
class Server:
    """Where we listen, and where others reach us."""

    bind: str
    port: int
    public_url: str | None
    """Without a slash at the end; None where nobody outside reaches us."""


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels that messages without a thread of their own go to."""

    incidents: ChannelId
    approvals: ChannelId
    admin: ChannelId
    reports: ChannelId


@dataclass(frozen=True, slots=True)
class Slack:
    """The one workspace this installation serves."""

    team: TeamId
    channels: Channels
    sockets: int = 2
    """Connections of Socket Mode that each process opens; Slack allows ten for the whole app."""


@dataclass(frozen=True, slots=True)
class Members:
    """Who is meant: people and user groups by id, or everybody of the workspace."""

    people: frozenset[UserId] = frozenset()
    groups: frozenset[GroupId] = frozenset()
    everybody: bool = False


@dataclass(frozen=True, slots=True)
class ComposeRuntime:
    """A Compose project on one Docker engine."""

    project: str
    files: tuple[Path, ...]
    """In the order Compose merges them."""
    docker_host: str
    """``unix://…``, ``tcp://…`` or ``ssh://…``."""


@dataclass(frozen=True, slots=True)
class SimulatedRuntime:
    """A platform that only pretends, for the demo and for drills."""

    url: str


Runtime: TypeAlias = ComposeRuntime | SimulatedRuntime


@dataclass(frozen=True, slots=True)
class AlertmanagerSettings:
    """The Alertmanagers of a platform, and what their webhooks prove themselves with."""

    urls: tuple[str, ...]
    """One, or the peers of a pair; without a slash at the end."""
    secrets: tuple[Secret, ...]
    """One, or two while one replaces the other: bearer tokens, or passwords of basic auth."""
    user: str | None = None
    """The only user name taken with basic auth; None takes any."""


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """Where Watchkeeper reaches a service."""

    url: str
    """Without a slash at the end."""
    api_key: Secret | None = None


@dataclass(frozen=True, slots=True)
class Platform:
    """One system under care."""

    name: PlatformName
    profile: Profile
    """With this platform's overrides applied."""
    environment: Environment
    owners: Members
    runtime: Runtime
    alertmanager: AlertmanagerSettings
    prometheus_url: str
    services: Mapping[ServiceName, ServiceAddress]
    """Addresses by service; a service without one cannot be probed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything one installation is told."""

    environment: ProcessEnvironment
    server: Server
    slack: Slack
    roles: Mapping[Role, Members]
    """Every role, also those nobody holds."""
    cli_users: Mapping[str, UserId]
    """The person behind each operating system user."""
    platforms: Mapping[PlatformName, Platform]
    """In the order of the file."""
