"""YAML with a memory of where everything stands, so that each problem can name its line.

Only what a person would write by hand is read: one document of mappings, lists and plain values, no tags, no
anchors, no repeated keys, bounded in size and depth, so that neither a slip nor a crafted file can surprise. Words such
as ``on`` and ``no`` stay text, as in YAML 1.2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import TypeAlias

import yaml

from bot.profiles.problems import ConfigurationError, Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_VALUES = 50_000
MAX_WHOLE_NUMBER = 2**53 - 1
"""The largest that canonical JSON (RFC 8785) can spell."""

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the top of a document."""

_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_NOT_ALLOWED = yaml.reader.Reader.NON_PRINTABLE
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?([0-9]*\.[0-9]+|[0-9]+\.)([eE][-+]?[0-9]+)?|[-+]?[1-9][0-9]*[eE][-+]?[0-9]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_VARIABLE = re.compile(r"(?P<escaped>\$\$\{)|\$\{(?P<name>[^}]*)(?P<end>\}?)")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a value is written, and what it is called there."""

    file: str
    line: int
    field: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content and the position of every value in it; a mapping's entry stands where its key does."""

    value: object
    positions: Mapping[Path, Position]
    from_environment: frozenset[Path] = frozenset()
    """Values that hold text from environment variables; they are never repeated."""
    problems: tuple[Problem, ...] = ()
    """What reading found wrong; everything else was read all the same, so that it can be checked too."""
    unreadable: frozenset[Path] = frozenset()
    """Where those problems are: whatever else is wrong there follows from them."""

    def get(self, path: Path) -> object:
        """Return the value at ``path``; None where there is none."""
        value = self.value
        for step in path:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def mapping(self, path: Path) -> dict[str, object]:
        """Return the mapping at ``path``; an empty one where there is none."""
        value = self.get(path)
        return value if isinstance(value, dict) else {}

    def position(self, path: Path) -> Position:
        """Return where ``path`` is written, or would be: the line of the nearest thing around it."""
        for length in range(len(path), -1, -1):
            if found := self.positions.get(path[:length]):
                return Position(found.file, found.line, spelled(path[length:], found.field))
        raise KeyError("a document without a top")

    def problem(self, path: Path, message: str) -> Problem:
        """Return a problem of the value at ``path``."""
        at = self.position(path)
        return Problem(at.file, at.line, at.field, message)


def spelled(path: Path, start: str = "") -> str:
    """Return a path as people write it: ``platforms[0].runtime``."""
    text = start
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_document(path: FilePath, environ: Mapping[str, str] | None = None) -> Document:
    """Return the document in ``path``; with ``environ``, ``${VAR}`` inside values is replaced from it.

    Repeated keys, anchors and unset variables are among its ``problems``. Raises ConfigurationError where there is
    nothing to read: no such file, too large, no YAML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as exc:
        raise ConfigurationError([Problem(str(path), 0, "", f"cannot be read: {exc.strerror}")]) from exc
    if len(content) > MAX_BYTES:
        raise ConfigurationError([Problem(str(path), 0, "", f"larger than {MAX_BYTES} bytes")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise ConfigurationError([Problem(str(path), line, "", "not UTF-8 text")]) from None
    return parse_document(text, str(path), environ)


def parse_document(text: str, file: str, environ: Mapping[str, str] | None = None) -> Document:
    """Return the document ``text``; ``file`` is its name in problems. Raises as `read_document` does."""
    if odd := _NOT_ALLOWED.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        raise ConfigurationError(
            [Problem(file, line, "", f"not YAML: the character U+{ord(odd[0]):04X} is not allowed")]
        )
    reader = _Reader(file, yaml.parse(text, Loader=_LOADER), environ)
    try:
        value = reader.document()
    except yaml.MarkedYAMLError as exc:
        raise ConfigurationError([*reader.problems, _no_yaml(file, text, exc)]) from None
    return Document(
        value,
        reader.positions,
        frozenset(reader.from_environment),
        tuple(reader.problems),
        frozenset(reader.unreadable),
    )


@dataclass(slots=True)
class _Reader:
    """Builds values from YAML events; the events come from a state machine, so only our own depth is to be bounded."""

    file: str
    events: Iterator[yaml.Event]
    environ: Mapping[str, str] | None
    positions: dict[Path, Position] = field(default_factory=dict)
    from_environment: set[Path] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    unreadable: set[Path] = field(default_factory=set)

    def document(self) -> object:
        event = self._next(yaml.StreamStartEvent, yaml.DocumentStartEvent)
        if isinstance(event, yaml.StreamEndEvent):
            raise ConfigurationError([Problem(self.file, 0, "", "is empty")])
        value = self._value(event, ())
        event = self._next(yaml.DocumentEndEvent)
        if not isinstance(event, yaml.StreamEndEvent):
            self._complain(event, (), "a second document starts here; expected one")
        return value

    def _next(self, *skipped: type[yaml.Event]) -> yaml.Event:
        return next(event for event in self.events if not isinstance(event, skipped))

    def _value(self, event: yaml.Event, path: Path) -> object:
        self.positions.setdefault(path, Position(self.file, _line(event), spelled(path)))
        if len(self.positions) > MAX_VALUES:
            raise self._too_much(event, f"more than {MAX_VALUES} values")
        if isinstance(event, yaml.AliasEvent):
            self._complain(event, path, "aliases (`*name`) are not read here; write the value out")
            return None
        self._refuse_marks(event, path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if len(path) >= MAX_DEPTH:
            raise self._too_much(event, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _refuse_marks(self, event: yaml.Event, path: Path) -> None:
        if getattr(event, "anchor", None):
            self._complain(event, path, "anchors (`&name`) are not read here; write the value out where it is used")
        if getattr(event, "tag", None) not in (None, "!"):
            self._complain(event, path, "tags (`!name`) are not read here; expected a plain value")

    def _sequence(self, path: Path) -> list[object]:
        values: list[object] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            values.append(self._value(event, (*path, len(values))))
        return values

    def _mapping(self, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._complain(event, path, "expected a name before the colon")
                self._skip(event)
                self._skip(self._next())
                continue
            here = (*path, event.value)
            self._refuse_marks(event, here)
            if event.value in values:
                first = self.positions[here].line
                self._complain(event, here, f"given twice; the first is in line {first}")
                self._skip(self._next())
                continue
            self.positions[here] = Position(self.file, _line(event), spelled(here))
            values[event.value] = self._value(self._next(), here)
        return values

    def _skip(self, event: yaml.Event) -> None:
        """Pass over a value that has no place to go."""
        depth = int(isinstance(event, yaml.CollectionStartEvent))
        while depth:
            event = self._next()
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> object:
        text = self._expanded(event, path)
        if _SURROGATE.search(text):
            self._complain(event, path, "not Unicode text")
            return None
        if path in self.from_environment or not event.implicit[0]:  # in quotes
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _WHOLE_NUMBER.fullmatch(text):
            return self._whole_number(event, path, text)
        if _NUMBER.fullmatch(text):
            number = float(text)
            return number if math.isfinite(number) else text
        return text

    def _whole_number(self, event: yaml.ScalarEvent, path: Path, text: str) -> int | None:
        if len(text) > len(str(MAX_WHOLE_NUMBER)) + 1 or abs(int(text)) > MAX_WHOLE_NUMBER:
            self._complain(event, path, "the number is too large; put it in quotes if it is text")
            return None
        return int(text)

    def _expanded(self, event: yaml.ScalarEvent, path: Path) -> str:
        if self.environ is None or "${" not in event.value:
            return str(event.value)
        return _VARIABLE.sub(lambda match: self._replacement(match, event, path), event.value)

    def _replacement(self, match: re.Match[str], event: yaml.ScalarEvent, path: Path) -> str:
        if match["escaped"]:
            return "${"
        self.from_environment.add(path)
        name = match["name"]
        if not match["end"] or not _VARIABLE_NAME.fullmatch(name):
            self._complain(event, path, "expected `${NAME}` with a variable's name of letters, digits and underscores")
            return ""
        value = (self.environ or {}).get(name, "")
        if not value:
            state = "empty" if name in (self.environ or {}) else "not set"
            self._complain(event, path, f"the environment variable `{name}` is {state}")
        return value

    def _too_much(self, event: yaml.Event, message: str) -> ConfigurationError:
        return ConfigurationError([*self.problems, Problem(self.file, _line(event), "", message)])

    def _complain(self, event: yaml.Event, path: Path, message: str) -> None:
        self.problems.append(Problem(self.file, _line(event), spelled(path), message))
        self.unreadable.add(path)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _no_yaml(file: str, text: str, error: yaml.MarkedYAMLError) -> Problem:
    """Return the problem where the parser gave up, and where the thing began that it could not end."""
    mark, opened = error.problem_mark or error.context_mark, error.context_mark
    since = f" ({error.context} from line {opened.line + 1})" if opened and error.context else ""
    if mark and _is_at_tab(text, mark):
        return Problem(
            file, mark.line + 1, "", f"not YAML: column {mark.column + 1} is a tab; YAML indents with spaces"
        )
    return Problem(file, mark.line + 1 if mark else 0, "", f"not YAML: {error.problem}{since}")


def _is_at_tab(text: str, mark: yaml.Mark) -> bool:
    # The parser's mark says where it gave up, without the text.
    lines = text.splitlines()
    return mark.line < len(lines) and lines[mark.line][mark.column : mark.column + 1] == "\t"


def merged(base: Document, over: Document, at: Path) -> Document:
    """Return ``base`` with the mapping at ``at`` of ``over`` laid upon it: mappings merge, anything else replaces.

    Problems of reading stay with the two documents; that those places cannot be read is known to the result as well.
    A section is either filled or ``{exempt: why}``, so laying one form upon the other replaces it.
    """
    positions = dict(base.positions)
    value = _laid_upon(base.value, over.get(at), (), _Source(over, at, positions))
    return Document(
        value,
        positions,
        base.from_environment | _below(at, over.from_environment),
        unreadable=base.unreadable | _below(at, over.unreadable),
    )


def _below(top: Path, paths: Iterable[Path]) -> frozenset[Path]:
    """Return those of ``paths`` that lie in ``top``, as seen from there."""
    return frozenset(path[len(top) :] for path in paths if path[: len(top)] == top)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the upper layer's values stand, and the positions of the result."""

    document: Document
    at: Path
    positions: dict[Path, Position]

    def claim(self, path: Path) -> None:
        """Move the position of ``path`` and all below it to the upper layer."""
        for stale in [known for known in self.positions if known[: len(path)] == path]:
            del self.positions[stale]
        start = (*self.at, *path)
        for known, position in self.document.positions.items():
            if known[: len(start)] == start:
                self.positions[known[len(self.at) :]] = position


def _laid_upon(base: object, over: object, path: Path, source: _Source) -> object:
    if not isinstance(base, dict) or not isinstance(over, dict) or ("exempt" in base) != ("exempt" in over):
        source.claim(path)
        return over
    result = dict(base)
    for key, value in over.items():
        result[key] = _laid_upon(result.get(key), value, (*path, key), source)
    return result
