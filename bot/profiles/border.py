"""The border between YAML and our values: strict pydantic models whose complaints become problems in plain words."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError
from pydantic_core import ErrorDetails

from bot.domain.durations import format_duration, parse_duration
from bot.profiles.documents import Document, Path
from bot.profiles.problems import Problem, listed, unknown

Model = TypeVar("Model", bound="Entry")


class Entry(BaseModel):
    """A mapping in YAML: exact types, no key that we do not know, no value in an error's text."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


def _duration(value: object) -> timedelta:
    if not isinstance(value, str):
        raise ValueError("expected a duration such as 60s, 5m, 2h30m or 30d")
    duration = parse_duration(value)
    if not duration:
        raise ValueError("expected a duration above zero")
    return duration


def _one_line(value: str) -> str:
    text = value.strip()
    if not text or "\n" in text:
        raise ValueError("expected one line of text")
    return text


def plain_url(value: str, schemes: Container[str] = ("http", "https")) -> str:
    """Return ``value`` without a slash at the end; ValueError unless it is an address with one of ``schemes`` alone."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", value):
        raise ValueError("expected an address such as http://qdrant:6333")
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected an address without user and password; they have keys of their own")
    if parts.query or parts.fragment:
        raise ValueError("expected an address without `?` and `#`")
    return value.rstrip("/")


def matching(pattern: str, expected: str) -> AfterValidator:
    """Return a validator that accepts text of ``pattern`` and says "expected ``expected``" to everything else."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"expected {expected}")
        return value

    return AfterValidator(check)


_NAME = matching(
    r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?", "a name of lower-case letters, digits, `-` and `_`, at most 63 long"
)
OneLine = Annotated[str, AfterValidator(_one_line)]
"""Text for people, one line, not empty."""
Name = Annotated[str, _NAME]
"""What people type and addresses hold: ``search-prod``."""
Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(format_duration)]
HttpUrl = Annotated[str, AfterValidator(plain_url)]


@dataclass(slots=True)
class Inspection:
    """One document under examination, and what was found wrong with it so far."""

    document: Document
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.problems.extend(self.document.problems)

    def add(self, path: Path, message: str) -> None:
        """Note a problem of the value at ``path``, unless it could not even be read."""
        if path not in self.document.unreadable:
            self.problems.append(self.document.problem(path, message))

    def must_know(self, path: Path, name: str, known: Iterable[str], what: str) -> bool:
        """Return whether ``name`` is one of ``known``; where not, note it at ``path`` with the closest as a hint."""
        names = list(known)
        if name in names:
            return True
        said = name if path not in self.document.from_environment else "…"
        self.add(path, f"{what} {unknown(said, names)}")
        return False

    def entry(self, model: type[Model], path: Path) -> Model | None:
        """Return the mapping at ``path`` as a ``model``; None, with every problem of it noted, where it is not one."""
        try:
            return model.model_validate(self.document.get(path))
        except ValidationError as exc:
            for error in exc.errors(include_url=False, include_input=False):
                self._note(model, path, error)
        return None

    def entries(self, model: type[Model], path: Path) -> dict[str, Model]:
        """Return the good entries of the mapping at ``path`` by name, with every problem of the others noted."""
        if not self.is_mapping(path):
            return {}
        found = {name: self.entry(model, (*path, name)) for name in self.document.mapping(path)}
        for name in found:
            self._must_be_a_name((*path, name), name)
        return {name: entry for name, entry in found.items() if entry is not None}

    def _must_be_a_name(self, path: Path, name: str) -> None:
        try:
            _NAME.func(name)  # type: ignore[call-arg]  # pydantic allows a second argument that ours does not take
        except ValueError as exc:
            self.add(path, str(exc))

    def is_mapping(self, path: Path) -> bool:
        """Return whether ``path`` holds a mapping; where not, note it."""
        value = self.document.get(path)
        if not isinstance(value, dict):
            self.add(path, f"expected a mapping (`name: value`), got {_kind(value)}")
        return isinstance(value, dict)

    def is_list(self, path: Path) -> bool:
        """Return whether ``path`` holds a list; where not, note it."""
        value = self.document.get(path)
        if not isinstance(value, list):
            self.add(path, f"expected a list (`- item`), got {_kind(value)}")
        return isinstance(value, list)

    def _note(self, model: type[Entry], path: Path, error: ErrorDetails) -> None:
        inside = tuple(step for step in error["loc"] if step != "[key]")
        self.add((*path, *inside), self._words(model, inside, error, (*path, *inside)))

    def _words(self, model: type[Entry], inside: Path, error: ErrorDetails, path: Path) -> str:
        kind, context = error["type"], error.get("ctx", {})
        value = self.document.get(path)
        if kind == "extra_forbidden":
            return unknown(str(inside[-1]), _keys_at(model, inside))
        if kind == "missing":
            return f"missing; expected {_description(model, inside) or 'a value'}"
        if kind == "value_error":
            return str(context["error"])
        if kind in ("enum", "literal_error"):
            return self._not_one_of(model, inside, value, path)
        if kind == "too_short":
            return f"expected at least {context['min_length']}, got {context['actual_length']}"
        if kind == "too_long":
            return f"expected at most {context['max_length']}, got {context['actual_length']}"
        if expected := _EXPECTED.get(kind):
            quoting = "; put it in quotes" if kind == "string_type" and isinstance(value, bool | int | float) else ""
            return f"expected {expected}, got {_kind(value)}{quoting}"
        return f"{error['msg'][:1].lower()}{error['msg'][1:]}"

    def _not_one_of(self, model: type[Entry], inside: Path, value: object, path: Path) -> str:
        choices = _choices(model, inside)
        if not isinstance(value, str) or path in self.document.from_environment:
            return f"expected one of {listed(choices)}"
        return unknown(value, choices)


_EXPECTED: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "list_type": "a list (`- item`)",
    "dict_type": "a mapping (`name: value`)",
    "model_type": "a mapping (`name: value`)",
}


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "`true` or `false`"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _inner(annotation: Any, step: str | int) -> Any:
    """Return the type of what ``step`` leads to inside ``annotation``; None where it has no parts."""
    bare = _bare(annotation)
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        known = bare.model_fields.get(str(step))
        return known.annotation if known else None
    arguments = get_args(bare)
    return arguments[-1] if get_origin(bare) in (list, dict) else None


def _bare(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _bare(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return next(_bare(option) for option in get_args(annotation) if option is not type(None))
    return annotation


def _at(model: type[Entry], inside: Path) -> Any:
    annotation: Any = model
    for step in inside:
        annotation = _inner(annotation, step)
    return _bare(annotation)


def _keys_at(model: type[Entry], inside: Path) -> list[str]:
    holder = _at(model, inside[:-1])
    return list(holder.model_fields) if isinstance(holder, type) and issubclass(holder, BaseModel) else []


def _description(model: type[Entry], inside: Path) -> str | None:
    holder = _at(model, inside[:-1])
    return holder.model_fields[str(inside[-1])].description if inside and hasattr(holder, "model_fields") else None


def _choices(model: type[Entry], inside: Path) -> list[str]:
    """Return the words of the closed set at ``inside``; a mapping's key stands where its value does."""
    for annotation in (_at(model, inside), *get_args(_at(model, inside[:-1]))):
        bare = _bare(annotation)
        if isinstance(bare, type) and issubclass(bare, Enum):
            return [str(member.value) for member in bare]
        if options := [option for option in get_args(bare) if isinstance(option, str)]:
            return options
    return []


def described(text: str) -> Any:
    """Return a required field whose absence is explained with ``text``: "missing; expected ``text``"."""
    return Field(description=text)
