"""`docs/commands.md` is the table of verbs, and the README has it in short.

After a change: `python -m tests.commands.write_commands_page`.
"""

from __future__ import annotations

from commands.documentation import render_commands_markdown, render_commands_summary
from tests.commands.desk import Desk
from tests.project.checkout import ROOT

PAGE = ROOT / "docs" / "commands.md"
README = ROOT / "README.md"


async def test_page_says_what_the_table_says(desk: Desk) -> None:
    assert PAGE.read_text(encoding="utf-8") == render_commands_markdown(desk.table)


async def test_the_readme_has_it_in_short(desk: Desk) -> None:
    assert render_commands_summary(desk.table) in README.read_text(encoding="utf-8")


async def test_every_verb_has_its_row(desk: Desk) -> None:
    page = render_commands_markdown(desk.table)
    assert all(f"`{verb.example}`" in page.replace("\\|", "|") for verb in desk.table.verbs)
