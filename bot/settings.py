"""What this process is started with: the environment and ``watchkeeper.yaml``, read once, complained about all at once.

No other module reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.configuration import Configuration, ConfigurationReader
from bot.domain.settings import ProcessEnvironment, Secret, Server, Settings
from bot.profiles.border import Inspection, plain_url
from bot.profiles.documents import read_document
from bot.profiles.problems import ConfigurationError, Problem, in_order
from bot.profiles.runbooks import KnownActions

ENVIRONMENT = "environment"
"""Stands where a file's name does in problems of environment variables."""
DEFAULT_CONFIG = "watchkeeper.yaml"
DEFAULT_DATA_FOLDER = ".data"
DEFAULT_SLACK_API = "https://slack.com/api/"

_NO_ADDRESS = (
    "cannot be read as an address; in a password, write `/`, `#`, `?`, `@` and `:` as `%2F`, `%23`, `%3F`, `%40`, `%3A`"
)
_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
_OAUTH = (
    "unset it: with it Slack's framework switches to its own OAuth flow and a token store on disk; "
    "one installation serves one workspace with SLACK_BOT_TOKEN"
)


@dataclass(frozen=True, slots=True)
class CheckedConfiguration:
    """What a look at the configuration found."""

    platforms: int
    profiles: int
    problems: tuple[Problem, ...]

    def summary(self) -> str:
        """Return one line: ``3 platforms, 2 profiles, 0 problems``."""
        counts = {"platform": self.platforms, "profile": self.profiles, "problem": len(self.problems)}
        return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items())


def load_settings(environ: Mapping[str, str] = os.environ, *, known_actions: KnownActions | None = None) -> Settings:
    """Return everything the process is told; ``known_actions`` gives the arguments of each runbook action by name.

    Raises ConfigurationError with every problem of the environment, the configuration and its profiles.
    """
    problems: list[Problem] = []
    environment = _environment(environ, problems)
    problems += _missing_slack(environment)
    reader = _reader(environment.config_path, environ, known_actions, problems)
    configuration = _configuration(reader, problems) if reader else None
    if configuration is None or problems:
        raise ConfigurationError(in_order(problems))
    return _settings(environment, configuration)


def _settings(environment: ProcessEnvironment, configuration: Configuration) -> Settings:
    return Settings(
        environment=environment,
        server=configuration.server,
        slack=configuration.slack,
        roles=configuration.roles,
        cli_users=configuration.cli_users,
        platforms=configuration.platforms,
    )


def read_environment(environ: Mapping[str, str] = os.environ) -> ProcessEnvironment:
    """Return what the process was started with, for commands that need no configuration.

    An empty variable counts as unset. The data folder is ``.data`` beside the configuration file unless
    WATCHKEEPER_DATA_DIR says otherwise: whoever names the same configuration finds the same running process, from any
    folder, and two checkouts never share one.
    Raises ConfigurationError.
    """
    problems: list[Problem] = []
    environment = _environment(environ, problems)
    if problems:
        raise ConfigurationError(in_order(problems))
    return environment


def read_server(environ: Mapping[str, str] = os.environ) -> Server:
    """Return where the process with this environment listens, for the healthcheck, which needs nothing else.

    What is wrong elsewhere in the file is for the next start: a running process is not less healthy for it.
    Raises ConfigurationError.
    """
    document = read_document(read_environment(environ).config_path, environ)
    return ConfigurationReader(Inspection(document)).server()


@dataclass(frozen=True, slots=True)
class Examined:
    """Everything the process is told, with what is wrong with it, for a look that must not end at the first problem."""

    environment: ProcessEnvironment
    environment_problems: tuple[Problem, ...]
    """Variables that are missing or wrong; ``field`` is the variable's name."""
    checked: CheckedConfiguration
    """The file and its profiles alone."""
    settings: Settings | None
    """None where the file cannot be used."""


def examine(environ: Mapping[str, str] = os.environ, *, known_actions: KnownActions | None = None) -> Examined:
    """Return what `load_settings` would, or as much of it as can be had, and every problem; raises nothing."""
    of_environment: list[Problem] = []
    environment = _environment(environ, of_environment)
    of_environment += _missing_slack(environment)
    of_file: list[Problem] = []
    reader = _reader(environment.config_path, environ, known_actions, of_file)
    configuration = _configuration(reader, of_file) if reader else None
    usable = configuration if not of_file else None
    return Examined(
        environment=environment,
        environment_problems=tuple(of_environment),
        checked=CheckedConfiguration(*(reader.counts() if reader else (0, 0)), tuple(in_order(of_file))),
        settings=_settings(environment, usable) if usable else None,
    )


def inspect_configuration(
    config_path: str | Path, environ: Mapping[str, str] = os.environ, known_actions: KnownActions | None = None
) -> CheckedConfiguration:
    """Return what is wrong with a configuration, its profiles and the variables it names, and how much there is.

    Slack's tokens need not be set, so that a configuration can be checked where it is written; set ones must be usable.
    """
    problems: list[Problem] = []
    _environment(environ, problems)
    reader = _reader(Path(config_path), environ, known_actions, problems)
    if reader:
        _configuration(reader, problems)
    platforms, profiles = reader.counts() if reader else (0, 0)
    return CheckedConfiguration(platforms, profiles, tuple(in_order(problems)))


def check_configuration(
    config_path: str | Path, environ: Mapping[str, str] = os.environ, known_actions: KnownActions | None = None
) -> list[Problem]:
    """Return the problems that `inspect_configuration` finds, ordered by file and line; empty when all is well."""
    return list(inspect_configuration(config_path, environ, known_actions).problems)


def _reader(
    path: Path, environ: Mapping[str, str], known_actions: KnownActions | None, problems: list[Problem]
) -> ConfigurationReader | None:
    """Return a reader of the file at ``path``; None, with the reason among ``problems``, where it cannot be read."""
    try:
        return ConfigurationReader(Inspection(read_document(path, environ)), known_actions)
    except ConfigurationError as exc:
        problems += exc.problems
        return None


def _configuration(reader: ConfigurationReader, problems: list[Problem]) -> Configuration | None:
    """Return what the file says; None, with the reasons among ``problems``, where it cannot be used."""
    try:
        return reader.configuration()
    except ConfigurationError as exc:
        problems += exc.problems
        return None


def _environment(environ: Mapping[str, str], problems: list[Problem]) -> ProcessEnvironment:
    config_path = Path(environ.get("WATCHKEEPER_CONFIG") or DEFAULT_CONFIG)
    data_dir = environ.get("WATCHKEEPER_DATA_DIR")
    if environ.get("SLACK_CLIENT_ID"):
        problems.append(Problem(ENVIRONMENT, 0, "SLACK_CLIENT_ID", _OAUTH))
    return ProcessEnvironment(
        slack_bot_token=_token(environ, "SLACK_BOT_TOKEN", "xoxb-", problems),
        slack_signing_secret=_secret(environ, "SLACK_SIGNING_SECRET"),
        slack_app_token=_token(environ, "SLACK_APP_TOKEN", "xapp-", problems),
        slack_api_url=_slack_api_url(environ, problems),
        redis_url=_redis_url(environ, problems),
        config_path=config_path,
        data_dir=Path(data_dir) if data_dir else config_path.parent / DEFAULT_DATA_FOLDER,
    )


def _secret(environ: Mapping[str, str], name: str) -> Secret | None:
    value = environ.get(name, "").strip()
    return Secret(value) if value else None


def _token(environ: Mapping[str, str], name: str, prefix: str, problems: list[Problem]) -> Secret | None:
    token = _secret(environ, name)
    if token and not token.reveal().startswith(prefix):
        problems.append(Problem(ENVIRONMENT, 0, name, f"expected a token that starts with `{prefix}`"))
    return token


def _slack_api_url(environ: Mapping[str, str], problems: list[Problem]) -> str:
    try:
        return plain_url(environ.get("SLACK_API_URL") or DEFAULT_SLACK_API) + "/"
    except ValueError as exc:
        problems.append(Problem(ENVIRONMENT, 0, "SLACK_API_URL", str(exc)))
        return DEFAULT_SLACK_API


def _redis_url(environ: Mapping[str, str], problems: list[Problem]) -> Secret | None:
    url = _secret(environ, "REDIS_URL")
    if url and not url.reveal().startswith(_REDIS_SCHEMES):
        problems.append(Problem(ENVIRONMENT, 0, "REDIS_URL", f"expected one of {', '.join(_REDIS_SCHEMES)} in front"))
    elif url and not _is_readable(url):
        problems.append(Problem(ENVIRONMENT, 0, "REDIS_URL", _NO_ADDRESS))
    return url


def _is_readable(url: Secret) -> bool:
    """Return whether an address can be taken apart; what takes it apart repeats a part of the password otherwise."""
    try:
        parts = urlsplit(url.reveal())
        return parts.port is None or bool(parts.hostname)
    except ValueError:
        return False


def _missing_slack(environment: ProcessEnvironment) -> list[Problem]:
    missing: list[Problem] = []
    if environment.slack_bot_token is None:
        missing.append(Problem(ENVIRONMENT, 0, "SLACK_BOT_TOKEN", "not set; expected the bot token (`xoxb-`)"))
    if environment.slack_signing_secret is None and environment.slack_app_token is None:
        expected = "not set; expected the app's signing secret, or SLACK_APP_TOKEN (`xapp-`) for Socket Mode"
        missing.append(Problem(ENVIRONMENT, 0, "SLACK_SIGNING_SECRET", expected))
    return missing
