"""What holds for every test: loopback only, no proxies, real parts by name."""

from __future__ import annotations

import pytest

from tests.loopback import forbid_foreign_connections, forget_proxies

pytest_plugins = ["pytester", "tests.parts_plugin", "tests.valkey_fixture"]


def pytest_configure(config: pytest.Config) -> None:
    forget_proxies()
    forbid_foreign_connections()
