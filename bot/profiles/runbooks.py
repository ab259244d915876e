"""Runbooks: are the actions real, do the arguments make sense, does every ``{parameter}`` exist, who must agree."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import rfc8785

from bot.domain.durations import parse_duration
from bot.domain.ids import RunbookName
from bot.domain.profiles import Parameter, Runbook, StepTemplate
from bot.domain.rights import NEED_OF_RISK, Need, Risk
from bot.profiles.border import Inspection
from bot.profiles.documents import Path
from bot.profiles.problems import unknown
from bot.profiles.schema import ParameterEntry, RunbookEntry

KnownActions: TypeAlias = Mapping[str, frozenset[str]]
"""The arguments of every action by the action's name."""

KIND_OF_ARGUMENT: Mapping[str, str] = {
    "service": "service",
    "services": "service",
    "timeout": "duration",
    "grace": "duration",
}
"""Arguments that mean the same in every action, and the kind of parameter that fits them."""

_REFERENCE = re.compile(r"\{([^{}]*)\}")
_VERSION_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a runbook may name."""

    services: tuple[str, ...]
    actions: KnownActions | None
    """None where the actions are not to be checked."""


def read_runbook(inspection: Inspection, path: Path, entry: RunbookEntry, around: Surroundings) -> Runbook:
    """Return the runbook at ``path``, noting what does not make sense in ``inspection``."""
    reader = _RunbookReader(inspection, path, entry, around)
    steps = tuple(reader.steps())
    reader.check_parameters()
    reader.check_approval()
    return Runbook(
        name=RunbookName(str(path[-1])),
        title=entry.title,
        version=version_of(str(path[-1]), inspection.document.mapping(path)),
        risk=entry.risk,
        need=entry.approval or NEED_OF_RISK[entry.risk],
        need_why=entry.approval_why,
        parameters=tuple(_parameter(name, parameter) for name, parameter in entry.parameters.items()),
        steps=steps,
        covers=tuple(entry.covers),
        interrupts=reader.sentence("interrupts", entry.interrupts, "Nobody notices: it only looks."),
        undo=reader.sentence("undo", entry.undo, "Nothing to undo: it only looks."),
        guide=entry.guide,
        break_glass=entry.risk is not Risk.DESTRUCTIVE if entry.break_glass is None else entry.break_glass,
    )


def version_of(name: str, text: Mapping[str, object]) -> str:
    """Return the first 12 hex digits of SHA-256 over the runbook as written, in canonical JSON (RFC 8785)."""
    canonical = rfc8785.dumps({"name": name, "runbook": text})  # type: ignore[dict-item]  # its alias is recursive
    return hashlib.sha256(canonical).hexdigest()[:_VERSION_DIGITS]


def _parameter(name: str, entry: ParameterEntry) -> Parameter:
    return Parameter(
        name=name,
        kind=entry.kind,
        required=entry.required,
        default=entry.default,
        choices=tuple(entry.choices),
        help=entry.help,
    )


@dataclass(slots=True)
class _RunbookReader:
    inspection: Inspection
    path: Path
    entry: RunbookEntry
    around: Surroundings
    used: set[str] = field(default_factory=set)
    """Parameters that a step names."""

    def steps(self) -> Iterator[StepTemplate]:
        for number, step in enumerate(self.entry.steps):
            here = (*self.path, "steps", number)
            if not isinstance(step, dict) or len(step) != 1:
                self.inspection.add(here, "expected one action with its arguments: `- action: {argument: value}`")
                continue
            action, arguments = next(iter(step.items()))
            if self.inspection.is_mapping((*here, action)):
                self._check_step((*here, action), action, arguments)
                yield StepTemplate(action, arguments)

    def _check_step(self, here: Path, action: str, arguments: Mapping[str, object]) -> None:
        actions = self.around.actions
        if actions is not None and self.inspection.must_know(here, action, actions, "action"):
            for name in arguments:
                if name not in actions[action]:
                    self.inspection.add((*here, name), unknown(name, sorted(actions[action])))
        for name, value in arguments.items():
            self._check_value((*here, name), value, KIND_OF_ARGUMENT.get(name))

    def _check_value(self, here: Path, value: object, kind: str | None) -> None:
        """Check an argument, or each part of it, against the ``kind`` its name stands for."""
        match value:
            case dict():
                for name, part in value.items():
                    self._check_value((*here, name), part, None)
            case list():
                for number, part in enumerate(value):
                    self._check_value((*here, number), part, kind)
            case str():
                self._check_text(here, value, kind)
            case _ if kind is not None:
                self.inspection.add(here, f"expected a {kind}")

    def _check_text(self, here: Path, text: str, kind: str | None) -> None:
        names = self._references(here, text)
        self.used.update(names)
        if kind is None:
            return
        if not names:
            self._must_be(kind, here, text)
        elif not _REFERENCE.fullmatch(text):
            self.inspection.add(here, f"expected a {kind}, or one parameter alone")
        elif (parameter := self.entry.parameters.get(names[0])) and parameter.kind != kind:
            self.inspection.add(here, f"expected a parameter of kind {kind}; `{names[0]}` is of kind {parameter.kind}")

    def _references(self, here: Path, text: str) -> list[str]:
        """Return the parameters that ``text`` names, noting those that do not exist."""
        names: list[str] = _REFERENCE.findall(text)
        for name in names:
            self.inspection.must_know(here, name, self.entry.parameters, "parameter")
        rest = _REFERENCE.sub("", text)
        if "{" in rest or "}" in rest:
            self.inspection.add(here, "expected `{parameter}`; a brace stands alone")
        return names

    def _must_be(self, kind: str, here: Path, text: str) -> None:
        """Note ``text`` where it cannot be a value of ``kind``."""
        if kind == "service":
            self.inspection.must_know(here, text, self.around.services, "service")
        if kind == "integer" and not re.fullmatch(r"-?[0-9]{1,15}", text):
            self.inspection.add(here, "expected a whole number")
        if kind == "duration":
            try:
                parse_duration(text)
            except ValueError as exc:
                self.inspection.add(here, str(exc))

    def check_parameters(self) -> None:
        for name, parameter in self.entry.parameters.items():
            here = (*self.path, "parameters", name)
            for number, choice in enumerate(parameter.choices):
                self._must_be(parameter.kind, (*here, "choices", number), choice)
            self._check_default(here, parameter)
            if name not in self.used:
                self.inspection.add(here, f"no step names `{{{name}}}`; use it or leave it out")
            elif not parameter.required and parameter.default is None:
                self.inspection.add(here, "may be left out, so expected a `default`: a step needs its value")

    def _check_default(self, here: Path, parameter: ParameterEntry) -> None:
        if parameter.default is None:
            return
        self._must_be(parameter.kind, (*here, "default"), parameter.default)
        if parameter.choices:
            self.inspection.must_know((*here, "default"), parameter.default, parameter.choices, "choice")

    def check_approval(self) -> None:
        entry, usual = self.entry, NEED_OF_RISK[self.entry.risk]
        if entry.approval is None:
            if entry.approval_why:
                self.inspection.add((*self.path, "approval_why"), "explains an `approval` that is not given")
            return
        ladder = list(Need)
        if ladder.index(entry.approval) < ladder.index(usual) and not entry.approval_why:
            self.inspection.add(
                (*self.path, "approval"),
                f"`{entry.approval}` asks for less than the `{usual}` of a {entry.risk} runbook; "
                "expected an `approval_why` beside it",
            )

    def sentence(self, name: str, given: str | None, when_reading: str) -> str:
        """Return what people are told; a runbook that changes anything has to say it itself."""
        here = (*self.path, name)
        if given is None:
            if self.entry.risk is not Risk.READ:
                self.inspection.add(here, f"missing; a {self.entry.risk} runbook says this to whoever approves it")
            return when_reading
        self._references(here, given)
        return given
