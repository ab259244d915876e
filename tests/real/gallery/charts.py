"""Charts: pie, line, bar and area, two in a message at most."""

from __future__ import annotations

from typing import Any

from tests.real.gallery import Gallery

HOURS = ("08:00", "09:00", "10:00", "11:00", "12:00", "13:00", "14:00", "15:00")


def chart(kind: str, title: str, series: dict[str, tuple[float, ...]], y_label: str) -> dict[str, Any]:
    """Return a chart of named series over ``HOURS``."""
    return {
        "type": "data_visualization",
        "title": title,
        "chart": {
            "type": kind,
            "series": [
                {
                    "name": name,
                    "data": [
                        {"label": hour, "value": value}
                        for hour, value in zip(HOURS[: len(values)], values, strict=True)
                    ],
                }
                for name, values in series.items()
            ],
            "axis_config": {
                "categories": list(HOURS[: len(next(iter(series.values())))]),
                "x_label": "Time, UTC",
                "y_label": y_label,
            },
        },
    }


PIE = {
    "type": "data_visualization",
    "title": "Where the minutes went",
    "chart": {
        "type": "pie",
        "segments": [
            {"label": "Noticing", "value": 4},
            {"label": "Deciding", "value": 9},
            {"label": "Restarting", "value": 2},
            {"label": "Watching", "value": 5},
        ],
    },
}

CHARTS: Gallery = {
    "line_and_bar": {
        "text": "Latency and errors",
        "blocks": [
            chart(
                "line",
                "Latency of searches",
                {"p50": (12, 13, 12, 48, 95, 41, 14, 12), "p99": (80, 84, 91, 310, 620, 280, 102, 88)},
                "milliseconds",
            ),
            chart("bar", "Errors by service", {"qdrant": (0, 2, 31, 4), "gateway": (1, 1, 12, 2)}, "errors a minute"),
        ],
    },
    "area_and_pie": {
        "text": "Memory and minutes",
        "blocks": [
            chart(
                "area",
                "Memory",
                {"used": (2.1, 2.4, 3.0, 3.7, 3.9, 1.2, 1.4, 1.5), "cache": (0.8, 0.8, 0.9, 0.6, 0.2, 0.9, 1.0, 1.0)},
                "GiB",
            ),
            PIE,
        ],
    },
}
