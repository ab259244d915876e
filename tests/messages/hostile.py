"""What an alert or a person may write to do harm in a channel."""

from __future__ import annotations

HOSTILE = (
    "<!channel>",
    "<!here|hi>",
    "<@U0ADA>",
    "<!subteam^S0OPS>",
    "<https://evil.example.com|Approve>",
    "@channel @here @everyone",
    "*bold* _it_ ~gone~",
    "`code` and ```\nfence",
    "&lt;!channel&gt; &amp;",
    "first\nsecond\u2028third\u2029fourth\r\nfifth",
    "\x1b[31mred\x1b[0m\x00\x07\x7f\x85",
    "safe\u202egnp.exe\u2066\u2069",
    "lone \ud800 surrogate",
    "| ^ > pipes {braces} {0} {name!r} %s",
    "x" * 100_000,
    "&" * 5_000,
    "<" * 5_000,
    "🔥" * 3_000,
    " ",
    "",
)
