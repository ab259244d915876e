"""The people behind roles and owners: a yes that nobody can give is found before somebody waits for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.checks import Check, CheckFinding, fail, ok, warn
from bot.domain.ids import GroupId, TeamId, UserId
from bot.domain.people import LADDER
from bot.domain.rights import Need, Role
from bot.domain.settings import Members, Platform, Settings
from bot.ports.inspection import GroupFacts, PersonFacts, RefusedBySlack

QUORUM_OF_TWO = 2


@dataclass(frozen=True, slots=True)
class Known:
    """What the workspace said of those whom the configuration names."""

    groups: Mapping[GroupId, GroupFacts]
    people: Mapping[UserId, PersonFacts | None]
    """None: the workspace knows nobody by that id."""
    unasked: int = 0
    """Members of groups who were not asked about in time."""


def named(settings: Settings) -> list[tuple[str, Members]]:
    """Return every place of the configuration that names people, as ``roles.approver`` or ``owners of search``."""
    roles = [(f"roles.{role}", members) for role, members in settings.roles.items()]
    owners = [(f"owners of {name}", platform.owners) for name, platform in settings.platforms.items()]
    return roles + owners


def names_groups(settings: Settings) -> bool:
    """Return whether any right goes to a user group."""
    return bool(_places(settings))


def refused(refusal: RefusedBySlack) -> list[CheckFinding]:
    """Return what it means that Slack does not say who belongs to whom."""
    check, code = Check.PEOPLE_GROUPS, refusal.code
    if code == "missing_scope":
        fix = f"add {refusal.needed} under OAuth & Permissions → Scopes → Bot Token Scopes, then reinstall the app"
        return [fail(check, f"groups and people cannot be looked at without the scope {refusal.needed}", fix=fix)]
    if code == "ratelimited":
        fix = "run `watchkeeper doctor` again in a minute"
        return [warn(check, "Slack asks to wait before it says more of people", fix=fix)]
    fix = "name people by id in watchkeeper.yaml where the workspace has no user groups (they need a paid plan)"
    return [fail(check, f"Slack answers {code} about groups and people", fix=fix)]


def of_two_workspaces() -> list[CheckFinding]:
    """Return that people are not judged while token and configuration disagree on the workspace."""
    said = "skipped People and the channels: SLACK_BOT_TOKEN and slack.team are about two workspaces"
    fix = "follow slack.token first, then run `watchkeeper doctor` again"
    return [warn(Check.PEOPLE_GROUPS, said, fix=fix)]


def groups(settings: Settings, found: Mapping[GroupId, GroupFacts]) -> list[CheckFinding]:
    """Return a finding for each named group that is missing, disabled or empty."""
    places = _places(settings)
    troubled = [finding for group, where in places.items() for finding in _group(group, where, found.get(group))]
    if troubled or not places:
        return troubled or [ok(Check.PEOPLE_GROUPS, "no user group is named; rights go to people by id")]
    names = ", ".join(f"@{found[group].handle} ({len(found[group].members)})" for group in places)
    return [ok(Check.PEOPLE_GROUPS, f"every named group exists and has members: {names}")]


def _places(settings: Settings) -> dict[GroupId, list[str]]:
    places: dict[GroupId, list[str]] = {}
    for where, members in named(settings):
        for group in sorted(members.groups):
            places.setdefault(group, []).append(where)
    return places


def _group(group: GroupId, where: Sequence[str], facts: GroupFacts | None) -> Iterator[CheckFinding]:
    check, places = Check.PEOPLE_GROUPS, ", ".join(where)
    if facts is None:
        fix = f"correct {group} in watchkeeper.yaml: the id stands under People → User groups → ⋮ → Copy group ID"
        yield fail(check, f"there is no user group {group} ({places})", fix=fix)
    elif facts.is_disabled:
        fix = f"enable @{facts.handle} under People → User groups, or take {group} out of watchkeeper.yaml"
        yield fail(check, f"the user group @{facts.handle} ({group}; {places}) is disabled and grants nothing", fix=fix)
    elif not facts.members:
        fix = f"add members to @{facts.handle} under People → User groups"
        yield fail(check, f"the user group @{facts.handle} ({group}; {places}) has no members", fix=fix)


def accounts(settings: Settings, known: Known) -> list[CheckFinding]:
    """Return a finding for each person named by id who cannot act, and for group members who never can."""
    listed: dict[UserId, list[str]] = {}
    for where, members in [
        *named(settings),
        *((f"cli_users.{os}", _one(user)) for os, user in settings.cli_users.items()),
    ]:
        for user in sorted(members.people):
            listed.setdefault(user, []).append(where)
    team = settings.slack.team
    troubled = [
        it for user, where in listed.items() for it in _listed_person(user, where, known.people.get(user), team)
    ]
    if troubled:
        return troubled
    note = f"; {known.unasked} members of groups were not asked about in time" if known.unasked else ""
    return [ok(Check.PEOPLE_ACCOUNTS, f"every person named by id is active ({len(listed)}){note}")]


def _one(user: UserId) -> Members:
    return Members(people=frozenset({user}))


def _listed_person(
    user: UserId, where: Sequence[str], facts: PersonFacts | None, team: TeamId
) -> Iterator[CheckFinding]:
    check, places = Check.PEOPLE_ACCOUNTS, ", ".join(where)
    if facts is None:
        fix = f"correct {user} in watchkeeper.yaml: the id stands in the person's profile → ⋮ → Copy member ID"
        yield fail(check, f"there is nobody with the id {user} ({places})", fix=fix)
    elif facts.is_deactivated:
        said = f"{facts.name} ({user}; {places}) is deactivated"
        yield fail(check, said, fix=f"take {user} out of {places} in watchkeeper.yaml, or name somebody else there")
    elif facts.is_bot:
        said = f"{facts.name} ({user}; {places}) is a bot, and bots neither ask nor approve"
        yield fail(check, said, fix=f"take {user} out of {places} in watchkeeper.yaml, or name a person there")
    elif facts.team != team:
        said = f"{facts.name} ({user}; {places}) belongs to another workspace ({facts.team})"
        yield warn(check, said, fix=f"take {user} out of {places} in watchkeeper.yaml unless this is meant")


def approvers(settings: Settings, known: Known) -> list[CheckFinding]:
    """Return whether somebody besides the requester can approve, whoever asks."""
    can = _holders(settings, Role.APPROVER, known)
    if can is None:
        return [ok(Check.PEOPLE_APPROVERS, "everybody of the workspace can approve")]
    if len(can) > 1:
        return [ok(Check.PEOPLE_APPROVERS, f"{len(can)} people can approve: {_names(can, known)}")]
    fix = "add a second person to roles.approver in watchkeeper.yaml, or to a user group that is named there"
    if not can:
        return [fail(Check.PEOPLE_APPROVERS, "nobody can approve", fix=fix)]
    said = f"only {_names(can, known)} can approve: what they ask for themselves waits for ever"
    return [fail(Check.PEOPLE_APPROVERS, said, fix=fix)]


def owners(settings: Settings, platform: Platform, known: Known) -> list[CheckFinding]:
    """Return whether the platform has an owner, and where a runbook takes two people, whether two remain to vote."""
    check, subject = Check.PEOPLE_OWNERS, platform.name
    owning = _usable(platform.owners, known)
    if not owning:
        fix = f"name a person or a user group with members in owners of {subject} in watchkeeper.yaml"
        return [
            fail(
                check,
                "no owner is an active person: nobody is called, and nothing that takes two can be approved",
                fix=fix,
                subject=subject,
            )
        ]
    takes_two = [book.name for book in platform.profile.runbooks.values() if book.need is Need.TWO]
    if not takes_two:
        return [ok(check, f"{len(owning)} people own it: {_names(owning, known)}", subject=subject)]
    return [_two(settings, known, owning, takes_two, subject)]


def _two(
    settings: Settings, known: Known, owning: frozenset[UserId], books: Sequence[str], subject: str
) -> CheckFinding:
    check, names = Check.PEOPLE_OWNERS, ", ".join(books)
    approving = _holders(settings, Role.APPROVER, known)
    if approving is not None and len(approving | owning) <= QUORUM_OF_TWO:
        voters = _names(approving | owning, known)
        fix = "add a third person to roles.approver, or to a user group that is named there"
        return fail(
            check,
            f"{names} takes two people besides the requester, and only {voters} can vote",
            fix=fix,
            subject=subject,
        )
    if len(owning) == 1:
        fix = f"add a second owner of {subject} in watchkeeper.yaml"
        said = f"{names} takes the yes of an owner; what the only one, {_names(owning, known)}, asks for waits for ever"
        return warn(check, said, fix=fix, subject=subject)
    return ok(check, f"{len(owning)} owners can vote on {names}: {_names(owning, known)}", subject=subject)


def members_to_ask(settings: Settings, found: Mapping[GroupId, GroupFacts]) -> list[UserId]:
    """Return whom to ask about: those named by id, then members of the groups that approve or own."""
    by_id = {user for _, members in named(settings) for user in members.people} | set(settings.cli_users.values())
    deciding = [settings.roles.get(role, Members()) for role in _from(Role.APPROVER)]
    deciding += [platform.owners for platform in settings.platforms.values()]
    via = {user for members in deciding for group in members.groups if group in found for user in found[group].members}
    return [*sorted(by_id), *sorted(via - by_id)]


def _from(role: Role) -> tuple[Role, ...]:
    return LADDER[LADDER.index(role) :]


def _holders(settings: Settings, role: Role, known: Known) -> frozenset[UserId] | None:
    """Return the active people who hold the role or one above it; None for everybody."""
    held = [settings.roles.get(step, Members()) for step in _from(role)]
    if any(members.everybody for members in held):
        return None
    return frozenset[UserId]().union(*(_usable(members, known) for members in held))


def _usable(members: Members, known: Known) -> frozenset[UserId]:
    """Return the people meant by ``members`` who can act; group members nobody could ask about count as active."""
    by_group = {
        user
        for group in members.groups
        if (facts := known.groups.get(group)) is not None and not facts.is_disabled
        for user in facts.members
        if _can_act(known.people.get(user), is_listed=False) or user not in known.people
    }
    by_id = {user for user in members.people if _can_act(known.people.get(user), is_listed=True)}
    return frozenset(by_group | by_id)


def _can_act(facts: PersonFacts | None, *, is_listed: bool) -> bool:
    if facts is None or facts.is_deactivated or facts.is_bot:
        return False
    return is_listed or not facts.is_guest


def _names(users: Iterable[UserId], known: Known) -> str:
    found = [(user, known.people.get(user)) for user in sorted(users)]
    return ", ".join(facts.name if facts else user for user, facts in found)
