"""Answers that are well-formed and still not what was promised: a proxy's page, another product, another version.

Reading one raises whatever the reader stumbles over. For the doctor that is an answer like any other, and what it says
must not depend on who sits behind an address.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bot.ports.inspection import NotAnswered

_STUMBLES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@contextmanager
def promised(what: str) -> Iterator[None]:
    """Raise NotAnswered where the answer that is read inside is not ``what``; nothing of it is repeated."""
    try:
        yield
    except _STUMBLES as exc:
        raise NotAnswered(
            f"answers something that is not {what} ({type(exc).__name__}); is it that, and no proxy?"
        ) from exc
