"""Write `docs/commands.md` and the README's table from the table of verbs.

``python -m tests.commands.write_commands_page``
"""

from __future__ import annotations

import re

from redis.asyncio import Redis

from commands.documentation import render_commands_markdown, render_commands_summary
from tests.commands.desk import Desk
from tests.commands.test_documentation import PAGE, README

SHORT_TABLE = re.compile(r"^\| For example \|.*\n(?:\|.*\n)+", flags=re.MULTILINE)


def main() -> None:
    """Write the page. The table is built over a client that never connects: no verb is asked anything."""
    table = Desk(Redis()).table
    PAGE.write_text(render_commands_markdown(table), encoding="utf-8")
    short = render_commands_summary(table)
    text = README.read_text(encoding="utf-8")
    README.write_text(SHORT_TABLE.sub(lambda _: f"{short}\n", text), encoding="utf-8")


if __name__ == "__main__":
    main()
