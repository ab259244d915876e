"""Rich text: every part and every inline element; and standard Markdown."""

from __future__ import annotations

from typing import Any

from bot.sandbox import cast
from tests.real.gallery import Gallery
from tests.real.gallery.text import MOMENT


def words(text: str, **style: bool) -> dict[str, Any]:
    """Return a text element with a style."""
    return {"type": "text", "text": text, **({"style": style} if style else {})}


def line(*elements: dict[str, Any]) -> dict[str, Any]:
    """Return a section of rich text."""
    return {"type": "rich_text_section", "elements": list(elements)}


def listed(*texts: str, **more: Any) -> dict[str, Any]:
    """Return a list of plain lines."""
    return {"type": "rich_text_list", "style": "bullet", "elements": [line(words(text)) for text in texts], **more}


PARTS = [
    line(
        words("Bold", bold=True),
        words(", "),
        words("italic", italic=True),
        words(", "),
        words("struck", strike=True),
        words(", "),
        words("code", code=True),
        words(", "),
        words("under", underline=True),
        words(" and *plain*.\n"),
        {"type": "user", "user_id": cast.BEN},
        words(" "),
        {"type": "usergroup", "usergroup_id": cast.OPS_GROUP},
        words(" "),
        {"type": "channel", "channel_id": cast.INCIDENTS},
        words(" "),
        {"type": "broadcast", "range": "here"},
        words(" "),
        {"type": "emoji", "name": "wave", "skin_tone": 3},
        words(" "),
        {"type": "link", "url": "https://example.com/", "text": "a link"},
        words(" "),
        {"type": "color", "value": "#2eb886"},
        words(" "),
        {"type": "date", "timestamp": MOMENT, "format": "{date_num} at {time}", "fallback": "2014"},
    ),
    listed("drain", "restart"),
    listed("wait for traffic to leave", "ask twice", indent=1),
    listed("verify", border=1),
    listed("first", "second", style="ordered"),
    listed("inside the second", style="ordered", indent=1),
    listed("third", style="ordered", offset=2),
    {"type": "rich_text_quote", "elements": [words("It answers again.")]},
    {"type": "rich_text_preformatted", "elements": [words("$ curl -sf localhost:6333/readyz\nall shards are ready")]},
]

MARKDOWN = """# What happened
The **index** ran out of *memory*; see [the graph](https://example.com/graph) and `qdrant.log`.

1. Qdrant was killed
2. The restart found a broken segment
   - it was moved aside

- [x] restored
- [ ] written up

> Nobody noticed for ~~ten~~ four minutes.

| Service | Minutes |
| :--- | ---: |
| qdrant | 4 |
| embedder | 12 |

```
oom-kill: constraint=CONSTRAINT_MEMCG
```
"""

RICH_TEXT: Gallery = {
    "rich_text": {"text": "rich text", "blocks": [{"type": "rich_text", "elements": PARTS}]},
    "markdown": {"text": "markdown", "blocks": [{"type": "markdown", "text": MARKDOWN}]},
}
