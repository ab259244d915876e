"""The two manifests in the repository, written from `bot.manifest`: ``python -m tools.manifests``.

A test compares the files with what this program would write.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from bot.manifest import EXAMPLE_HOST, manifest

ROOT = Path(__file__).parents[1]


def files() -> Mapping[Path, str]:
    """Return each file with its text."""
    return {
        ROOT / "manifest.yml": manifest(host=EXAMPLE_HOST),
        ROOT / "manifest.socket-mode.yml": manifest(host=None),
    }


def main() -> int:
    """Write both; return 0."""
    for path, text in files().items():
        path.write_text(text, encoding="utf8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
