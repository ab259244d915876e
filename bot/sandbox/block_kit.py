"""The sandbox's own checker of messages and views, over the final JSON, from Slack's reference.

Slack refuses a whole message for one bad block; so does this. Nothing here is shared with the code that builds
messages.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.sandbox import block_text
from bot.sandbox.block_elements import (
    BUTTON,
    IMAGE_ELEMENT,
    IMAGE_SOURCES,
    IN_ACTIONS,
    IN_CONTEXT,
    IN_CONTEXT_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    OPTION,
    OPTION_GROUP,
    one_option_source,
)
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
    number,
    one_image_source,
    plain,
    shape,
    string,
    text,
    typed,
)
from bot.sandbox.shapes import Json

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
TOTAL_CHARACTERS = 12_000
"""Text of all blocks of one message; unpublished. Refusals are reported from 11,341 to 13,297 counted characters,
depending on what surrounds the text (slackapi/bolt-js#2509, #2867): this is the middle that people agree on."""
TABLE_CHARACTERS = 10_000
DATA_TABLE_CHARACTERS = 20_000
MARKDOWN_CHARACTERS = 12_000
VIEW_BYTES = 250_000
_EVERYWHERE = frozenset({"message", "modal", "home"})
_ID: dict[str, Rule] = {"block_id": IDENTIFIER}


def _section_has_content(findings: Findings, value: Any, pointer: str) -> None:
    if not value.get("text") and not value.get("fields"):
        findings.add(pointer, "must have text or fields")


def _input_can_dispatch(findings: Findings, value: Any, pointer: str) -> None:
    if value.get("dispatch_action") and (value.get("element") or {}).get("type") == "file_input":
        findings.add(f"{pointer}/dispatch_action", "cannot be used with file_input")


def _unique_actions(findings: Findings, value: Any, pointer: str) -> None:
    elements = [item for item in value.get("elements") or [] if isinstance(item, dict)]
    for action_id in _repeated(element.get("action_id") for element in elements):
        findings.add(f"{pointer}/elements", f"`action_id` {action_id} already exists in this block")


def _card_has_content(findings: Findings, value: Any, pointer: str) -> None:
    if not any(value.get(name) for name in ("hero_image", "title", "actions", "body")):
        findings.add(pointer, "at least one of hero_image, title, actions and body is required")


def _container_has_title(findings: Findings, value: Any, pointer: str) -> None:
    if not value.get("title") and not value.get("rich_text_title"):
        findings.add(pointer, "one of title and rich_text_title is required")


_CARD = also(
    shape(
        {},
        {
            **_ID,
            "hero_image": IMAGE_ELEMENT,
            "icon": IMAGE_ELEMENT,
            "slack_icon": anything,
            "title": text(150),
            "subtitle": text(150),
            "body": text(200),
            "subtext": text(200),
            "actions": items(BUTTON, 1, 3),
        },
    ),
    _card_has_content,
)

_SOURCE = typed({"url": shape({"url": URL, "text": string(255)})})


def _task(*more_states: str) -> Rule:
    """Return the rule of a task card; one that is only planned exists inside a plan alone."""
    return shape(
        {
            "task_id": string(255),
            "title": string(255),
            "status": choice("in_progress", "complete", "error", *more_states),
        },
        {
            **_ID,
            "details": typed({"rich_text": block_text.RICH_TEXT}),
            "output": typed({"rich_text": block_text.RICH_TEXT}),
            "sources": items(_SOURCE, 1, 50),
        },
    )


LEAVES: dict[str, Rule] = {
    "section": also(
        shape(
            {}, {**_ID, "text": text(3000), "fields": items(text(2000), 1, 10), "accessory": IN_SECTION, "expand": flag}
        ),
        _section_has_content,
    ),
    "header": shape({"text": plain(150)}, {**_ID, "level": number(1, 4)}),
    "divider": shape({}, _ID),
    "context": shape({"elements": items(IN_CONTEXT, 1, 10)}, _ID),
    "actions": also(shape({"elements": items(IN_ACTIONS, 1, 25)}, _ID), _unique_actions),
    "input": also(
        shape(
            {"label": plain(2000), "element": IN_INPUT},
            {**_ID, "hint": plain(2000), "optional": flag, "dispatch_action": flag},
        ),
        _input_can_dispatch,
    ),
    "image": also(shape({"alt_text": string(2000)}, {**_ID, **IMAGE_SOURCES, "title": plain(2000)}), one_image_source),
    "rich_text": block_text.RICH_TEXT,
    "video": shape(
        {"title": plain(199), "video_url": URL, "thumbnail_url": URL, "alt_text": string(2000)},
        {
            **_ID,
            "title_url": URL,
            "author_name": string(49),
            "description": plain(200),
            "provider_name": string(255),
            "provider_icon_url": URL,
        },
    ),
    "table": block_text.TABLE,
}
BLOCKS: dict[str, Rule] = {
    **LEAVES,
    "markdown": shape({"text": string(MARKDOWN_CHARACTERS, counts=True)}, _ID),
    "data_table": block_text.DATA_TABLE,
    "data_visualization": block_text.CHART,
    "card": _CARD,
    "carousel": shape({"elements": items(typed({"card": _CARD}), 1, 10)}, _ID),
    "container": also(
        shape(
            {"child_blocks": items(typed(LEAVES), 1, 10)},
            {
                **_ID,
                "title": plain(150),
                "rich_text_title": block_text.RICH_TEXT,
                "subtitle": text(150),
                "width": choice("narrow", "standard", "wide", "full"),
                "icon": IMAGE_ELEMENT,
                "is_collapsible": flag,
                "default_collapsed": flag,
                "has_header_divider": flag,
            },
        ),
        _container_has_title,
    ),
    "alert": shape({"text": text(200)}, {**_ID, "level": choice("default", "info", "warning", "error", "success")}),
    "context_actions": also(shape({"elements": items(IN_CONTEXT_ACTIONS, 1, 5)}, _ID), _unique_actions),
    "plan": shape({"title": string(255)}, {**_ID, "tasks": items(typed({"task_card": _task("pending")}), 0, 50)}),
    "task_card": _task(),
}
SURFACES: dict[str, frozenset[str]] = {
    **dict.fromkeys(BLOCKS, _EVERYWHERE),
    **dict.fromkeys(("markdown", "data_visualization", "context_actions", "plan", "task_card"), frozenset({"message"})),
    **dict.fromkeys(("table", "data_table", "container", "carousel"), frozenset({"message", "home"})),
    "alert": frozenset({"modal"}),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says: Slack's error code, or None; ``problems`` are lines with JSON pointers."""

    error: str | None
    problems: list[str]


def check_message(blocks: Any, attachments: Any, refused: Iterable[str] = ()) -> Verdict:
    """Return the verdict on a message's blocks and attachments.

    ``refused`` names block types this workspace does not take (some workspaces refuse charts). Errors are
    ``invalid_blocks``, ``invalid_blocks_format``, ``invalid_attachments``, ``too_many_attachments`` and
    ``msg_blocks_too_long``.
    """
    if not isinstance(blocks, list):
        return Verdict("invalid_blocks_format", [])
    if not isinstance(attachments, list):
        return Verdict("invalid_attachments", [])
    if len(attachments) > 100:
        return Verdict("too_many_attachments", [])
    findings = Findings("message")
    _check_blocks(findings, blocks, "/blocks", most=MESSAGE_BLOCKS, refused=refused)
    if findings.problems:
        return Verdict("invalid_blocks", findings.problems)
    for index, attachment in enumerate(attachments):
        _check_attachment(findings, attachment, f"/attachments/{index}", refused)
    if findings.problems:
        return Verdict("invalid_attachments", findings.problems)
    if findings.characters > TOTAL_CHARACTERS:
        return Verdict("msg_blocks_too_long", [])
    return Verdict(None, [])


def check_view(view: Any, surface: str, refused: Iterable[str] = ()) -> Verdict:
    """Return the verdict on a view for ``surface``, ``modal`` or ``home``.

    Errors are ``invalid_arguments`` and ``view_too_large``.
    """
    findings = Findings(surface)
    if not isinstance(view, dict):
        return Verdict("invalid_arguments", ["[ERROR] must provide an object [json-pointer:/view]"])
    if len(json.dumps(view).encode()) > VIEW_BYTES:
        return Verdict("view_too_large", [])
    if view.get("type") != surface:
        findings.add("/view/type", f"must be {surface}")
    (_MODAL if surface == "modal" else _HOME)(findings, view, "/view")
    blocks = view.get("blocks")
    if isinstance(blocks, list):
        _check_blocks(findings, blocks, "/view/blocks", most=VIEW_BLOCKS, refused=refused)
        _check_inputs(findings, view, surface)
    return Verdict("invalid_arguments" if findings.problems else None, findings.problems)


_OFFER = also(
    shape({}, {"options": items(OPTION, 0, 100), "option_groups": items(OPTION_GROUP, 0, 100)}), one_option_source
)
_VIEW: dict[str, Rule] = {
    "private_metadata": string(3000, shortest=0),
    "callback_id": string(255, shortest=0),
    "external_id": string(255, shortest=0),
}
_BLOCK_LIST = items(anything, 0, VIEW_BLOCKS)
_MODAL = shape(
    {"title": plain(24), "blocks": _BLOCK_LIST},
    {**_VIEW, "submit": plain(24), "close": plain(24), "clear_on_close": flag, "notify_on_close": flag},
)
_HOME = shape({"blocks": _BLOCK_LIST}, _VIEW)


def _check_blocks(
    findings: Findings, blocks: list[Any], pointer: str, *, most: int, refused: Iterable[str] = ()
) -> None:
    if len(blocks) > most:
        findings.add(pointer, f"no more than {most} items allowed, {len(blocks)} given")
    rule = typed(BLOCKS)
    _check_elements_fit(findings, blocks, pointer)
    for index, block in enumerate(blocks):
        kind = str(block.get("type")) if isinstance(block, dict) else ""
        if kind in refused or (kind in SURFACES and findings.surface not in SURFACES[kind]):
            findings.add(f"{pointer}/{index}/type", f"unsupported type: {kind}")
            continue
        rule(findings, block, f"{pointer}/{index}")
    objects = [block for block in blocks if isinstance(block, dict)]
    for block_id in _repeated(block.get("block_id") for block in objects):
        findings.add(pointer, f"`block_id` {block_id} already exists")
    _check_totals(findings, objects, pointer)


_NOT_IN_MESSAGES = frozenset({"rich_text_input", "file_input"})


def _check_elements_fit(findings: Findings, blocks: list[Any], pointer: str) -> None:
    """Refuse inputs where the surface has no room for them: writing rich text and files is for views."""
    for index, block in enumerate(blocks):
        element = block.get("element") if isinstance(block, dict) else None
        kind = element.get("type") if isinstance(element, dict) else None
        fits = findings.surface == "modal" or (findings.surface == "home" and kind != "file_input")
        if kind in _NOT_IN_MESSAGES and not fits:
            findings.add(f"{pointer}/{index}/element/type", f"unsupported type: {kind}")


def check_options(answer: Any) -> Verdict:
    """Return the verdict on what is offered for an external select: up to 100 options, or groups of them."""
    findings = Findings("modal")
    _OFFER(findings, answer, "")
    return Verdict("invalid_options" if findings.problems else None, findings.problems)


def _check_totals(findings: Findings, blocks: list[Json], pointer: str) -> None:
    """Check the limits that hold over all blocks of one kind."""
    kinds = Counter(block.get("type") for block in blocks)
    if kinds["data_visualization"] > 2:
        findings.add(pointer, "no more than 2 data_visualization blocks allowed")
    limits = {"table": TABLE_CHARACTERS, "data_table": DATA_TABLE_CHARACTERS, "markdown": MARKDOWN_CHARACTERS}
    for kind, most in limits.items():
        counted = Findings(findings.surface)
        for block in blocks:
            if block.get("type") == kind:
                BLOCKS[kind](counted, block, pointer)
        if counted.characters > most:
            findings.add(pointer, f"{kind} blocks have {counted.characters} characters, {most} allowed")
        if kind == "data_table":  # its cells have their own, larger allowance
            findings.characters -= counted.characters


def _check_attachment(findings: Findings, attachment: Any, pointer: str, refused: Iterable[str]) -> None:
    rule = _BLOCK_ATTACHMENT if isinstance(attachment, dict) and "blocks" in attachment else _LEGACY_ATTACHMENT
    rule(findings, attachment, pointer)
    blocks = attachment.get("blocks") if isinstance(attachment, dict) else None
    if isinstance(blocks, list):
        _check_blocks(findings, blocks, f"{pointer}/blocks", most=MESSAGE_BLOCKS, refused=refused)


_COLOR = string(30, shortest=0)
_ADDED_BY_SLACK: dict[str, Rule] = {"id": number(1)}
"""An attachment read from a payload and sent back carries the number Slack gave it."""
_BLOCK_ATTACHMENT = shape(
    {"blocks": items(anything, 1, MESSAGE_BLOCKS)},
    {**_ADDED_BY_SLACK, "color": _COLOR, "fallback": string(3000, shortest=0)},
)
_LEGACY_TEXTS = (
    "fallback",
    "pretext",
    "author_name",
    "author_link",
    "author_icon",
    "title",
    "title_link",
    "text",
    "image_url",
    "thumb_url",
    "footer_icon",
    "callback_id",
    "attachment_type",
)
_LEGACY_ATTACHMENT = shape(
    {},
    {
        **_ADDED_BY_SLACK,
        **dict.fromkeys(_LEGACY_TEXTS, string(8000, shortest=0)),
        "color": _COLOR,
        "footer": string(300, shortest=0),
        "ts": anything,
        "fields": items(shape({}, {"title": anything, "value": anything, "short": flag}), 0, 100),
        "mrkdwn_in": anything,
        "actions": anything,
    },
)


def _check_inputs(findings: Findings, view: Json, surface: str) -> None:
    blocks = [block for block in view["blocks"] if isinstance(block, dict)]
    if surface == "modal" and not view.get("submit") and any(block.get("type") == "input" for block in blocks):
        findings.add("/view", "missing required field: submit (the view has input blocks)")
    focused = [it for block in blocks for it in _elements(block) if it.get("focus_on_load")]
    if len(focused) > 1:
        findings.add("/view/blocks", "only one element may have focus_on_load")


def _elements(block: Json) -> list[Json]:
    listed = block.get("elements")
    found = [block.get("element"), block.get("accessory"), *(listed if isinstance(listed, list) else [])]
    return [item for item in found if isinstance(item, dict)]


def _repeated(values: Iterable[Any]) -> list[str]:
    counts = Counter(value for value in values if isinstance(value, str))
    return [value for value, count in counts.items() if count > 1]
