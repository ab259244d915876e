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
  const words = it => {
    const spoken = it.cloneNode(true);
    for (const sign of spoken.querySelectorAll('[aria-hidden="true"]')) sign.remove();
    return spoken.textContent.trim();
  };
  return usable.filter(it => words(it).startsWith(text)).at(-1);
}"""

PRESS = f"(text, root) => {{ const it = ({FIND})(text, root); it?.click(); return !!it; }}"
SPOT = """selector => {
  const it = document.querySelector(selector);
  if (!it?.getClientRects().length) return null;
  it.scrollIntoView({block: 'nearest'});
  const {left, top, width, height} = it.getBoundingClientRect();
  const spot = [left + width / 2, top + height / 2];
  return it.contains(document.elementFromPoint(...spot)) ? spot : null;
}"""
CHOOSE = """(selector, value) => {
  const it = document.querySelector(selector);
  it.value = value;
  it.dispatchEvent(new Event('change', {bubbles: true}));
}"""

KEYS = {"Enter": ("Enter", 13, "\r"), "Tab": ("Tab", 9, ""), "Escape": ("Escape", 27, ""), "Home": ("Home", 36, "")}
KEYS |= {
    f"Arrow{way}": (f"Arrow{way}", code, "") for way, code in (("Left", 37), ("Up", 38), ("Right", 39), ("Down", 40))
}
KEYS |= {"End": ("End", 35, ""), "F6": ("F6", 117, "")}
"""Keys that are no letters: their code, their number on Windows, and the text they make."""
ALT, SHIFT = 1, 8

NETWORK_CHANGED = "ERR_NETWORK_CHANGED"
"""What Chromium drops every request with when an interface comes or goes, such as a container's on this machine."""
RELOADS = 5
COMPLAINTS = ("Runtime.exceptionThrown", "Log.entryAdded")
LOW_CONTRAST = (Path(__file__).parent / "low_contrast.js").read_text(encoding="utf-8")


class Page:
    """One page."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._calls = 0
        self._width = 0
        self.troubles: list[str] = []
        """What the browser complained about: errors nobody caught, files that did not load."""

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the answer of one command of the debugging protocol."""
        self._calls += 1
        number = self._calls
        await self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(await self._connection.recv())
            if answer.get("method") in COMPLAINTS:
                self.troubles.append(json.dumps(answer["params"])[:500])
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    async def open(self, url: str, *, width: int, height: int, scheme: str = "light") -> None:
        """Go to ``url`` on a screen of this size."""
        self._width = width
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        await self.call("Page.navigate", url=url)
        await self._loaded(f"location.href.startsWith({json.dumps(url)})")
        for _ in range(RELOADS):
            if not any(NETWORK_CHANGED in trouble for trouble in self.troubles):
                return
            self.troubles.clear()
            await self.evaluate("window.isOld = true")
            await self.call("Page.reload")
            await self._loaded("!window.isOld")

    async def _loaded(self, is_there: str) -> None:
        loaded = f"{is_there} && document.readyState === 'complete'"
        await wait_until(lambda: self.evaluate(loaded), description=f"{is_there}, loaded", interval_s=0.2)

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

        try:
            await wait_until(shown, description=f"{selector} shows {text!r}", timeout_s=timeout_s, interval_s=0.1)
        except AssertionError as exc:
            raise AssertionError(
                "\n".join([str(exc), f"it shows {await self.text(selector)!r}", *self.troubles])
            ) from exc

    async def appears(self, selector: str, *, timeout_s: float = 30) -> None:
        """Return once something that a selector finds can be seen."""
        seen = f"!!document.querySelector({json.dumps(selector)})?.getClientRects().length"

        async def is_seen() -> bool:
            return bool(await self.evaluate(seen))

        await wait_until(is_seen, description=f"{selector} is seen", timeout_s=timeout_s, interval_s=0.1)

    async def press(self, text: str, root: str = "body", *, timeout_s: float = 30) -> None:
        """Press the last visible button whose words begin with ``text`` inside ``root``, once it is there."""
        press = f"({PRESS})({json.dumps(text)}, {json.dumps(root)})"

        async def pressed() -> bool:
            return bool(await self.evaluate(press))

        await wait_until(pressed, description=f"a button {text!r} in {root}", timeout_s=timeout_s, interval_s=0.1)

    async def click(self, selector: str) -> None:
        """Press with the mouse what a selector finds first, once it is there and nothing lies over it."""

        async def clicked() -> bool:
            spot = await self.evaluate(f"({SPOT})({json.dumps(selector)})")
            if spot:
                await self.tap(*spot)
            return bool(spot)

        await wait_until(clicked, description=f"{selector} can be pressed", interval_s=0.1)

    async def tap(self, x: float, y: float) -> None:
        """Press whatever is at a point of the screen."""
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def choose(self, selector: str, value: str) -> None:
        """Choose an option of a select by its value."""
        await self.evaluate(f"({CHOOSE})({json.dumps(selector)}, {json.dumps(value)})")

    async def act_as(self, user: str) -> None:
        """Let somebody else sit down, from the menu of people."""
        await self.click("#act-as")
        await self.click(f"#people [data-user={user}]")

        async def seated() -> bool:
            return bool(await self.evaluate(f"document.querySelector('#act-as').dataset.user === {json.dumps(user)}"))

        await wait_until(seated, description=f"{user} sits at the page")

    async def type(self, text: str) -> None:
        """Write into what has focus."""
        await self.call("Input.insertText", text=text)

    async def key(self, name: str, *, modifiers: int = 0) -> None:
        """Press one key: a name of `KEYS`, or a character; ``modifiers`` are `ALT` and `SHIFT`, added."""
        code, number, text = KEYS.get(name, ("", 0, name))
        parts: dict[str, Any] = {"key": name, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers}
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **parts)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **parts)

    async def low_contrast(self) -> list[str]:
        """Return the texts in sight whose contrast is under 4.5 (3 where they are large), each with its ratio."""
        found: list[str] = await self.evaluate(f"({LOW_CONTRAST})()")
        return found

    async def overflows(self) -> bool:
        """Return whether the page is wider than its screen; a phone's window would grow with it."""
        return int(await self.evaluate("document.documentElement.scrollWidth")) > self._width

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
            page = Page(connection)
            for domain in ("Runtime", "Log"):
                await page.call(f"{domain}.enable")
            yield page
    finally:
        await process.stop()
