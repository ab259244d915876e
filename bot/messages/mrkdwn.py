"""Text on its way into Slack's markup: the only place that escapes.

Titles, labels, reasons and log lines are written by alerts and by people. As mrkdwn they could call a whole channel,
forge a link or a line of ours. So text becomes `Mrkdwn` by the functions of this module alone, and every builder of
blocks takes `Mrkdwn`. ``*``, ``_`` and ``~`` stay as they are: Slack knows no escape for them, and they can only dress
the words around them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import LiteralString
from urllib.parse import urlsplit

from bot.messages import limits
from bot.messages.limits import cut

PERSON_OR_GROUP = re.compile(r"[UWS][A-Z0-9]+")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_LINE_BREAKS = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f]")
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_BROADCAST = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)
_TOKEN = re.compile(r"<[^<>]*>|&(?:amp|lt|gt);|.", re.DOTALL)
_WORD_JOINER = "\u2060"


class Mrkdwn(str):
    """Text that is safe as Slack's mrkdwn; made by this module only. Joined with plain ``str`` it is one no more."""

    __slots__ = ()


class DateForm(StrEnum):
    """How the reader's device writes a moment, in the reader's own time zone."""

    SECONDS = "{time_secs}"
    TIME = "{time} {date_short_pretty}"
    AGO = "{ago}"
    """How long ago: it stays true on a card that nobody edits."""


_UTC_FALLBACK = {
    DateForm.SECONDS: "%H:%M:%S UTC",
    DateForm.TIME: "%Y-%m-%d %H:%M UTC",
    DateForm.AGO: "%Y-%m-%d %H:%M UTC",
}


def clean(text: str, *, keep_lines: bool = False) -> str:
    """Return ``text`` without what a reader cannot see: control characters, terminal colours, bidi overrides.

    Line breaks of any kind become a blank, so that nobody can forge a line of ours; with ``keep_lines`` each
    becomes a newline.
    """
    if text.isascii() and text.isprintable():
        return text
    visible = _LINE_BREAKS.sub("\n" if keep_lines else " ", _ANSI.sub("", text)).replace("\t", " ")
    return _SURROGATES.sub("\ufffd", _INVISIBLE.sub("", _CONTROLS.sub("", visible)))


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape(text: str, size: int = limits.SECTION) -> Mrkdwn:
    """Return the first ``size`` characters of ``text`` as one line that mentions, links and opens nothing.

    A backtick becomes an apostrophe: an open one would swallow our own words behind it. A bare ``@channel`` is broken
    up with a word joiner, for Slack parses it where an object is not verbatim.
    """
    line = cut(clean(cut(text, size * 4)), size).replace("`", "'")
    return Mrkdwn(_BROADCAST.sub(f"@{_WORD_JOINER}", _entities(line)))


def paragraphs(text: str, size: int = limits.SECTION) -> Mrkdwn:
    """Return ``text`` escaped with its line breaks kept: for what we say ourselves in a few sentences."""
    lines = cut(clean(cut(text, size * 4), keep_lines=True), size).split("\n")
    return Mrkdwn("\n".join(escape(line, size) for line in lines))


def say(template: LiteralString, **parts: object) -> Mrkdwn:
    """Return our own words with ``parts`` in their places; whatever is not `Mrkdwn` already is escaped."""
    return Mrkdwn(template.format(**{name: as_mrkdwn(part) for name, part in parts.items()}))


def as_mrkdwn(part: object) -> Mrkdwn:
    """Return ``part`` as it is when it is safe already, else escaped."""
    return part if isinstance(part, Mrkdwn) else escape(str(part))


def bold(text: str) -> Mrkdwn:
    """Return ``text`` in bold; asterisks inside would end it and become ``∗``. Safe text keeps its links."""
    return Mrkdwn(f"*{as_mrkdwn(text).strip().replace('*', '∗')}*") if text.strip() else Mrkdwn("")


def code(text: str, size: int = limits.DETAIL) -> Mrkdwn:
    """Return ``text`` as inline code, its backticks dropped; nothing for nothing."""
    line = cut(clean(cut(text, size * 4)), size).replace("`", "").strip()
    return Mrkdwn(f"`{_entities(line)}`") if line else Mrkdwn("")


def fence(text: str, size: int = limits.PREFORMATTED) -> Mrkdwn:
    """Return ``text`` as a block of code with its lines kept; runs of backticks inside cannot end it."""
    lines = cut(clean(cut(text, size * 4), keep_lines=True), size).replace("```", "'''").strip("`")
    return Mrkdwn(f"```\n{_entities(lines)}\n```")


def link(url: str, label: str) -> Mrkdwn:
    """Return a link, or the label alone where ``url`` is not plain http(s) or longer than Slack takes."""
    words = Mrkdwn(escape(label, limits.TITLE).replace("|", "¦"))
    if not is_web_address(url):
        return words
    target = url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    return Mrkdwn(f"<{target}|{words}>") if len(target) <= limits.URL else words


def is_web_address(url: str) -> bool:
    """Return whether ``url`` is an http(s) address with a host and nothing invisible in it."""
    if clean(url) != url or any(character.isspace() for character in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def mention(who: str) -> Mrkdwn:
    """Return a mention of a person or a group, which calls them where the message is new; else a plain name.

    ``alert source`` and ``watchkeeper`` are actors without an account, ``cli:<os user>`` is one at the terminal, and
    ``*`` in a list of who may do something is everybody.
    """
    if PERSON_OR_GROUP.fullmatch(who):
        return Mrkdwn(f"<!subteam^{who}>" if who.startswith("S") else f"<@{who}>")
    if who.startswith("cli:"):
        return say("{user} at the terminal", user=escape(who.removeprefix("cli:"), limits.TITLE))
    return escape(_PLAIN_ACTORS.get(who, who), limits.TITLE)


_PLAIN_ACTORS = {"watchkeeper": "Watchkeeper", "*": "everybody", "": "nobody"}


def date(moment: datetime, form: DateForm = DateForm.TIME) -> Mrkdwn:
    """Return an aware ``moment`` for the reader's own clock, with UTC for devices that cannot."""
    fallback = moment.astimezone(UTC).strftime(_UTC_FALLBACK[form])
    if moment.timestamp() < 0:  # an alert may claim any time; Slack knows none before 1970
        return escape(fallback)
    return Mrkdwn(f"<!date^{int(moment.timestamp())}^{form.value}|{fallback}>")


def join(separator: LiteralString, parts: Iterable[Mrkdwn]) -> Mrkdwn:
    """Return the parts that are there, joined by our own separator."""
    return Mrkdwn(separator.join(part for part in parts if part))


def shorten(text: Mrkdwn, size: int) -> Mrkdwn:
    """Return ``text`` in at most ``size`` characters, never cut inside a mention, a link, a date or an entity."""
    if len(text) <= size:
        return text
    kept: list[str] = []
    room = size - 1
    for token in _TOKEN.findall(text):
        if len(token) > room:
            break
        kept.append(token)
        room -= len(token)
    return Mrkdwn(f"{''.join(kept).rstrip()}…")


def spoken(entry: Mrkdwn) -> Mrkdwn:
    """Return an entry of a list as a screen reader should say it: without bullet and bold."""
    return Mrkdwn(entry.removeprefix("• ").replace("*", ""))


def without_mentions(text: str, keep: Iterable[str] = ()) -> str:
    """Return safe ``text`` with every mention but those of ``keep`` replaced by the bare id, which calls nobody."""
    kept = frozenset(keep)
    return _MENTION.sub(lambda found: found[0] if found[1] in kept else found[1], text)


_MENTION = re.compile(r"<(?:@|!subteam\^)([A-Z0-9]+)>")
