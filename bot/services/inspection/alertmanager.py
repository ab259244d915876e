"""Alertmanager: whether the profile's alerts reach us, with everything we need, and somebody else when we are away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from bot.domain.checks import Check, CheckFinding, fail, ok, warn
from bot.domain.profiles import Profile
from bot.domain.settings import Platform, Server
from bot.ports.inspection import AlertmanagerFacts, AlertRule, DeliveryCounts, Receiver, Webhook
from bot.services.inspection.metrics import WATCHDOG
from bot.services.inspection.routes import Reached, ends_at

EACH_ALONE = "..."
ABOUT_US = "watchkeeper"
"""``component`` of the alerts about Watchkeeper itself, which are told to somebody else."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

Labels = Mapping[str, str]


def unanswered(url: str, why: str, *, subject: str) -> list[CheckFinding]:
    """Return that this Alertmanager cannot be asked."""
    fix = f"start Alertmanager, or correct alertmanager.url of {subject} in watchkeeper.yaml"
    return [fail(Check.ALERTMANAGER_STATUS, f"Alertmanager at {url} {why}", fix=fix, subject=subject)]


def judge(
    facts: AlertmanagerFacts, url: str, platform: Platform, server: Server, rules: Sequence[AlertRule], external: Labels
) -> list[CheckFinding]:
    """Return everything its configuration says about the way to us.

    ``rules`` and ``external`` are Prometheus's alert rules and external labels; empty where it cannot be asked.
    """
    subject = platform.name
    found = [
        ok(
            Check.ALERTMANAGER_STATUS,
            f"Alertmanager {facts.version} at {url} answers (cluster {facts.cluster})",
            subject=subject,
        )
    ]
    ours = _receivers_of_ours(facts, platform)
    if not ours:
        return [*found, _no_receiver(facts, url, platform, server)]
    hidden = all(not hook.url for receiver in ours.values() for hook in receiver.webhooks)
    names = ", ".join(ours)
    said = (
        f"the receiver {names} posts to us" if not hidden else f"{names} has a webhook whose address Alertmanager hides"
    )
    found.append(ok(Check.ALERTMANAGER_RECEIVER, said, subject=subject))
    for receiver in ours.values():
        for hook in _hooks_of_ours(receiver, platform):
            found += _hook(hook, receiver.name, url, platform, server)
    samples = list(_samples(platform.profile, rules, external))
    found += _routes(facts, ours, samples, subject)
    found += _others(facts, ours, samples, rules, subject)
    return found


def simulated(facts: AlertmanagerFacts, url: str, *, subject: str) -> list[CheckFinding]:
    """Return that a simulated one answers; it has no configuration that somebody could mend."""
    said = f"the simulated Alertmanager {facts.version} at {url} answers"
    return [ok(Check.ALERTMANAGER_STATUS, said, subject=subject)]


def deliveries(counts: DeliveryCounts | None, url: str, *, subject: str) -> list[CheckFinding]:
    """Return how Alertmanager's webhooks went since it started."""
    check = Check.ALERTMANAGER_DELIVERIES
    if counts is None:
        return [
            ok(
                check,
                f"the metrics of Alertmanager at {url} cannot be had; nothing is known of deliveries",
                subject=subject,
            )
        ]
    said = f"{counts.failed} of {counts.sent} webhook notifications of Alertmanager at {url} failed since it started"
    fix = (
        "read the lines with `Notify` in Alertmanager's log: 401 is a wrong secret, 404 a wrong platform, "
        "`connection refused` a wrong address or Watchkeeper away; a restart of Alertmanager sets the count to 0"
    )
    if counts.failed and counts.failed >= counts.sent:
        return [fail(check, said, fix=fix, subject=subject)]
    if counts.failed:
        return [warn(check, said, fix=fix, subject=subject)]
    return [ok(check, f"{counts.sent} webhook notifications sent, none failed", subject=subject)]


# Receivers


def _path(platform: Platform) -> str:
    return f"/alertmanager/{platform.name}"


def _receivers_of_ours(facts: AlertmanagerFacts, platform: Platform) -> dict[str, Receiver]:
    """Return the receivers that post to our path; where every address is hidden, those that may."""
    found = {name: it for name, it in facts.receivers.items() if any(_is_ours(hook, platform) for hook in it.webhooks)}
    if found or any(hook.url for it in facts.receivers.values() for hook in it.webhooks):
        return found
    hidden = {name: it for name, it in facts.receivers.items() if it.webhooks}
    # Several hidden ones: one that is called like us or the platform is meant.
    called = {name: it for name, it in hidden.items() if "watchkeeper" in name.lower() or platform.name in name.lower()}
    return called or hidden


def _is_ours(hook: Webhook, platform: Platform) -> bool:
    return bool(hook.url) and urlsplit(hook.url).path == _path(platform)


def _hooks_of_ours(receiver: Receiver, platform: Platform) -> list[Webhook]:
    return [hook for hook in receiver.webhooks if not hook.url or _is_ours(hook, platform)]


def _our_address(url: str, platform: Platform, server: Server) -> str:
    """Return the address Alertmanager should post to, as well as we know it."""
    if server.public_url:
        return f"{server.public_url}{_path(platform)}"
    host = server.bind if urlsplit(url).hostname in _LOOPBACK and server.bind in _LOOPBACK else "<this host>"
    return f"http://{host}:{server.port}{_path(platform)}"


def _no_receiver(facts: AlertmanagerFacts, url: str, platform: Platform, server: Server) -> CheckFinding:
    wanted = _our_address(url, platform, server)
    near = [it.name for it in facts.receivers.values() if any("/alertmanager/" in hook.url for hook in it.webhooks)]
    but = f" (the receiver {', '.join(near)} posts to another path)" if near else ""
    fix = (
        f"set `url: {wanted}` in `webhook_configs` of the receiver in alertmanager.yml, to which the route leads, "
        "and reload Alertmanager"
    )
    said = f"no receiver of Alertmanager at {url} posts to {_path(platform)}{but}"
    return fail(Check.ALERTMANAGER_RECEIVER, said, fix=fix, subject=platform.name)


def _hook(hook: Webhook, receiver: str, url: str, platform: Platform, server: Server) -> Iterator[CheckFinding]:
    subject, reload = platform.name, "and reload Alertmanager"
    yield from _address(hook, receiver, url, platform, server)
    yield _authorization(hook, receiver, platform)
    if hook.send_resolved:
        yield ok(Check.ALERTMANAGER_RESOLVED, f"{receiver} tells when alerts end", subject=subject)
    else:
        fix = f"set `send_resolved: true` in the webhook of {receiver} in alertmanager.yml {reload}"
        yield fail(Check.ALERTMANAGER_RESOLVED, f"{receiver} does not tell when alerts end", fix=fix, subject=subject)
    if hook.max_alerts == 0:
        yield ok(Check.ALERTMANAGER_MAX_ALERTS, f"{receiver} sends every alert of a group", subject=subject)
    else:
        fix = f"set `max_alerts: 0` in the webhook of {receiver} in alertmanager.yml {reload}"
        said = (
            f"{receiver} cuts groups after {hook.max_alerts} alerts; the rest is found by asking, up to a minute later"
        )
        yield warn(Check.ALERTMANAGER_MAX_ALERTS, said, fix=fix, subject=subject)


def _address(hook: Webhook, receiver: str, url: str, platform: Platform, server: Server) -> Iterator[CheckFinding]:
    check, subject = Check.ALERTMANAGER_ADDRESS, platform.name
    if not hook.url:
        said = f"the address of {receiver} is hidden by this version; deliveries tell whether it is right"
        yield ok(check, said, subject=subject)
        return
    parts, wanted = urlsplit(hook.url), _our_address(url, platform, server)
    here = f"{parts.scheme}://{parts.hostname}:{_port(hook.url)}"
    if server.public_url and (parts.hostname, _port(hook.url)) == (
        urlsplit(server.public_url).hostname,
        _port(server.public_url),
    ):
        yield ok(check, f"{receiver} posts to our public address", subject=subject)
    elif _port(hook.url) != server.port:
        fix = f"set `url: {wanted}` in the webhook of {receiver} in alertmanager.yml and reload Alertmanager"
        said = f"{receiver} posts to {here}, and we listen on port {server.port}; right only where a port is forwarded"
        yield warn(check, said, fix=fix, subject=subject)
    elif parts.hostname in _LOOPBACK and urlsplit(url).hostname not in _LOOPBACK:
        fix = f"set `url: {wanted}` in the webhook of {receiver} in alertmanager.yml and reload Alertmanager"
        said = f"{receiver} posts to {here}, its own machine, and Alertmanager runs at {url}"
        yield warn(check, said, fix=fix, subject=subject)
    else:
        yield ok(check, f"{receiver} posts to {here}, the port we listen on", subject=subject)


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _authorization(hook: Webhook, receiver: str, platform: Platform) -> CheckFinding:
    check, subject, user = Check.ALERTMANAGER_AUTHORIZATION, platform.name, platform.alertmanager.user
    fix = (
        f"set `authorization` (type Bearer, `credentials_file`) in `http_config` of the webhook of {receiver} in "
        f"alertmanager.yml to a file with one of the secrets of {subject}, and reload Alertmanager"
    )
    if not hook.authorization:
        return fail(
            check, f"{receiver} sends no authorization: we answer 401 and the alert is lost", fix=fix, subject=subject
        )
    if hook.authorization == "Basic" and user is not None and hook.user != user:
        fix = f"set `basic_auth.username` of {receiver} to {user} in alertmanager.yml and reload Alertmanager"
        return fail(
            check, f"{receiver} sends another user name than alertmanager.user of {subject}", fix=fix, subject=subject
        )
    if hook.authorization not in ("Bearer", "Basic"):
        return fail(
            check, f"{receiver} sends {hook.authorization}, and we take Bearer and Basic", fix=fix, subject=subject
        )
    return ok(check, f"{receiver} sends an authorization header ({hook.authorization})", subject=subject)


# Routes


def _samples(profile: Profile, rules: Sequence[AlertRule], external: Labels) -> Iterator[tuple[str, Labels]]:
    """Yield alerts that must reach us, as words and the labels they surely have."""
    for rule in rules:
        if rule.name != WATCHDOG and rule.labels.get("component") != ABOUT_US:
            yield f"alert {rule.name}", {**external, **rule.labels, "alertname": rule.name}
    for severity in profile.severity:
        if severity.matchers and not any(rule.name == severity.matchers.get("alertname") for rule in rules):
            words = ", ".join(f"{label}={value}" for label, value in severity.matchers.items())
            yield f"alert with {words}", {**external, **severity.matchers}


def _routes(
    facts: AlertmanagerFacts, ours: Mapping[str, Receiver], samples: Sequence[tuple[str, Labels]], subject: str
) -> list[CheckFinding]:
    check = Check.ALERTMANAGER_ROUTE
    lost: dict[str, list[str]] = {}
    reached: list[Reached] = []
    for words, labels in samples:
        ends = ends_at(facts.route, labels)
        to_us = [end for end in ends if end.route.receiver in ours]
        reached += to_us
        if not to_us:
            lost.setdefault(", ".join(dict.fromkeys(end.route.receiver for end in ends)), []).append(words)
    if not lost:
        said = f"the routes lead all {len(samples)} kinds of alerts of the profile to {', '.join(ours)}"
        return [ok(check, said, subject=subject), *_grouping(reached, subject)]
    fix = _route_fix(next(iter(ours)), facts.route.receiver)
    found = [
        fail(check, f"no route leads to us for {_few(words)}; only to {receivers}", fix=fix, subject=subject)
        for receivers, words in lost.items()
    ]
    return [*found, *_grouping(reached, subject)]


def _route_fix(ours: str, default: str) -> str:
    # A route that matches takes the alert from the root, so whoever the root tells needs a route as well.
    last = f" and `- {{receiver: {default}}}` last" if default != ours else ""
    first = f"""`- {{receiver: {ours}, matchers: ['alertname!="{WATCHDOG}"'], continue: true}}`"""
    return f"put {first} first{last} among `routes` in alertmanager.yml, and reload Alertmanager"


def _grouping(reached: Sequence[Reached], subject: str) -> list[CheckFinding]:
    check, fix = (
        Check.ALERTMANAGER_GROUPING,
        "set `group_by: [platform, alertname]` on the route in alertmanager.yml and reload Alertmanager",
    )
    ways = {end.route.group_by for end in reached}
    if any(way == (EACH_ALONE,) for way in ways):
        return [
            warn(
                check,
                "every alert is a group of its own (group_by '...'): a storm is as many messages",
                fix=fix,
                subject=subject,
            )
        ]
    if any("alertname" not in way for way in ways):
        shown = ", ".join(next(way for way in ways if "alertname" not in way)) or "nothing"
        said = f"alerts are grouped by {shown}, so different problems become one incident"
        return [warn(check, said, fix=fix, subject=subject)]
    return [ok(check, f"alerts are grouped by {', '.join(next(iter(ways)))}", subject=subject)] if ways else []


def _others(
    facts: AlertmanagerFacts,
    ours: Mapping[str, Receiver],
    samples: Sequence[tuple[str, Labels]],
    rules: Sequence[AlertRule],
    subject: str,
) -> list[CheckFinding]:
    return [_second(facts, ours, samples, subject), _watchdog(facts, ours, rules, subject)]


def _second(
    facts: AlertmanagerFacts, ours: Mapping[str, Receiver], samples: Sequence[tuple[str, Labels]], subject: str
) -> CheckFinding:
    check = Check.ALERTMANAGER_SECOND
    ends = [end.route.receiver for _, labels in samples for end in ends_at(facts.route, labels)]
    # Whoever gets the Watchdog hears nothing of other alerts.
    deaf = {end.route.receiver for end in ends_at(facts.route, {"alertname": WATCHDOG}) if end.is_sure}
    others = [it for it in dict.fromkeys(ends) if it not in ours and it not in deaf and _tells_somebody(facts, it)]
    if others or any(facts.receivers[name].others or len(facts.receivers[name].webhooks) > 1 for name in ours):
        who = ", ".join(others) or ", ".join(ours)
        return ok(check, f"alerts reach somebody else as well ({who})", subject=subject)
    fix = (
        "add a second receiver (mail, pager) to alertmanager.yml and, after the route to us, which gets "
        "`continue: true`, a route to it for `severity=critical`; reload Alertmanager"
    )
    said = "alerts reach us alone: while Watchkeeper or Slack is away, nobody hears of them"
    return warn(check, said, fix=fix, subject=subject)


def _tells_somebody(facts: AlertmanagerFacts, name: str) -> bool:
    receiver = facts.receivers.get(name)
    return receiver is not None and bool(receiver.webhooks or receiver.others)


def _watchdog(
    facts: AlertmanagerFacts, ours: Mapping[str, Receiver], rules: Sequence[AlertRule], subject: str
) -> CheckFinding:
    check = Check.ALERTMANAGER_WATCHDOG
    rule = (
        "add an alert rule `Watchdog` with the expression `vector(1)` to Prometheus, and as the first route in "
        "alertmanager.yml one with `alertname=Watchdog` to a dead man's switch outside (a webhook that calls you when "
        "it falls silent); reload both"
    )
    ends = ends_at(facts.route, {"alertname": WATCHDOG, **_labels_of(WATCHDOG, rules)})
    away = [end.route.receiver for end in ends if end.is_sure and end.route.receiver not in ours]
    if any(it.name == WATCHDOG for it in rules) and any(_tells_somebody(facts, name) for name in away):
        return ok(check, f"the Watchdog alert goes to {', '.join(away)}", subject=subject)
    return warn(check, "no Watchdog: when Prometheus or Alertmanager stops, nobody is told", fix=rule, subject=subject)


def _labels_of(name: str, rules: Sequence[AlertRule]) -> Labels:
    return next((rule.labels for rule in rules if rule.name == name), {})


def _few(words: Sequence[str], most: int = 4) -> str:
    rest = len(words) - most
    return "; ".join(words[:most]) + (f"; and {rest} more" if rest > 0 else "")
