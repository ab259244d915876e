"""Attachments: bars of every colour, and the legacy fields."""

from __future__ import annotations

from tests.real.gallery import Gallery
from tests.sandbox.stage import section

LONG = "The node ran out of memory while it merged segments. " * 20

ATTACHMENTS: Gallery = {
    "colours": {
        "text": "colours",
        "attachments": [
            {"color": "good", "blocks": [section("over, and well")]},
            {"color": "warning", "blocks": [section("in somebody's hands")]},
            {"color": "danger", "blocks": [section("somebody is needed")]},
            {"color": "#2f6fb5", "blocks": [section("under way")]},
            {"color": "#8d8d8d", "blocks": [section("nothing was done here")]},
        ],
    },
    "legacy": {
        "text": "legacy",
        "attachments": [
            {
                "color": "#daa038",
                "pretext": "A report of the *old* kind",
                "author_name": "Backups",
                "title": "Last night",
                "title_link": "https://example.com/backups",
                "text": "Three of four *done*",
                "fields": [
                    {"title": "Size", "value": "412 GiB", "short": True},
                    {"title": "Took", "value": "41 min", "short": True},
                    {"title": "Failed", "value": "`embedder`, no space left", "short": False},
                ],
                "footer": "backup-runner",
                "ts": 1_392_734_382,
            },
            {"fallback": "Only a fallback"},
        ],
    },
    "folded": {"text": "folded", "attachments": [{"color": "good", "title": "A long report", "text": LONG.strip()}]},
}
