"""A real Chromium, driven over its debugging port: what a person does with a page and sees on it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.real.processes import ServerProcess, answers_ok, free_port, require_part
from tests.waiting import wait_until

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

FIND = """(text, root) => {
  const scope = document.querySelector(root);
  const buttons = [...(scope || document).querySelectorAll('button')];
  const usable = buttons.filter(it => it.getClientRects().length > 0 && !it.disabled);
  return usable.filter(it => it.textContent.trim().startsWith(text)).at(-1);
}"""

PRESS = f"(text, root) => {{ const it = ({FIND})(text, root); it?.click(); return !!it; }}"
CHOOSE = """(selector, value) => {
  const it = document.querySelector(selector);
  it.value = value;
  it.dispatchEvent(new Event('change', {bubbles: true}));
}"""


class Page:
    """One page."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._calls = 0

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the answer of one command of the debugging protocol."""
        self._calls += 1
        number = self._calls
        await self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(await self._connection.recv())
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    async def open(self, url: str, *, width: int, height: int, scheme: str = "light") -> None:
        """Go to ``url`` on a screen of this size."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        await self.call("Page.navigate", url=url)
        loaded = f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'"
        await wait_until(lambda: self.evaluate(loaded), description=f"{url} is loaded", interval_s=0.2)

    async def evaluate(self, expression: str) -> Any:
        """Return what a JavaScript expression gives."""
        answer = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def text(self, selector: str) -> str:
        """Return the text that the first match shows; empty when there is none."""
        return str(await self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    async def shows(self, text: str, selector: str = "body", *, timeout_s: float = 30) -> None:
        """Return once ``text`` is shown inside ``selector``."""

        async def shown() -> bool:
            return text in await self.text(selector)

        await wait_until(shown, description=f"{selector} shows {text!r}", timeout_s=timeout_s, interval_s=0.1)

    async def press(self, text: str, root: str = "body", *, timeout_s: float = 30) -> None:
        """Press the last visible button whose words begin with ``text`` inside ``root``, once it is there."""
        press = f"({PRESS})({json.dumps(text)}, {json.dumps(root)})"

        async def pressed() -> bool:
            return bool(await self.evaluate(press))

        await wait_until(pressed, description=f"a button {text!r} in {root}", timeout_s=timeout_s, interval_s=0.1)

    async def choose(self, selector: str, value: str) -> None:
        """Choose an option of a select by its value."""
        await self.evaluate(f"({CHOOSE})({json.dumps(selector)}, {json.dumps(value)})")

    async def overflows(self) -> bool:
        """Return whether the page scrolls sideways."""
        return bool(await self.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    async def screenshot(self, path: Path) -> None:
        """Write what is shown as a PNG."""
        answer = await self.call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(answer["data"]))


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Page]:
    """Yield an empty page of a Chromium with a profile of its own."""
    port = free_port()
    argv = [require_part("chromium"), *FLAGS, f"--remote-debugging-port={port}", f"--user-data-dir={folder}/chromium"]
    process = ServerProcess([*argv, "about:blank"], log=folder / "chromium.log")
    try:
        await process.ready(lambda: answers_ok(f"http://127.0.0.1:{port}/json/version"))
        async with httpx.AsyncClient(trust_env=False) as client:
            targets = (await client.get(f"http://127.0.0.1:{port}/json")).json()
        address = next(it["webSocketDebuggerUrl"] for it in targets if it["type"] == "page")
        async with connect(address, max_size=None) as connection:
            yield Page(connection)
    finally:
        await process.stop()
