"""Forms as values: what is asked of somebody whose command lacks something, and what they filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class FieldKind(StrEnum):
    """How a field is filled in."""

    CHOICE = "choice"
    """One of what there is."""
    PERSON = "person"
    LINE = "line"
    """A word or a line, typed."""
    LINES = "lines"
    """As much as somebody wants to say."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be chosen."""

    value: str
    """As it would be typed: ``qdrant``, ``INC-42``."""
    words: str
    """What tells it from others. May hold untrusted text."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is asked."""

    name: str
    """The name of the argument behind it."""
    label: str
    kind: FieldKind
    required: bool
    help: str = ""
    choices: tuple[Choice, ...] = ()
    initial: str = ""
    """What was typed already. Untrusted."""


@dataclass(frozen=True, slots=True)
class CommandForm:
    """What a command still needs, with what was typed of it already."""

    command: str
    """Family and verb, as they would be typed: ``/ops restart``."""
    submit: str
    """What the button that sends it says: ``Declare``."""
    about: str
    """What the command does."""
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """A form sent off: what stands in its fields, by name; empty ones left out."""

    command: str
    values: Mapping[str, str] = field(default_factory=dict)
