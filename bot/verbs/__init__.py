"""Requests, replies and verbs: one table, one parser for slash commands, mentions, buttons and the terminal."""

from __future__ import annotations

from bot.verbs.table import Understood, VerbTable, may_ask
from bot.verbs.vocabulary import (
    Argument,
    Command,
    Entrance,
    Family,
    Handler,
    Kind,
    Misread,
    Missing,
    Names,
    Parsed,
    Reply,
    Request,
    Verb,
    address,
    command_of,
)

__all__ = [
    "Argument",
    "Command",
    "Entrance",
    "Family",
    "Handler",
    "Kind",
    "Misread",
    "Missing",
    "Names",
    "Parsed",
    "Reply",
    "Request",
    "Understood",
    "Verb",
    "VerbTable",
    "address",
    "command_of",
    "may_ask",
]
