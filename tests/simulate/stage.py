"""An installation with one platform whose every address leads to a door that notes who knocks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.simulation import Body

PAYLOADS = Path(__file__).parent.parent / "payloads"
EXPECTED = Path(__file__).parent / "expected"
NOW = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)
PLATFORM = "search-prod"


def body_of(name: str) -> Body:
    """Return a captured webhook body."""
    return Body(f"{name}.json", (PAYLOADS / f"{name}.json").read_bytes())


def changed(name: str, **fields: Any) -> Body:
    """Return a captured body whose alerts have other fields."""
    message = json.loads(body_of(name).content)
    message["alerts"] = [{**alert, **fields} for alert in message["alerts"]]
    return Body(f"{name}.json", json.dumps(message).encode())


@dataclass(slots=True)
class Door:
    """What was knocked at."""

    port: int
    knocks: int = 0


@asynccontextmanager
async def a_door() -> AsyncIterator[Door]:
    """Yield a port of this machine that counts connections."""
    door = Door(0)

    async def knocked(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        door.knocks += 1
        writer.close()

    async with await asyncio.start_server(knocked, "127.0.0.1", 0) as server:
        door.port = server.sockets[0].getsockname()[1]
        yield door


def configure(
    monkeypatch: pytest.MonkeyPatch, folder: Path, *, port: int = 9, environ: Mapping[str, str] | None = None
) -> None:
    """Write ``watchkeeper.yaml`` and point the environment at it; Slack's tokens stay unset."""
    url = f"http://127.0.0.1:{port}"
    config = folder / "watchkeeper.yaml"
    config.write_text(yaml.safe_dump(_configuration(url), sort_keys=False))
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "REDIS_URL", "WATCHKEEPER_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    settings = {"WATCHKEEPER_CONFIG": str(config), "AM_TOKEN": "token", "SLACK_API_URL": f"{url}/api/"}
    for name, value in {**settings, **(environ or {})}.items():
        monkeypatch.setenv(name, value)


def _configuration(url: str) -> dict[str, Any]:
    channels = {"incidents": "C0INC", "approvals": "C0APR", "admin": "C0ADM", "reports": "C0REP"}
    return {
        "slack": {"team": "T012AB3C4", "channels": channels},
        "roles": {"viewer": ["*"], "operator": ["S0OPS"], "approver": ["S0OPS"], "admin": ["U0ADA"]},
        "platforms": [
            {
                "name": PLATFORM,
                "profile": "workspace-qdrant-mcp",
                "environment": "production",
                "owners": ["S0SEARCH"],
                "runtime": {"simulated": {"url": url}},
                "alertmanager": {"url": url, "secrets": ["${AM_TOKEN}"]},
                "prometheus": {"url": url},
                "services": {"qdrant": {"url": url}},
            }
        ],
    }
