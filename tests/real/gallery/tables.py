"""Tables, and data tables that sort, filter and page."""

from __future__ import annotations

from typing import Any

from bot.sandbox import cast
from tests.real.gallery import Gallery
from tests.real.gallery.rich_text import line, words


def raw(text: str) -> dict[str, Any]:
    """Return a cell that is never parsed."""
    return {"type": "raw_text", "text": text}


def number(value: float) -> dict[str, Any]:
    """Return a cell that sorts by its value."""
    return {"type": "raw_number", "value": value}


SERVICES = (
    ("qdrant", 4, 412.5),
    ("embedder", 12, 97),
    ("gateway", 0, 8.25),
    ("ranker", 3, 1240),
    ("indexer", 7, 55),
    ("web", 0, 3),
    ("queue", 1, 19),
)

TABLES: Gallery = {
    "table": {
        "text": "table",
        "blocks": [
            {
                "type": "table",
                "column_settings": [None, {"align": "right"}, {"is_wrapped": True}],
                "rows": [
                    [raw("Service"), raw("Restarts"), raw("Last word")],
                    [raw("qdrant"), raw("3"), raw("killed for memory, came back by itself and rebuilt two segments")],
                    [
                        raw("<b>embedder</b>"),
                        raw("0"),
                        {
                            "type": "rich_text",
                            "elements": [
                                line(words("well", bold=True), words(", says "), {"type": "user", "user_id": cast.CHI})
                            ],
                        },
                    ],
                ],
            }
        ],
    },
    "data_table": {
        "text": "data table",
        "blocks": [
            {
                "type": "data_table",
                "caption": "Services, last 24 hours",
                "page_size": 3,
                "rows": [
                    [raw("Service"), raw("Restarts"), raw("p99, ms")],
                    *([raw(name), number(restarts), number(p99)] for name, restarts, p99 in SERVICES),
                ],
            }
        ],
    },
}
