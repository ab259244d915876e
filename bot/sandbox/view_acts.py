"""What people do with modals and the App Home: submit, close, press, open the home tab, search an external menu."""

from __future__ import annotations

from typing import Any

from bot.sandbox import payloads
from bot.sandbox.acts import Outcome, failure_of, pick
from bot.sandbox.block_kit import check_options
from bot.sandbox.block_walk import Placed, placed
from bot.sandbox.courier import Courier
from bot.sandbox.deliveries import Ack
from bot.sandbox.element_values import action_of, chosen_state, initial_state, is_empty
from bot.sandbox.errors import ActError, SlackError
from bot.sandbox.methods.views import checked, replace_view, stack_view
from bot.sandbox.model import Person, View
from bot.sandbox.shapes import Json
from bot.sandbox.workspace import Workspace

TROUBLE = "We had some trouble connecting. Try again?"
REQUIRED = "Please complete this required field."


class ViewActs:
    """People acting on what is on top of their screen."""

    def __init__(self, workspace: Workspace, courier: Courier) -> None:
        self._workspace = workspace
        self._courier = courier

    async def submit(self, user: str, values: Json) -> Outcome:
        """Submit the topmost modal; ``values`` maps an input's ``action_id`` or ``block_id`` to what was entered.

        Options are named by value or visible text; several of them as a list. What is left out keeps its initial
        value. An empty required input is refused by the client: the bot hears nothing, the view shows the error.
        """
        person, view = self._top(user)
        view.state = self._state(view, values)
        view.errors, view.notice = self._client_errors(view), ""
        if view.errors:
            self._workspace.touch()
            return Outcome(failure="required_fields_missing")
        trigger_id = self._workspace.triggers.issue(person.id)
        payload = payloads.interaction(self._workspace, "view_submission", person) | {
            "trigger_id": trigger_id,
            "view": view.as_json(self._workspace.config.team),
            "response_urls": self._response_urls(person, view),
        }
        ack = await self._courier.interact(payload)
        failure = self._apply(view, ack)
        return Outcome(
            status=ack.status, failure=failure, trigger_id=trigger_id, answer=ack.body.decode(errors="replace")
        )

    async def close(self, user: str, *, everything: bool = False) -> Outcome:
        """Close the topmost modal (Cancel), or all of them (the cross); the bot hears it where it asked to."""
        person, view = self._top(user)
        if everything:
            self._workspace.clear_views(user)
        else:
            self._workspace.close_view(view)
        if not view.definition.get("notify_on_close"):
            return Outcome()
        payload = payloads.interaction(self._workspace, "view_closed", person) | {
            "view": view.as_json(self._workspace.config.team),
            "is_cleared": everything,
        }
        ack = await self._courier.interact(payload)
        return Outcome(status=ack.status, failure=failure_of(ack))

    async def click(
        self,
        user: str,
        view_id: str,
        *,
        action_id: str | None = None,
        block_id: str | None = None,
        text: str | None = None,
        choice: Any = None,
    ) -> Outcome:
        """Press a button or choose from a menu inside a modal or the App Home."""
        person = self._person(user)
        view = self._workspace.views.get(view_id)
        if view is None or view.user != person.id or not view.is_open:
            raise ActError(f"{user}: sees no view {view_id}")
        places = list(placed(view.definition["blocks"]))
        place, choice = pick(places, action_id=action_id, block_id=block_id, text=text, choice=choice)
        self._keep_choice(view, places, place, choice)
        trigger_id = self._workspace.triggers.issue(person.id)
        payload = payloads.interaction(self._workspace, "block_actions", person) | {
            "container": {"type": "view", "view_id": view.id},
            "trigger_id": trigger_id,
            "view": view.as_json(self._workspace.config.team),
            "actions": [action_of(place.block, place.element, choice, self._workspace.clock.next_ts())],
        }
        ack = await self._courier.interact(payload)
        view.notice = "" if ack.is_ok else TROUBLE
        self._workspace.touch()
        return Outcome(
            status=ack.status, failure=failure_of(ack), trigger_id=trigger_id, answer=ack.body.decode(errors="replace")
        )

    async def suggest(self, user: str, view_id: str, action_id: str, typed: str) -> list[Json]:
        """Type into an external select and return the options the bot offers, those of groups included."""
        person = self._person(user)
        view = self._workspace.views.get(view_id)
        if view is None:
            raise ActError(f"{user}: sees no view {view_id}")
        place, _ = pick(
            list(placed(view.definition["blocks"])), action_id=action_id, block_id=None, text=None, choice=None
        )
        payload = payloads.interaction(self._workspace, "block_suggestion", person) | {
            "action_id": action_id,
            "block_id": place.block["block_id"],
            "value": typed,
            "container": {"type": "view", "view_id": view.id},
            "view": view.as_json(self._workspace.config.team),
        }
        answer = (await self._courier.interact(payload)).json_body() or {}
        options = list(answer.get("options") or [])
        options += [option for group in answer.get("option_groups") or [] for option in group.get("options") or []]
        verdict = check_options(answer)
        if verdict.error:
            raise ActError(f"{action_id}: what is offered is refused: {' '.join(verdict.problems)}")
        return options

    def open_home(self, user: str, tab: str = "home") -> Outcome:
        """Open the App Home; the bot hears ``app_home_opened`` with the tab."""
        person = self._person(user)
        channel = self._workspace.direct_message(person.id)
        event: Json = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": channel.id,
            "tab": tab,
            "event_ts": self._workspace.clock.next_ts(),
        }
        view = self._workspace.views.get(self._workspace.homes.get(person.id, ""))
        if view is not None and tab == "home":
            event["view"] = view.as_json(self._workspace.config.team)
        self._courier.event(event)
        return Outcome()

    def _apply(self, view: View, ack: Ack) -> str | None:
        """Do what the answer to a submission says; return the failure the person is shown instead, if any."""
        failure = failure_of(ack)
        try:
            if failure is None:
                self._follow(view, ack)
        except SlackError as exc:
            failure = f"{exc.code} {' '.join(exc.messages)}".strip()
        if failure:
            view.notice = TROUBLE
        self._workspace.touch()
        return failure

    def _follow(self, view: View, ack: Ack) -> None:
        if not ack.body.strip():
            self._workspace.close_view(view)
            return
        answer = ack.json_body()
        if answer is None:
            raise SlackError("invalid_response")
        match answer.get("response_action"):
            case None if not answer:
                self._workspace.close_view(view)
            case "clear":
                self._workspace.clear_views(view.user)
            case "errors":
                view.errors = self._bot_errors(view, answer.get("errors"))
            case "update":
                replace_view(
                    self._workspace, view, checked(self._workspace, answer.get("view"), "modal", replacing=view)
                )
            case "push":
                stack_view(self._workspace, view.user, checked(self._workspace, answer.get("view"), "modal"))
            case other:
                raise SlackError("invalid_response_action", messages=[f"[ERROR] response_action {other!r}"])

    def _bot_errors(self, view: View, errors: object) -> Json:
        """Return the errors the bot gave; keys must be ``block_id``s of this view's input blocks."""
        inputs = {block["block_id"] for block in view.definition["blocks"] if block["type"] == "input"}
        if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
            raise SlackError("invalid_errors", messages=["[ERROR] keys must be block_ids of input blocks"])
        return dict(errors)

    def _client_errors(self, view: View) -> Json:
        found: Json = {}
        for place in _inputs(view):
            state = view.state[place.block["block_id"]][place.element["action_id"]]
            problem = _problem(place, state)
            if problem:
                found[place.block["block_id"]] = problem
        return found

    def _state(self, view: View, values: Json) -> Json:
        """Return ``state.values`` of every element with a value; ActError for a name the view does not have."""
        unused = set(values)
        state: Json = {}
        for place in placed(view.definition["blocks"]):
            block_id, action_id = place.block["block_id"], place.element["action_id"]
            name = next((key for key in (action_id, block_id) if key in values), None)
            if place.block["type"] != "input" and name is None:
                continue
            held = view.state.get(block_id, {}).get(action_id) or initial_state(place.element)
            state.setdefault(block_id, {})[action_id] = (
                held if name is None else chosen_state(place.element, values[name])
            )
            unused.discard(name or "")
        if unused:
            raise ActError(f"{view.id}: no input {', '.join(sorted(unused))}")
        return state

    def _response_urls(self, person: Person, view: View) -> list[Json]:
        """Return a response URL for each conversation that was chosen in a menu which asks for one."""
        urls = []
        for place in _inputs(view):
            state = view.state[place.block["block_id"]][place.element["action_id"]]
            chosen = state.get("selected_conversation") or state.get("selected_channel")
            if not chosen or not place.element.get("response_url_enabled"):
                continue
            token = self._workspace.response_urls.issue(user=person.id, channel=chosen)
            urls.append(
                {
                    "block_id": place.block["block_id"],
                    "action_id": place.element["action_id"],
                    "channel_id": chosen,
                    "response_url": f"{self._workspace.config.base_url}/response/{token}",
                }
            )
        return urls

    def _keep_choice(self, view: View, places: list[Placed], place: Placed, choice: Any) -> None:
        fresh = payloads.state_values(places, place, choice)
        block_id, action_id = place.block["block_id"], place.element["action_id"]
        for held_block, held_actions in view.state.items():
            for held_action, held in held_actions.items():
                if (held_block, held_action) != (block_id, action_id) and held_block in fresh:
                    fresh[held_block][held_action] = held
        view.state = fresh

    def _top(self, user: str) -> tuple[Person, View]:
        person = self._person(user)
        view = self._workspace.top_view(person.id)
        if view is None:
            raise ActError(f"{user}: no modal is open")
        return person, view

    def _person(self, user: str) -> Person:
        person = self._workspace.people.get(user)
        if person is None or person.is_bot or person.deleted:
            raise ActError(f"{user}: no such active person")
        return person


def _inputs(view: View) -> list[Placed]:
    return [place for place in placed(view.definition["blocks"]) if place.block["type"] == "input"]


def _problem(place: Placed, state: Json) -> str | None:
    """Return what the client itself objects to before sending."""
    if is_empty(state):
        return None if place.block.get("optional") else REQUIRED
    value = state.get("value")
    shortest, longest = place.element.get("min_length"), place.element.get("max_length")
    if isinstance(value, str) and shortest and len(value) < shortest:
        return f"This must be at least {shortest} characters."
    if isinstance(value, str) and longest and len(value) > longest:
        return f"This must be at most {longest} characters."
    return None
