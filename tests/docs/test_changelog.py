"""What a shipped profile excuses with a look at the changelog stands there."""

from __future__ import annotations

import re

import pytest
import yaml

from bot.profiles import shipped_profiles
from tests.docs.pages import ROOT, section, text_of

CHANGELOG = ROOT / "CHANGELOG.md"


@pytest.mark.parametrize("profile", sorted(shipped_profiles()))
def test_every_excuse_that_points_here_is_listed(profile: str) -> None:
    document = yaml.safe_load(text_of(ROOT / "bot" / "profiles" / f"{profile}.yaml"))
    excused = [
        name for name, part in document.items() if isinstance(part, dict) and "CHANGELOG" in str(part.get("exempt", ""))
    ]
    listed = re.findall(r"^- `(\w+)`: ", section(CHANGELOG, "Not yet"), flags=re.MULTILINE)
    assert sorted(excused) == sorted(listed)
