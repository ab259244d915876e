"""The verbs of `/ops` and `/incident`, one module each, and the table they stand in."""

from __future__ import annotations

from commands.services import CommandServices
from commands.table import build_table

__all__ = ["CommandServices", "build_table"]
