"""mrkdwn: styles, references, lists, fences, dates, and text that tries to be more than text."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.sandbox import cast
from tests.real.gallery import Gallery
from tests.sandbox.stage import mrkdwn, plain

MOMENT = 1_392_734_382
"""18 February 2014, 14:39:42 UTC: Slack's own example of a date."""
TOKENS = ("date_num", "date", "date_short", "date_long", "time", "time_secs")
HOSTILE = "<img src=x onerror=\"document.body.dataset.hacked='1'\"><script>document.body.dataset.hacked='2'</script>"


def escaped(text: str) -> str:
    """Return text as a bot must escape it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


STYLES = "\n".join(
    (
        "*Bold*, _italic_, ~struck~, `code`, *_both_* and snake_case_stays plain.",
        f"<@{cast.BEN}> asks <!subteam^{cast.OPS_GROUP}> in <#{cast.INCIDENTS}>, see <https://example.com/r|the run>.",
        "<!here> <!channel> <!everyone>",
        ":white_check_mark: done, :hourglass_flowing_sand: waiting, :rotating_light: burning, :no_such_emoji: stays",
        "> A quoted line with *weight*",
        "> and a second one",
        "• drain the node, and wait until every request that is under way has come to its end",
        "• restart it",
        "1. first",
        "2. second",
        "```kubectl get pods\nqdrant-0   0/1   CrashLoopBackOff```",
    )
)

TEXT: Gallery = {
    "styles": {"text": "styles", "blocks": [{"type": "section", "text": mrkdwn(STYLES)}]},
    "tokens": {
        "text": "tokens",
        "blocks": [
            {"type": "section", "text": mrkdwn(f"{name}: <!date^{MOMENT}^{{{name}}}|fallback {name}>")}
            for name in TOKENS
        ]
        + [
            {"type": "section", "text": mrkdwn(f"linked: <!date^{MOMENT}^{{date_short}}^https://example.com/|2014>")},
            {"type": "section", "text": mrkdwn("broken: <!date^soon^{date}|some day>")},
        ],
    },
    "hostile": {
        "text": "hostile",
        "blocks": [
            {"type": "section", "text": mrkdwn(escaped(HOSTILE))},
            {"type": "section", "text": plain(HOSTILE)},
            {"type": "section", "text": mrkdwn("<javascript:document.body.dataset.hacked='3'|press me>")},
            {"type": "section", "text": {**mrkdwn("bare @channel https://example.com"), "verbatim": True}},
            {
                "type": "rich_text",
                "elements": [{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": HOSTILE}]}],
            },
            {"type": "markdown", "text": HOSTILE},
            {"type": "table", "rows": [[{"type": "raw_text", "text": HOSTILE}]]},
        ],
        "attachments": [{"color": "red;background:url(/x)", "title": HOSTILE, "text": escaped(HOSTILE)}],
    },
}


def near_days(now: datetime) -> Gallery:
    """Return a message of dates around ``now``: yesterday, today, tomorrow and a while ago."""
    days = {"yesterday": now - timedelta(days=1), "today": now, "tomorrow": now + timedelta(days=1)}
    lines = [
        f"{name} is <!date^{int(at.timestamp())}^the day, {{date_short_pretty}}|x>; starting: "
        f"<!date^{int(at.timestamp())}^{{date_long_pretty}} at noon|x>"
        for name, at in days.items()
    ]
    lines.append(f"some time: <!date^{int((now - timedelta(hours=3)).timestamp())}^{{ago}}|x>")
    return {"near": {"text": "near", "blocks": [{"type": "section", "text": mrkdwn("\n".join(lines))}]}}
