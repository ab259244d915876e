"""The machine and the configuration: what fails before anything is asked outside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from bot.domain.checks import Check, CheckFinding, fail, ok, warn
from bot.domain.settings import Platform, ProcessEnvironment, Server
from bot.ports.inspection import FileFacts, FolderFacts, Listening

FREE_WARN_BYTES = 2 * 1024**3
FREE_FAIL_BYTES = 256 * 1024**2
"""A rewrite of the append-only file needs its size once more."""
_OTHERS_MAY_READ = 0o004
_OTHERS_MAY_WRITE = 0o022
_ANY_OTHERS = 0o077
_MIB = 1024**2
SHORTEST_TOKEN = 16
"""Characters of a webhook secret; whoever guesses it posts alerts."""
_VARIABLE = re.compile(r"the environment variable `([^`]+)` is ")
"""How a problem of the file names a variable that has no value."""


def environment(problems: Sequence[tuple[str, str]], env: ProcessEnvironment) -> list[CheckFinding]:
    """Return a finding for each variable that is missing or wrong (name, what is wrong), else how Slack reaches us."""
    if problems:
        return [_variable(name, what) for name, what in problems]
    way = "Socket Mode" if env.slack_app_token else "HTTP"
    store = "the store at REDIS_URL" if env.redis_url else "the embedded Valkey"
    return [ok(Check.ENVIRONMENT, f"nothing is missing; Slack comes in by {way}; state lives in {store}")]


def _variable(name: str, what: str) -> CheckFinding:
    if name == "SLACK_CLIENT_ID":
        said = "SLACK_CLIENT_ID is set: Slack's framework would run its own OAuth flow instead of using SLACK_BOT_TOKEN"
        return fail(Check.ENVIRONMENT, said, fix="unset SLACK_CLIENT_ID")
    where = {
        "SLACK_BOT_TOKEN": "copy it from the app's page under OAuth & Permissions (`xoxb-…`) and set SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET": (
            "set SLACK_SIGNING_SECRET to the signing secret of the app's page under Basic Information, or set "
            "SLACK_APP_TOKEN (`xapp-…`) for Socket Mode"
        ),
        "SLACK_APP_TOKEN": (
            "make one under Basic Information → App-Level Tokens with the scope connections:write, and set "
            "SLACK_APP_TOKEN to it"
        ),
    }
    return fail(
        Check.ENVIRONMENT, f"{name} ({what})", fix=where.get(name, f"set {name} to what is expected, or unset it")
    )


def configuration(path: Path, problems: Sequence[str], summary: str, *, exists: bool) -> list[CheckFinding]:
    """Return a finding for each problem of the configuration, else how much there is."""
    if not exists:
        fix = f"write {path} (`watchkeeper.example.yaml` is a start), or set WATCHKEEPER_CONFIG to where it is"
        return [fail(Check.CONFIGURATION, f"there is no {path}", fix=fix)]
    if not problems:
        return [ok(Check.CONFIGURATION, f"{path}: {summary}")]
    return [fail(Check.CONFIGURATION, problem, fix=_correction(problem)) for problem in problems]


def _correction(problem: str) -> str:
    if variable := _VARIABLE.search(problem):
        return f"export {variable[1]} (in the env file for systemd and Compose)"
    return "correct that line; `watchkeeper check` looks at the file alone"


def webhook_secrets(platform: Platform) -> list[CheckFinding]:
    """Return a finding where a webhook secret of the platform is short enough to be guessed."""
    if all(len(secret.reveal()) >= SHORTEST_TOKEN for secret in platform.alertmanager.secrets):
        return []
    said = f"a webhook secret (alertmanager.secrets) is shorter than {SHORTEST_TOKEN} characters and can be guessed"
    fix = "make one with `openssl rand -hex 32`, and give it to Watchkeeper and to Alertmanager"
    return [warn(Check.CONFIGURATION, said, fix=fix, subject=platform.name)]


def skipped(check: Check, what: Sequence[str], why: str, fix: str) -> CheckFinding:
    """Return that sections were left out, so that their silence is not taken for health."""
    return warn(check, f"skipped {', '.join(what)}: {why}", fix=f"{fix}, then run `watchkeeper doctor` again")


def permissions(facts: FileFacts | None, path: Path) -> list[CheckFinding]:
    """Return whether secrets in the file can be read by everybody."""
    if facts is None:
        return [fail(Check.PERMISSIONS, f"{path} cannot be read", fix=f"let Watchkeeper's user read {path}")]
    if not facts.holds_secrets:
        return [ok(Check.PERMISSIONS, f"{path} names its secrets by variable")]
    if facts.mode & _OTHERS_MAY_READ:
        said = f"{path} holds secrets, and every user of this machine may read it (mode {facts.mode:04o})"
        return [fail(Check.PERMISSIONS, said, fix=f"chmod 600 {path}")]
    return [ok(Check.PERMISSIONS, f"{path} holds secrets and is closed to others (mode {facts.mode:04o})")]


def data_folder(facts: FolderFacts, *, holds_state: bool) -> list[CheckFinding]:
    """Return whether the data folder can be used, is closed to others, and has room.

    ``holds_state``: the embedded store keeps everything there; else it holds a witness, locks and a socket.
    """
    usable = _usable(facts, forbidden=_ANY_OTHERS if holds_state else _OTHERS_MAY_WRITE)
    return [usable] if usable.fix and not facts.is_writable else [usable, _space(facts)]


def _usable(facts: FolderFacts, *, forbidden: int) -> CheckFinding:
    check, path = Check.DATA_FOLDER, facts.path
    if not facts.is_writable and not facts.exists:
        fix = f"sudo install -d -m 700 -o {facts.us} {path}"
        return fail(check, f"{path} does not exist and {facts.us} cannot make it", fix=fix)
    if not facts.is_writable:
        said = f"{path} belongs to {facts.owner} and {facts.us} cannot write to it"
        return fail(check, said, fix=f"sudo chown -R {facts.us} {path}, or run Watchkeeper as {facts.owner}")
    if not facts.exists:
        return ok(check, f"{path} is not there yet; the first start makes it")
    if facts.mode & forbidden:
        said = f"{path} is open to other users of this machine (mode {facts.mode:04o})"
        return warn(check, said, fix=f"chmod 700 {path}")
    return ok(check, f"{path} is writable for us and closed to others")


def _space(facts: FolderFacts) -> CheckFinding:
    free = f"{facts.free_bytes // _MIB} MiB are free under {facts.path}"
    fix = f"free or add disk space under {facts.path} until {FREE_WARN_BYTES // _MIB} MiB are free"
    if facts.free_bytes < FREE_FAIL_BYTES:
        return fail(Check.DATA_SPACE, f"only {free}; the state store stops taking writes on a full disk", fix=fix)
    if facts.free_bytes < FREE_WARN_BYTES:
        return warn(Check.DATA_SPACE, f"only {free}", fix=fix)
    return ok(Check.DATA_SPACE, free)


def running(who: Listening, url: str) -> list[CheckFinding]:
    """Return who answers where we listen."""
    check = Check.RUNNING
    match who:
        case Listening.WATCHKEEPER:
            return [ok(check, f"Watchkeeper answers at {url}")]
        case Listening.NOBODY:
            return [ok(check, f"nothing runs at {url} yet; what needs a running Watchkeeper is looked at once it does")]
        case Listening.NOT_READY:
            fix = "look at the findings of the state store below"
            return [fail(check, f"Watchkeeper runs at {url} and is not ready: it is without its state store", fix=fix)]
        case Listening.SOMEBODY_ELSE:
            fix = "end that program, or set another server.port in watchkeeper.yaml"
            return [fail(check, f"another program answers at {url}", fix=fix)]


def public_url(
    server: Server, env: ProcessEnvironment, *, is_running: bool, outside: Listening | None
) -> list[CheckFinding]:
    """Return whether Slack can reach us; ``outside`` says who answered at the public address."""
    check, url = Check.PUBLIC_URL, server.public_url
    if env.slack_app_token is not None:
        return [ok(check, "not needed: with Socket Mode nobody outside has to reach us")]
    if url is None:
        said = "server.public_url is not set, and without SLACK_APP_TOKEN Slack must reach us over HTTP"
        fix = (
            "set server.public_url in watchkeeper.yaml to the https address that Slack posts to, or set SLACK_APP_TOKEN"
        )
        return [warn(check, said, fix=fix)]
    if not _is_loopback(env.slack_api_url) and (_is_loopback(url) or not url.startswith("https://")):
        fix = "set server.public_url to an https address of the internet, or set SLACK_APP_TOKEN for Socket Mode"
        return [fail(check, f"Slack cannot post to {url}: it takes https addresses of the internet only", fix=fix)]
    if not is_running or outside is None:
        return [ok(check, f"{url}; whether it leads here is looked at once Watchkeeper runs")]
    if outside is Listening.WATCHKEEPER:
        return [ok(check, f"{url} leads to Watchkeeper")]
    fix = f"let the proxy at {url} forward to {server.bind} port {server.port}; `curl {url}/healthz` answers 200 then"
    return [warn(check, f"{url} does not lead to Watchkeeper as seen from this machine", fix=fix)]


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
