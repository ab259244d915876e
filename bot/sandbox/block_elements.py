"""Limits of Block Kit's elements and composition objects, from Slack's reference."""

from __future__ import annotations

from typing import Any

from bot.sandbox.block_rules import (
    IDENTIFIER,
    URL,
    Findings,
    Rule,
    also,
    anything,
    choice,
    flag,
    items,
    matching,
    needs,
    number,
    one_image_source,
    plain,
    shape,
    string,
    text,
    typed,
)

STYLE = choice("primary", "danger")
CONFIRM = shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": STYLE},
)
OPTION_VALUE = string(150)
OPTION = shape({"text": plain(75), "value": OPTION_VALUE}, {"description": plain(75)})
LISTED_OPTION = shape({"text": text(75), "value": OPTION_VALUE}, {"description": text(75)})
OVERFLOW_OPTION = shape({"text": plain(75), "value": OPTION_VALUE}, {"description": plain(75), "url": URL})
OPTION_GROUP = shape({"label": plain(75), "options": items(OPTION, 1, 100)})
DISPATCH = shape({}, {"trigger_actions_on": items(choice("on_enter_pressed", "on_character_entered"), 1, 2)})
FILE_ID = matching(r"F[A-Z0-9]{8,}", "a file id")
SLACK_FILE = shape({}, {"id": FILE_ID, "url": URL})
IMAGE_SOURCES: dict[str, Rule] = {"image_url": URL, "slack_file": SLACK_FILE}
DATE = matching(r"\d{4}-\d{2}-\d{2}", "a date as YYYY-MM-DD")
TIME = matching(r"([01]\d|2[0-3]):[0-5]\d", "a time as HH:mm")

IMAGE_ELEMENT = also(shape({"alt_text": string(2000)}, IMAGE_SOURCES), one_image_source)


def one_option_source(findings: Findings, value: Any, pointer: str) -> None:
    """Refuse a menu with both plain options and groups, or neither."""
    if ("options" in value) == ("option_groups" in value):
        findings.add(pointer, "exactly one of options and option_groups must be given")


def _offered(value: dict[str, Any]) -> list[Any]:
    groups = value.get("option_groups") or []
    return list(value.get("options") or []) + [option for group in groups for option in group.get("options") or []]


def _initial_is_offered(findings: Findings, value: Any, pointer: str) -> None:
    """Refuse a preselected option that does not equal an offered one exactly."""
    offered = _offered(value)
    if value.get("initial_option") is not None and value["initial_option"] not in offered:
        findings.add(f"{pointer}/initial_option", "must match one of the provided options")
    for index, option in enumerate(value.get("initial_options") or []):
        if option not in offered:
            findings.add(f"{pointer}/initial_options/{index}", "must match one of the provided options")


_ID: dict[str, Rule] = {"action_id": IDENTIFIER}
_PICKER: dict[str, Rule] = {**_ID, "confirm": CONFIRM, "focus_on_load": flag, "placeholder": plain(150)}
_MANY: dict[str, Rule] = {**_PICKER, "max_selected_items": number(1)}
_FILTER = shape(
    {},
    {
        "include": items(choice("im", "mpim", "private", "public"), 1, 4),
        "exclude_external_shared_channels": flag,
        "exclude_bot_users": flag,
    },
)
_STATIC: dict[str, Rule] = {"options": items(OPTION, 1, 100), "option_groups": items(OPTION_GROUP, 1, 100)}
_CONVERSATIONS: dict[str, Rule] = {"default_to_current_conversation": flag, "filter": _FILTER}


def _static(extra: dict[str, Rule]) -> Rule:
    return also(shape({}, {**_STATIC, **extra}), one_option_source, _initial_is_offered)


def _typed_input(extra: dict[str, Rule]) -> Rule:
    """Return the rule of an input a person types into."""
    common: dict[str, Rule] = {
        **_ID,
        "placeholder": plain(150),
        "dispatch_action_config": DISPATCH,
        "focus_on_load": flag,
    }
    return shape({}, common | extra)


BUTTON = shape(
    {"text": plain(75)},
    {
        **_ID,
        "url": URL,
        "value": string(2000),
        "style": STYLE,
        "confirm": CONFIRM,
        "accessibility_label": string(75),
        "visible_to_user_ids": anything,
    },
)
_FEEDBACK_BUTTON = shape({"text": plain(75), "value": string(2000)}, {"accessibility_label": string(75)})
_LISTED: dict[str, Rule] = {"options": items(LISTED_OPTION, 1, 10)}
_CHECKED: dict[str, Rule] = {**_ID, "confirm": CONFIRM, "focus_on_load": flag}

ELEMENTS: dict[str, Rule] = {
    "button": BUTTON,
    "workflow_button": shape(
        {"text": plain(75), "workflow": anything}, {**_ID, "style": STYLE, "accessibility_label": string(75)}
    ),
    "overflow": shape({"options": items(OVERFLOW_OPTION, 1, 5)}, {**_ID, "confirm": CONFIRM}),
    "static_select": _static({**_PICKER, "initial_option": OPTION}),
    "multi_static_select": _static({**_MANY, "initial_options": items(OPTION, 1, 100)}),
    "external_select": shape({}, {**_PICKER, "initial_option": OPTION, "min_query_length": number(0)}),
    "multi_external_select": shape(
        {}, {**_MANY, "initial_options": items(OPTION, 1, 100), "min_query_length": number(0)}
    ),
    "users_select": shape({}, {**_PICKER, "initial_user": string(255)}),
    "multi_users_select": shape({}, {**_MANY, "initial_users": items(string(255), 1, 100)}),
    "conversations_select": shape(
        {}, {**_PICKER, **_CONVERSATIONS, "initial_conversation": string(255), "response_url_enabled": flag}
    ),
    "multi_conversations_select": shape(
        {}, {**_MANY, **_CONVERSATIONS, "initial_conversations": items(string(255), 1, 100)}
    ),
    "channels_select": shape({}, {**_PICKER, "initial_channel": string(255), "response_url_enabled": flag}),
    "multi_channels_select": shape({}, {**_MANY, "initial_channels": items(string(255), 1, 100)}),
    "checkboxes": also(
        shape(_LISTED, {**_CHECKED, "initial_options": items(LISTED_OPTION, 1, 10)}), _initial_is_offered
    ),
    "radio_buttons": also(shape(_LISTED, {**_CHECKED, "initial_option": LISTED_OPTION}), _initial_is_offered),
    "datepicker": shape({}, {**_PICKER, "initial_date": DATE}),
    "timepicker": shape({}, {**_PICKER, "initial_time": TIME, "timezone": string(255)}),
    "datetimepicker": shape({}, {**_CHECKED, "initial_date_time": number(1_000_000_000, 9_999_999_999)}),
    "plain_text_input": _typed_input(
        {
            "initial_value": string(3000, shortest=0),
            "multiline": flag,
            "min_length": number(0, 3000),
            "max_length": number(1, 3000),
        }
    ),
    "email_text_input": _typed_input({"initial_value": string(3000, shortest=0)}),
    "url_text_input": _typed_input({"initial_value": string(3000, shortest=0)}),
    "number_input": also(
        _typed_input(
            {
                "is_decimal_allowed": flag,
                "initial_value": string(100),
                "min_value": string(100),
                "max_value": string(100),
            }
        ),
        needs("is_decimal_allowed"),
    ),
    "rich_text_input": also(_typed_input({"initial_value": anything}), needs("action_id")),
    "file_input": shape({}, {**_ID, "filetypes": items(string(100), 1, 100), "max_files": number(1, 10)}),
    "feedback_buttons": shape({"positive_button": _FEEDBACK_BUTTON, "negative_button": _FEEDBACK_BUTTON}, _ID),
    "icon_button": shape(
        {"icon": choice("trash"), "text": plain(75)},
        {
            **_ID,
            "value": string(2000),
            "confirm": CONFIRM,
            "accessibility_label": string(75),
            "visible_to_user_ids": anything,
        },
    ),
}

_INPUT_ONLY = {
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "rich_text_input",
    "file_input",
}
_CONTEXT_ACTIONS_ONLY = {"feedback_buttons", "icon_button"}
_NOT_IN_INPUT = {"button", "overflow", "workflow_button"} | _CONTEXT_ACTIONS_ONLY


def _without(*unwanted: set[str]) -> dict[str, Rule]:
    dropped = set().union(*unwanted)
    return {name: rule for name, rule in ELEMENTS.items() if name not in dropped}


IN_ACTIONS = typed(_without(_INPUT_ONLY, _CONTEXT_ACTIONS_ONLY))
IN_SECTION = typed({**_without(_INPUT_ONLY, _CONTEXT_ACTIONS_ONLY, {"datetimepicker"}), "image": IMAGE_ELEMENT})
IN_INPUT = typed(_without(_NOT_IN_INPUT))
IN_CONTEXT_ACTIONS = typed({name: ELEMENTS[name] for name in _CONTEXT_ACTIONS_ONLY})
IN_CONTEXT = typed(
    {
        "image": IMAGE_ELEMENT,
        "plain_text": text(3000),
        "mrkdwn": text(3000),
    }
)
