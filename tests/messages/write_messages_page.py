"""Write `docs/messages.md` from what the builders render: ``python -m tests.messages.write_messages_page``."""

from __future__ import annotations

from tests.messages.gallery import page
from tests.messages.test_messages_page import PAGE


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
