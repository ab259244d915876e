"""Whole HTTP/1.1 requests as bytes, built before the clock starts."""

from __future__ import annotations

from collections.abc import Mapping


def post(path: str, body: bytes, content_type: str, headers: Mapping[str, str]) -> bytes:
    """Return a POST with everything a keep-alive server needs."""
    lines = [
        f"POST {path} HTTP/1.1",
        "host: 127.0.0.1",
        f"content-type: {content_type}",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
