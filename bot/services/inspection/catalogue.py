"""What each check of the doctor means and how it is mended, in general: the page ``docs/doctor.md`` is made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.domain.checks import Check


@dataclass(frozen=True, slots=True)
class About:
    """One check."""

    looks_at: str
    """What is asked, and what is wanted."""
    otherwise: str
    """What fails at the first incident where it is not so."""
    fix: str
    """How it is mended; the line of the finding names the exact words."""


CATALOGUE: Mapping[Check, About] = {
    Check.ENVIRONMENT: About(
        "The variables the process is started with: the bot token, a signing secret or an app token, nothing that "
        "contradicts them such as `SLACK_CLIENT_ID`.",
        "It does not start, or Slack's framework starts its own OAuth flow.",
        "Set, correct or unset the variable that is named.",
    ),
    Check.CONFIGURATION: About(
        "`watchkeeper.yaml` and the profiles it names, read as at the start. A problem here is exit code 2. "
        "A webhook secret shorter than 16 characters is a warning.",
        "It does not start.",
        "Correct the line that is named; `watchkeeper check` looks at the file alone.",
    ),
    Check.PERMISSIONS: About(
        "Whether the file holds secrets that other users of the machine may read.",
        "Whoever has an account there can post alerts.",
        "`chmod 600`, or name secrets by variable: `${NAME}`.",
    ),
    Check.DATA_FOLDER: About(
        "Whether the data folder can be made or written to, and is closed to others.",
        "The state store does not start; or other users read the whole state.",
        "`chown` or `chmod 700` as the line says.",
    ),
    Check.DATA_SPACE: About(
        "Free space under the data folder: a warning below 2 GiB, broken below 256 MiB.",
        "The state store refuses writes: alerts are answered with 503.",
        "Free or add disk space.",
    ),
    Check.RUNNING: About(
        "Who answers where we listen: Watchkeeper, nobody yet, or another program.",
        "The next start fails because the port is taken, or the process runs without its store.",
        "End the other program, or choose another `server.port`.",
    ),
    Check.PUBLIC_URL: About(
        "Without Socket Mode: whether `server.public_url` is set, is https, and leads here.",
        "Commands and clicks end in `dispatch_failed`.",
        "Set it, let the proxy forward to us, or use Socket Mode.",
    ),
    Check.SLACK_TOKEN: About(
        "Whose token `SLACK_BOT_TOKEN` is (`auth.test`), and whether its workspace is `slack.team`.",
        "Nothing can be posted; everybody is a stranger.",
        "Copy the right token, or correct `slack.team`.",
    ),
    Check.SLACK_APP_TOKEN: About(
        "Whether Slack accepts `SLACK_APP_TOKEN`, where it is set (`apps.connections.open`; it connects nothing). "
        "Whether Socket Mode is on shows when `serve` connects (log event `slack_socket_refused`).",
        "No command and no click arrives.",
        "Generate a token with `connections:write` and turn Socket Mode on, or unset the variable.",
    ),
    Check.SLACK_SCOPES: About(
        "The scopes that Slack's answer names, against those of the manifest.",
        "Single calls fail with `missing_scope`, mostly those that are rare.",
        "Add the scopes that are named and reinstall the app.",
    ),
    Check.SLACK_CLOCK: About(
        "Slack's date against this machine's clock: a warning over 30 s, broken from 5 minutes.",
        "Every request of Slack is refused as forged: a total outage that looks like an attack.",
        "Synchronise the clock.",
    ),
    Check.SLACK_CHANNEL: About(
        "Each channel of `slack.channels`: it exists, the bot sees it and is a member, it is not archived.",
        "Cards, approvals or reports are not shown.",
        "`/invite` the bot there, unarchive the channel, or correct its id.",
    ),
    Check.PEOPLE_GROUPS: About(
        "Each user group of roles and owners: it exists, is enabled, and has members.",
        "What the group grants is denied to everybody.",
        "Correct the id, enable the group, or add members.",
    ),
    Check.PEOPLE_ACCOUNTS: About(
        "Each person named by id: exists, is active, is no bot, belongs to this workspace.",
        "Their place is empty without anybody noticing.",
        "Correct the id, or name somebody else.",
    ),
    Check.PEOPLE_APPROVERS: About(
        "Whether at least two people can approve, because nobody approves their own request.",
        "A plan waits until it expires.",
        "Add a second person to `roles.approver` or to a group that is named there.",
    ),
    Check.PEOPLE_OWNERS: About(
        "Each platform's owners: somebody active; where a runbook takes two people, enough of them to vote.",
        "Nobody is called, and what takes two people waits for ever.",
        "Name owners, or add approvers.",
    ),
    Check.STORE_REACH: About(
        "Whether the state store answers; the embedded one is asked where it runs and never started.",
        "Every alert is answered with 503, every click with “nothing was done”.",
        "Start it, correct `REDIS_URL`, or give the right password.",
    ),
    Check.STORE_VERSION: About(
        "Redis 7.0 or later, or Valkey.",
        "Scripts fail.",
        "Point `REDIS_URL` at a newer one.",
    ),
    Check.STORE_ROLE: About(
        "Whether the store is a primary.",
        "Every write is refused.",
        "Point `REDIS_URL` at the primary.",
    ),
    Check.STORE_PERSISTENCE: About(
        "`appendonly yes`, synced, and the last writes to disk succeeded.",
        "A restart of the store loses incidents, votes and runs.",
        "Turn the append-only file on; free disk space.",
    ),
    Check.STORE_EVICTION: About(
        "`maxmemory-policy noeviction`.",
        "Under memory pressure the store throws state away without a word.",
        "Set it, at run time and in the store's configuration file.",
    ),
    Check.STORE_MEMORY: About(
        "Memory in use against the limit: a warning from 70 %, broken from 90 %.",
        "Every write is refused at 100 %.",
        "Raise `maxmemory`.",
    ),
    Check.STORE_RIGHTS: About(
        "Whether our user of the store may use scripts, every command they need, and channels.",
        "Single acts fail with `NOPERM`, mostly those that are rare.",
        "Widen the user's rights with `ACL SETUSER`.",
    ),
    Check.RUNTIME_ENGINE: About(
        "Whether the platform's Docker engine answers at `docker_host`, and lets us; or the simulated platform.",
        "No container is seen, nothing can be restarted.",
        "Start it, mount its socket, or join its group (`group_add`, `usermod -aG docker`).",
    ),
    Check.RUNTIME_FILES: About(
        "Whether every configured Compose file can be read.",
        "What takes the Compose files fails.",
        "Correct `runtime.compose.files`.",
    ),
    Check.RUNTIME_PROJECT: About(
        "Whether the engine has a Compose project of the configured name.",
        "Every service looks as if it had no container.",
        "Correct `runtime.compose.project`, or start the project.",
    ),
    Check.RUNTIME_SERVICES: About(
        "Whether the project has a running container of every service of the profile; others are named.",
        "A restart finds nothing to restart.",
        "Start the service, or say under `overrides` what it is called.",
    ),
    Check.SERVICE_PROBES: About(
        "Every probe of every service, as `/ops status` asks them.",
        "Health is unknown, and runbooks that wait for it fail.",
        "Start the service, or correct its address or key.",
    ),
    Check.SERVICE_ADDRESSES: About(
        "Whether every service with probes has an address.",
        "It is never probed.",
        "Name it under `services` of the platform.",
    ),
    Check.PROMETHEUS_READY: About(
        "`/-/ready`.",
        "Evidence has no values, and alerts that return cannot be settled.",
        "Start Prometheus, or correct `prometheus.url`.",
    ),
    Check.PROMETHEUS_ALERTMANAGERS: About(
        "Whether Prometheus has an active Alertmanager.",
        "Alerts fire and nobody hears of them.",
        "Name it under `alerting.alertmanagers` in prometheus.yml.",
    ),
    Check.PROMETHEUS_JOBS: About(
        "Whether Prometheus scrapes a job of every service, under the names the profile matches.",
        "Nothing watches the service, or its alerts belong to no service.",
        "Add the job, or override the service's `alerts`.",
    ),
    Check.PROMETHEUS_RULES: About(
        "Whether alert rules exist under the names that the profile speaks of, and can be evaluated.",
        "The alert never fires.",
        "Add or correct the rule.",
    ),
    Check.PROMETHEUS_METRICS: About(
        "Whether each metric of the profile has series behind it.",
        "Evidence says “no data” where a value would help.",
        "Export the metric, or override its expression.",
    ),
    Check.ALERTMANAGER_STATUS: About(
        "Whether each Alertmanager answers.",
        "Nothing settles what webhooks lost.",
        "Start it, or correct `alertmanager.url`.",
    ),
    Check.ALERTMANAGER_RECEIVER: About(
        "A receiver whose webhook ends in `/alertmanager/<platform>`. Since 0.26 Alertmanager hides it; then a "
        "receiver that is called like us or the platform counts, else any with a webhook.",
        "No alert ever arrives.",
        "Set the `url` that the line names.",
    ),
    Check.ALERTMANAGER_ADDRESS: About(
        "Whether that address is plausibly ours: our public one, or the port we listen on.",
        "Alerts go to somebody else's port.",
        "Set the `url` that the line names.",
    ),
    Check.ALERTMANAGER_AUTHORIZATION: About(
        "Whether the webhook sends credentials of a kind we take. Their value is hidden; deliveries tell.",
        "We answer 401, and Alertmanager drops the alert.",
        "Set `authorization` to a file with one of the platform's secrets.",
    ),
    Check.ALERTMANAGER_RESOLVED: About(
        "`send_resolved: true`.",
        "Incidents stay open after the problem is over.",
        "Set it.",
    ),
    Check.ALERTMANAGER_MAX_ALERTS: About(
        "`max_alerts: 0`.",
        "Alerts of a large group are seen a minute late.",
        "Set it to 0.",
    ),
    Check.ALERTMANAGER_ROUTE: About(
        "Whether the route tree leads every alert rule of Prometheus, and every kind the profile knows, to us. Labels "
        "that come from a rule's expression are unknown; an alert that may reach us counts.",
        "Just these alerts never become incidents.",
        "Add the route that the line names.",
    ),
    Check.ALERTMANAGER_GROUPING: About(
        "`group_by` on the way to us: one problem, one group.",
        "Different problems become one incident, or one problem becomes hundreds of messages.",
        "`group_by: [platform, alertname]`.",
    ),
    Check.ALERTMANAGER_SECOND: About(
        "Whether somebody besides us is told.",
        "While Watchkeeper or Slack is away, nobody hears of anything.",
        "Add a second receiver for what is critical.",
    ),
    Check.ALERTMANAGER_WATCHDOG: About(
        "An alert `Watchdog` that always fires and goes to a dead man's switch, not to us.",
        "Prometheus stops, and silence looks like health.",
        "Add the rule and the route.",
    ),
    Check.ALERTMANAGER_DELIVERIES: About(
        "Alertmanager's own count of webhook notifications that failed (of all its webhooks).",
        "A wrong secret or address shows only here.",
        "Read its log; a restart sets the count to 0.",
    ),
}


def page() -> str:
    """Return ``docs/doctor.md``."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield _HEAD
    family = ""
    for check, about in CATALOGUE.items():
        if check.partition(".")[0] != family:
            family = check.partition(".")[0]
            yield f"## {family}\n"
        yield f"### `{check}`\n"
        yield f"{about.looks_at}\n"
        yield f"- Otherwise: {about.otherwise[:1].lower()}{about.otherwise[1:]}"
        yield f"- Fix: {about.fix}\n"


_HEAD = """\
# Doctor

`watchkeeper doctor` finds out before the first incident what would fail at 3 a.m. It reads beside a running bot and
before the first start, starts nothing, changes nothing, and shows no secret. Everything is asked at once, each question
for at most five seconds; what hangs is named and delays nothing else.

```
FAIL  slack.scopes                  the app lacks groups:history; fix: add groups:history under OAuth & Permissions → …
warn  alertmanager.second_receiver  search: alerts reach us alone: …; fix: add a second receiver (mail, pager) to …
ok    store.persistence             the append-only file is on (appendfsync always)
```

| Exit code | Means |
| --- | --- |
| 0 | nothing is broken; warnings alone are 0 |
| 1 | something is broken (`FAIL`); with `--strict`, or worth a warning |
| 2 | the configuration cannot be used; the rest was looked at as far as possible |

`--json` writes one object at the end: `exit_code`, and `findings` with `check`, `level`, `subject` (the platform),
`text`, `fix` and `section`, in an order that does not depend on who answered first.

Run it as the user Watchkeeper runs as, with the same environment. What only a running Watchkeeper can show is looked at
once it runs; the doctor says so.
What is left out because something it needs is missing is named: `skipped Slack, People: no SLACK_BOT_TOKEN`.

This page is made from the checks themselves (`bot/services/inspection/catalogue.py`).
"""
