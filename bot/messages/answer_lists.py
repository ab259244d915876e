"""Answers that list things: platforms, status, alerts, incidents, approvals, runs, the audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.domain.alerts import ListedAlert
from bot.domain.answers import (
    Alerts,
    Approvals,
    AuditLine,
    AuditTrail,
    IncidentDetail,
    Incidents,
    PlatformLine,
    Platforms,
    RunDetail,
    Runs,
    ServiceStatus,
    Status,
)
from bot.domain.approvals import Approval
from bot.domain.cards import IncidentCard, RunCard
from bot.domain.effects import TimelineEntry
from bot.domain.findings import WORST_FIRST, Verdict
from bot.domain.incidents import Incident
from bot.domain.runs import Run
from bot.messages import approval_card, incident_card, limits, run_card, words
from bot.messages.answer_outcomes import people
from bot.messages.blocks import Block, context, lines, listed, person_cell, section, table
from bot.messages.evidence_card import VERDICT_MARK, container_line, finding_line, together
from bot.messages.message import Message, compose
from bot.messages.mrkdwn import Mrkdwn, bold, code, date, escape, join, mention, say, spoken

LISTED = 20
"""Entries a list in an answer shows."""
READ_OUT = 5
"""Entries of it that a screen reader says."""
TIMELINE_SHOWN = 20


def _listing(
    title: str, entries: Sequence[Mrkdwn], nothing: str, now: datetime | None = None, *, rest: str = ""
) -> Message:
    """Return a titled list, read out as its fallback, or the sentence that there is nothing in it.

    What is too much is counted; ``rest`` is the command that shows it.
    """
    tail = [context(words.as_of(now))] if now else []
    if not entries:
        return compose(escape(nothing), [section(escape(nothing))], tail=tail)
    read = [spoken(entry) for entry in listed(entries, lambda entry: entry, READ_OUT)]
    shown = listed(entries, lambda entry: entry, LISTED)
    if len(entries) > LISTED and rest:
        shown[-1] = say("{more}: {rest} shows them", more=shown[-1], rest=code(rest))
    return compose(say("{title}. {read}.", title=title, read=join("; ", read)), [], lines(bold(title), shown), tail)


def platforms(answer: Platforms) -> Message:
    """Return the systems under care, a line each."""
    heading = words.count("platform", len(answer.platforms))
    return _listing(heading, [*map(_platform_line, answer.platforms)], "No platform is under care yet.")


def _platform_line(line: PlatformLine) -> Mrkdwn:
    worst = f", worst {line.worst}" if line.worst else ""
    open_now = f"{words.count('incident', line.open_incidents)} open{worst}" if line.open_incidents else "no incident"
    runs = f" · {words.count('run', line.open_runs)} under way" if line.open_runs else ""
    return say(
        "• *{name}* {title} ({environment}) · {services} · {open_now}{runs} · owners {owners}",
        name=line.name,
        title=words.title(line.title),
        environment=line.environment,
        services=words.count("service", line.services),
        open_now=open_now,
        runs=runs,
        owners=people(line.owners),
    )


def status(answer: Status) -> Message:
    """Return how a platform stands: every service with what is wrong, then what is under way."""
    bad = [one for one in answer.services if one.verdict is not Verdict.OK]
    well = [one for one in answer.services if one.verdict is Verdict.OK]
    needs = "needs" if len(bad) == 1 else "need"
    found = f"{len(bad)} of {words.count('service', len(answer.services))} {needs} a look" if bad else "all is well"
    head = say(
        "*{title}* ({environment}): {found}",
        title=words.title(answer.platform_title),
        environment=answer.environment,
        found=found,
    )
    body: list[Block] = []
    for one in sorted(bad, key=lambda service: WORST_FIRST.index(service.verdict)):
        body += lines(_service_heading(one), _service_lines(one, answer.as_of)) or [section(_service_heading(one))]
    body += [section(say("✅ {names}", names=words.detail(", ".join(it.service for it in well))))] if well else []
    body += lines(bold("Open incidents"), listed(answer.incidents, _incident_line, LISTED))
    body += lines(bold("Runs"), listed(answer.runs, _run_line, LISTED))
    body += lines(bold("Requests"), listed(answer.approvals, _approval_line, LISTED))
    named = ": " + ", ".join(it.service for it in bad[: limits.MEMBERS]) if bad else ""
    text = say("{platform}: {found}{named}.", platform=answer.platform, found=found, named=named)
    return compose(text, [section(head)], body, [context(words.as_of(answer.as_of))])


def _service_heading(service: ServiceStatus) -> Mrkdwn:
    return say(
        "{mark} *{name}*{critical} · {role}",
        mark=VERDICT_MARK[service.verdict],
        name=service.service,
        role=words.title(service.role),
        critical=" (critical)" if service.critical else "",
    )


def _service_lines(service: ServiceStatus, now: datetime) -> list[Mrkdwn]:
    """Return what is wrong with a service; what is well needs no line."""
    down = [container for container in service.containers if not container.is_up or container.restart_count]
    wrong = [finding for finding in service.findings if finding.verdict is not Verdict.OK]
    problem = [say("❔ {why}", why=words.detail(service.runtime_problem))] if service.runtime_problem else []
    containers = listed(down, lambda container: container_line(container, now))
    return [*problem, *containers, *listed(together(wrong), finding_line)]


def alerts(answer: Alerts) -> Message:
    """Return what Alertmanager holds, with the incident that has each alert."""
    if answer.problem:
        told = say("The alerts of {platform} are not known: {why}", platform=answer.platform, why=answer.problem)
        return compose(told, [section(told)], tail=[context(words.as_of(answer.as_of))])
    heading = f"{words.count('alert', len(answer.alerts))} of {answer.platform}"
    entries = [_alert_line(alert, answer.incidents) for alert in answer.alerts]
    nothing = f"Alertmanager holds no alert of {answer.platform}."
    return _listing(heading, entries, nothing, answer.as_of, rest="/incident list")


def _alert_line(listed: ListedAlert, incidents: dict[str, str]) -> Mrkdwn:
    alert = listed.alert
    silenced = " · silenced" if listed.silenced_by else ""
    muted = silenced or (" · inhibited" if listed.inhibited_by else "")
    return say(
        "• *{name}* {summary} · since {at}{muted} · {incident}",
        name=words.title(alert.name),
        summary=words.title(alert.summary) if alert.summary != alert.name else "",
        at=date(alert.starts_at),
        muted=muted,
        incident=incidents.get(alert.fingerprint, "no incident"),
    )


def incidents(answer: Incidents) -> Message:
    """Return incidents, a line each."""
    heading = f"{answer.title}: {len(answer.incidents)}"
    entries = [*map(_incident_line, answer.incidents)]
    rest = _of_one_platform("/incident list", [it.platform for it in answer.incidents])
    return _listing(heading, entries, f"{answer.title}: none.", answer.as_of, rest=rest)


def _of_one_platform(command: str, platforms: Sequence[str]) -> str:
    """Return the command that lists what belongs to the platform of the last thing, which is hidden first."""
    return f"{command} {platforms[-1]}" if len(set(platforms)) > 1 else f"{command} all"


def _incident_line(incident: Incident) -> Mrkdwn:
    return say(
        "{mark} *{name}* {severity} · {title} · {where} · {state}{who} · since {at}",
        mark=incident_card.MARK[incident.state],
        name=incident.name,
        severity=incident.severity,
        title=words.title(incident.title),
        where=words.where(incident.platform, incident.service),
        state=incident.state,
        who=_who_has_it(incident),
        at=date(incident.opened_at),
    )


def _who_has_it(incident: Incident) -> Mrkdwn:
    if incident.state.is_closed:
        return escape("")
    return say(", {who} has it", who=mention(incident.assignee)) if incident.assignee else escape(", nobody has it")


def incident_detail(answer: IncidentDetail) -> Message:
    """Return one incident with the newest of its timeline; its buttons stay on its card."""
    incident = answer.incident
    view = IncidentCard(incident, answer.as_of, platform_title=incident.platform, environment="")
    head = [section(incident_card.headline(incident)), incident_card.facts(view)]
    body = [*incident_card.members(incident), *lines(bold("Timeline"), _timeline(answer.timeline))]
    return compose(incident_card.summary(incident), head, body, [context(words.as_of(answer.as_of))])


def _timeline(entries: Sequence[TimelineEntry]) -> list[Mrkdwn]:
    earlier = max(0, len(entries) - TIMELINE_SHOWN)
    before = (
        [escape(f"{words.count('entry', earlier) if earlier == 1 else f'{earlier} entries'} before")] if earlier else []
    )
    return [*before, *map(_timeline_line, entries[-TIMELINE_SHOWN:])]


def _timeline_line(entry: TimelineEntry) -> Mrkdwn:
    return say(
        "{at} · {event}{detail} · {who}",
        at=date(entry.at),
        event=entry.event.replace("_", " "),
        detail=say(": {detail}", detail=words.detail(entry.detail)) if entry.detail else "",
        who=mention(entry.actor),
    )


def approvals(answer: Approvals) -> Message:
    """Return requests that wait, a line each."""
    heading = words.count("request", len(answer.approvals))
    entries = [*map(_approval_line, answer.approvals)]
    rest = f"/ops approvals {answer.approvals[-1].plan.platform}" if answer.approvals else ""
    return _listing(heading, entries, "No request waits for a yes.", answer.as_of, rest=rest)


def _approval_line(approval: Approval) -> Mrkdwn:
    return say(
        "{mark} *{name}* {title} on {platform} {state} · asked by {who} · until {until}",
        mark=approval_card.MARK[approval.state],
        name=approval.name,
        title=words.title(approval.plan.title),
        platform=approval.plan.platform,
        state=approval_card.state_words(approval),
        who=mention(approval.requester),
        until=date(approval.use_before or approval.expires_at),
    )


def runs(answer: Runs) -> Message:
    """Return runs, a line each."""
    heading = words.count("run", len(answer.runs))
    rest = f"/ops runs {answer.runs[-1].plan.platform}" if answer.runs else ""
    return _listing(heading, [*map(_run_line, answer.runs)], "Nothing has run yet.", answer.as_of, rest=rest)


def _run_line(run: Run) -> Mrkdwn:
    took = f" after {words.duration(run.ended_at - run.created_at)}" if run.ended_at else ""
    return say(
        "{mark} *{name}* {title} on {platform} {state}{took} · {at}",
        mark=run_card.MARK[run.state],
        name=run.name,
        title=words.title(run.plan.title),
        platform=run.plan.platform,
        state=run_card.STATE_WORDS[run.state],
        took=took,
        at=date(run.created_at),
    )


def run_detail(answer: RunDetail) -> Message:
    """Return one run as its card shows it, buttons included."""
    return run_card.render_run(RunCard(answer.run, answer.as_of))


AUDIT_HEADINGS = ("seq", "UTC", "who", "did", "to", "with")


def audit_trail(answer: AuditTrail) -> Message:
    """Return the newest audit entries in a table: exact times; a mention calls nobody in an answer for one."""
    if not answer.lines:
        nothing = escape("The audit has no entry yet.")
        return compose(nothing, [section(nothing)])
    block, shown = table(AUDIT_HEADINGS, map(_audit_row, answer.lines))
    open_tail = sum(not line.sealed for line in answer.lines)
    told = say("The newest {count} of the audit.", count=f"{shown} entries" if shown != 1 else "entry")
    tail = context(escape(f"{open_tail} not sealed yet" if open_tail else "all sealed"))
    return compose(told, [section(told), block], tail=[tail])


def _audit_row(line: AuditLine) -> tuple[str | Block, ...]:
    detail = ", ".join(f"{name}={value}" for name, value in line.detail.items() if value)
    seq = str(line.seq) if line.sealed else f"{line.seq} (open)"
    return seq, f"{line.at.astimezone(UTC):%m-%d %H:%M:%S}", person_cell(line.actor), line.action, line.subject, detail
