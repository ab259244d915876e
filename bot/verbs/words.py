"""From a typed line to words: quotes, what chats and phones make of typed text, and a cap.

Slack escapes people, channels and links as ``<@U1|name>``, phones turn quotes and double hyphens into typographic ones,
and pasted text brings non-breaking spaces and control characters. Nothing here fails but on length: a quote that is
never closed is a character like any other.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from bot.domain.errors import UsageError
from bot.domain.ids import UserId

MAX_LENGTH = 3000
"""Characters that a command may have."""

_BODY = r"@[A-Z0-9]+|\#[A-Z0-9]+|![^\s<>|]+|[a-z][a-z0-9+.-]*:[^\s<>|]+"
_FORM = rf"<(?:{_BODY})(?:\|[^<>]*)?>"
_ESCAPED = re.compile(rf"<(?P<body>{_BODY})(?:\|(?P<label>[^<>]*))?>")
_WORD = re.compile(
    rf"""
      (?P<key>[^\s"'=<]*=)? (?P<quote>["']) (?P<inside>.*?) (?P=quote) (?=\s|$)
    | (?:{_FORM}|\S)+
    """,
    re.VERBOSE | re.DOTALL,
)
_PERSON = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>|@([UW][A-Z0-9]+)")
_TYPOGRAPHIC = str.maketrans({**dict.fromkeys("“”„‟«»＂", '"'), **dict.fromkeys("‘’‚‛", "'")})
_LINE_ENDS = {"\u2028", "\u2029", "\u0085", "\n"}
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a line."""

    text: str
    """As a person reads it, quotes taken off."""
    start: int
    end: int
    is_quoted: bool = False
    """Whether quotes stood around the whole word: it is never an option."""
    person: UserId | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A typed line, cleaned, and its words in order."""

    text: str
    words: tuple[Word, ...]

    def between(self, words: tuple[Word, ...]) -> str:
        """Return what some words say as running text; words that stand side by side keep the space between them."""
        if len(words) == 1:
            return words[0].text
        if not words:
            return ""
        order = [self.words.index(word) for word in words]
        if order[-1] - order[0] == len(words) - 1:
            return readable(self.text[words[0].start : words[-1].end])
        return " ".join(readable(self.text[word.start : word.end]) for word in words)

    def replaced(self, word: Word, by: str) -> str:
        """Return the line with another word in the place of one."""
        return f"{self.text[: word.start]}{by}{self.text[word.end :]}"

    def inserted(self, after: int, what: str) -> str:
        """Return the line with a word put in after the position ``after``."""
        return f"{self.text[:after]} {what}{self.text[after:]}"


def read_line(text: str) -> Line:
    """Return the words of a line; UsageError when it is longer than `MAX_LENGTH`."""
    if len(text) > MAX_LENGTH:
        raise UsageError(f"that is {len(text)} characters; a command has at most {MAX_LENGTH}")
    clean = _cleaned(text)
    return Line(clean, tuple(_word(match) for match in _WORD.finditer(clean)))


def _cleaned(text: str) -> str:
    plain = text.replace("\r\n", "\n").translate(_TYPOGRAPHIC)
    return "".join(map(_cleaned_character, plain)).strip()


def _cleaned_character(character: str) -> str:
    """Return the character; blanks of all sorts as a space, invisible and impossible ones as nothing."""
    if character in _LINE_ENDS:
        return "\n"
    match unicodedata.category(character):
        case "Cc" | "Zs":
            return " "
        case "Cf" | "Cs" | "Co":
            return ""
        case _:
            return character


def _word(match: re.Match[str]) -> Word:
    inside = match["inside"]
    if inside is not None:
        return Word(f"{match['key'] or ''}{readable(inside)}", match.start(), match.end(), match["key"] is None)
    found = _PERSON.fullmatch(match[0])
    person = UserId(found[1] or found[2]) if found else None
    return Word(readable(match[0]), match.start(), match.end(), person=person)


def readable(text: str) -> str:
    """Return text as its writer saw it: escaped people, channels and links by their names, entities as characters."""
    shown = _ESCAPED.sub(_shown, text)
    for entity, character in _ENTITIES:
        shown = shown.replace(entity, character)
    return shown


def _shown(match: re.Match[str]) -> str:
    body, label = match["body"], match["label"] or ""
    if body[0] in "@#":
        return f"{body[0]}{label or body[1:]}"
    if body.startswith("!date"):
        return label
    if body.startswith("!"):
        return f"@{(label or body[1:]).lstrip('@')}"
    # The chat makes a link of what looks like an address, such as a host's name; its label is what was typed.
    made_by_the_chat = body in (f"http://{label}", f"mailto:{label}")
    return label if made_by_the_chat else body
