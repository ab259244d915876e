"""A typed client of the control API: how tests of the whole bot play the people of the workspace.

::

    async with SandboxClient("http://127.0.0.1:8080") as chat:
        outcome = await chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
        [answer] = await chat.ephemerals(cast.BEN)
        card = (await chat.messages(cast.INCIDENTS))[-1]
        await chat.click(cast.BEN, card, action_id="incident.ack")
        await chat.fault("lost_answer", target="chat.postMessage")

Messages are plain JSON objects as in the state dump: Slack's fields (``ts``, ``text``, ``blocks``, ``metadata``, …)
plus ``channel``, ``deleted``, ``ephemeral_to``, ``versions`` (what an update replaced) and the unfurl flags.
Acts return ``{"ts", "status", "failure", "trigger_id", "response_url", "answer"}``: ``status`` and ``answer`` are the
bot's HTTP answer, ``failure`` is what the person's client shows instead (``operation_timeout``, ``dispatch_failed``,
``not_supported_in_threads``, ``required_fields_missing``, …). What a person could not do at all raises ``Refused``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from bot.sandbox.shapes import Json


class Refused(AssertionError):
    """The sandbox would not do what was asked; the message says why."""


class SandboxClient:
    """Talks to one sandbox at ``base_url``; use it as an async context manager.

    ``transport`` replaces the network, for a sandbox in process (``httpx.ASGITransport(app)``).
    """

    def __init__(self, base_url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.base_url = base_url
        self._http = httpx.AsyncClient(
            base_url=base_url, trust_env=False, timeout=httpx.Timeout(30), transport=transport
        )

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    # -- people acting -------------------------------------------------------------------------------------------

    async def say(self, user: str, channel: str, text: str, *, thread_ts: str | None = None, raw: bool = False) -> Json:
        """Type a message; ``@watchkeeper`` in it mentions the bot. ``raw``: the text is already in wire form."""
        return await self._act("say", user=user, channel=channel, text=text, thread_ts=thread_ts, raw=raw)

    async def command(self, user: str, channel: str, text: str, *, thread_ts: str | None = None) -> Json:
        """Run a slash command, the whole line: ``/ops status``. Returns once the bot acknowledged or 3 s passed."""
        return await self._act("command", user=user, channel=channel, text=text, thread_ts=thread_ts)

    async def click(
        self,
        user: str,
        message: Json,
        *,
        action_id: str | None = None,
        block_id: str | None = None,
        text: str | None = None,
        choice: Any = None,
    ) -> Json:
        """Press a button or choose from a menu on ``message``, and accept its confirmation.

        Name the element by ``action_id`` or by its visible ``text``; an option by value or visible text in ``choice``
        (or its text alone as ``text``); several options, a user id or a date go into ``choice`` as well.
        """
        part = {"action_id": action_id, "block_id": block_id, "text": text, "choice": choice}
        return await self._act("click", user=user, channel=message["channel"], ts=message["ts"], **part)

    async def click_view(
        self,
        user: str,
        view_id: str,
        *,
        action_id: str | None = None,
        block_id: str | None = None,
        text: str | None = None,
        choice: Any = None,
    ) -> Json:
        """Press or choose inside a modal or the App Home; named as in ``click``."""
        part = {"action_id": action_id, "block_id": block_id, "text": text, "choice": choice}
        return await self._act("click_view", user=user, view_id=view_id, **part)

    async def submit(self, user: str, values: Mapping[str, Any] | None = None) -> Json:
        """Submit the topmost modal; ``values`` maps ``action_id`` or ``block_id`` to what is entered or chosen."""
        return await self._act("submit", user=user, values=dict(values or {}))

    async def close(self, user: str, *, everything: bool = False) -> Json:
        """Close the topmost modal, or every one."""
        return await self._act("close", user=user, everything=everything)

    async def message_shortcut(self, user: str, message: Json, callback_id: str) -> Json:
        """Use a message shortcut on ``message``."""
        channel, ts = message["channel"], message["ts"]
        return await self._act("message_shortcut", user=user, channel=channel, ts=ts, callback_id=callback_id)

    async def global_shortcut(self, user: str, callback_id: str) -> Json:
        """Use a global shortcut."""
        return await self._act("global_shortcut", user=user, callback_id=callback_id)

    async def open_home(self, user: str, tab: str = "home") -> Json:
        """Open the App Home; the event travels in the background (see ``settle``)."""
        return await self._act("home", user=user, tab=tab)

    async def react(self, user: str, message: Json, name: str) -> Json:
        """Add a reaction as a person."""
        return await self._act("react", user=user, channel=message["channel"], ts=message["ts"], name=name)

    async def delete(self, user: str, message: Json) -> Json:
        """Delete a message, the bot's too, as an admin would."""
        return await self._act("delete", user=user, channel=message["channel"], ts=message["ts"])

    async def suggest(self, user: str, view_id: str, action_id: str, value: str) -> list[Json]:
        """Type into an external select of a view and return the options the bot offers."""
        sent = {"user": user, "view_id": view_id, "action_id": action_id, "value": value}
        options: list[Json] = await self._post("/control/suggest", sent)
        return options

    # -- looking -------------------------------------------------------------------------------------------------

    async def state(self) -> Json:
        """Return everything: channels with messages (deleted ones too), ephemerals, views, files, people, faults."""
        state: Json = await self._get("/control/state")
        return state

    async def messages(self, channel: str, *, deleted: bool = False) -> list[Json]:
        """Return a channel's top-level messages, oldest first; ``deleted`` includes those."""
        found = await self._all(channel)
        return [m for m in found if _is_top_level(m) and (deleted or not m["deleted"])]

    async def thread(self, channel: str, ts: str) -> list[Json]:
        """Return the standing replies under ``ts``, oldest first, without the parent."""
        found = await self._all(channel)
        return [m for m in found if m.get("thread_ts") == ts and m["ts"] != ts and not m["deleted"]]

    async def ephemerals(self, user: str, channel: str | None = None) -> list[Json]:
        """Return what only ``user`` sees, oldest first; the client's own error lines (``USLACKBOT``) included."""
        found = (await self.state())["ephemerals"]
        mine = (m for m in found if m["ephemeral_to"] == user and not m["deleted"])
        return [m for m in mine if channel in (None, m["channel"])]

    async def modal(self, user: str) -> Json | None:
        """Return the topmost open modal of a person with its ``errors`` and ``notice``, or None."""
        state = await self.state()
        stack = state["stacks"].get(user) or []
        return next((view for view in state["views"] if stack and view["id"] == stack[-1]), None)

    async def home(self, user: str) -> Json | None:
        """Return the published home view of a person, or None."""
        state = await self.state()
        return next((view for view in state["views"] if view["id"] == state["homes"].get(user)), None)

    async def calls(self, method: str | None = None) -> list[Json]:
        """Return the Web API calls made: ``{"number", "at", "method", "args", "status", "answer", "fault"}``.

        Posts to response URLs appear as method ``response_url``; ``status`` 0 is an answer that was cut off.
        """
        calls: list[Json] = await self._get("/control/calls", **({"method": method} if method else {}))
        return calls

    async def deliveries(self, kind: str | None = None) -> list[Json]:
        """Return what was sent to the bot, with the exact ``body`` and every attempt; ``kind`` is a payload's type."""
        deliveries: list[Json] = await self._get("/control/deliveries", **({"kind": kind} if kind else {}))
        return deliveries

    async def resend(
        self,
        delivery_id: int,
        *,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        fresh: bool = False,
    ) -> Json:
        """Send a delivery again, tampered if wanted; its old signature stays unless ``fresh``."""
        content = {"body": body, "headers": dict(headers) if headers else None, "fresh": fresh}
        answer: Json = await self._post(f"/control/deliveries/{delivery_id}/resend", content)
        return answer

    # -- bending the world ---------------------------------------------------------------------------------------

    async def fault(self, kind: str, *, target: str = "*", times: int | None = 1, **details: Any) -> Json:
        """Add a fault; see ``bot.sandbox.faults.FaultKind`` for the kinds.

        ``target`` is a method, ``response_url``, ``upload``, or for duplicate and drop ``events``, ``interactions`` or
        ``commands``. ``times`` None keeps it until ``clear_faults``. ``details``: ``share`` with ``seed``, ``seconds``,
        ``status``, ``code``, ``channel``.
        """
        answer: Json = await self._post("/control/faults", {"kind": kind, "target": target, "times": times, **details})
        return answer

    async def clear_faults(self) -> None:
        """Remove every fault."""
        await self._send("DELETE", "/control/faults")

    async def advance(self, seconds: float) -> None:
        """Move the workspace's clock (lifetimes, rate windows, timestamps); signatures keep the machine's time."""
        await self._post("/control/clock", {"advance_s": seconds})

    async def configure(self, **settings: Any) -> None:
        """Change settings while running.

        ``socket_mode`` (on: deliveries go through the bot's connections and no longer over HTTP), ``bot_urls``,
        ``rate_limits``, ``signature_skew_s``, ``ack_timeout_s``, ``retry_delays_s``, ``events``,
        ``refused_blocks`` (block types the workspace does not take), ``scopes`` (what the app was granted),
        ``token_trouble`` (``invalid_auth``, ``token_revoked``, ``token_expired``, ``account_inactive``; None heals),
        ``date_skew_s`` (how far the ``Date`` of answers is from the machine's time).
        """
        await self._post("/control/settings", settings)

    async def change_person(self, user: str, *, deleted: bool | None = None, team: str | None = None) -> None:
        """Deactivate or reactivate a person, or make them a member of another team."""
        await self._post(f"/control/people/{user}", _given(deleted=deleted, team=team))

    async def change_group(
        self, group: str, *, add: Sequence[str] = (), remove: Sequence[str] = (), disabled: bool | None = None
    ) -> None:
        """Change a user group's members, or disable it."""
        content = {"add": list(add), "remove": list(remove), **_given(disabled=disabled)}
        await self._post(f"/control/groups/{group}", content)

    async def change_channel(
        self,
        channel: str,
        *,
        archived: bool | None = None,
        is_private: bool | None = None,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
    ) -> None:
        """Archive a channel, make it private, or change who is in it; the bot's user id works too."""
        content = {"add": list(add), "remove": list(remove), **_given(archived=archived, is_private=is_private)}
        await self._post(f"/control/channels/{channel}", content)

    async def sockets(self) -> list[Json]:
        """Return the bot's open connections: ``{"number", "is_leaving", "sent", "acked"}``, oldest first."""
        found: list[Json] = (await self._get("/control/sockets"))["connections"]
        return found

    async def sockets_opened(self) -> int:
        """Return how many connections the bot ever opened."""
        opened: int = (await self._get("/control/sockets"))["opened"]
        return opened

    async def socket_mistakes(self) -> list[str]:
        """Return what the bot did that the protocol has no place for: answers twice, late, or for nothing."""
        mistakes: list[str] = (await self._get("/control/sockets"))["mistakes"]
        return mistakes

    async def disconnect(self, number: int, reason: str) -> None:
        """Tell a connection to go: ``warning``, ``refresh_requested``, ``link_disabled``, ``too_many_websockets``."""
        await self._post(f"/control/sockets/{number}/disconnect", {"reason": reason})

    async def cut(self, number: int) -> None:
        """Drop a connection without a word."""
        await self._post(f"/control/sockets/{number}/cut", {})

    async def settle(self) -> None:
        """Wait until no event is under way to the bot, waiting retries included."""
        await self._post("/control/settle", {})

    async def reset(self) -> None:
        """Return to the start: the cast, no messages, no faults."""
        await self._post("/control/reset", {})

    async def _all(self, channel: str) -> list[Json]:
        state = await self.state()
        if channel not in state["channels"]:
            return []
        found: list[Json] = state["channels"][channel]["messages"]
        return found

    async def _act(self, act: str, **args: Any) -> Json:
        answer: Json = await self._post(f"/control/act/{act}", args)
        return answer

    async def _get(self, path: str, **query: str) -> Any:
        return await self._send("GET", path, params=query)

    async def _post(self, path: str, content: Json) -> Any:
        return await self._send("POST", path, json=content)

    async def _send(self, method: str, path: str, **options: Any) -> Any:
        response = await self._http.request(method, path, **options)
        if response.status_code != httpx.codes.OK:
            raise Refused(f"{method} {path}: {response.status_code} {response.text}")
        return response.json()


def _is_top_level(message: Json) -> bool:
    return message.get("thread_ts") in (None, message["ts"]) or message.get("subtype") == "thread_broadcast"


def _given(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}
