"""``watchkeeper.yaml``: one installation's platforms, people and channels, from YAML to values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from bot.configuration_schema import (
    AddressEntry,
    AlertmanagerEntry,
    ComposeEntry,
    PlatformEntry,
    RolesEntry,
    RuntimeEntry,
    ServerEntry,
    SlackEntry,
)
from bot.domain.ids import ChannelId, GroupId, PlatformName, ServiceName, TeamId, UserId
from bot.domain.profiles import Profile
from bot.domain.rights import Risk, Role
from bot.domain.settings import (
    AlertmanagerSettings,
    Channels,
    ComposeRuntime,
    Members,
    Platform,
    Runtime,
    Server,
    ServiceAddress,
    SimulatedRuntime,
    Slack,
)
from bot.profiles import is_path, profile_document, shipped_profiles
from bot.profiles.border import Inspection
from bot.profiles.documents import Document, Path, merged
from bot.profiles.problems import ConfigurationError, Problem, in_order, unknown
from bot.profiles.runbooks import KnownActions
from bot.profiles.schema import SECTIONS as PROFILE_SECTIONS
from bot.profiles.sections import build_profile

EVERYBODY = "*"
USER_ID = r"[UW][A-Z0-9]{2,}"
USER_ID_WORDS = "a person's id such as U012AB3CD, not a name"
SECTIONS = ("server", "slack", "roles", "cli_users", "platforms")
"""Every section, in the order in which the file has them."""
REQUIRED = ("slack", "roles", "platforms")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What ``watchkeeper.yaml`` says."""

    server: Server
    slack: Slack
    roles: Mapping[Role, Members]
    cli_users: Mapping[str, UserId]
    platforms: Mapping[PlatformName, Platform]


@dataclass(slots=True)
class ConfigurationReader:
    """Reads one document and collects everything that is wrong with it and with the profiles it names."""

    inspection: Inspection
    known_actions: KnownActions | None = None
    profiles: dict[str, Profile | None] = field(default_factory=dict)
    """The profiles that platforms name, before overrides; None where one cannot be used."""
    _documents: dict[str, Document] = field(default_factory=dict)

    def counts(self) -> tuple[int, int]:
        """Return how many platforms the document has and how many profiles they name, good or not."""
        rows = self.inspection.document.get(("platforms",))
        platforms = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return len(platforms), len({str(row.get("profile")) for row in platforms if "profile" in row})

    @property
    def problems(self) -> list[Problem]:
        """Return what is wrong so far."""
        return self.inspection.problems

    def configuration(self) -> Configuration:
        """Return what the document says; ConfigurationError with every problem of it and of its profiles."""
        parts = self._parts() if self.inspection.is_mapping(()) else None
        if parts is None or self.problems:
            raise ConfigurationError(in_order(self.problems))
        return parts

    def server(self) -> Server:
        """Return the section ``server`` alone, whatever is wrong elsewhere; ConfigurationError with its problems."""
        given = "server" in self.inspection.document.mapping(())
        entry = self.inspection.entry(ServerEntry, ("server",)) if given else ServerEntry()
        if entry is None:
            raise ConfigurationError(in_order(self.problems))
        return _server(entry)

    def _parts(self) -> Configuration | None:
        self._check_sections()
        given = self.inspection.document.mapping(())
        server = self.inspection.entry(ServerEntry, ("server",)) if "server" in given else ServerEntry()
        slack = self.inspection.entry(SlackEntry, ("slack",)) if "slack" in given else None
        roles = self.inspection.entry(RolesEntry, ("roles",)) if "roles" in given else None
        cli_users = self._cli_users() if "cli_users" in given else {}
        platforms = self._platforms() if "platforms" in given else {}
        if server is None or slack is None or roles is None:
            return None
        return Configuration(_server(server), _slack(slack), _roles(roles), cli_users, platforms)

    def _check_sections(self) -> None:
        given = self.inspection.document.mapping(())
        for section in given:
            if section not in SECTIONS:
                self.inspection.add((section,), unknown(section, SECTIONS))
        for section in REQUIRED:
            if section not in given:
                self.inspection.add((section,), "this section is missing")

    def _cli_users(self) -> dict[str, UserId]:
        if not self.inspection.is_mapping(("cli_users",)):
            return {}
        users = self.inspection.document.mapping(("cli_users",))
        for name, user in users.items():
            if not isinstance(user, str) or not re.fullmatch(USER_ID, user):
                self.inspection.add(("cli_users", name), f"expected {USER_ID_WORDS}")
        return {name: UserId(str(user)) for name, user in users.items()}

    # Platforms

    def _platforms(self) -> dict[PlatformName, Platform]:
        found: dict[Path, Platform] = {}
        names: set[str] = set()
        for path, entry in self._platform_entries():
            if entry.name in names:
                self.inspection.add((*path, "name"), "another platform has this name")
            elif platform := self._platform(path, entry):
                found[path] = platform
            names.add(entry.name)
        self._check_projects(found)
        return {platform.name: platform for platform in found.values()}

    def _platform_entries(self) -> Iterator[tuple[Path, PlatformEntry]]:
        if not self.inspection.is_list(("platforms",)):
            return
        rows = self.inspection.document.get(("platforms",))
        if not rows:
            self.inspection.add(("platforms",), "expected at least one platform")
        for number in range(len(rows) if isinstance(rows, list) else 0):
            if entry := self.inspection.entry(PlatformEntry, ("platforms", number)):
                yield ("platforms", number), entry

    def _platform(self, path: Path, entry: PlatformEntry) -> Platform | None:
        """Return the platform at ``path``; None, with the reasons noted, where it cannot be used."""
        profile = self._profile_with_overrides(path, entry)
        runtime = self._runtime(path, entry.runtime)
        alertmanager = self._alertmanager(path, entry.alertmanager)
        if profile is None or runtime is None or alertmanager is None:
            return None
        for name in entry.services:
            self.inspection.must_know((*path, "services", name), name, profile.services, "service")
        return Platform(
            name=PlatformName(entry.name),
            profile=profile,
            environment=entry.environment,
            owners=members(entry.owners),
            runtime=runtime,
            alertmanager=alertmanager,
            prometheus_url=entry.prometheus.url,
            services={ServiceName(name): _address(address) for name, address in entry.services.items()},
        )

    def _runtime(self, path: Path, entry: RuntimeEntry) -> Runtime | None:
        if (entry.compose is None) == (entry.simulated is None):
            self.inspection.add((*path, "runtime"), "expected exactly one of `compose` and `simulated`")
            return None
        if entry.simulated:
            return SimulatedRuntime(entry.simulated.url)
        return self._compose(entry.compose) if entry.compose else None

    def _compose(self, entry: ComposeEntry) -> ComposeRuntime:
        files = tuple(self._folder() / file for file in entry.files)
        return ComposeRuntime(entry.project, files, entry.docker_host)

    def _folder(self) -> FilePath:
        """Return the folder that paths in the file start from: the file's own."""
        return FilePath(self.inspection.document.position(()).file).parent

    def _alertmanager(self, path: Path, entry: AlertmanagerEntry) -> AlertmanagerSettings | None:
        here = (*path, "alertmanager")
        if (entry.url is None) == (entry.urls is None):
            self.inspection.add(here, "expected exactly one of `url` and `urls`")
            return None
        if len(set(entry.secrets)) < len(entry.secrets):
            self.inspection.add((*here, "secrets"), "both secrets are the same; expected the old one and the new one")
        urls = tuple(entry.urls or ()) or (entry.url or "",)
        return AlertmanagerSettings(urls, tuple(entry.secrets), entry.user)

    def _check_projects(self, places: Mapping[Path, Platform]) -> None:
        """Note platforms that would act on the same containers: their locks would not exclude each other."""
        owners: dict[tuple[str, str], PlatformName] = {}
        for path, platform in places.items():
            if not isinstance(platform.runtime, ComposeRuntime):
                continue
            first = owners.setdefault((platform.runtime.docker_host, platform.runtime.project), platform.name)
            if first != platform.name:
                here = (*path, "runtime", "compose", "project")
                self.inspection.add(here, f"the same Compose project as `{first}`; one project is one platform")

    # Profiles

    def _profile_with_overrides(self, path: Path, entry: PlatformEntry) -> Profile | None:
        base = self._profile(path, entry.profile)
        if base is None or not entry.overrides:
            return base
        if not self._overrides_fit((*path, "overrides"), base, entry.overrides):
            return None
        document = merged(self._documents[entry.profile], self.inspection.document, (*path, "overrides"))
        try:
            profile = build_profile(document, known_actions=self.known_actions)
        except ConfigurationError as exc:
            self.problems.extend(exc.problems)
            return None
        self._check_risks((*path, "overrides"), base, profile)
        return profile

    def _profile(self, path: Path, name: str) -> Profile | None:
        """Return the profile ``name``, read once however many platforms share it."""
        if name not in self.profiles:
            self.profiles[name] = self._read_profile(path, name)
        return self.profiles[name]

    def _read_profile(self, path: Path, name: str) -> Profile | None:
        if not is_path(name) and not self.inspection.must_know((*path, "profile"), name, shipped_profiles(), "profile"):
            return None
        try:
            document = profile_document(self._folder() / name if is_path(name) else name)
            self._documents[name] = document
            return build_profile(document, known_actions=self.known_actions)
        except ConfigurationError as exc:
            self.problems.extend(exc.problems)
            return None

    def _overrides_fit(self, path: Path, base: Profile, overrides: Mapping[str, object]) -> bool:
        """Return whether the overrides change only what the profile has; note what else they name."""
        inspection = self.inspection
        fits = [inspection.must_know((*path, name), name, PROFILE_SECTIONS, "section") for name in overrides]
        entries: Mapping[str, Iterable[str]] = {
            "services": base.services,
            "metrics": base.metrics,
            "runbooks": base.runbooks,
        }
        for section, known in entries.items():
            given = inspection.document.mapping((*path, section))
            names = given if "exempt" not in given else ()
            fits += [inspection.must_know((*path, section, name), name, known, section[:-1]) for name in names]
        return all(fits)

    def _check_risks(self, path: Path, base: Profile, profile: Profile) -> None:
        """Note runbooks that an override calls less risky than their profile does: facts only raise."""
        ladder = list(Risk)
        for name, book in profile.runbooks.items():
            usual = base.runbooks[name].risk
            if ladder.index(book.risk) < ladder.index(usual):
                here = (*path, "runbooks", name, "risk")
                self.inspection.add(here, f"`{book.risk}` is less than the profile's `{usual}`; it can only be raised")


def members(names: Iterable[str]) -> Members:
    """Return who is meant by ``*``, ``U…``, ``W…`` and ``S…``."""
    listed = frozenset(names)
    return Members(
        people=frozenset(UserId(name) for name in listed if name.startswith(("U", "W"))),
        groups=frozenset(GroupId(name) for name in listed if name.startswith("S")),
        everybody=EVERYBODY in listed,
    )


def _server(entry: ServerEntry) -> Server:
    return Server(entry.bind, entry.port, entry.public_url)


def _slack(entry: SlackEntry) -> Slack:
    given = entry.channels
    channels = Channels(
        incidents=ChannelId(given.incidents),
        approvals=ChannelId(given.approvals),
        admin=ChannelId(given.admin),
        reports=ChannelId(given.reports),
    )
    return Slack(TeamId(entry.team), channels, entry.sockets)


def _roles(entry: RolesEntry) -> dict[Role, Members]:
    return {
        Role.VIEWER: members(entry.viewer),
        Role.OPERATOR: members(entry.operator),
        Role.APPROVER: members(entry.approver),
        Role.ADMIN: members(entry.admin),
        Role.BREAK_GLASS: members(entry.break_glass),
    }


def _address(entry: AddressEntry) -> ServiceAddress:
    return ServiceAddress(entry.url, entry.api_key)
