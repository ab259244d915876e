"""``watchkeeper``, and a list of what it has imported when SIGUSR1 comes: ``python -m bench.watched FILE serve``."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType


def main(file: str, *arguments: str) -> int:
    """Run a command of the bot; SIGUSR1 writes the names of all imported modules to ``file``, one a line."""
    note = Path(file)

    def write_modules(_signal: int, _frame: FrameType | None) -> None:
        beside = note.with_suffix(".part")
        beside.write_text("\n".join(sorted(sys.modules)), encoding="utf8")
        beside.replace(note)

    signal.signal(signal.SIGUSR1, write_modules)
    from bot.cli import main as watchkeeper

    return watchkeeper(arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
