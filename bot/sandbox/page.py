"""What the browser needs: the static page, one person's view of the workspace, change notices, the platform panel."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox import cast
from bot.sandbox.model import Message, View
from bot.sandbox.shapes import Json
from bot.sandbox.workspace import Workspace

STATIC = Path(__file__).parent / "static"
KEEPALIVE_S = 15.0
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Page:
    """Routes of the page over one workspace."""

    def __init__(self, workspace: Workspace, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._workspace = workspace
        self._is_stopping = False
        self._platform = httpx.AsyncClient(trust_env=False, timeout=httpx.Timeout(5), transport=transport)

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the page."""
        return [
            Route("/", self._index, methods=["GET"]),
            Route("/page/state", self._state, methods=["GET"]),
            Route("/page/changes", self._changes, methods=["GET"]),
            Route("/page/completion", self._completion, methods=["GET"]),
            Route("/page/platform", self._platform_state, methods=["GET"]),
            Route("/page/platform/{change}", self._platform_change, methods=["POST"]),
            Route("/files/{file_id}", self._file, methods=["GET"]),
            Route("/archives/{channel}/{message}", self._index, methods=["GET"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]

    def stop(self) -> None:
        """End every stream of changes."""
        self._is_stopping = True
        self._workspace.touch()

    async def close(self) -> None:
        """Close the connections to the platform."""
        await self._platform.aclose()

    async def _index(self, _request: Request) -> Response:
        return FileResponse(STATIC / "index.html", headers=SECURITY_HEADERS)

    async def _state(self, request: Request) -> Response:
        user = request.query_params.get("as", cast.BEN)
        if user not in self._workspace.people:
            return JSONResponse({"error": f"no person {user}"}, status_code=404)
        return JSONResponse(self._seen_by(user))

    async def _completion(self, _request: Request) -> Response:
        """Return what can be typed; without a table of the bot's own, its commands."""
        return JSONResponse(self._workspace.config.completion or _commands_only())

    async def _changes(self, request: Request) -> Response:
        """Stream one server-sent event with the version at once and after every change."""
        return StreamingResponse(self._versions(request), media_type="text/event-stream", headers=SECURITY_HEADERS)

    async def _versions(self, request: Request) -> AsyncIterator[str]:
        with self._workspace.watcher() as changed:
            while not self._is_stopping and not await request.is_disconnected():
                changed.clear()
                yield f"data: {json.dumps({'version': self._workspace.version})}\n\n"
                try:
                    await asyncio.wait_for(changed.wait(), KEEPALIVE_S)
                except TimeoutError:
                    yield ": still here\n\n"

    async def _file(self, request: Request) -> Response:
        stored = self._workspace.files.get(request.path_params["file_id"])
        if stored is None or stored.content is None:
            return Response(status_code=404)
        kind = _image_kind(stored.content)
        headers = SECURITY_HEADERS if kind else SECURITY_HEADERS | {"Content-Disposition": "attachment"}
        return Response(stored.content, media_type=kind or "application/octet-stream", headers=headers)

    async def _platform_state(self, _request: Request) -> Response:
        """Return the simulated platform's state, ``{"configured": false}`` without one."""
        if not self._workspace.config.platform_url:
            return JSONResponse({"configured": False})
        return await self._ask_platform("GET", "/control/state", None)

    async def _platform_change(self, request: Request) -> Response:
        """Break or mend one thing of the simulated platform: ``{"service", "kind"?}``, as its state names them."""
        change = request.path_params["change"]
        body: Any = await request.json()
        content = {name: body[name] for name in ("service", "kind") if name in body} if isinstance(body, dict) else {}
        if change not in {"break", "mend"} or not all(isinstance(value, str) for value in content.values()):
            return JSONResponse({"error": "break or mend one service"}, status_code=400)
        if "service" not in content:
            return JSONResponse({"error": "break or mend one service"}, status_code=400)
        return await self._ask_platform("POST", f"/control/{change}", content)

    async def _ask_platform(self, method: str, path: str, content: Json | None) -> Response:
        url = self._workspace.config.platform_url
        if not url:
            return JSONResponse({"error": "no platform is configured"}, status_code=404)
        try:
            response = await self._platform.request(method, url.rstrip("/") + path, json=content)
            answer = response.json()
        except (httpx.HTTPError, ValueError):
            return JSONResponse(
                {"configured": True, "error": "the simulated platform does not answer"}, status_code=502
            )
        if not isinstance(answer, dict):
            answer = {}
        return JSONResponse({"configured": True, **answer}, status_code=response.status_code)

    def _seen_by(self, user: str) -> Json:
        """Return everything one person's client shows."""
        workspace = self._workspace
        workspace.direct_message(user)  # an installed app can be written to before it has said a word
        channels = [channel for channel in workspace.channels.values() if user in channel.members]
        return {
            "version": workspace.version,
            "me": user,
            "bot": {"id": cast.BOT_USER, "name": cast.BOT_NAME},
            "people": [
                {"id": p.id, "name": p.name, "real_name": p.real_name, "part": p.part, "deleted": p.deleted}
                for p in workspace.people.values()
            ],
            "groups": [{"id": g.id, "handle": g.handle, "members": g.members} for g in workspace.groups.values()],
            "shortcuts": [{"callback_id": key, "name": name} for key, name in cast.MESSAGE_SHORTCUTS],
            "channels": [
                {
                    "id": channel.id,
                    "name": channel.name or cast.BOT_NAME,
                    "is_im": channel.im_with is not None,
                    "purpose": channel.purpose,
                    "has_bot": channel.has_bot,
                    "messages": [self._shown(m) for m in self._messages(channel.id, user)],
                }
                for channel in channels
            ],
            "modal": self._modal(workspace.top_view(user)),
            "depth": len(workspace.stacks.get(user) or []),
            "home": self._modal(workspace.views.get(workspace.homes.get(user, ""))),
        }

    def _messages(self, channel: str, user: str) -> list[Message]:
        standing = [m for m in self._workspace.messages if m.channel == channel and not m.deleted]
        private = [
            m for m in self._workspace.ephemerals if m.channel == channel and m.ephemeral_to == user and not m.deleted
        ]
        return sorted(standing + private, key=lambda m: m.order)

    def _shown(self, message: Message) -> Json:
        return self._workspace.shown(message) | {"ephemeral": message.ephemeral_to is not None}

    def _modal(self, view: View | None) -> Json | None:
        if view is None:
            return None
        return view.as_json(self._workspace.config.team) | {"errors": view.errors, "notice": view.notice}


def _commands_only() -> Json:
    """Return the commands that are registered, of which no verb is known."""
    return {
        "addresses": [{"typed": name, "family": name} for name in cast.COMMANDS],
        "families": {name: {"summary": "", "verbs": []} for name in cast.COMMANDS},
    }


def _image_kind(content: bytes) -> str | None:
    """Return the media type of an image the page may show inline; everything else is only downloaded."""
    kinds = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
    return next((kind for magic, kind in kinds.items() if content.startswith(magic)), None)
