"""Everything a person can press or choose on a message."""

from __future__ import annotations

from typing import Any

from tests.real.gallery import Gallery
from tests.sandbox.stage import actions, button, mrkdwn, plain


def option(name: str, **more: Any) -> dict[str, Any]:
    """Return an option."""
    return {"text": plain(name), "value": name.lower(), **more}


NAMES = [option(name) for name in ("Minor", "Major", "Critical")]
GROUPS = [
    {"label": plain("Search"), "options": [option("qdrant"), option("ranker")]},
    {"label": plain("Edge"), "options": [option("gateway")]},
]

CONTROLS: Gallery = {
    "selects": {
        "text": "selects",
        "blocks": [
            actions(
                {
                    "type": "static_select",
                    "action_id": "size",
                    "placeholder": plain("Size"),
                    "options": NAMES,
                    "initial_option": NAMES[1],
                },
                {
                    "type": "static_select",
                    "action_id": "service",
                    "placeholder": plain("Service"),
                    "option_groups": GROUPS,
                },
                {"type": "users_select", "action_id": "who", "placeholder": plain("Hand to")},
                {"type": "channels_select", "action_id": "where", "placeholder": plain("Channel")},
                {
                    "type": "multi_static_select",
                    "action_id": "several",
                    "placeholder": plain("Services"),
                    "options": NAMES,
                },
            ),
            actions(
                {"type": "datepicker", "action_id": "day", "initial_date": "2026-02-18", "placeholder": plain("Day")},
                {"type": "timepicker", "action_id": "hour", "initial_time": "14:30", "placeholder": plain("Hour")},
                {"type": "datetimepicker", "action_id": "moment", "initial_date_time": 1_767_225_600},
            ),
            {
                "type": "section",
                "text": mrkdwn("*What was checked?*"),
                "accessory": {
                    "type": "checkboxes",
                    "action_id": "checked",
                    "initial_options": [NAMES[0]],
                    "options": [NAMES[0], option("Graphs", description=plain("all of the last hour"))],
                },
            },
            {
                "type": "section",
                "text": mrkdwn("*How bad is it?*"),
                "accessory": {"type": "radio_buttons", "action_id": "bad", "options": NAMES[:2]},
            },
        ],
    },
    "buttons": {
        "text": "buttons",
        "blocks": [
            actions(
                button("plain", "Look closer"),
                button("go", "Approve", style="primary"),
                button("stop", "Decline", style="danger"),
                button("out", "Dashboard", url="https://example.com/d"),
                button("hidden", "Only for Dee", visible_to_user_ids=["U0DEE"]),
            ),
            {
                "type": "context_actions",
                "elements": [
                    {
                        "type": "feedback_buttons",
                        "action_id": "useful",
                        "positive_button": {"text": plain("Useful"), "value": "yes"},
                        "negative_button": {"text": plain("Not useful"), "value": "no"},
                    },
                    {"type": "icon_button", "action_id": "drop", "icon": "trash", "text": plain("Delete answer")},
                ],
            },
        ],
    },
    "note": {
        "text": "note",
        "blocks": [
            {
                "type": "input",
                "block_id": "note",
                "dispatch_action": True,
                "label": plain("Add a note"),
                "hint": plain("Enter sends it"),
                "element": {"type": "plain_text_input", "action_id": "note.value"},
            }
        ],
    },
}
