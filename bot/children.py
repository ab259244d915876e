"""Processes beside ours: started, asked where they listen, and ended with us.

The demo and a rehearsal play a simulated platform; both describe it to the bot as ``watchkeeper.yaml`` does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from pydantic import TypeAdapter, ValidationError

from bot.domain.errors import PermanentError, UserError
from bot.profiles.border import Name

START_WITHIN_S = 20.0
STOP_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class PlayedPlatform:
    """A simulated platform that runs: its control address, and where each of its services answers."""

    name: str
    url: str
    services: Mapping[str, str]

    def entry(self, token_variable: str) -> dict[str, object]:
        """Return the platform as an item of ``platforms`` in ``watchkeeper.yaml``, owned by the stand-in's cast.

        ``token_variable`` is the environment variable with the token of its webhook.
        """
        return {
            "name": self.name,
            "profile": "workspace-qdrant-mcp",
            "environment": "production",
            "owners": ["S0SEARCH"],
            "runtime": {"simulated": {"url": self.url}},
            "alertmanager": {"url": f"{self.url}/alertmanager", "secrets": [f"${{{token_variable}}}"]},
            "prometheus": {"url": f"{self.url}/prometheus"},
            "services": {name: {"url": url} for name, url in self.services.items()},
        }


@asynccontextmanager
async def simulated_platform(name: str, *, bot_url: str, token: str) -> AsyncIterator[PlayedPlatform]:
    """Yield a platform that posts its alerts to the bot at ``bot_url`` (no path), with ``token`` as bearer.

    Raises UserError for a name that no configuration could give it, PermanentError when it does not start.
    """
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError as exc:
        raise UserError(f"--platform {name}: {exc.errors()[0]['ctx']['error']}") from exc
    webhook = f"{bot_url}/alertmanager/{name}"
    options = {"--platform": name, "--webhook-url": webhook, "--webhook-token": token}
    async with child("bot.adapters.simulated", ("--port", "0"), options) as url:
        yield PlayedPlatform(name, url, await _addresses(url))


@asynccontextmanager
async def child(module: str, arguments: tuple[str, ...], options: Mapping[str, str]) -> AsyncIterator[str]:
    """Yield the address of a child process that says on its first line where it listens; end it afterwards.

    Raises PermanentError when it does not say so in time.
    """
    flat = [part for name, value in options.items() for part in (name, value)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, *flat, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        yield await _address(process, module)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _address(process: asyncio.subprocess.Process, module: str) -> str:
    if process.stdout is None:
        raise PermanentError(f"{module}: started without an output to read its address from")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_WITHIN_S)
        return str(json.loads(line)["ready"])
    except (TimeoutError, ValueError, KeyError) as exc:
        raise PermanentError(f"{module} did not start within {START_WITHIN_S:.0f} s; see its lines above") from exc


async def _addresses(platform: str) -> dict[str, str]:
    """Return where each service of the simulated platform answers."""
    async with httpx.AsyncClient(trust_env=False) as client:
        state = (await client.get(f"{platform}/control/state")).json()
    return dict(state["addresses"])
