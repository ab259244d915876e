"""Every action there is, by the name runbooks use."""

from __future__ import annotations

from collections.abc import Mapping

from bot.actions.action import Action
from bot.actions.compose_restart import ComposeRestart
from bot.actions.evidence_collect import EvidenceCollect
from bot.actions.qdrant_collections import QdrantCollectionsReady
from bot.actions.wait_healthy import WaitHealthy

_ALL: tuple[Action, ...] = (ComposeRestart(), EvidenceCollect(), QdrantCollectionsReady(), WaitHealthy())

ACTIONS: Mapping[str, Action] = {action.name: action for action in _ALL}

KNOWN_ACTIONS: Mapping[str, frozenset[str]] = {action.name: action.parameters for action in _ALL}
"""Action → the names of its arguments, as the profile loader checks them."""
