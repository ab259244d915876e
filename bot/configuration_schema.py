"""What ``watchkeeper.yaml`` looks like, field by field; `bot.configuration` turns it into values."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from bot.domain.rights import Environment
from bot.domain.settings import Secret
from bot.profiles.border import Entry, HttpUrl, Name, OneLine, described, matching, plain_url
from bot.profiles.schema import Lax

SERVICE_SCHEMES = ("http", "https", "redis", "rediss", "postgresql", "bolt")
"""How a service is reached; what only a TCP probe connects to has no http address."""


def _secret(value: object) -> Secret:
    if not isinstance(value, str):
        raise ValueError("expected a secret as text; put it in quotes")
    if not value.strip() or value != value.strip():
        raise ValueError("expected a secret without blanks around it")
    return Secret(value)


def _port(value: object) -> object:
    # A value from an environment variable is always text.
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,5}", value) else value


def _ip_address(value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError("expected an IP address such as 127.0.0.1") from None


ServiceUrl = Annotated[str, AfterValidator(lambda value: plain_url(value, SERVICE_SCHEMES))]
SecretText = Annotated[Secret, PlainValidator(_secret, json_schema_input_type=str)]
IpAddress = Annotated[str, AfterValidator(_ip_address)]
Port = Annotated[int, BeforeValidator(_port), Field(ge=0, le=65535)]
TeamText = Annotated[str, matching(r"T[A-Z0-9]{2,}", "a team id such as T012AB3C4")]
ChannelText = Annotated[str, matching(r"[CG][A-Z0-9]{2,}", "a channel id such as C012AB3CD, not its name")]
MemberText = Annotated[
    str, matching(r"\*|[UWS][A-Z0-9]{2,}", "`*`, a person's id (U…) or a user group's id (S…), not a name")
]
NamedMemberText = Annotated[
    str, matching(r"[UWS][A-Z0-9]{2,}", "a person's id (U…) or a user group's id (S…); never everybody, not a name")
]
DockerHost = Annotated[str, matching(r"(unix:///|tcp://|ssh://)\S+", "unix:///…, tcp://… or ssh://…")]


class ServerEntry(Entry):
    """The section ``server``."""

    bind: IpAddress = "127.0.0.1"
    port: Port = 3000
    public_url: HttpUrl | None = None


class ChannelsEntry(Entry):
    """Where messages go that have no thread of their own."""

    incidents: ChannelText = described("the id of the channel for incidents")
    approvals: ChannelText = described("the id of the channel for approval requests")
    admin: ChannelText = described("the id of the channel for Watchkeeper's own troubles")
    reports: ChannelText = described("the id of the channel for scheduled reports")


class SlackEntry(Entry):
    """The section ``slack``."""

    team: TeamText = described("the id of the workspace, such as T012AB3C4")
    channels: ChannelsEntry = described("the ids of the channels: incidents, approvals, admin, reports")
    sockets: Annotated[int, Field(ge=1, le=10)] = 2


class RolesEntry(Entry):
    """The section ``roles``: the ladder, and break-glass beside it."""

    viewer: Annotated[list[MemberText], Field(min_length=1)] = described(
        "who may look: `*`, people (U…) or user groups (S…)"
    )
    operator: Annotated[list[MemberText], Field(min_length=1)] = described(
        "who may ask for changes: people (U…) or user groups (S…)"
    )
    approver: Annotated[list[MemberText], Field(min_length=1)] = described(
        "who may approve: people (U…) or user groups (S…)"
    )
    admin: Annotated[list[NamedMemberText], Field(min_length=1)] = described(
        "who administers Watchkeeper: people (U…) or user groups (S…)"
    )
    break_glass: list[NamedMemberText] = Field(default_factory=list)


class ComposeEntry(Entry):
    """A Compose project."""

    project: Name = described("the Compose project's name")
    files: Annotated[list[OneLine], Field(min_length=1)] = described("the Compose files, in order")
    docker_host: DockerHost = "unix:///var/run/docker.sock"


class SimulatedEntry(Entry):
    """A simulated platform."""

    url: HttpUrl = described("the address of the simulation")


class RuntimeEntry(Entry):
    """Where a platform runs; one of the two."""

    compose: ComposeEntry | None = None
    simulated: SimulatedEntry | None = None


class AlertmanagerEntry(Entry):
    """A platform's Alertmanagers; ``url`` for one, ``urls`` for a pair."""

    url: HttpUrl | None = None
    urls: Annotated[list[HttpUrl], Field(min_length=1)] | None = None
    secrets: Annotated[list[SecretText], Field(min_length=1, max_length=2)] = described(
        "one secret of its webhooks, or two while one replaces the other"
    )
    user: OneLine | None = None


class PrometheusEntry(Entry):
    """A platform's Prometheus."""

    url: HttpUrl = described("the address of Prometheus")


class AddressEntry(Entry):
    """Where a service is reached."""

    url: ServiceUrl = described("the address of the service")
    api_key: SecretText | None = None


class PlatformEntry(Entry):
    """One system under care."""

    name: Name = described("what people call it in commands")
    profile: OneLine = described("a shipped profile's name, or the path of a YAML file")
    environment: Annotated[Environment, Lax] = described("production, staging or development")
    owners: Annotated[list[NamedMemberText], Field(min_length=1)] = described("people (U…) or user groups (S…)")
    runtime: RuntimeEntry = described("where it runs: `compose` or `simulated`")
    alertmanager: AlertmanagerEntry = described("`url` (or `urls`) and `secrets`")
    prometheus: PrometheusEntry = described("`url`")
    services: dict[str, AddressEntry] = Field(default_factory=dict)
    overrides: dict[str, Any] = Field(default_factory=dict)
