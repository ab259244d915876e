"""Every promise of the security page is held by tests that exist."""

from __future__ import annotations

import ast

from tests.docs.pages import DOCS, ROOT, codes, section, text_of

SECURITY = DOCS / "security.md"


def existing_tests() -> set[str]:
    """Return the name of every test function of the project."""
    trees = (ast.parse(text_of(path)) for path in (ROOT / "tests").rglob("test_*.py"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for tree in trees for node in tree.body if isinstance(node, functions)}


def promises() -> list[list[str]]:
    """Return the cells of each row under Promises."""
    rows = [line.strip("| ").split(" | ") for line in section(SECURITY, "Promises").splitlines() if line[:2] == "| "]
    return [row for row in rows if row[0] not in {"Promise", "---"}]


def test_every_promise_names_a_test() -> None:
    assert len(promises()) > 25
    assert [row for row in promises() if len(row) != 2 or not codes(row[1])] == []


def test_every_test_it_names_exists() -> None:
    named = {name for row in promises() for name in codes(row[1])}
    assert named - existing_tests() == set()
