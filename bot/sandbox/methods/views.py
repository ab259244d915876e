"""``views.*``: modals on a stack of three, home tabs, and the hash that catches two writers."""

from __future__ import annotations

from bot.sandbox.block_kit import check_view
from bot.sandbox.block_walk import with_ids
from bot.sandbox.errors import SlackError
from bot.sandbox.model import View
from bot.sandbox.shapes import Json
from bot.sandbox.workspace import Workspace

DEEPEST_STACK = 3


def open_view(workspace: Workspace, args: Json) -> Json:
    """``views.open``: one modal for the person the trigger belongs to; replaces what they had open."""
    definition = checked(workspace, args.get("view"), "modal")
    user = workspace.triggers.redeem(args.get("trigger_id"))
    workspace.clear_views(user)
    return _answer(workspace, stack_view(workspace, user, definition))


def push(workspace: Workspace, args: Json) -> Json:
    """``views.push``: a modal on top of the open one; ``push_limit_reached`` beyond three."""
    definition = checked(workspace, args.get("view"), "modal")
    user = workspace.triggers.redeem(args.get("trigger_id"))
    if not workspace.stacks.get(user):
        raise SlackError("not_found")
    return _answer(workspace, stack_view(workspace, user, definition))


def update(workspace: Workspace, args: Json) -> Json:
    """``views.update``: by ``view_id`` or ``external_id``; ``hash_conflict`` when ``hash`` is stale."""
    view = _named_view(workspace, args)
    if view is None or not view.is_open:
        raise SlackError("not_found")
    definition = checked(workspace, args.get("view"), view.kind, replacing=view)
    _refuse_stale(view, args.get("hash"))
    replace_view(workspace, view, definition)
    return _answer(workspace, view)


def publish(workspace: Workspace, args: Json) -> Json:
    """``views.publish``: the home tab of one person."""
    definition = checked(workspace, args.get("view"), "home")
    user = workspace.person(args.get("user_id")).id
    existing = workspace.views.get(workspace.homes.get(user, ""))
    if existing is None:
        existing = _created(workspace, user, definition)
        workspace.homes[user] = existing.id
    else:
        _refuse_stale(existing, args.get("hash"))
        replace_view(workspace, existing, definition)
    workspace.touch()
    return _answer(workspace, existing)


def checked(workspace: Workspace, view: object, surface: str, *, replacing: View | None = None) -> Json:
    """Return a view's definition once it satisfies every limit; SlackError otherwise."""
    verdict = check_view(view, surface, workspace.refused_blocks)
    if verdict.error:
        raise SlackError(verdict.error, messages=verdict.problems)
    definition: Json = dict(view)  # type: ignore[call-overload]  # check_view refuses what is no object
    external_id = definition.get("external_id")
    owner = _by_external_id(workspace, external_id)
    if owner is not None and owner is not replacing:
        raise SlackError("duplicate_external_id")
    return definition


def stack_view(workspace: Workspace, user: str, definition: Json) -> View:
    """Put a checked modal on top of a person's stack; SlackError ``push_limit_reached`` beyond three."""
    stack = workspace.stacks.setdefault(user, [])
    if len(stack) >= DEEPEST_STACK:
        raise SlackError("push_limit_reached")
    view = _created(workspace, user, definition)
    if stack:
        view.root_id, view.previous_id = workspace.views[stack[0]].id, stack[-1]
    stack.append(view.id)
    workspace.touch()
    return view


def replace_view(workspace: Workspace, view: View, definition: Json) -> None:
    """Show a checked definition in a standing view; what was typed survives where block and action ids do."""
    view.versions.append(view.definition)
    view.hash = f"{workspace.clock.next_ts()}.{view.id}"
    view.definition = _with_block_ids(definition, view.hash)
    kept = {block["block_id"] for block in view.definition["blocks"]}
    view.state = {block_id: values for block_id, values in view.state.items() if block_id in kept}
    view.errors = {}
    workspace.touch()


def _created(workspace: Workspace, user: str, definition: Json) -> View:
    view_id = workspace.new_id("V")
    view_hash = f"{workspace.clock.next_ts()}.{view_id}"
    view = View(view_id, user, _with_block_ids(definition, view_hash), view_hash, root_id=view_id)
    workspace.views[view_id] = view
    return view


def _with_block_ids(definition: Json, view_hash: str) -> Json:
    return definition | {"blocks": with_ids(definition["blocks"], f"v.{view_hash[-6:]}")}


def _named_view(workspace: Workspace, args: Json) -> View | None:
    if args.get("view_id"):
        return workspace.views.get(str(args["view_id"]))
    return _by_external_id(workspace, args.get("external_id"))


def _by_external_id(workspace: Workspace, external_id: object) -> View | None:
    if not external_id:
        return None
    open_views = (view for view in workspace.views.values() if view.is_open)
    return next((view for view in open_views if view.definition.get("external_id") == external_id), None)


def _refuse_stale(view: View, given: object) -> None:
    if given and given != view.hash:
        raise SlackError("hash_conflict")


def _answer(workspace: Workspace, view: View) -> Json:
    return {"ok": True, "view": view.as_json(workspace.config.team)}
