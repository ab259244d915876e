"""Prometheus: whether the alerts and values that the profile expects can come from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.domain.checks import Check, CheckFinding, fail, ok, warn
from bot.domain.profiles import Profile
from bot.ports.inspection import AlertRule

WATCHDOG = "Watchdog"
QUIET = ("NaN", "+Inf", "-Inf")
"""The series are there and nothing happened in the window."""


def ready(url: str, *, subject: str) -> list[CheckFinding]:
    """Return that it is ready."""
    return [ok(Check.PROMETHEUS_READY, f"Prometheus at {url} is ready", subject=subject)]


def not_ready(url: str, why: str, *, subject: str) -> list[CheckFinding]:
    """Return why it cannot be asked."""
    fix = f"start Prometheus, or correct prometheus.url of {subject} in watchkeeper.yaml"
    return [fail(Check.PROMETHEUS_READY, f"Prometheus at {url} {why}", fix=fix, subject=subject)]


def alertmanagers(urls: Sequence[str], *, subject: str) -> list[CheckFinding]:
    """Return whether its alerts go anywhere."""
    check = Check.PROMETHEUS_ALERTMANAGERS
    if urls:
        return [ok(check, f"Prometheus sends its alerts to {', '.join(urls)}", subject=subject)]
    fix = "name the Alertmanager under `alerting.alertmanagers` in prometheus.yml and reload Prometheus"
    return [fail(check, "Prometheus sends its alerts nowhere: it has no active Alertmanager", fix=fix, subject=subject)]


def jobs(found: frozenset[str], profile: Profile, *, subject: str) -> list[CheckFinding]:
    """Return the services none of whose jobs Prometheus scrapes: an alert about them cannot come."""
    check, lacking = Check.PROMETHEUS_JOBS, list[CheckFinding]()
    for service in profile.services.values():
        names = list(dict.fromkeys(matchers["job"] for matchers in service.alerts if "job" in matchers))
        if names and not found.intersection(names):
            fix = f"add a job for {service.name} with `job_name: {names[0]}` to prometheus.yml and reload Prometheus"
            said = f"no job {' or '.join(names)} in Prometheus: nothing watches {service.name}"
            say = fail if service.critical else warn
            lacking.append(say(check, said, fix=fix, subject=subject))
    return lacking or [ok(check, f"Prometheus scrapes a job of every service ({len(found)} jobs)", subject=subject)]


def rules(found: Sequence[AlertRule], profile: Profile, *, subject: str) -> list[CheckFinding]:
    """Return whether the alerts that the profile speaks of have rules that can be evaluated."""
    check = Check.PROMETHEUS_RULES
    if not found:
        fix = "load the platform's alert rules with `rule_files` in prometheus.yml and reload Prometheus"
        return [fail(check, "Prometheus has no alert rules: no alert can ever fire", fix=fix, subject=subject)]
    broken = [
        fail(
            check,
            f"the rule {rule.name} cannot be evaluated: {rule.error}",
            fix=f"correct the rule {rule.name}",
            subject=subject,
        )
        for rule in found
        if rule.error
    ]
    names = {rule.name for rule in found}
    lacking = [name for name in expected_alerts(profile) if name not in names]
    if lacking:
        fix = f"add alert rules with these names ({', '.join(lacking)}) to the rule files of Prometheus and reload it"
        broken.append(warn(check, f"no alert rule is named {', '.join(lacking)}", fix=fix, subject=subject))
    return broken or [ok(check, f"{len(found)} alert rules, all that the profile speaks of", subject=subject)]


def expected_alerts(profile: Profile) -> list[str]:
    """Return the alert names that the profile speaks of."""
    matchers = [rule.matchers for rule in profile.severity]
    matchers += [labels for service in profile.services.values() for labels in service.alerts]
    return list(dict.fromkeys(labels["alertname"] for labels in matchers if "alertname" in labels))


def metrics(missing: Mapping[str, str], asked: int, *, subject: str) -> list[CheckFinding]:
    """Return the metrics without a value (title → why), those that are only quiet left out."""
    check = Check.PROMETHEUS_METRICS
    refused = [(title, why) for title, why in missing.items() if "refused the query" in why]
    empty = [title for title, why in missing.items() if why == "no series matches"]
    found = [_refused(title, why, subject) for title, why in refused]
    if empty:
        fix = (
            "let the services export these metrics under the profile's names, or change the expressions with "
            f"`overrides: {{metrics: …}}` of {subject} in watchkeeper.yaml"
        )
        found.append(
            warn(check, f"no series behind {len(empty)} of {asked} metrics: {_listed(empty)}", fix=fix, subject=subject)
        )
    other = [f"{title} ({why})" for title, why in missing.items() if _is_other(why)]
    if other:
        fix = "look at the log of Prometheus"
        found.append(warn(check, f"no answer about {_listed(other)}", fix=fix, subject=subject))
    return found or [ok(check, f"series are there behind all {asked} metrics", subject=subject)]


def _refused(title: str, why: str, subject: str) -> CheckFinding:
    fix = f"correct the expression of {title} in the profile, or override it in watchkeeper.yaml"
    return fail(Check.PROMETHEUS_METRICS, f"{title}: {why}", fix=fix, subject=subject)


def _is_other(why: str) -> bool:
    return why != "no series matches" and "refused the query" not in why and not why.startswith(QUIET)


def _listed(names: Iterable[str]) -> str:
    return "; ".join(names)
