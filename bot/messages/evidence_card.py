"""The first look around an incident, filling up as sources answer; what did not answer is named with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from bot.domain.cards import EvidenceCard
from bot.domain.containers import Container, ContainerStatus, Health, LogLine
from bot.domain.evidence import Evidence, ServiceLog, Source
from bot.domain.findings import WORST_FIRST, Finding, MetricSample, Verdict
from bot.messages import limits, words
from bot.messages.blocks import Block, context, lines, listed, preformatted, section
from bot.messages.limits import capped
from bot.messages.message import Message, compose
from bot.messages.mrkdwn import Mrkdwn, bold, code, escape, join, link, say

Series: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
"""A metric's name and the labels of one of its series."""

_OWN_TIME = re.compile(r"^\[?\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?\]?\s+")

VERDICT_MARK = {Verdict.CRITICAL: "🔴", Verdict.WARNING: "⚠️", Verdict.UNKNOWN: "❔", Verdict.OK: "✅"}
SOURCE_WORDS = {
    Source.VALUES: "metric values",
    Source.PROBES: "probes",
    Source.CONTAINERS: "containers",
    Source.LOGS: "logs",
    Source.RUNS: "recent runs",
    Source.LINKS: "links",
}
EXIT_WORDS = {
    0: "ended by itself",
    126: "could not be executed",
    127: "command not found",
    134: "aborted",
    137: "killed",
    139: "crashed",
    143: "told to stop",
}
"""What well-known exit codes mean; above 128 it is 128 plus the signal."""
STATUS_WORDS = {
    ContainerStatus.CREATED: "created, never started",
    ContainerStatus.PAUSED: "paused",
    ContainerStatus.RESTARTING: "restarting in a loop",
    ContainerStatus.REMOVING: "being removed",
    ContainerStatus.DEAD: "dead",
}
LABELS = ("mountpoint", "collection", "id", "name", "job", "instance")
"""Labels that say most about a series, best first."""
NAMING_LABELS = LABELS[:4]
"""Those of them that say which one it is even where no other series is shown."""
LOG_LINES = 10
LOG_LINE = 200
LOG_TEXT = 1_800


def render_evidence(view: EvidenceCard) -> Message:
    """Return the evidence card; ``logs_shown`` decides whether log text may stand in the channel."""
    evidence = view.evidence
    name = words.linked(view.incident_name, view.links)
    heading = say("🔎 {title} · {where}", title=bold(say("First look at {name}", name=name)), where=_where(evidence))
    body = [
        *_values(evidence),
        *lines(bold("Probes"), findings(evidence.probes)),
        *_containers(evidence),
        *_logs(evidence, shown=view.logs_shown),
        *_recent_runs(evidence),
        *_links(evidence),
        *lines(bold("Not known"), [_missing(source, why) for source, why in evidence.missing.items()]),
    ]
    return compose(_summary(view), [section(heading)], body, [_state(evidence)])


def _where(evidence: Evidence) -> Mrkdwn:
    services, more = capped(evidence.services, limits.MEMBERS)
    named = ", ".join([*services, *([more] if more else [])])
    return say("{platform}{services}", platform=evidence.platform, services=f": {named}" if named else "")


def _summary(view: EvidenceCard) -> Mrkdwn:
    bad = [finding for finding in view.evidence.probes if finding.verdict in (Verdict.CRITICAL, Verdict.WARNING)]
    first = min(bad, key=lambda finding: WORST_FIRST.index(finding.verdict), default=None)
    found = f"{first.name} of {first.service or view.evidence.platform}: {first.evidence}" if first else ""
    found = found or _worst_value(view.evidence)
    if not found:
        found = "sources are still being asked" if view.evidence.waiting else "nothing wrong was found"
    return say("First look at {name}: {found}", name=view.incident_name, found=words.detail(words.sentence(found)))


def _worst_value(evidence: Evidence) -> str:
    """Return the worst value that is out of bounds now: ``disk in use 88.5 %, over 85 %``; empty when none is."""
    crossed = [sample for sample in evidence.values_now if sample.bound is not None]
    worst = min(crossed, key=lambda sample: WORST_FIRST.index(sample.verdict), default=None)
    return f"{worst.title or worst.name} {_value(worst)}, {_crossed(worst)}" if worst else ""


def findings(found: tuple[Finding, ...]) -> list[Mrkdwn]:
    """Return findings a line each, worst first, with what to do about them; the same answer is said once."""
    wrong = [finding for finding in together(found) if finding.verdict is not Verdict.OK]
    told = listed(sorted(wrong, key=lambda finding: WORST_FIRST.index(finding.verdict)), finding_line)
    well = [finding for finding in found if finding.verdict is Verdict.OK]
    if len(well) == 1:
        return [*told, finding_line(well[0])]
    names = ", ".join(dict.fromkeys(f"{it.service} {it.name}" if it.service else it.name for it in well))
    return [*told, *([say("✅ well: {names}", names=words.detail(names))] if well else [])]


def together(found: Iterable[Finding]) -> list[Finding]:
    """Return findings with those of one service that saw the same as one: ``healthz, readyz: no answer in 5 s``."""
    alike: dict[tuple[object, ...], list[Finding]] = {}
    for finding in found:
        alike.setdefault((finding.service, finding.verdict, finding.evidence, finding.suggestion), []).append(finding)
    return [replace(group[0], name=", ".join(dict.fromkeys(it.name for it in group))) for group in alike.values()]


def finding_line(finding: Finding) -> Mrkdwn:
    """Return one finding: its mark, what was asked, what was seen."""
    asked = f"{finding.service} {finding.name}" if finding.service else finding.name
    return say(
        "{mark} {asked}: {evidence}{suggestion}",
        mark=VERDICT_MARK[finding.verdict],
        asked=words.title(asked),
        evidence=words.detail(finding.evidence),
        suggestion=say(" → {move}", move=words.detail(finding.suggestion)) if finding.suggestion else "",
    )


def _values(evidence: Evidence) -> list[Block]:
    """Return each metric with its value when the alert fired and now.

    What is out of bounds or moved has a line; the others share one, and so do those without data.
    """
    now = {_series(sample): sample for sample in evidence.values_now}
    fired = {_series(sample): sample for sample in evidence.values_at_fire}
    series = list(dict.fromkeys([*fired, *now]))
    known = [one for one in series if any(it and it.value is not None for it in (fired.get(one), now.get(one)))]
    moved = [one for one in known if _value(fired.get(one)) != _value(now.get(one))]
    worst = {one: _worse(fired.get(one), now.get(one)) for one in known}
    told = sorted(
        (one for one in known if one in moved or worst[one].bound is not None), key=lambda one: _rank(worst[one])
    )
    entries = listed(told, lambda one: _value_line(fired.get(one), now.get(one), _labels(one, series, worst[one])))
    still = [_still(now[one], _told_apart(one, series)) for one in known if one not in told]
    entries += [say("• unchanged: {values}", values=join("; ", still))] if still else []
    missing = [it for one in series if one not in known and (it := now.get(one) or fired.get(one))]
    return lines(bold("Values when it fired → now"), [*entries, *_without_data(missing)])


def _worse(fired: MetricSample | None, now: MetricSample | None) -> MetricSample:
    """Return the worse of the two samples of a series, the newer of equals."""
    return min((it for it in (now, fired) if it is not None), key=_rank)


def _rank(sample: MetricSample) -> int:
    return WORST_FIRST.index(sample.verdict)


def _crossed(sample: MetricSample) -> str:
    """Return which threshold a value is beyond: ``over 85 %``; empty when it is beyond none."""
    if sample.bound is None or sample.value is None:
        return ""
    return f"{'over' if sample.value > sample.bound else 'under'} {words.measured(sample.bound, sample.unit)}"


def _labels(one: Series, series: Sequence[Series], sample: MetricSample) -> str:
    """Return what tells a series from the others shown; of one out of bounds also what it is called."""
    own = [f"{name}={value}" for name, value in one[1] if name in NAMING_LABELS]
    return _told_apart(one, series) or (own[0] if own and sample.bound is not None else "")


def _told_apart(one: Series, series: Sequence[Series]) -> str:
    """Return the labels by which a series differs from others of its metric, the fewest that tell."""
    name, labels = one
    siblings = [others for other, others in series if other == name]
    if len(siblings) < 2:
        return ""
    differing = [label for label in labels if any(label not in others for others in siblings)]
    telling = [label for label in differing if sum(label in others for others in siblings) == 1]
    preferred = sorted(telling, key=lambda label: LABELS.index(label[0]) if label[0] in LABELS else len(LABELS))
    return ", ".join(f"{name}={value}" for name, value in preferred[:1] or differing)


def _without_data(samples: Sequence[MetricSample]) -> list[Mrkdwn]:
    """Return the metrics nobody has a value of, with the reason where they share one."""
    if not samples:
        return []
    names = dict.fromkeys(sample.title or sample.name for sample in samples)
    reasons = {sample.why_missing for sample in samples if sample.why_missing}
    why = say(" ({why})", why=words.detail(reasons.pop())) if len(reasons) == 1 else ""
    return [say("❔ No data{why}: {names}", why=why, names=words.detail("; ".join(names)))]


def _series(sample: MetricSample) -> Series:
    return sample.name, sample.labels


def _value_line(fired: MetricSample | None, now: MetricSample | None, labels: str) -> Mrkdwn:
    sample = _worse(fired, now)
    crossed = _crossed(sample)
    return say(
        "{mark} {name}{labels}: {change}{crossed}",
        mark=VERDICT_MARK[sample.verdict] if crossed else "•",
        crossed=f" ({crossed})" if crossed else "",
        name=words.title(sample.title or sample.name),
        labels=say(" {labels}", labels=code(labels, limits.TITLE)) if labels else "",
        change=say("{before} → {now}", before=_value(fired), now=_value(now)),
    )


def _still(sample: MetricSample, labels: str) -> Mrkdwn:
    named = f"{sample.title or sample.name} {labels}".strip()
    return say("{name} {value}", name=words.title(named), value=_value(sample))


def _value(sample: MetricSample | None) -> Mrkdwn:
    """Return a value with its unit; no data is said as such, never as zero."""
    if sample is None:
        return escape("not asked")
    if sample.value is None:
        return words.detail(f"no data ({sample.why_missing})" if sample.why_missing else "no data")
    return escape(words.measured(sample.value, sample.unit))


def _containers(evidence: Evidence) -> list[Block]:
    """Return what is worth a look in a line each; those that simply run share one."""
    calm = [it for it in evidence.containers if it.is_up and not it.restart_count]
    odd = [it for it in evidence.containers if it not in calm]
    entries = listed(odd, lambda container: container_line(container, evidence.as_of))
    if len(calm) == 1:
        entries.append(container_line(calm[0], evidence.as_of))
    elif calm:
        entries.append(say("✅ running: {names}", names=words.detail(", ".join(it.name for it in calm))))
    return lines(bold("Containers"), entries)


def container_line(container: Container, now: datetime) -> Mrkdwn:
    """Return one container's state in plain words: how long it runs, how often it restarted, how it last ended."""
    return say(
        "{mark} {name}: {state}",
        mark="✅" if container.is_up else "🔴",
        name=words.title(container.name),
        state=container_words(container, now),
    )


def container_words(container: Container, now: datetime) -> str:
    """Return for example ``running for 3 min, restarted 2 times, last exit code 137 (killed)``."""
    parts = [_status_words(container, now)]
    if container.restart_count:
        amount = container.restart_count
        parts.append("restarted once" if amount == 1 else f"restarted {amount} times")
    if container.finished_at is not None:
        parts.append(f"last exit code {_exit_words(container)}")
    if container.health in (Health.UNHEALTHY, Health.STARTING):
        parts.append(f"healthcheck says {container.health}")
    return ", ".join(parts)


def _status_words(container: Container, now: datetime) -> str:
    if container.status is ContainerStatus.RUNNING:
        return f"running for {words.duration(now - container.started_at)}" if container.started_at else "running"
    if container.status is ContainerStatus.EXITED:
        ended = container.finished_at
        return f"stopped {words.duration(now - ended)} ago" if ended else "stopped"
    return STATUS_WORDS[container.status]


def _exit_words(container: Container) -> str:
    meaning = "out of memory" if container.oom_killed else EXIT_WORDS.get(container.exit_code, "")
    return f"{container.exit_code} ({meaning})" if meaning else str(container.exit_code)


def _logs(evidence: Evidence, *, shown: bool) -> list[Block]:
    """Return the logs with errors; those without share a line."""
    quiet = [log.service for log in evidence.logs if not log.lines]
    told = [section(say("*Logs without errors:* {names}", names=words.detail(", ".join(dict.fromkeys(quiet)))))]
    loud = [log for log in evidence.logs if log.lines]
    return [*(block for log in loud[: limits.MEMBERS] for block in _log(log, shown=shown)), *(told if quiet else [])]


def _log(log: ServiceLog, *, shown: bool) -> list[Block]:
    looked = f"the last {words.count('line', log.of_lines)}"
    found = words.count("error line", len(log.lines))
    heading = say("*Log of {service}*: {found} in {looked}", service=log.service, found=found, looked=looked)
    if not shown:
        return [section(say("{heading}; this channel does not show log text", heading=heading))]
    heading = say("{heading}, times in UTC", heading=heading)
    return [section(heading), preformatted("\n".join(map(_log_line, log.lines[-LOG_LINES:])), LOG_TEXT)]


def _log_line(line: LogLine) -> str:
    """Return when (UTC) and what; the time that many programs write themselves is taken off."""
    return f"{line.at:%H:%M:%S} {limits.cut(_OWN_TIME.sub('', line.text, count=1), LOG_LINE)}"


def _recent_runs(evidence: Evidence) -> list[Block]:
    return lines(bold("Recent runs"), listed(evidence.recent_runs, words.bullet, limits.MEMBERS))


def _links(evidence: Evidence) -> list[Block]:
    links = [link(one.url, one.title) for one in evidence.links[: limits.MEMBERS]]
    return [section(say("Links: {links}", links=join(" · ", links)))] if links else []


def _missing(source: Source, why: str) -> Mrkdwn:
    return say("❔ {source}: {why}", source=SOURCE_WORDS[source], why=words.detail(why))


def _state(evidence: Evidence) -> Block:
    waiting = ", ".join(SOURCE_WORDS[source] for source in evidence.waiting)
    return context(escape(f"still asking: {waiting}" if waiting else ""), words.as_of(evidence.as_of))
