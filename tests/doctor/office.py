"""Faults of the workspace, of people and of the machine, on the stand-in for Slack and a simulated platform."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from bot.domain.checks import Check, Level
from bot.sandbox import cast
from bot.sandbox.client import SandboxClient
from tests.doctor.examining import Fault, Installed, quoted
from tests.installation import SIGNING_SECRET, WEBHOOK_TOKEN, configuration, sandbox, simulated_platform
from tests.real.processes import free_port

PRIVATE_TOKEN = "a-secret-that-is-written-in-the-file"


@dataclass(slots=True)
class Office:
    """A healthy installation without a running bot; everything about it can be broken."""

    it: Installed
    slack: SandboxClient
    port: int
    squatter: web.AppRunner | None = None

    async def heal(self) -> None:
        """Return to health."""
        self.it.heal()
        if self.squatter is not None:
            await self.squatter.cleanup()
            self.squatter = None
        await self.slack.reset()
        await self.slack.configure(scopes=sorted(cast.SCOPES), token_trouble=None, date_skew_s=0)
        await self.slack.clear_faults()


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Office]:
    """Yield the office."""
    port = free_port()
    async with simulated_platform(folder, port) as platform, sandbox(folder, port) as slack:
        config = configuration(port, platform.addresses)
        config["server"]["public_url"] = f"http://127.0.0.1:{port}"
        environ = {
            "SLACK_BOT_TOKEN": cast.BOT_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_API_URL": f"{slack.base_url}/api/",
            "WATCHKEEPER_CONFIG": str(folder / "watchkeeper.yaml"),
            "WATCHKEEPER_DATA_DIR": str(folder / "data"),
            "WEBHOOK_TOKEN": WEBHOOK_TOKEN,
        }
        yield Office(Installed(folder, environ, config), slack, port)


# Slack


async def _revoke(office: Office) -> None:
    await office.slack.configure(token_trouble="token_revoked")


async def _reinstall(office: Office, fix: str) -> None:
    assert "install the app again" in fix
    await office.slack.configure(token_trouble=None)


async def _mistype_token(office: Office) -> None:
    office.it.environ["SLACK_BOT_TOKEN"] = "xoxb-of-another-app"


async def _copy_token(office: Office, fix: str) -> None:
    office.it.environ["SLACK_BOT_TOKEN"] = cast.BOT_TOKEN


async def _other_team(office: Office) -> None:
    office.it.config["slack"]["team"] = "T0ELSEWHERE"


async def _set_team(office: Office, fix: str) -> None:
    office.it.config["slack"]["team"] = fix.partition("watchkeeper.yaml to ")[2].partition(",")[0]


async def _other_app_token(office: Office) -> None:
    office.it.environ["SLACK_APP_TOKEN"] = "xapp-of-another-app"


async def _unset_app_token(office: Office, fix: str) -> None:
    assert "or unset SLACK_APP_TOKEN" in fix
    del office.it.environ["SLACK_APP_TOKEN"]


async def _drop_scopes(office: Office) -> None:
    await office.slack.configure(scopes=sorted(cast.SCOPES - {"groups:history", "im:write"}))


async def _add_scopes(office: Office, fix: str) -> None:
    named = fix.removeprefix("add ").partition(" under OAuth & Permissions")[0].split(", ")
    await office.slack.configure(scopes=sorted((cast.SCOPES - {"groups:history", "im:write"}) | set(named)))


async def _five_minutes(office: Office) -> None:
    await office.slack.configure(date_skew_s=400)


async def _one_minute(office: Office) -> None:
    await office.slack.configure(date_skew_s=-60)


async def _synchronise(office: Office, fix: str) -> None:
    assert "sudo timedatectl set-ntp true" in quoted(fix)
    await office.slack.configure(date_skew_s=0)


async def _leave_channel(office: Office) -> None:
    await office.slack.change_channel(cast.INCIDENTS, remove=[cast.BOT_USER])


async def _hide_channel(office: Office) -> None:
    await office.slack.change_channel(cast.APPROVALS, is_private=True, remove=[cast.BOT_USER])


async def _invite(office: Office, fix: str) -> None:
    assert f"/invite @{cast.BOT_NAME}" in quoted(fix)
    for channel in (cast.INCIDENTS, cast.APPROVALS):
        await office.slack.change_channel(channel, add=[cast.BOT_USER])


async def _archive(office: Office) -> None:
    await office.slack.change_channel(cast.REPORTS, archived=True)


async def _unarchive(office: Office, fix: str) -> None:
    assert fix.startswith("unarchive the channel")
    await office.slack.change_channel(cast.REPORTS, archived=False)


# People


async def _disable_group(office: Office) -> None:
    await office.slack.change_group(cast.OPS_GROUP, disabled=True)


async def _enable_group(office: Office, fix: str) -> None:
    assert fix.startswith("enable @ops")
    await office.slack.change_group(cast.OPS_GROUP, disabled=False)


async def _unknown_group(office: Office) -> None:
    office.it.config["roles"]["operator"] = ["S0NOSUCH"]


async def _correct_group(office: Office, fix: str) -> None:
    assert fix.startswith("correct S0NOSUCH in watchkeeper.yaml")
    office.it.config["roles"]["operator"] = [cast.OPS_GROUP]


async def _empty_group(office: Office) -> None:
    await office.slack.change_group(cast.OPS_GROUP, remove=[cast.BEN, cast.CHI, cast.DEE])


async def _fill_group(office: Office, fix: str) -> None:
    assert fix.startswith("add members to @ops")
    await office.slack.change_group(cast.OPS_GROUP, add=[cast.BEN])


async def _deactivate(office: Office) -> None:
    office.it.config["roles"]["break_glass"] = [cast.BEN]
    await office.slack.change_person(cast.BEN, deleted=True)


async def _name_a_bot(office: Office) -> None:
    office.it.config["roles"]["break_glass"] = [cast.BOT_USER]


async def _name_nobody(office: Office) -> None:
    office.it.config["roles"]["break_glass"] = ["U0NOBODY"]


async def _name_ada(office: Office, fix: str) -> None:
    assert "watchkeeper.yaml" in fix
    office.it.config["roles"]["break_glass"] = [cast.ADA]


async def _single_approver(office: Office) -> None:
    office.it.config["roles"]["approver"] = [cast.ADA]


async def _second_approver(office: Office, fix: str) -> None:
    assert fix.startswith("add a second person to roles.approver in watchkeeper.yaml")
    office.it.config["roles"]["approver"] = [cast.ADA, cast.DEE]


async def _two_of_two(office: Office) -> None:
    office.it.platform["overrides"] = {"runbooks": {"recover-qdrant": {"approval": "two"}}}
    office.it.config["roles"]["approver"] = [cast.DEE]


async def _third_voter(office: Office, fix: str) -> None:
    assert fix.startswith("add a third person to roles.approver")
    office.it.config["roles"]["approver"] = [cast.DEE, cast.CHI]


async def _deactivate_owners(office: Office) -> None:
    office.it.platform["owners"] = [cast.ELI]
    await office.slack.change_person(cast.ELI, deleted=True)


async def _name_owners(office: Office, fix: str) -> None:
    assert "in owners of search in watchkeeper.yaml" in fix
    office.it.platform["owners"] = [cast.SEARCH_GROUP]


# The machine


async def _client_id(office: Office) -> None:
    office.it.environ["SLACK_CLIENT_ID"] = "1234.5678"


async def _unset(office: Office, fix: str) -> None:
    del office.it.environ[fix.removeprefix("unset ")]


async def _no_signing_secret(office: Office) -> None:
    del office.it.environ["SLACK_SIGNING_SECRET"]


async def _set_signing_secret(office: Office, fix: str) -> None:
    assert fix.startswith("set SLACK_SIGNING_SECRET")
    office.it.environ["SLACK_SIGNING_SECRET"] = SIGNING_SECRET


async def _open_file(office: Office) -> None:
    office.it.platform["alertmanager"]["secrets"] = [PRIVATE_TOKEN]
    office.it.write()
    office.it.path.chmod(0o644)


async def _open_data(office: Office) -> None:
    data = office.it.folder / "open-data"
    data.mkdir(mode=0o755, exist_ok=True)
    data.chmod(0o755)
    office.it.environ["WATCHKEEPER_DATA_DIR"] = str(data)


async def _run_command(office: Office, fix: str) -> None:
    """Run the command that the whole fix is."""
    await asyncio.to_thread(subprocess.run, shlex.split(fix), check=True)


async def _take_port(office: Office) -> None:
    app = web.Application()
    office.squatter = web.AppRunner(app)
    await office.squatter.setup()
    await web.TCPSite(office.squatter, "127.0.0.1", office.port).start()


async def _end_squatter(office: Office, fix: str) -> None:
    assert fix.startswith("end that program")
    assert office.squatter is not None
    await office.squatter.cleanup()
    office.squatter = None


async def _no_public_url(office: Office) -> None:
    del office.it.config["server"]["public_url"]


async def _set_public_url(office: Office, fix: str) -> None:
    assert fix.startswith("set server.public_url in watchkeeper.yaml")
    office.it.config["server"]["public_url"] = f"http://127.0.0.1:{office.port}"


async def _misspell_section(office: Office) -> None:
    office.it.config["rolls"] = office.it.config.pop("roles")


async def _correct_section(office: Office, fix: str) -> None:
    assert fix.startswith("correct that line")
    office.it.config["roles"] = office.it.config.pop("rolls")


async def _wrong_service(office: Office) -> None:
    office.it.platform["services"]["qdrant"]["url"] = f"http://127.0.0.1:{free_port()}"


async def _correct_service(office: Office, fix: str) -> None:
    assert "correct services.qdrant.url of search in watchkeeper.yaml" in fix
    other = office.it.platform["services"]["grafana"]["url"]
    office.it.platform["services"]["qdrant"]["url"] = other.replace("grafana", "qdrant")


async def _simulation_away(office: Office) -> None:
    office.it.platform["runtime"]["simulated"]["url"] = f"http://127.0.0.1:{free_port()}"


async def _correct_simulation(office: Office, fix: str) -> None:
    assert "watchkeeper sandbox --platform search" in quoted(fix)
    assert "correct runtime.simulated.url of search in watchkeeper.yaml" in fix
    office.it.platform["runtime"]["simulated"]["url"] = office.it.platform["prometheus"]["url"].removesuffix(
        "/prometheus"
    )


async def _unset_webhook_token(office: Office) -> None:
    del office.it.environ["WEBHOOK_TOKEN"]


async def _export_webhook_token(office: Office, fix: str) -> None:
    name = fix.removeprefix("export ").removesuffix(" (in the env file for systemd and Compose)")
    office.it.environ[name] = WEBHOOK_TOKEN


async def _short_webhook_token(office: Office) -> None:
    office.it.environ["WEBHOOK_TOKEN"] = "short-q7w8x9"


async def _long_webhook_token(office: Office, fix: str) -> None:
    (command,) = quoted(fix)
    made = await asyncio.to_thread(subprocess.run, shlex.split(command), check=True, capture_output=True, text=True)
    office.it.environ["WEBHOOK_TOKEN"] = made.stdout.strip()


async def _forget_service(office: Office) -> None:
    office.it.platform["services"].pop("grafana")


async def _name_service(office: Office, fix: str) -> None:
    assert any(snippet.startswith("grafana: {url:") for snippet in quoted(fix))
    other = office.it.platform["services"]["qdrant"]["url"]
    office.it.platform["services"]["grafana"] = {"url": other.replace("qdrant", "grafana")}


FAIL, WARN = Level.FAIL, Level.WARN

FAULTS: Sequence[Fault[Office]] = (
    Fault("revoked token", Check.SLACK_TOKEN, FAIL, "was revoked", "install the app again", _revoke, _reinstall),
    Fault("unknown token", Check.SLACK_TOKEN, FAIL, "does not know", "copy the Bot User", _mistype_token, _copy_token),
    Fault("wrong workspace", Check.SLACK_TOKEN, FAIL, "T0ELSEWHERE", "set slack.team", _other_team, _set_team),
    Fault(
        "wrong app token",
        Check.SLACK_APP_TOKEN,
        FAIL,
        "invalid_auth",
        "connections:write",
        _other_app_token,
        _unset_app_token,
    ),
    Fault(
        "missing scopes", Check.SLACK_SCOPES, FAIL, "groups:history, im:write", "reinstall", _drop_scopes, _add_scopes
    ),
    Fault("clock off by minutes", Check.SLACK_CLOCK, FAIL, "400 s behind", "timedatectl", _five_minutes, _synchronise),
    Fault("clock off by a minute", Check.SLACK_CLOCK, WARN, "60 s ahead", "timedatectl", _one_minute, _synchronise),
    Fault(
        "not in a channel", Check.SLACK_CHANNEL, FAIL, "not a member of incidents", "/invite", _leave_channel, _invite
    ),
    Fault("private channel", Check.SLACK_CHANNEL, FAIL, "sees no channel C0APR", "/invite", _hide_channel, _invite),
    Fault(
        "archived channel", Check.SLACK_CHANNEL, FAIL, "#reports (C0REP) is archived", "unarchive", _archive, _unarchive
    ),
    Fault("disabled group", Check.PEOPLE_GROUPS, FAIL, "is disabled", "enable @ops", _disable_group, _enable_group),
    Fault("unknown group", Check.PEOPLE_GROUPS, FAIL, "S0NOSUCH", "Copy group ID", _unknown_group, _correct_group),
    Fault("empty group", Check.PEOPLE_GROUPS, FAIL, "has no members", "add members", _empty_group, _fill_group),
    Fault("deactivated person", Check.PEOPLE_ACCOUNTS, FAIL, "is deactivated", "take U0BEN", _deactivate, _name_ada),
    Fault("a bot with a role", Check.PEOPLE_ACCOUNTS, FAIL, "is a bot", "take U0BOT", _name_a_bot, _name_ada),
    Fault("nobody with a role", Check.PEOPLE_ACCOUNTS, FAIL, "U0NOBODY", "Copy member ID", _name_nobody, _name_ada),
    Fault(
        "one approver",
        Check.PEOPLE_APPROVERS,
        FAIL,
        "only Ada can approve",
        "add a second person",
        _single_approver,
        _second_approver,
    ),
    Fault(
        "two of two voters", Check.PEOPLE_OWNERS, FAIL, "recover-qdrant takes two", "third", _two_of_two, _third_voter
    ),
    Fault(
        "no active owner", Check.PEOPLE_OWNERS, FAIL, "no owner", "owners of search", _deactivate_owners, _name_owners
    ),
    Fault("SLACK_CLIENT_ID", Check.ENVIRONMENT, FAIL, "OAuth flow", "unset SLACK_CLIENT_ID", _client_id, _unset),
    Fault(
        "no way in",
        Check.ENVIRONMENT,
        FAIL,
        "SLACK_SIGNING_SECRET",
        "set SLACK_SIGNING_SECRET",
        _no_signing_secret,
        _set_signing_secret,
    ),
    Fault("secrets for all to read", Check.PERMISSIONS, FAIL, "mode 0644", "chmod 600", _open_file, _run_command),
    Fault("open data folder", Check.DATA_FOLDER, WARN, "mode 0755", "chmod 700", _open_data, _run_command),
    Fault("taken port", Check.RUNNING, FAIL, "another program", "end that program", _take_port, _end_squatter),
    Fault(
        "no public address",
        Check.PUBLIC_URL,
        WARN,
        "is not set",
        "set server.public_url",
        _no_public_url,
        _set_public_url,
    ),
    Fault(
        "misspelt section",
        Check.CONFIGURATION,
        FAIL,
        "did you mean `roles`",
        "correct that line",
        _misspell_section,
        _correct_section,
        code=2,
    ),
    Fault(
        "unset variable",
        Check.CONFIGURATION,
        FAIL,
        "the environment variable `WEBHOOK_TOKEN` is not set",
        "export WEBHOOK_TOKEN",
        _unset_webhook_token,
        _export_webhook_token,
        code=2,
    ),
    Fault(
        "short webhook secret",
        Check.CONFIGURATION,
        WARN,
        "shorter than 16 characters",
        "openssl rand -hex 32",
        _short_webhook_token,
        _long_webhook_token,
    ),
    Fault(
        "simulated platform away",
        Check.RUNTIME_ENGINE,
        FAIL,
        "is away",
        "watchkeeper sandbox --platform search",
        _simulation_away,
        _correct_simulation,
    ),
    Fault(
        "service away", Check.SERVICE_PROBES, FAIL, "refused", "services.qdrant.url", _wrong_service, _correct_service
    ),
    Fault(
        "service without address",
        Check.SERVICE_ADDRESSES,
        WARN,
        "never probed: grafana",
        "grafana: {url",
        _forget_service,
        _name_service,
    ),
)
