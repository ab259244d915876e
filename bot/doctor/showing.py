"""How findings are shown: lines for people, one object for scripts. Nothing leaves with a secret in it.

Much of a finding is what another system says of itself, and a person reads it at a terminal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import IO
from urllib.parse import unquote, urlsplit

from bot.app import secrets_of
from bot.domain.checks import Check, CheckFinding, Level
from bot.domain.redaction import Redactor
from bot.domain.settings import MASK, Secret
from bot.messages.mrkdwn import clean
from bot.messages.plain import printable_json
from bot.services.doctor import Examined
from bot.settings import Examined as Told

_OUR_WORDS = frozenset({Check.ENVIRONMENT, Check.CONFIGURATION})
"""Their texts are written by us and repeat no value; a look for secrets would take the names of fields with it."""


class Report(ABC):
    """Takes sections as they finish, and the exit code at the end."""

    def __init__(self, to: IO[str], told: Told) -> None:
        self.findings: list[CheckFinding] = []
        self._to = to
        self._known = _secrets(told)
        self._redactor = Redactor(self._known)

    @abstractmethod
    def section(self, examined: Examined) -> None:
        """Show, or keep, one section."""

    @abstractmethod
    def end(self, code: int) -> None:
        """Write what comes last."""

    def _take(self, examined: Examined) -> Sequence[CheckFinding]:
        """Return the section's findings without secrets, and count them."""
        found = [self._clean(finding) for finding in examined.findings]
        self.findings += found
        return found

    def _clean(self, finding: CheckFinding) -> CheckFinding:
        text = finding.text if finding.check in _OUR_WORDS else self._redactor.clean(finding.text)
        return replace(finding, text=self._shown(text), fix=self._shown(finding.fix))

    def _shown(self, text: str) -> str:
        """Return one line without a known secret, and with nothing in it that a terminal would obey."""
        for secret in self._known:
            text = text.replace(secret.reveal(), MASK)
        return clean(text)


class LineReport(Report):
    """One line for each finding, under the title of its section, as sections finish."""

    def section(self, examined: Examined) -> None:
        """Write one section."""
        lines = [f"{it.level:<4}  {it.check:<28}  {it.sentence()}" for it in self._take(examined)]
        if lines:
            self._to.write("\n".join([examined.title, *lines, "", ""]))
            self._to.flush()

    def end(self, code: int) -> None:  # noqa: ARG002 - for scripts; people see the sum
        """Write the sum."""
        counts = {level: sum(1 for it in self.findings if it.level is level) for level in Level}
        self._to.write(f"{counts[Level.OK]} ok, {counts[Level.WARN]} warn, {counts[Level.FAIL]} FAIL\n")


class JsonReport(Report):
    """One object at the end; its order does not depend on who answered first."""

    def __init__(self, to: IO[str], told: Told) -> None:
        super().__init__(to, told)
        self._sections: list[tuple[int, str, Sequence[CheckFinding]]] = []

    def section(self, examined: Examined) -> None:
        """Keep one section."""
        self._sections.append((examined.place, examined.title, self._take(examined)))

    def end(self, code: int) -> None:
        """Write everything."""
        found = [
            {
                "check": it.check,
                "level": it.level.lower(),
                "subject": it.subject,
                "text": it.text,
                "fix": it.fix,
                "section": title,
            }
            for _, title, findings in sorted(self._sections, key=lambda kept: kept[0])
            for it in findings
        ]
        self._to.write(printable_json({"exit_code": code, "findings": found}) + "\n")


def _secrets(told: Told) -> list[Secret]:
    """Return what must not be shown, the longest first, so that a whole address goes before its password."""
    environment = told.environment
    tokens = (environment.slack_bot_token, environment.slack_signing_secret, environment.slack_app_token)
    known = secrets_of(told.settings) if told.settings else [it for it in (*tokens, environment.redis_url) if it]
    password = _password(environment.redis_url.reveal()) if environment.redis_url else None
    known += [Secret(password), Secret(unquote(password))] if password else []
    return sorted(known, key=lambda secret: len(secret.reveal()), reverse=True)


def _password(url: str) -> str | None:
    """Return the password in an address; None where there is none, or no address."""
    try:
        return urlsplit(url).password
    except ValueError:
        return None
