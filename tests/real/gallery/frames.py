"""Cards, carousels, containers, plans, images and videos: what frames something else."""

from __future__ import annotations

from typing import Any

from tests.real.gallery import Gallery
from tests.real.gallery.rich_text import line, words
from tests.sandbox.stage import actions, button, mrkdwn, plain, section


def card(name: str, state: str) -> dict[str, Any]:
    """Return a card of one service."""
    return {
        "type": "card",
        "icon": {"type": "image", "image_url": "https://example.com/i.png", "alt_text": f"{name} logo"},
        "title": plain(name),
        "subtitle": plain(state),
        "body": mrkdwn("p99 *84 ms*, no errors in the last hour"),
        "subtext": plain("as of 12:03"),
        "actions": [button(f"status.{name}", "Status"), button(f"restart.{name}", "Restart…")],
    }


def rich(text: str) -> dict[str, Any]:
    """Return a rich text of one line."""
    return {"type": "rich_text", "elements": [line(words(text))]}


TASKS = [
    {
        "type": "task_card",
        "task_id": "1",
        "title": "Drain the node",
        "status": "complete",
        "output": rich("0 requests left"),
    },
    {
        "type": "task_card",
        "task_id": "2",
        "title": "Restart qdrant",
        "status": "in_progress",
        "details": rich("Waiting until it answers"),
        "sources": [{"type": "url", "url": "https://example.com/runbook", "text": "the runbook"}],
    },
    {"type": "task_card", "task_id": "3", "title": "Verify searches", "status": "pending"},
]

FRAMES: Gallery = {
    "cards": {
        "text": "cards",
        "blocks": [
            {
                "type": "carousel",
                "elements": [card("qdrant", "healthy"), card("embedder", "slow"), card("web", "healthy")],
            },
            {
                **card("gateway", "healthy"),
                "hero_image": {
                    "type": "image",
                    "image_url": "https://example.com/h.png",
                    "alt_text": "A graph of the gateway",
                },
            },
        ],
    },
    "containers": {
        "text": "containers",
        "blocks": [
            {
                "type": "container",
                "title": plain("Evidence"),
                "subtitle": plain("collected at 12:03"),
                "is_collapsible": True,
                "child_blocks": [section("The *last lines* of the log"), actions(button("log", "Show the log"))],
            },
            {
                "type": "container",
                "title": plain("Impact"),
                "has_header_divider": True,
                "width": "full",
                "child_blocks": [section("Searches fail for everybody")],
            },
            {
                "type": "container",
                "title": plain("Older evidence"),
                "is_collapsible": True,
                "default_collapsed": True,
                "child_blocks": [section("folded away")],
            },
        ],
    },
    "plans": {
        "text": "plans",
        "blocks": [
            {"type": "plan", "title": "Restart qdrant", "tasks": TASKS},
            {
                "type": "task_card",
                "task_id": "4",
                "title": "Back up first",
                "status": "error",
                "details": rich("No space left"),
            },
        ],
    },
    "video": {
        "text": "video",
        "blocks": [
            {
                "type": "video",
                "title": plain("How a restart goes"),
                "video_url": "https://example.com/embed/1",
                "thumbnail_url": "https://example.com/t.png",
                "alt_text": "A recorded restart",
                "author_name": "Operations",
                "description": plain("Four minutes, without sound"),
            },
        ],
    },
}


def pictures(file_id: str) -> Gallery:
    """Return images: one the stand-in holds as ``file_id``, others that live elsewhere."""
    element = {"type": "image", "slack_file": {"id": file_id}, "alt_text": "A graph of memory"}
    held = {**element, "title": plain("memory.png")}
    away = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "A picture elsewhere"}
    return {
        "pictures": {
            "text": "pictures",
            "blocks": [held, away, {**section("With a thumbnail"), "accessory": element}],
        }
    }
