"""What holds for every test: loopback only, no proxies, real parts by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.loopback import forbid_foreign_connections, forget_proxies

pytest_plugins = ["pytester", "tests.parts_plugin", "tests.valkey_fixture", "tests.sent_plugin"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", type=Path, metavar="DIR", help="keep what tests see in a browser in this folder")


def pytest_configure(config: pytest.Config) -> None:
    forget_proxies()
    forbid_foreign_connections()


@pytest.fixture
def screenshots(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the folder for pictures: the one asked for, else one of the test's own."""
    folder: Path = request.config.getoption("--screenshots") or tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    return folder
