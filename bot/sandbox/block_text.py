"""Limits of rich text, tables and charts: the blocks that carry content rather than layout."""

from __future__ import annotations

from typing import Any

from bot.sandbox.block_rules import (
    IDENTIFIER,
    URL,
    Findings,
    Rule,
    also,
    choice,
    flag,
    items,
    number,
    shape,
    string,
    typed,
)

_LONGEST = 13_000
_STYLE: dict[str, Rule] = {
    "style": shape(
        {},
        dict.fromkeys(
            ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"), flag
        ),
    )
}
_COUNTED = string(_LONGEST, counts=True)
_INLINE = typed(
    {
        "text": shape({"text": _COUNTED}, _STYLE),
        "link": shape({"url": URL}, {**_STYLE, "text": _COUNTED, "unsafe": flag}),
        "user": shape({"user_id": string(255)}, _STYLE),
        "usergroup": shape({"usergroup_id": string(255)}, _STYLE),
        "channel": shape({"channel_id": string(255)}, _STYLE),
        "team": shape({"team_id": string(255)}, _STYLE),
        "emoji": shape({"name": string(255)}, {**_STYLE, "unicode": string(255), "skin_tone": number(1, 6)}),
        "broadcast": shape({"range": choice("here", "channel", "everyone")}, _STYLE),
        "color": shape({"value": string(255)}, _STYLE),
        "date": shape({"timestamp": number(), "format": string(255)}, {**_STYLE, "url": URL, "fallback": string(3000)}),
    }
)
_SECTION = shape({"elements": items(_INLINE, 0, 1000)})
RICH_TEXT_ELEMENTS = typed(
    {
        "rich_text_section": _SECTION,
        "rich_text_quote": shape({"elements": items(_INLINE, 0, 1000)}, {"border": number(0)}),
        "rich_text_preformatted": shape(
            {"elements": items(_INLINE, 0, 1000)}, {"border": number(0), "language": string(255)}
        ),
        "rich_text_list": shape(
            {"elements": items(typed({"rich_text_section": _SECTION}), 1, 1000), "style": choice("bullet", "ordered")},
            {"indent": number(0, 8), "offset": number(0), "border": number(0)},
        ),
    }
)
RICH_TEXT = shape({"elements": items(RICH_TEXT_ELEMENTS, 1, 1000)}, {"block_id": IDENTIFIER})

_CELL_KINDS: dict[str, Rule] = {
    "raw_text": shape({"text": _COUNTED}),
    "raw_number": shape({"value": number(whole=False)}, {"text": string(255)}),
    "rich_text": RICH_TEXT,
}
_CELL = typed(_CELL_KINDS)
_COLUMN = shape({}, {"align": choice("left", "center", "right"), "is_wrapped": flag})


def _nullable(rule: Rule) -> Rule:
    def check(findings: Findings, value: Any, pointer: str) -> None:
        if value is not None:
            rule(findings, value, pointer)

    return check


TABLE = shape(
    {"rows": items(items(_CELL, 1, 20), 1, 100)},
    {"block_id": IDENTIFIER, "column_settings": items(_nullable(_COLUMN), 1, 20)},
)


def _even_rows(findings: Findings, value: Any, pointer: str) -> None:
    rows = [row for row in value.get("rows") or [] if isinstance(row, list)]
    if len({len(row) for row in rows}) > 1:
        findings.add(f"{pointer}/rows", "all rows must have the same number of cells")
    for index, cell in enumerate(rows[0] if rows else []):
        if isinstance(cell, dict) and cell.get("type") == "rich_text":
            findings.add(f"{pointer}/rows/0/{index}", "a header cell cannot be rich_text")


DATA_TABLE = also(
    shape(
        {"rows": items(items(_CELL, 1, 20), 2, 201), "caption": string(3000)},
        {"block_id": IDENTIFIER, "page_size": number(1, 100), "row_header_column_index": number(0, 19)},
    ),
    _even_rows,
)

_LABEL = string(20)
_POINT = shape({"label": _LABEL, "value": number(whole=False)})
_SERIES = shape({"name": _LABEL, "data": items(_POINT, 1, 20)})
_AXES = shape({"categories": items(_LABEL, 1, 20)}, {"x_label": string(50), "y_label": string(50)})


def _series_fit_categories(findings: Findings, value: Any, pointer: str) -> None:
    categories = (value.get("axis_config") or {}).get("categories")
    for index, series in enumerate(value.get("series") or []):
        points = series.get("data") if isinstance(series, dict) else None
        labels = [point.get("label") for point in points or [] if isinstance(point, dict)]
        if sorted(map(str, labels)) != sorted(map(str, categories or [])):
            findings.add(f"{pointer}/series/{index}/data", "must have exactly the declared categories")


def _positive_slices(findings: Findings, value: Any, pointer: str) -> None:
    for index, slice_ in enumerate(value.get("segments") or []):
        if isinstance(slice_, dict) and isinstance(slice_.get("value"), int | float) and slice_["value"] <= 0:
            findings.add(f"{pointer}/segments/{index}/value", "must be more than 0")


_XY = also(shape({"series": items(_SERIES, 1, 12), "axis_config": _AXES}), _series_fit_categories)
CHART = shape(
    {
        "title": string(50),
        "chart": typed(
            {
                "line": _XY,
                "bar": _XY,
                "area": _XY,
                "pie": also(shape({"segments": items(_POINT, 1, 12)}), _positive_slices),
            }
        ),
    },
    {"block_id": IDENTIFIER},
)
