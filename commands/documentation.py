"""The table of commands as a page, `docs/commands.md`, and in short for the README; a test compares them."""

from __future__ import annotations

from bot.domain.rights import Role
from bot.verbs import Argument, Family, Kind, Verb, VerbTable

HEAD = """\
# Commands

Every command works as a slash command, as a mention (`@watchkeeper status`, `@watchkeeper incident ack`) and at the
terminal (`watchkeeper ops status`). Slash commands do not work in threads; mentions do, and in an incident's thread the
incident and its platform go without saying.

`<…>` must be given, `[…]` may be left out. A platform is needed only where several could be meant. Several words that
belong together may stand in quotes. A yes to a plan is given with the buttons of its card only, never by a command.

This page is written from the table of verbs; `tests/commands/test_documentation.py` says how.
"""
HELP = "help"
TITLES = {Family.OPS: "Platforms: `/ops`", Family.INCIDENT: "Incidents: `/incident`"}
WHO = {
    Role.VIEWER: "viewer",
    Role.OPERATOR: "operator, owner of the platform",
    Role.APPROVER: "approver, owner of the platform",
    Role.ADMIN: "admin",
    Role.BREAK_GLASS: "break-glass",
}


def render_commands_markdown(table: VerbTable) -> str:
    """Return the page: for each family what it does, who may, an example, and the arguments of each verb."""
    return "\n".join([HEAD, *(_family(table, family) for family in Family)])


def render_commands_summary(table: VerbTable) -> str:
    """Return one table of both families, a row for each verb: its example and what it does."""
    verbs = [verb for family in Family for verb in table.of(family) if verb.name != HELP]
    rows = [f"| `{_cell(verb.example)}` | {_cell(verb.summary)} |" for verb in verbs]
    return "\n".join(["| For example | What it does |", "| --- | --- |", *rows])


def _family(table: VerbTable, family: Family) -> str:
    rows = [_row(verb) for verb in table.of(family)]
    head = ["| Command | What it does | Who | Example |", "| --- | --- | --- | --- |"]
    details = [part for verb in table.of(family) for part in _details(verb)]
    return "\n".join([f"## {TITLES[family]}", "", *head, *rows, "", *details])


def _row(verb: Verb) -> str:
    names = f" (also `{'`, `'.join(verb.aliases)}`)" if verb.aliases else ""
    return f"| `{_cell(verb.usage)}`{names} | {_cell(verb.summary)} | {_who(verb)} | `{_cell(verb.example)}` |"


def _who(verb: Verb) -> str:
    more = [f"{WHO[it.role]} to give `{it.label}`" for it in verb.arguments if it.role]
    return "; ".join([WHO[verb.role], *more])


def _details(verb: Verb) -> list[str]:
    """Return the arguments of a verb as a list; nothing for one without."""
    lines = [f"- `{_name(it)}`: {it.help}" for it in verb.arguments if it.help]
    lines += [f"- `--{it.name}`: {it.help}{_takes(it)}" for it in verb.options]
    return [f"`{verb.name}`", "", *lines, ""] if lines else []


def _name(argument: Argument) -> str:
    return "name=value" if argument.kind is Kind.PARAMETERS else argument.name


def _takes(option: Argument) -> str:
    return f" (takes {WHO[option.role]})" if option.role else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
