"""Read from a PromQL expression what it asks for, without evaluating it.

The simulated Prometheus is no query engine: it recognises questions by the metrics they name, the functions over them
and a few marks, and knows the answers. This module finds those marks; `metrics` has the table of answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

AGGREGATIONS = frozenset({"sum", "min", "max", "avg", "count", "topk", "bottomk"})
_KEYWORDS = frozenset({"and", "or", "unless", "offset", "bool", "inf", "nan"})
_LABEL_LISTS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_HARMLESS = frozenset({"vector", "scalar", "abs", "round", "clamp_min", "clamp_max"})
"""Functions that do not change what a question is about."""

_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
      | (?P<duration>\d+(?:ms|[smhdwy]))
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<symbol>=~|!~|!=|==|>=|<=|[-+*/%^(){}\[\],=<>@:])""",
    re.VERBOSE,
)
_COMPARISON = re.compile(r"(?P<operator>==|!=|>=|<=|>|<)\s*(?P<bound>-?\d+(?:\.\d+)?)\s*$")
_TIMES_100 = re.compile(r"^\s*100\s*\*")
_IN_GIBIBYTES = re.compile(r"/\s*(?:2\s*\^\s*30|1073741824|\(?\s*1024\s*\*\s*1024\s*\*\s*1024\s*\)?)\s*$")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": lambda value, bound: value == bound,
    "!=": lambda value, bound: value != bound,
    ">=": lambda value, bound: value >= bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    "<": lambda value, bound: value < bound,
}


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label matcher of a selector."""

    label: str
    operator: str
    value: str

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Say whether labels satisfy it; a label that is not there is empty, as in Prometheus."""
        actual = labels.get(self.label, "")
        if self.operator in ("=~", "!~"):
            try:
                matches = re.fullmatch(self.value, actual) is not None
            except re.error:
                return False
        else:
            matches = self.value == actual
        return matches is (self.operator in ("=", "=~"))


@dataclass(frozen=True, slots=True)
class Expression:
    """What an expression asks for."""

    metrics: frozenset[str]
    functions: frozenset[str]
    """Functions that matter to its meaning; aggregations and harmless ones are left out."""
    matchers: tuple[Matcher, ...]
    window: timedelta
    """The first range; 5 min where there is none."""
    quantile: float
    aggregation: str | None
    """The outermost aggregation."""
    by: tuple[str, ...]
    """The labels it keeps; ``le`` is none of them, for no answer carries buckets."""
    divides: bool
    """Whether a division remains once units are set aside."""
    factor: float
    """100 for a leading ``100 *``, 2^-30 for a trailing ``/ 2^30``."""
    comparison: tuple[str, float] | None
    """A trailing comparison with a number: only series that satisfy it are answered."""

    @property
    def statuses(self) -> frozenset[str]:
        """Return the values that matchers demand of the label ``status``."""
        return frozenset(matcher.value for matcher in self.matchers if matcher.label == "status")

    def keeps(self, value: float) -> bool:
        """Say whether the comparison lets a value through."""
        if self.comparison is None:
            return True
        operator, bound = self.comparison
        return _COMPARE[operator](value, bound)


def read_expression(text: str) -> Expression:
    """Return what ``text`` asks for; text that is no PromQL yields an expression nobody has an answer to."""
    compared = _COMPARISON.search(text)
    question = text[: compared.start()] if compared else text
    factor, question = _without_units(question)
    reader = _Reader(question)
    reader.read()
    return Expression(
        metrics=frozenset(reader.metrics),
        functions=frozenset(reader.functions - _HARMLESS),
        matchers=tuple(reader.matchers),
        window=reader.windows[0] if reader.windows else timedelta(minutes=5),
        quantile=reader.quantile,
        aggregation=reader.aggregation,
        by=tuple(label for label in reader.by if label != "le"),
        divides=reader.divides,
        factor=factor,
        comparison=(compared["operator"], float(compared["bound"])) if compared else None,
    )


def _without_units(question: str) -> tuple[float, str]:
    factor = 1.0
    if _TIMES_100.match(question):
        factor *= 100
        question = _TIMES_100.sub("", question)
    if _IN_GIBIBYTES.search(question):
        factor /= 2**30
        question = _IN_GIBIBYTES.sub("", question)
    return factor, question


class _Reader:
    """Walks the tokens of one expression and collects what it meets."""

    def __init__(self, text: str) -> None:
        self._tokens = [(match.lastgroup or "", match.group()) for match in _TOKEN.finditer(text)]
        self._at = 0
        self.metrics: set[str] = set()
        self.functions: set[str] = set()
        self.matchers: list[Matcher] = []
        self.windows: list[timedelta] = []
        self.quantile = 0.5
        self.aggregation: str | None = None
        self.by: list[str] = []
        self.divides = False

    def read(self) -> None:
        while self._at < len(self._tokens):
            kind, word = self._tokens[self._at]
            self._at += 1
            if kind == "name":
                self._name(word)
            elif word == "{":
                self._selector()
            elif word == "[":
                self._range()
            elif word == "/":
                self.divides = True

    def _name(self, word: str) -> None:
        lowered = word.lower()
        if lowered in _LABEL_LISTS:
            self._labels(keep=lowered == "by" and not self.by)
        elif lowered in AGGREGATIONS:
            self.aggregation = self.aggregation or lowered
        elif self._peek() == "(" and lowered not in _KEYWORDS:
            self.functions.add(lowered)
            if lowered == "histogram_quantile":
                self.quantile = self._number_at(self._at + 1)
        elif lowered not in _KEYWORDS:
            self.metrics.add(word)

    def _labels(self, *, keep: bool) -> None:
        if self._peek() != "(":
            return
        for word in self._until(")"):
            if keep and word not in ("(", ","):
                self.by.append(word)

    def _selector(self) -> None:
        tokens = [word for word in self._until("}") if word != ","]
        for label, operator, value in zip(tokens[::3], tokens[1::3], tokens[2::3], strict=False):
            self.matchers.append(Matcher(label, operator, _unquoted(value)))

    def _range(self) -> None:
        for word in self._until("]"):
            match = re.fullmatch(r"(\d+)(ms|[smhdwy])", word)
            if match:
                self.windows.append(timedelta(seconds=int(match[1]) * _SECONDS[match[2]]))
                return

    def _until(self, end: str) -> list[str]:
        taken: list[str] = []
        while self._at < len(self._tokens):
            word = self._tokens[self._at][1]
            self._at += 1
            if word == end:
                break
            taken.append(word)
        return taken

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _number_at(self, index: int) -> float:
        kind, word = self._tokens[index] if index < len(self._tokens) else ("", "")
        return float(word) if kind == "number" else 0.5


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1])
