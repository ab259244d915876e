"""Requests, replies and verbs: one table, one parser for slash commands, mentions, buttons and the terminal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.answers import Answer
from bot.domain.effects import Place
from bot.domain.ids import IncidentId
from bot.domain.people import Actor
from bot.domain.rights import Role


class Family(StrEnum):
    """The slash command a verb belongs to; a mention or the terminal finds ``ops`` verbs without naming it."""

    OPS = "ops"
    INCIDENT = "incident"


class Entrance(StrEnum):
    """How somebody came in; it decides where the answer goes, never what is allowed."""

    SLASH = "slash"
    MENTION = "mention"
    BUTTON = "button"
    SHORTCUT = "shortcut"
    TERMINAL = "terminal"


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody asks for something, not parsed yet."""

    actor: Actor
    family: Family
    text: str
    """Verb and arguments as typed. Untrusted."""
    entrance: Entrance
    place: Place
    """Where it was asked."""
    incident: IncidentId | None = None
    """The incident whose thread it was asked in."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the person who asked is told."""

    answer: Answer
    shareable: bool = False
    """Whether "Share here" makes sense: an answer about the platforms, not about the person."""


class Kind(StrEnum):
    """The type of an argument; the parser checks it and names the nearest right value."""

    PLATFORM = "platform"
    SERVICE = "service"
    INCIDENT = "incident"
    APPROVAL = "approval"
    RUN = "run"
    SEVERITY = "severity"
    DURATION = "duration"
    NUMBER = "number"
    WORD = "word"
    TEXT = "text"
    """The rest of the line."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One positional argument of a verb."""

    name: str
    kind: Kind
    required: bool = True
    help: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request whose arguments were read: canonical names and ids as text, absent ones left out."""

    request: Request
    values: dict[str, str] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """Return who asks."""
        return self.request.actor


Handler = Callable[[Parsed], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that can be asked."""

    family: Family
    name: str
    summary: str
    """What it does, in a line."""
    example: str
    """A whole command that works: ``/ops restart qdrant``."""
    role: Role
    """What it takes at least; an owner of the platform counts as operator and approver."""
    handler: Handler
    arguments: tuple[Argument, ...] = ()
    options: tuple[Argument, ...] = ()
    """Given as ``--name value``; one without a kind of value is of kind WORD with choices ("yes",)."""
