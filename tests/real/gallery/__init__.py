"""Messages of every family of Block Kit, as a bot would send them: what the page is looked at with.

Each module holds one family as ``{name: arguments of chat.postMessage}``; every one passes the stand-in's checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Gallery: TypeAlias = Mapping[str, dict[str, Any]]
"""Messages by name, in the order they are posted."""
