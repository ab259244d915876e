"""Taking secrets out of text before it is shown or kept: known ones by value, unknown ones by how they look."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.domain.settings import MASK, Secret

_RUN = "[A-Za-z0-9_-]"
_LOOKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bxox[abeprs]-[A-Za-z0-9-]{8,}|\bxapp-[A-Za-z0-9-]{8,}"), MASK),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{6,}"), rf"\1 {MASK}"),
    (re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"), MASK),
    (
        re.compile(
            r"(?i)(?<![\w-])((?=[\w-]*?(?:api[-_]?key|passw(?:or)?d|secret|token|credential))[\w-]++[\"']?\s*+[:=]\s*+)"
            r"(\"[^\"]*\"|'[^']*'|[^\s,;&]+)"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(rf"(?<!{_RUN})(?={_RUN}*?eyJ{_RUN}{{10}}){_RUN}++\.{_RUN}{{10,}}+\.{_RUN}++"), MASK),
)
"""What a secret looks like. No pattern goes back into a word it has read: whoever writes a log line could otherwise
stop the whole process with one."""
MIN_KNOWN = 6
"""Shorter secrets would take harmless words with them."""


class Redactor:
    """Replaces secrets by a mask."""

    def __init__(self, known: Iterable[Secret] = ()) -> None:
        texts = {secret.reveal() for secret in known}
        self._known = sorted((text for text in texts if len(text) >= MIN_KNOWN), key=len, reverse=True)

    def clean(self, text: str) -> str:
        """Return the text without known secrets and without what looks like one."""
        for secret in self._known:
            text = text.replace(secret, MASK)
        for looks, replacement in _LOOKS:
            text = looks.sub(replacement, text)
        return text
