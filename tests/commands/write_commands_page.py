"""Write `docs/commands.md` from the table of verbs: ``python -m tests.commands.write_commands_page``."""

from __future__ import annotations

from redis.asyncio import Redis

from commands.documentation import render_commands_markdown
from tests.commands.desk import Desk
from tests.commands.test_documentation import PAGE


def main() -> None:
    """Write the page. The table is built over a client that never connects: no verb is asked anything."""
    PAGE.write_text(render_commands_markdown(Desk(Redis()).table), encoding="utf-8")


if __name__ == "__main__":
    main()
