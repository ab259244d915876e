"""Every key a test leaves is declared in `redis_keys`, and lives as long as its docstring there says.

Name `no_key_leaks` as an autouse fixture in a ``conftest.py`` beside tests that use ``redis_client``; it looks at the
database after each test. The declarations are read from the page itself, so that a new key needs no second list.
"""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

import pytest_asyncio
from redis.asyncio import Redis

from bot.adapters import redis_keys

ONE_PART = "part"
NOT_KEPT = ("Pub/sub", "Member of", "Name of")
"""What the docstrings of names that are no keys begin with."""


class Life(StrEnum):
    """How long a key is kept, as its docstring says."""

    PERMANENT = "permanent"
    TTL = "ttl"
    EITHER = "either"
    """A TTL from some moment on: ``Permanent while open; TTL once archived``, ``TTL 400 days once final``."""


@dataclass(frozen=True, slots=True)
class DeclaredKey:
    """One line of the page."""

    name: str
    pattern: re.Pattern[str]
    life: Life


def life_of(docstring: str) -> Life | None:
    """Return what a docstring declares; None where it declares nothing."""
    if re.search(r"\bTTL\b.*\bonce\b", docstring) and "orphaned" not in docstring:
        return Life.EITHER
    if re.search(r"\bTTL\b", docstring):
        return Life.TTL
    return Life.PERMANENT if "Permanent" in docstring else None


def declared_keys(module_text: str) -> list[DeclaredKey]:
    """Return the keys that a page like `redis_keys` declares; AssertionError names one without a lifetime."""
    declared: list[DeclaredKey] = []
    for name, docstring, pattern in [*_constants(module_text), *_functions(module_text)]:
        if docstring.startswith(NOT_KEPT):
            continue
        life = life_of(docstring)
        assert life is not None, f"redis_keys.{name} says neither TTL nor Permanent"
        declared.append(DeclaredKey(name, re.compile(pattern), life))
    return declared


def _constants(module_text: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, docstring and pattern of the constants that spell a key."""
    body = ast.parse(module_text).body
    for statement, after in pairwise(body):
        if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)):
            continue
        value = getattr(redis_keys, statement.targets[0].id, None)
        if isinstance(value, str) and value.startswith(f"{redis_keys.PREFIX}:"):
            assert isinstance(after, ast.Expr), f"redis_keys.{statement.targets[0].id} has no docstring"
            assert isinstance(after.value, ast.Constant), f"redis_keys.{statement.targets[0].id} has no docstring"
            yield statement.targets[0].id, str(after.value.value), re.escape(value)


def _functions(module_text: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, docstring and pattern of the functions that spell a key."""
    for statement in ast.parse(module_text).body:
        if isinstance(statement, ast.FunctionDef):
            spell: Callable[..., str] = getattr(redis_keys, statement.name)
            example = spell(*([ONE_PART] * len(statement.args.args)))
            yield statement.name, ast.get_docstring(statement) or "", re.escape(example).replace(ONE_PART, ".+")


DECLARED = declared_keys(Path(redis_keys.__file__).read_text(encoding="utf8"))


async def leaks(client: Redis, declared: Sequence[DeclaredKey] = DECLARED) -> list[str]:
    """Return, a line each, the keys that nobody declared or that live otherwise than declared."""
    found: list[str] = []
    async for key in client.scan_iter(count=1000):
        name = key.decode()
        if name.startswith(f"{redis_keys.DOCKET}:"):
            continue
        trouble = _trouble(name, await client.pttl(key), declared)
        if trouble:
            found.append(f"{name}: {trouble}")
    return sorted(found)


def _trouble(key: str, ttl_ms: int, declared: Sequence[DeclaredKey]) -> str:
    matching = [it for it in declared if it.pattern.fullmatch(key)]
    if not matching:
        return "redis_keys declares no such key"
    has_ttl = ttl_ms >= 0
    fitting = {Life.TTL, Life.EITHER} if has_ttl else {Life.PERMANENT, Life.EITHER}
    if any(it.life in fitting for it in matching):
        return ""
    return f"{'has a' if has_ttl else 'has no'} TTL, redis_keys.{matching[0].name} declares it {matching[0].life}"


@pytest_asyncio.fixture
async def no_key_leaks(redis_client: Redis) -> AsyncIterator[None]:
    """Fail the test that leaves an undeclared key, or one that lives otherwise than declared."""
    yield
    found = await leaks(redis_client)
    assert not found, "keys left behind:\n" + "\n".join(found)
