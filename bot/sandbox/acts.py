"""What people of the workspace do with messages: type, command, click, react, delete, use a shortcut.

Every act returns an ``Outcome`` as the actor's client would know it. What the client itself refuses raises ActError.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.sandbox import cast, payloads, typed_text
from bot.sandbox.block_walk import Placed, placed_in_message
from bot.sandbox.courier import Courier
from bot.sandbox.deliveries import Ack
from bot.sandbox.element_values import action_of, options_of
from bot.sandbox.errors import ActError, SlackError
from bot.sandbox.model import Channel, Message, Person
from bot.sandbox.responses import post_answer
from bot.sandbox.shapes import Json
from bot.sandbox.workspace import Workspace

SLACKBOT = "USLACKBOT"
INVITE = "/invite"
"""The one command of Slack's own that is known here: without it the bot never gets into a channel."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an act: ``ts`` of a new message, the bot's ``status``, the ``failure`` the actor is shown."""

    ts: str | None = None
    status: int | None = None
    failure: str | None = None
    trigger_id: str | None = None
    response_url: str | None = None
    answer: str = ""

    def as_json(self) -> Json:
        """Return the outcome for the control API."""
        return {
            "ts": self.ts,
            "status": self.status,
            "failure": self.failure,
            "trigger_id": self.trigger_id,
            "response_url": self.response_url,
            "answer": self.answer,
        }


class Acts:
    """People acting in channels and threads."""

    def __init__(self, workspace: Workspace, courier: Courier) -> None:
        self._workspace = workspace
        self._courier = courier

    def say(self, user: str, channel_id: str, text: str, *, thread_ts: str | None = None, raw: bool = False) -> Outcome:
        """Type a message; ``raw`` sends the text as the wire form, without escaping or resolving names.

        The bot is told with ``message`` (and ``app_mention`` when it is named) where it is a member.
        """
        person, channel = self._actor(user, channel_id)
        wire = text if raw else typed_text.as_message(self._workspace, text)
        message = self._workspace.post(
            Message(channel.id, self._workspace.clock.next_ts(), person.id, wire, thread_ts=thread_ts)
        )
        if channel.has_bot:
            self._tell_of_message(person, channel, message)
        return Outcome(ts=message.ts)

    async def command(self, user: str, channel_id: str, text: str, *, thread_ts: str | None = None) -> Outcome:
        """Run ``/ops …`` or another registered command; in a thread the client refuses, as Slack's does."""
        person, channel = self._actor(user, channel_id)
        name, _, rest = text.strip().partition(" ")
        if name == INVITE and not thread_ts:
            return self._invite(person, channel, rest)
        if name not in cast.COMMANDS:
            return self._notice(person, channel, f"`{name}` is not a valid command.", "unknown_command", thread_ts)
        if thread_ts:
            refusal = f"`{name}` is not supported in threads. Sorry!"
            return self._notice(person, channel, refusal, "not_supported_in_threads", thread_ts)
        trigger_id = self._workspace.triggers.issue(person.id)
        token = self._workspace.response_urls.issue(user=person.id, channel=channel.id)
        fields = {
            "token": "sandbox",
            "team_id": self._workspace.config.team,
            "team_domain": cast.TEAM_DOMAIN,
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.im_with else channel.name,
            "user_id": person.id,
            "user_name": person.name,
            "command": name,
            "text": typed_text.as_command(self._workspace, rest.strip()),
            "api_app_id": cast.APP,
            "is_enterprise_install": "false",
            "response_url": self._response_url(token),
            "trigger_id": trigger_id,
        }
        ack = await self._courier.command(fields)
        failure = self._render_answer(person, channel, name, token, ack)
        return self._outcome(ack, failure, trigger_id, token)

    async def click(
        self,
        user: str,
        channel_id: str,
        ts: str,
        *,
        action_id: str | None = None,
        block_id: str | None = None,
        text: str | None = None,
        choice: Any = None,
    ) -> Outcome:
        """Press a button or choose from a menu on a message, and accept its confirmation if it has one.

        The element is named by ``action_id`` (with ``block_id`` where two blocks share it) or by its visible ``text``;
        an option by value or visible text in ``choice``, or by its ``text`` alone.
        """
        person, channel = self._actor(user, channel_id)
        message = self._visible(person, channel, ts)
        places = list(placed_in_message(message.blocks, message.attachments))
        place, choice = pick(places, action_id=action_id, block_id=block_id, text=text, choice=choice)
        allowed = place.element.get("visible_to_user_ids")
        if allowed and person.id not in allowed:
            raise ActError(f"{place.element['action_id']}: not shown to {person.id}")
        trigger_id = self._workspace.triggers.issue(person.id)
        token = self._message_token(person, message)
        payload = payloads.interaction(self._workspace, "block_actions", person) | {
            "container": payloads.message_container(message, place),
            "trigger_id": trigger_id,
            "channel": payloads.channel_part(channel),
            "state": {"values": payloads.state_values(places, place, choice)},
            "response_url": self._response_url(token),
            "actions": [action_of(place.block, place.element, choice, self._workspace.clock.next_ts())],
        }
        if message.ephemeral_to is None:
            payload["message"] = self._workspace.shown(message)
        ack = await self._courier.interact(payload)
        failure = self._report_failure(person, channel, "This action", ack, message.thread_ts)
        return self._outcome(ack, failure, trigger_id, token)

    async def message_shortcut(self, user: str, channel_id: str, ts: str, callback_id: str) -> Outcome:
        """Use a message shortcut; it works in threads and on other people's messages."""
        person, channel = self._actor(user, channel_id)
        message = self._visible(person, channel, ts)
        trigger_id = self._workspace.triggers.issue(person.id)
        token = self._message_token(person, message)
        payload = payloads.interaction(self._workspace, "message_action", person) | {
            "callback_id": callback_id,
            "action_ts": self._workspace.clock.next_ts(),
            "trigger_id": trigger_id,
            "response_url": self._response_url(token),
            "message_ts": message.ts,
            "channel": payloads.channel_part(channel),
            "message": self._workspace.shown(message),
        }
        ack = await self._courier.interact(payload)
        failure = self._report_failure(person, channel, "This shortcut", ack, message.thread_ts)
        return self._outcome(ack, failure, trigger_id, token)

    async def global_shortcut(self, user: str, callback_id: str) -> Outcome:
        """Use a global shortcut; it carries no channel and no response URL."""
        person = self._person(user)
        trigger_id = self._workspace.triggers.issue(person.id)
        payload = payloads.interaction(self._workspace, "shortcut", person) | {
            "callback_id": callback_id,
            "action_ts": self._workspace.clock.next_ts(),
            "trigger_id": trigger_id,
        }
        ack = await self._courier.interact(payload)
        return self._outcome(ack, failure_of(ack), trigger_id, None)

    def react(self, user: str, channel_id: str, ts: str, name: str) -> Outcome:
        """Add a reaction; the bot is told with ``reaction_added``."""
        person, channel = self._actor(user, channel_id)
        message = self._visible(person, channel, ts)
        people = message.reactions.setdefault(name, [])
        if person.id not in people:
            people.append(person.id)
            self._workspace.touch()
            self._courier.event(
                {
                    "type": "reaction_added",
                    "user": person.id,
                    "reaction": name,
                    "item": {"type": "message", "channel": channel.id, "ts": message.ts},
                    "item_user": message.user,
                    "event_ts": self._workspace.clock.next_ts(),
                }
            )
        return Outcome(ts=message.ts)

    def delete(self, user: str, channel_id: str, ts: str) -> Outcome:
        """Delete any message, as its author or an admin would; the bot is told with ``message_deleted``."""
        _, channel = self._actor(user, channel_id)
        message = self._workspace.find(channel.id, ts)
        if message is None:
            raise ActError(f"{channel.id}: no message {ts}")
        self._workspace.delete(message)
        self._courier.event(
            {
                "type": "message",
                "subtype": "message_deleted",
                "hidden": True,
                "channel": channel.id,
                "channel_type": channel.kind,
                "deleted_ts": message.ts,
                "previous_message": message.as_json(),
                "ts": self._workspace.clock.next_ts(),
                "event_ts": self._workspace.clock.next_ts(),
            }
        )
        return Outcome(ts=message.ts)

    def dismiss(self, user: str, ts: str) -> Outcome:
        """Dismiss an ephemeral message, as reloading the client does."""
        message = next((m for m in self._workspace.ephemerals if m.ts == ts and m.ephemeral_to == user), None)
        if message is None:
            raise ActError(f"{user}: sees no ephemeral message {ts}")
        self._workspace.delete(message)
        return Outcome(ts=ts)

    def _tell_of_message(self, person: Person, channel: Channel, message: Message) -> None:
        common: Json = {
            "user": person.id,
            "ts": message.ts,
            "text": message.text,
            "team": person.team,
            "user_team": person.team,
            "channel": channel.id,
            "event_ts": message.ts,
        }
        if message.thread_ts:
            common["thread_ts"] = message.thread_ts
        self._courier.event({"type": "message", "channel_type": channel.kind, **common})
        if f"<@{cast.BOT_USER}" in message.text and not channel.im_with:
            self._courier.event({"type": "app_mention", **common})

    def _render_answer(self, person: Person, channel: Channel, name: str, token: str, ack: Ack) -> str | None:
        """Show the body of an acknowledgement to the actor; return the failure shown instead, if any."""
        failure = self._report_failure(person, channel, name, ack)
        if failure or not ack.body.strip():
            return failure
        is_json = "json" in ack.content_type or ack.body.lstrip().startswith(b"{")
        answer = ack.json_body() if is_json else {"text": ack.body.decode(errors="replace")}
        try:
            if answer is None:
                raise SlackError("invalid_command_response")
            if answer.get("text") or answer.get("blocks") or answer.get("attachments"):
                post_answer(self._workspace, self._workspace.response_urls.look_up(token), answer)
        except SlackError as exc:
            detail = f"{exc.code} {' '.join(exc.messages)}".strip()
            return self._notice(person, channel, f"{name} failed with the error \u201c{detail}\u201d", detail).failure
        return None

    def _invite(self, person: Person, channel: Channel, names: str) -> Outcome:
        """Add the named members to a channel, as Slack's own command does; the app hears of nothing."""
        wanted = [name.removeprefix("@") for name in names.split()]
        known = {member.name: member.id for member in self._workspace.people.values()}
        strangers = [name for name in wanted if name not in known]
        if strangers or not wanted:
            said = f"`{INVITE}`: nobody here is called {', '.join(strangers) or 'nothing'}; write `{INVITE} @name`."
            return self._notice(person, channel, said, "user_not_found")
        channel.members.update(known[name] for name in wanted)
        added = " ".join(f"<@{known[name]}>" for name in wanted)
        message = Message(channel.id, self._workspace.clock.next_ts(), SLACKBOT, f"{added} was added to the channel.")
        return Outcome(ts=self._workspace.post(message).ts)

    def _report_failure(
        self, person: Person, channel: Channel, what: str, ack: Ack, thread_ts: str | None = None
    ) -> str | None:
        failure = failure_of(ack)
        if failure:
            self._notice(person, channel, f"{what} failed with the error \u201c{failure}\u201d", failure, thread_ts)
        return failure

    def _notice(
        self, person: Person, channel: Channel, text: str, failure: str, thread_ts: str | None = None
    ) -> Outcome:
        """Show one line from Slack itself to one person."""
        message = Message(
            channel.id,
            self._workspace.clock.next_ts(),
            SLACKBOT,
            text,
            thread_ts=thread_ts,
            ephemeral_to=person.id,
        )
        self._workspace.post(message)
        return Outcome(ts=message.ts, failure=failure)

    def _message_token(self, person: Person, message: Message) -> str:
        return self._workspace.response_urls.issue(
            user=person.id,
            channel=message.channel,
            source_ts=message.ts,
            source_thread=message.thread_ts if message.is_reply else None,
            source_is_ephemeral=message.ephemeral_to is not None,
        )

    def _response_url(self, token: str) -> str:
        return f"{self._workspace.config.base_url}/response/{token}"

    def _outcome(self, ack: Ack, failure: str | None, trigger_id: str, token: str | None) -> Outcome:
        return Outcome(
            status=ack.status,
            failure=failure,
            trigger_id=trigger_id,
            response_url=self._response_url(token) if token else None,
            answer=ack.body.decode(errors="replace"),
        )

    def _person(self, user: str) -> Person:
        person = self._workspace.people.get(user)
        if person is None or person.is_bot:
            raise ActError(f"{user}: no such person")
        if person.deleted:
            raise ActError(f"{user}: deactivated")
        return person

    def _actor(self, user: str, channel_id: str) -> tuple[Person, Channel]:
        person = self._person(user)
        channel = self._workspace.channels.get(channel_id)
        if channel is None:
            raise ActError(f"{channel_id}: no such channel")
        if person.id not in channel.members:
            raise ActError(f"{channel_id}: {person.id} is not a member")
        if channel.archived:
            raise ActError(f"{channel_id}: archived")
        return person, channel

    def _visible(self, person: Person, channel: Channel, ts: str) -> Message:
        message = self._workspace.find(channel.id, ts)
        if message is not None:
            return message
        for ephemeral in self._workspace.ephemerals:
            if ephemeral.ts == ts and ephemeral.ephemeral_to == person.id and not ephemeral.deleted:
                return ephemeral
        raise ActError(f"{channel.id}: {person.id} sees no message {ts}")


def failure_of(ack: Ack) -> str | None:
    """Return the error the actor's client shows for an answer that is no 2xx, or for none."""
    if ack.is_ok:
        return None
    return ack.failure.value if ack.failure else "dispatch_failed"


def pick(
    places: list[Placed], *, action_id: str | None, block_id: str | None, text: str | None, choice: Any
) -> tuple[Placed, Any]:
    """Return the element a person means and their choice; ActError names what there is when nothing fits."""
    for place in places:
        if block_id and place.block["block_id"] != block_id:
            continue
        if action_id and place.element["action_id"] != action_id:
            continue
        if text is None or _label(place.element) == text:
            return place, choice
        if choice is None and any(option["text"]["text"] == text for option in options_of(place.element)):
            return place, text
    there = ", ".join(f"{place.element['action_id']} ({_label(place.element)})" for place in places)
    raise ActError(f"nothing to click as action_id={action_id!r} text={text!r}; there is: {there or 'nothing'}")


def _label(element: Json) -> str | None:
    label = element.get("text") or element.get("placeholder")
    return str(label["text"]) if isinstance(label, dict) else None
