"""The control API under ``/control``: what a test or the page may do that Slack's API does not offer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.acts import Acts, Outcome
from bot.sandbox.courier import Courier
from bot.sandbox.errors import ActError, ControlError, SlackError
from bot.sandbox.faults import Faults
from bot.sandbox.rates import RateLimits
from bot.sandbox.scopes import TokenTrouble
from bot.sandbox.shapes import Json
from bot.sandbox.view_acts import ViewActs
from bot.sandbox.workspace import Workspace

_REFUSED = (ActError, ControlError, SlackError, LookupError)


class Control:
    """Routes of the control API over one workspace and its courier."""

    def __init__(self, workspace: Workspace, courier: Courier, faults: Faults, limits: RateLimits) -> None:
        self._workspace = workspace
        self._courier = courier
        self._faults = faults
        self._limits = limits
        self.acts = Acts(workspace, courier)
        self.views = ViewActs(workspace, courier)
        self._acts: dict[str, Callable[[Json], Awaitable[Outcome]]] = {
            "say": self._say,
            "command": self._command,
            "click": self._click,
            "click_view": self._click_view,
            "submit": self._submit,
            "close": self._close,
            "message_shortcut": self._message_shortcut,
            "global_shortcut": self._global_shortcut,
            "home": self._home,
            "react": self._react,
            "delete": self._delete,
            "dismiss": self._dismiss,
        }

    def routes(self) -> list[Route]:
        """Return the routes; every refusal is 409 with ``{"error": text}``, a malformed call 400."""
        return [
            Route("/control/state", self._guarded(self._state), methods=["GET"]),
            Route("/control/calls", self._guarded(self._calls), methods=["GET"]),
            Route("/control/deliveries", self._guarded(self._deliveries), methods=["GET"]),
            Route("/control/deliveries/{number:int}/resend", self._guarded(self._resend), methods=["POST"]),
            Route("/control/act/{act}", self._guarded(self._act), methods=["POST"]),
            Route("/control/suggest", self._guarded(self._suggest), methods=["POST"]),
            Route("/control/faults", self._guarded(self._list_faults), methods=["GET"]),
            Route("/control/faults", self._guarded(self._add_fault), methods=["POST"]),
            Route("/control/faults", self._guarded(self._clear_faults), methods=["DELETE"]),
            Route("/control/faults/{number:int}", self._guarded(self._remove_fault), methods=["DELETE"]),
            Route("/control/clock", self._guarded(self._clock), methods=["POST"]),
            Route("/control/settings", self._guarded(self._settings), methods=["POST"]),
            Route("/control/people/{user}", self._guarded(self._change_person), methods=["POST"]),
            Route("/control/groups/{group}", self._guarded(self._change_group), methods=["POST"]),
            Route("/control/channels/{channel}", self._guarded(self._change_channel), methods=["POST"]),
            Route("/control/sockets", self._guarded(self._sockets), methods=["GET"]),
            Route("/control/sockets/{number:int}/disconnect", self._guarded(self._disconnect), methods=["POST"]),
            Route("/control/sockets/{number:int}/cut", self._guarded(self._cut), methods=["POST"]),
            Route("/control/settle", self._guarded(self._settle), methods=["POST"]),
            Route("/control/reset", self._guarded(self._reset), methods=["POST"]),
        ]

    def _guarded(self, answer: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def route(request: Request) -> Response:
            try:
                return JSONResponse(await answer(request))
            except _REFUSED as exc:
                return JSONResponse({"error": str(exc.args[0])}, status_code=409)
            except (KeyError, TypeError, ValueError) as exc:
                return JSONResponse({"error": f"malformed call: {exc!r}"}, status_code=400)

        return route

    # -- reading -------------------------------------------------------------------------------------------------

    async def _state(self, _request: Request) -> Json:
        workspace = self._workspace
        return {
            "team": workspace.config.team,
            "now": workspace.clock.now().isoformat(),
            "channels": {
                channel.id: channel.as_json()
                | {
                    "members": sorted(channel.members),
                    "messages": [m.as_record() for m in workspace.messages if m.channel == channel.id],
                }
                for channel in workspace.channels.values()
            },
            "ephemerals": [message.as_record() for message in workspace.ephemerals],
            "views": [
                view.as_json(workspace.config.team)
                | {
                    "user": view.user,
                    "is_open": view.is_open,
                    "errors": view.errors,
                    "notice": view.notice,
                    "versions": view.versions,
                }
                for view in workspace.views.values()
            ],
            "stacks": workspace.stacks,
            "homes": workspace.homes,
            "files": [
                file.as_json(workspace.config.base_url)
                | {
                    "completed": file.completed,
                    "content": None if file.content is None else file.content.decode(errors="replace"),
                }
                for file in workspace.files.values()
            ],
            "people": {person.id: person.as_json() for person in workspace.people.values()},
            "groups": {group.id: group.members for group in workspace.groups.values()},
            "faults": self._faults.as_json(),
        }

    async def _calls(self, request: Request) -> list[Json]:
        method = request.query_params.get("method")
        return [call.as_json() for call in self._workspace.calls if method in (None, call.method)]

    async def _deliveries(self, request: Request) -> list[Json]:
        kind = request.query_params.get("kind")
        return [delivery.as_json() for delivery in self._courier.deliveries if kind in (None, delivery.kind)]

    # -- people acting -------------------------------------------------------------------------------------------

    async def _act(self, request: Request) -> Json:
        act = self._acts.get(request.path_params["act"])
        if act is None:
            raise ControlError(f"no such act; there are: {', '.join(self._acts)}")
        return (await act(await request.json())).as_json()

    async def _say(self, args: Json) -> Outcome:
        return self.acts.say(
            args["user"], args["channel"], args["text"], thread_ts=args.get("thread_ts"), raw=bool(args.get("raw"))
        )

    async def _command(self, args: Json) -> Outcome:
        return await self.acts.command(args["user"], args["channel"], args["text"], thread_ts=args.get("thread_ts"))

    async def _click(self, args: Json) -> Outcome:
        return await self.acts.click(args["user"], args["channel"], args["ts"], **_click_part(args))

    async def _click_view(self, args: Json) -> Outcome:
        return await self.views.click(args["user"], args["view_id"], **_click_part(args))

    async def _submit(self, args: Json) -> Outcome:
        return await self.views.submit(args["user"], args.get("values") or {})

    async def _close(self, args: Json) -> Outcome:
        return await self.views.close(args["user"], everything=bool(args.get("everything")))

    async def _message_shortcut(self, args: Json) -> Outcome:
        return await self.acts.message_shortcut(args["user"], args["channel"], args["ts"], args["callback_id"])

    async def _global_shortcut(self, args: Json) -> Outcome:
        return await self.acts.global_shortcut(args["user"], args["callback_id"])

    async def _home(self, args: Json) -> Outcome:
        return self.views.open_home(args["user"], args.get("tab", "home"))

    async def _react(self, args: Json) -> Outcome:
        return self.acts.react(args["user"], args["channel"], args["ts"], args["name"])

    async def _delete(self, args: Json) -> Outcome:
        return self.acts.delete(args["user"], args["channel"], args["ts"])

    async def _dismiss(self, args: Json) -> Outcome:
        return self.acts.dismiss(args["user"], args["ts"])

    async def _suggest(self, request: Request) -> list[Json]:
        args = await request.json()
        return await self.views.suggest(args["user"], args["view_id"], args["action_id"], args["value"])

    async def _resend(self, request: Request) -> Json:
        args = await request.json()
        ack = await self._courier.resend(
            request.path_params["number"],
            body=args.get("body"),
            headers=args.get("headers"),
            fresh=bool(args.get("fresh")),
        )
        failure = ack.failure.value if ack.failure else None
        return {"status": ack.status, "failure": failure, "answer": ack.body.decode(errors="replace")}

    # -- bending the world ---------------------------------------------------------------------------------------

    async def _list_faults(self, _request: Request) -> list[Json]:
        return self._faults.as_json()

    async def _add_fault(self, request: Request) -> Json:
        return self._faults.add(await request.json()).as_json()

    async def _clear_faults(self, _request: Request) -> Json:
        self._faults.clear()
        return {"ok": True}

    async def _remove_fault(self, request: Request) -> Json:
        if not self._faults.remove(request.path_params["number"]):
            raise ControlError(f"no fault {request.path_params['number']}")
        return {"ok": True}

    async def _clock(self, request: Request) -> Json:
        """Move the workspace's time: ``{"advance_s": seconds}``."""
        args = await request.json()
        self._workspace.clock.advance(timedelta(seconds=float(args["advance_s"])))
        return {"now": self._workspace.clock.now().isoformat()}

    async def _settings(self, request: Request) -> Json:
        """Change what runs: socket_mode, bot_urls, rate_limits, signature_skew_s, ack_timeout_s, retry_delays_s, …"""
        args = await request.json()
        setters: dict[str, Callable[[Any], None]] = {
            "socket_mode": lambda value: self._courier.turn_socket_mode(on=bool(value)),
            "bot_urls": lambda value: setattr(self._courier.http, "bot_urls", [str(url) for url in value]),
            "rate_limits": lambda value: setattr(self._limits, "enabled", bool(value)),
            "signature_skew_s": lambda value: setattr(self._courier.http, "signature_skew_s", int(value)),
            "ack_timeout_s": lambda value: setattr(self._courier, "ack_timeout", timedelta(seconds=float(value))),
            "retry_delays_s": lambda value: setattr(
                self._courier, "retry_delays", [timedelta(seconds=float(item)) for item in value]
            ),
            "events": lambda value: setattr(self._courier, "events", {str(item) for item in value}),
            "refused_blocks": lambda value: setattr(self._workspace, "refused_blocks", {str(item) for item in value}),
            "scopes": lambda value: setattr(self._workspace, "scopes", {str(item) for item in value}),
            "token_trouble": lambda value: setattr(self._workspace, "token_trouble", value and TokenTrouble(value)),
            "date_skew_s": lambda value: setattr(self._workspace, "date_skew", timedelta(seconds=float(value))),
        }
        unknown = set(args) - set(setters)
        if unknown:
            raise ControlError(f"unknown settings: {', '.join(sorted(unknown))}; known are {', '.join(setters)}")
        for name, value in args.items():
            setters[name](value)
        return {"ok": True}

    async def _change_person(self, request: Request) -> Json:
        """Deactivate a person or move them to another team: ``{"deleted"?, "team"?}``; sends ``user_change``."""
        args = await request.json()
        person = self._workspace.person(request.path_params["user"])
        person.deleted = bool(args.get("deleted", person.deleted))
        person.team = str(args.get("team", person.team))
        self._workspace.touch()
        event_ts = self._workspace.clock.next_ts()
        self._courier.event({"type": "user_change", "user": person.as_json(), "event_ts": event_ts})
        return person.as_json()

    async def _change_group(self, request: Request) -> Json:
        """Change a group: ``{"add"?: [ids], "remove"?: [ids], "disabled"?}``; sends ``subteam_members_changed``."""
        args = await request.json()
        group = self._workspace.groups.get(request.path_params["group"])
        if group is None:
            raise ControlError(f"no group {request.path_params['group']}")
        added = [user for user in args.get("add", []) if user not in group.members]
        removed = [user for user in args.get("remove", []) if user in group.members]
        group.members = [user for user in group.members if user not in removed] + added
        group.disabled = bool(args.get("disabled", group.disabled))
        self._courier.event(
            {
                "type": "subteam_members_changed",
                "subteam_id": group.id,
                "team_id": self._workspace.config.team,
                "added_users": added,
                "added_users_count": len(added),
                "removed_users": removed,
                "removed_users_count": len(removed),
                "event_ts": self._workspace.clock.next_ts(),
            }
        )
        return {"members": group.members, "disabled": group.disabled}

    async def _change_channel(self, request: Request) -> Json:
        """Change a channel: ``{"archived"?, "is_private"?, "add"?: [ids], "remove"?: [ids]}``, the bot's id too."""
        args = await request.json()
        channel = self._workspace.channels.get(request.path_params["channel"])
        if channel is None:
            raise ControlError(f"no channel {request.path_params['channel']}")
        channel.is_private = bool(args.get("is_private", channel.is_private))
        channel.archived = bool(args.get("archived", channel.archived))
        channel.members |= set(args.get("add", []))
        channel.members -= set(args.get("remove", []))
        self._workspace.touch()
        return channel.as_json() | {"members": sorted(channel.members)}

    async def _sockets(self, _request: Request) -> Json:
        return self._courier.sockets.as_json()

    async def _disconnect(self, request: Request) -> Json:
        """Tell a connection of the bot to go: ``{"reason"}``, as Slack does before it closes it."""
        args = await request.json()
        await self._courier.sockets.disconnect(request.path_params["number"], str(args["reason"]))
        return {"ok": True}

    async def _cut(self, request: Request) -> Json:
        """Drop a connection of the bot without a word."""
        self._courier.sockets.cut(request.path_params["number"])
        return {"ok": True}

    async def _settle(self, _request: Request) -> Json:
        await self._courier.settle()
        return {"ok": True}

    async def _reset(self, _request: Request) -> Json:
        """Return to the start: cast, no messages, no faults, no memory of deliveries; the clock stays moved."""
        self._courier.forget()
        self._faults.clear()
        self._workspace.reset()
        return {"ok": True}


def _click_part(args: Json) -> Json:
    return {name: args.get(name) for name in ("action_id", "block_id", "text", "choice")}
