"""Profiles: one YAML file tells Watchkeeper everything about one kind of platform, and a new platform needs no code.

The files beside this module are the shipped ones; an installation may bring its own by path.
"""

from __future__ import annotations

from pathlib import Path

from bot.domain.profiles import Profile
from bot.profiles.documents import Document, read_document
from bot.profiles.problems import ConfigurationError, Problem, unknown
from bot.profiles.runbooks import KnownActions
from bot.profiles.sections import build_profile

_SHIPPED = Path(__file__).parent
_SUFFIX = ".yaml"


def shipped_profiles() -> list[str]:
    """Return the names of the profiles that come with Watchkeeper, sorted."""
    return sorted(path.stem for path in _SHIPPED.glob(f"*{_SUFFIX}"))


def load_profile(name_or_path: str | Path, *, known_actions: KnownActions | None = None) -> Profile:
    """Return a shipped profile by name, or any other by the path of its YAML file.

    ``known_actions`` gives the arguments of each action by name; without it, steps are not checked against them.
    Raises ConfigurationError with every problem found.
    """
    return build_profile(profile_document(name_or_path), known_actions=known_actions)


def profile_document(name_or_path: str | Path) -> Document:
    """Return a profile's document, not yet checked; ConfigurationError where it cannot be read."""
    return read_document(_path_of(name_or_path))


def is_path(name_or_path: str | Path) -> bool:
    """Return whether this is a file of the installation's own, not the name of a shipped profile."""
    text = str(name_or_path)
    return isinstance(name_or_path, Path) or "/" in text or text.endswith(_SUFFIX)


def _path_of(name_or_path: str | Path) -> Path:
    if is_path(name_or_path):
        return Path(name_or_path)
    name = str(name_or_path)
    if name not in shipped_profiles():
        raise ConfigurationError([Problem("", 0, "profile", unknown(name, shipped_profiles()))])
    return _SHIPPED / f"{name}{_SUFFIX}"
