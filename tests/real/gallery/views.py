"""A modal with every input, and a home view."""

from __future__ import annotations

from typing import Any

from tests.real.gallery.controls import GROUPS, NAMES, option
from tests.real.gallery.layout import LAYOUT
from tests.real.gallery.tables import TABLES
from tests.sandbox.stage import actions, button, modal, plain, section


def entry(block_id: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return an input block."""
    element = {"action_id": f"{block_id}.value", **element}
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **more}


INPUTS = [
    {"type": "alert", "level": "warning", "text": plain("Everybody in the channel sees what you write.")},
    entry(
        "title", "What happens?", {"type": "plain_text_input", "placeholder": plain("One sentence"), "max_length": 80}
    ),
    entry(
        "story",
        "What do you know?",
        {"type": "plain_text_input", "multiline": True, "focus_on_load": True},
        optional=True,
        hint=plain("Times are kept as you write them."),
    ),
    entry("size", "Severity", {"type": "static_select", "options": NAMES, "initial_option": NAMES[1]}),
    entry("service", "Service", {"type": "static_select", "option_groups": GROUPS, "placeholder": plain("Choose")}),
    entry("several", "Also touched", {"type": "multi_static_select", "options": NAMES}, optional=True),
    entry("who", "Commander", {"type": "users_select"}, optional=True),
    entry("people", "Responders", {"type": "multi_users_select", "initial_users": ["U0BEN", "U0CHI"]}, optional=True),
    entry("where", "Channel", {"type": "conversations_select"}, optional=True),
    entry("found", "Runbook", {"type": "external_select", "min_query_length": 1}, optional=True),
    entry("day", "Day", {"type": "datepicker", "initial_date": "2026-02-18"}),
    entry("hour", "Hour", {"type": "timepicker"}, optional=True),
    entry("moment", "Since", {"type": "datetimepicker", "initial_date_time": 1_767_225_600}),
    entry("checked", "Checked", {"type": "checkboxes", "options": [NAMES[0], option("Logs")]}, optional=True),
    entry("bad", "Still bad?", {"type": "radio_buttons", "options": NAMES[:2]}, optional=True),
    entry("count", "Users hit", {"type": "number_input", "is_decimal_allowed": False, "min_value": "1"}, optional=True),
    entry("mail", "Tell", {"type": "email_text_input"}, optional=True),
    entry("link", "Graph", {"type": "url_text_input"}, optional=True),
    entry("rich", "Notes", {"type": "rich_text_input"}, optional=True),
    entry("files", "Files", {"type": "file_input"}, optional=True),
    actions(button("modal.more", "Add a line"), block_id="more"),
]

MODAL = modal(*INPUTS, title=plain("Declare an incident"), submit=plain("Declare"), close=plain("Cancel"))
SHORT_MODAL = modal(
    entry("title", "What happens?", {"type": "plain_text_input", "placeholder": plain("One sentence")}),
    entry("size", "Severity", {"type": "radio_buttons", "options": NAMES, "initial_option": NAMES[1]}),
    entry("people", "Responders", {"type": "multi_users_select", "initial_users": ["U0BEN", "U0CHI"]}, optional=True),
    title=plain("Declare an incident"),
    submit=plain("Declare"),
    close=plain("Cancel"),
)
HOME: dict[str, Any] = {
    "type": "home",
    "blocks": [
        {"type": "header", "text": plain("Your platform")},
        section("*1 incident* is open, *2 approvals* wait for you."),
        *TABLES["data_table"]["blocks"],
        {"type": "divider"},
        *LAYOUT["card"]["attachments"][0]["blocks"],
    ],
}
