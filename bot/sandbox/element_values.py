"""What a person's choice looks like on the wire: the ``action`` of a click and the ``state`` of an input."""

from __future__ import annotations

from typing import Any

from bot.sandbox.errors import ActError
from bot.sandbox.shapes import Json

_VALUE_FIELDS = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "file_input": "files",
}
_STATELESS = frozenset({"button", "overflow", "workflow_button", "icon_button", "feedback_buttons"})


def options_of(element: Json) -> list[Json]:
    """Return every option a person can pick, those inside groups included."""
    groups = element.get("option_groups") or []
    return list(element.get("options") or []) + [option for group in groups for option in group["options"]]


def has_state(element: Json) -> bool:
    """Return whether the element's value travels in ``state``."""
    return element["type"] not in _STATELESS


def initial_state(element: Json) -> Json:
    """Return the state of an element nobody touched."""
    field = _VALUE_FIELDS[element["type"]]
    name = f"initial_{field.removeprefix('selected_')}"
    empty: Any = [] if field.endswith("s") else None
    return {"type": element["type"], field: element.get(name, empty)}


def chosen_state(element: Json, choice: Any) -> Json:
    """Return the state after a person chose; options go by value or visible text, ActError for an unknown one."""
    kind = element["type"]
    field = _VALUE_FIELDS[kind]
    if choice is None:
        return {"type": kind, field: [] if field.endswith("s") else None}
    if field == "selected_option":
        return {"type": kind, field: find_option(element, choice)}
    if field == "selected_options":
        wanted = choice if isinstance(choice, list) else [choice]
        return {"type": kind, field: [find_option(element, item) for item in wanted]}
    return {"type": kind, field: choice}


def is_empty(state: Json) -> bool:
    """Return whether a state holds no value."""
    return not any(value not in (None, "", []) for name, value in state.items() if name != "type")


def find_option(element: Json, choice: Any) -> Json:
    """Return the option a person means: by value, by visible text, or the option object itself (external selects)."""
    if isinstance(choice, dict):
        return choice
    for option in options_of(element):
        if choice in (option.get("value"), option["text"]["text"]):
            return {name: option[name] for name in ("text", "value", "url") if name in option}
    offered = ", ".join(str(option.get("value")) for option in options_of(element))
    raise ActError(f"{element.get('action_id')}: no option {choice!r}; there are: {offered}")


def action_of(block: Json, element: Json, choice: Any, action_ts: str) -> Json:
    """Return the entry of ``actions`` for a click or a choice."""
    kind = element["type"]
    action: Json = {
        "type": kind,
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": action_ts,
    }
    if kind in {"button", "icon_button", "workflow_button"}:
        return action | {name: element[name] for name in ("text", "value", "style", "url", "icon") if name in element}
    if kind == "feedback_buttons":
        return action | _feedback(element, choice)
    return action | chosen_state(element, choice)


def _feedback(element: Json, choice: Any) -> Json:
    for name in ("positive_button", "negative_button"):
        if choice in (element[name]["value"], element[name]["text"]["text"]):
            return {"value": element[name]["value"], "text": element[name]["text"]}
    raise ActError(f"{element['action_id']}: no button {choice!r}")
