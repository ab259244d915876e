"""How the stand-in says no: Slack's own error codes, with whatever Slack puts beside them."""

from __future__ import annotations

from bot.sandbox.shapes import Json


class SlackError(Exception):
    """A Web API call refused; becomes ``{"ok": false, "error": code, ...}``.

    ``messages`` are the lines Slack puts under ``response_metadata`` (JSON pointers of a bad block); ``more`` are
    further fields of the answer (``needed`` and ``provided`` of a missing scope).
    """

    def __init__(self, code: str, *, messages: list[str] | None = None, more: Json | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.messages = messages or []
        self.more = more or {}

    def as_json(self) -> Json:
        """Return the answer's body."""
        answer: Json = {"ok": False, "error": self.code, **self.more}
        if self.messages:
            answer["response_metadata"] = {"messages": self.messages}
        return answer


class ActError(Exception):
    """A person of the workspace tried something their client would not let them do; the message says what."""


class ControlError(Exception):
    """A control call was malformed; the message names the field and what it takes."""
