"""Sections, headers, context, dividers and actions."""

from __future__ import annotations

from tests.real.gallery import Gallery
from tests.sandbox.stage import actions, button, mrkdwn, plain

CONFIRM = {
    "title": plain("Restart qdrant?"),
    "text": mrkdwn("Searches fail for about *20 seconds*."),
    "confirm": plain("Restart"),
    "deny": plain("Keep it"),
    "style": "danger",
}
OPTIONS = [{"text": plain(name), "value": name.lower()} for name in ("Snooze", "Hand over", "Close")]

LAYOUT: Gallery = {
    "card": {
        "text": "",
        "attachments": [
            {
                "color": "#a30200",
                "fallback": "INC-7 is open",
                "blocks": [
                    {"type": "header", "text": plain("🔴 Service qdrant is down")},
                    {
                        "type": "section",
                        "text": mrkdwn("*Searches fail for everybody.* Nobody has taken it yet."),
                        "accessory": {"type": "overflow", "action_id": "more", "options": OPTIONS},
                    },
                    {
                        "type": "section",
                        "fields": [
                            mrkdwn("*Severity*\nsev1"),
                            mrkdwn("*Since*\n<!date^1767225600^{time}|00:00 UTC>"),
                            mrkdwn("*Platform*\nsearch"),
                            mrkdwn("*Alerts*\n3 firing"),
                        ],
                    },
                    {"type": "divider"},
                    actions(
                        button("ack", "Take it", style="primary"),
                        button("restart", "Restart qdrant…", style="danger", confirm=CONFIRM),
                        button("guide", "Open the guide", url="https://example.com/guide"),
                    ),
                    {
                        "type": "context",
                        "elements": [
                            {"type": "image", "image_url": "https://example.com/logo.png", "alt_text": "Alertmanager"},
                            mrkdwn("From <https://example.com/alerts|Alertmanager> · as of `12:03`"),
                        ],
                    },
                ],
            }
        ],
    },
    "headers": {
        "text": "headers",
        "blocks": [
            *(
                {"type": "header", "level": level, "text": plain(f"A heading of level {level}")}
                for level in (1, 2, 3, 4)
            ),
            {"type": "section", "text": plain("Plain text is *never* parsed: <@U0BEN> &amp; #general")},
        ],
    },
}
