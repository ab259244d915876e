"""What is asked and what is answered: requests, verbs with their arguments, replies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bot.domain.answers import Answer
from bot.domain.effects import Place
from bot.domain.errors import UsageError
from bot.domain.forms import Choice, CommandForm
from bot.domain.ids import IncidentId, PlatformName, RunbookName, ServiceName
from bot.domain.people import Actor
from bot.domain.rights import Role
from bot.services.catalogue import Named


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
    form: CommandForm | None = None
    """What asks for the arguments that are missing, where a window can be opened; ``answer`` is for elsewhere."""
    field: str = ""
    """The field of a form that the answer to it is about."""


class Kind(StrEnum):
    """The type of an argument; the parser checks it and names the nearest right value."""

    PLATFORM = "platform"
    """Where it is left out: the platform of the service, runbook or incident meant, else the only one."""
    SERVICE = "service"
    RUNBOOK = "runbook"
    INCIDENT = "incident"
    """``INC-42`` or ``42``; where it is left out, the incident in whose thread it is asked."""
    APPROVAL = "approval"
    RUN = "run"
    SEVERITY = "severity"
    DURATION = "duration"
    NUMBER = "number"
    PERSON = "person"
    """``@name`` as the chat sends it, anywhere on the line; its value is the user id."""
    PARAMETERS = "parameters"
    """Any number of ``name=value``; kept in `Parsed.parameters`."""
    WORD = "word"
    TEXT = "text"
    """The rest of the line."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a verb.

    A required platform or incident may still be left out where its default can be told; then it counts as given.
    """

    name: str
    kind: Kind
    required: bool = True
    help: str = ""
    choices: tuple[str, ...] = ()
    role: Role | None = None
    """What giving it takes, where that is more than the verb's own role."""
    announced: bool = False
    """Whether its name comes before it on the line: ``into INC-7``."""

    @property
    def is_flag(self) -> bool:
        """Return whether, as an option, its name alone says it all."""
        return self.choices == ("yes",)

    @property
    def label(self) -> str:
        """Return what stands for it in a usage line."""
        if self.kind is Kind.PARAMETERS:
            return "name=value …"
        if 0 < len(self.choices) <= _SPELLED_CHOICES:
            return "|".join(self.choices)
        named = f"{self.name} …" if self.kind is Kind.TEXT else self.name
        return f"{self.name} {self.kind}" if self.announced else named


_SPELLED_CHOICES = 4


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request whose arguments were read: canonical names and ids as text, absent ones left out."""

    request: Request
    values: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    """What was given as ``name=value``."""
    platforms: frozenset[PlatformName] = frozenset()
    """The platforms that the arguments belong to."""

    @property
    def actor(self) -> Actor:
        """Return who asks."""
        return self.request.actor

    @property
    def platform(self) -> PlatformName:
        """Return the value of the argument ``platform``."""
        return PlatformName(self.values["platform"])

    @property
    def incident(self) -> IncidentId:
        """Return the value of the argument ``incident``."""
        return IncidentId(self.values["incident"])

    def text(self, name: str) -> str:
        """Return a value, empty where it was left out."""
        return self.values.get(name, "")


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
    aliases: tuple[str, ...] = ()
    """Other names it answers to."""
    either: tuple[str, ...] = ()
    """Names of optional arguments of which exactly one must be given."""
    button: str = ""
    """What a button that runs it says: ``Acknowledge``; its name where left out."""

    @property
    def button_words(self) -> str:
        """Return what a button that runs it says."""
        return self.button or self.name.capitalize()

    @property
    def usage(self) -> str:
        """Return the verb with its arguments: ``restart <service> [platform] [--reason text]``."""
        parts = [self.name]
        choice = [it.label for it in self.arguments if it.name in self.either]
        if choice:
            parts.append(f"<{' | '.join(choice)}>")
        parts += [_bracketed(it, it.label) for it in self.arguments if it.name not in self.either]
        parts += [_option_usage(it) for it in self.options]
        return " ".join(parts)

    @property
    def takes_text(self) -> Argument | None:
        """Return the argument that takes the rest of the line, if any."""
        return next((it for it in self.arguments if it.kind is Kind.TEXT), None)


def _option_usage(option: Argument) -> str:
    choices = "|".join(option.choices) if len(option.choices) <= _SPELLED_CHOICES else ""
    value = choices or ("text" if option.kind is Kind.TEXT else option.kind.value)
    return f"--{option.name} <{value}>" if option.required else f"[--{option.name} {value}]"


def _bracketed(argument: Argument, label: str) -> str:
    left_out = not argument.required or argument.kind in (Kind.PLATFORM, Kind.INCIDENT)
    return f"[{label}]" if left_out else f"<{label}>"


def address(family: Family, entrance: Entrance) -> str:
    """Return what comes before a verb where somebody asks: ``/ops``, ``@watchkeeper incident``."""
    if entrance is Entrance.TERMINAL:
        return "watchkeeper ops" if family is Family.OPS else "watchkeeper ops incident"
    if entrance is Entrance.MENTION:
        return "@watchkeeper" if family is Family.OPS else "@watchkeeper incident"
    return f"/{family}"


class Names(Protocol):
    """What there is, by the names people type. Calls with a number raise UnknownName when there is none."""

    def platforms(self) -> Sequence[PlatformName]:
        """Return every platform."""
        ...

    def services(self, platform: PlatformName | None = None) -> Sequence[ServiceName]:
        """Return the services of a platform, or of all of them, each once."""
        ...

    def runbooks(self, platform: PlatformName | None = None) -> Sequence[RunbookName]:
        """Return the runbooks of a platform, or of all of them, each once."""
        ...

    async def incident(self, number: int) -> Named:
        """Return what ``INC-<number>`` names."""
        ...

    async def incident_by_id(self, incident: IncidentId) -> Named:
        """Return what an id names."""
        ...

    async def approval(self, number: int) -> Named:
        """Return what ``APR-<number>`` names."""
        ...

    async def run(self, number: int) -> Named:
        """Return what ``RUN-<number>`` names."""
        ...

    async def incident_names(self) -> Sequence[str]:
        """Return ``INC-…`` of open incidents, worst first, then of the newest others."""
        ...

    async def approval_names(self) -> Sequence[str]:
        """Return ``APR-…`` of the open approvals."""
        ...

    async def run_names(self) -> Sequence[str]:
        """Return ``RUN-…`` of the newest runs."""
        ...

    def platform_choices(self) -> Sequence[Choice]:
        """Return every platform with its title."""
        ...

    def service_choices(self, platform: PlatformName | None = None) -> Sequence[Choice]:
        """Return the services with what they do."""
        ...

    def runbook_choices(self, platform: PlatformName | None = None) -> Sequence[Choice]:
        """Return the runbooks with their titles."""
        ...

    async def incident_choices(self) -> Sequence[Choice]:
        """Return open incidents, worst first, then the newest others, with what is wrong."""
        ...

    async def approval_choices(self) -> Sequence[Choice]:
        """Return open approvals with what they are about."""
        ...

    async def run_choices(self) -> Sequence[Choice]:
        """Return runs that are not over, then the newest others, with what they do."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """Something that could be asked, without what comes before the verb."""

    family: Family
    text: str


def command_of(shown: str) -> Command:
    """Return the command that `address` and a verb make up: ``/incident ack INC-1``, ``@watchkeeper status``."""
    words = shown.strip().removeprefix("@").removeprefix("/").removeprefix("watchkeeper").strip()
    first, _, rest = words.partition(" ")
    if first != Family.OPS:
        return Command(Family.INCIDENT, rest) if first == Family.INCIDENT else Command(Family.OPS, words)
    inner, _, after = rest.partition(" ")
    return Command(Family.INCIDENT, after) if inner == Family.INCIDENT else Command(Family.OPS, rest)


class Misread(UsageError):
    """A command that could not be read, with what was probably meant."""

    def __init__(self, message: str, *, hint: str = "", meant: Sequence[Command] = (), field: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.field = field
        """The name of the argument that is wrong; empty where it is none in particular."""
        self.meant = tuple(meant)
        """Best first; what the person may not run, or what does not parse either, is dropped before it is shown."""


class Missing(Misread):
    """A command that lacks something, with what was given of it already, as it would be typed."""

    def __init__(
        self, message: str, *, meant: Sequence[Command] = (), field: str = "", given: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, meant=meant, field=field)
        self.given = dict(given or {})
