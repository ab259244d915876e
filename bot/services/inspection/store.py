"""The state store: what would lose or refuse state one day."""

from __future__ import annotations

from bot.domain.checks import Check, CheckFinding, fail, ok, warn
from bot.ports.inspection import StoreFacts, StoreRefused, StoreTrouble

OLDEST = (7, 0)
MEMORY_WARN = 0.7
MEMORY_FAIL = 0.9
_MIB = 1024**2
_RIGHTS = "`ACL SETUSER <user> ~* &* +@all -@dangerous +info`"


def refused(refusal: StoreRefused) -> list[CheckFinding]:
    """Return what it means that the store cannot be used at all."""
    check = Check.STORE_REACH
    match refusal.trouble:
        case StoreTrouble.AUTHENTICATION:
            fix = "set user and password in REDIS_URL: `redis://USER:PASSWORD@HOST:6379/0`"
            return [fail(check, f"the store at REDIS_URL {refusal}", fix=fix)]
        case StoreTrouble.LOADING:
            fix = "wait until it has read its data; where that never ends, look at its log and disk"
            return [fail(check, f"the store {refusal}", fix=fix)]
        case StoreTrouble.RIGHTS:
            fix = f"allow the user of REDIS_URL keys, channels, scripts and INFO: {_RIGHTS}"
            return [fail(Check.STORE_RIGHTS, f"the store {refusal}", fix=fix)]
        case StoreTrouble.AWAY:
            fix = "start the store, or correct REDIS_URL; nothing is accepted and nothing runs without it"
            return [fail(check, f"the store at REDIS_URL {refusal}", fix=fix)]


def embedded_not_started(*, was_used: bool) -> list[CheckFinding]:
    """Return that nothing runs on the data folder yet, as before every start."""
    how = "does not run" if was_used else "was never started"
    said = f"the embedded Valkey {how}; `watchkeeper serve` starts it, and it is looked at once it runs"
    return [ok(Check.STORE_REACH, said)]


def embedded_away(why: str) -> list[CheckFinding]:
    """Return what it means that the embedded Valkey should answer and does not."""
    fix = "run the doctor as Watchkeeper's user with Watchkeeper's environment; where that is so, look at its log"
    return [warn(Check.STORE_REACH, why, fix=fix)]


def no_embedded(why: str) -> list[CheckFinding]:
    """Return that this machine has no server to embed."""
    fix = "set REDIS_URL to a Redis or Valkey of yours (version 7 or later)"
    return [fail(Check.STORE_REACH, why, fix=fix)]


def judge(facts: StoreFacts) -> list[CheckFinding]:
    """Return a finding for each property that state depends on."""
    shown = f"{facts.product} {facts.shown_version}"
    return [
        ok(Check.STORE_REACH, f"{shown} answers"),
        _version(facts, shown),
        _role(facts),
        *_persistence(facts),
        _eviction(facts),
        _memory(facts),
        _rights(facts),
    ]


def _version(facts: StoreFacts, shown: str) -> CheckFinding:
    check, fix = Check.STORE_VERSION, "point REDIS_URL at Redis 7.0 or later, or at Valkey"
    if facts.product not in ("Redis", "Valkey"):
        return fail(check, f"{shown} is neither Redis nor Valkey, and scripts behave differently there", fix=fix)
    if facts.version < OLDEST:
        return fail(check, f"{shown} is too old", fix=fix)
    return ok(check, f"{shown} is recent enough")


def _role(facts: StoreFacts) -> CheckFinding:
    if facts.is_replica:
        fix = "point REDIS_URL at the primary, or at an address that follows it"
        return fail(Check.STORE_ROLE, "the store is a replica and takes no writes", fix=fix)
    return ok(Check.STORE_ROLE, "the store is a primary")


def _persistence(facts: StoreFacts) -> list[CheckFinding]:
    check = Check.STORE_PERSISTENCE
    if not facts.aof_enabled:
        fix = "run `CONFIG SET appendonly yes` and put `appendonly yes` into its configuration file"
        said = "the append-only file is off (appendonly no): a restart loses what was acknowledged"
        return [fail(check, said, fix=fix)]
    if not facts.aof_write_ok:
        fix = "free disk space where the store keeps its data, and look at its log"
        return [fail(check, "the last write of the append-only file failed", fix=fix)]
    found: list[CheckFinding] = []
    if facts.fsync == "no":
        fix = "run `CONFIG SET appendfsync everysec` and put `appendfsync everysec` into its configuration file"
        found.append(warn(check, "the append-only file is never synced on purpose (appendfsync no)", fix=fix))
    if not facts.snapshot_ok:
        fix = "free disk space and memory for the store and run `BGSAVE`, or turn snapshots off: `CONFIG SET save ''`"
        found.append(warn(check, "the last snapshot failed; by default the store then refuses writes", fix=fix))
    return found or [ok(check, f"the append-only file is on{f' (appendfsync {facts.fsync})' if facts.fsync else ''}")]


def _eviction(facts: StoreFacts) -> CheckFinding:
    check = Check.STORE_EVICTION
    if facts.eviction != "noeviction":
        setting = "maxmemory-policy noeviction"
        fix = f"run `CONFIG SET {setting}` and put `{setting}` into its configuration file"
        said = f"maxmemory-policy is {facts.eviction}: under memory pressure the store throws state away without a word"
        return fail(check, said, fix=fix)
    return ok(check, "nothing is evicted (maxmemory-policy noeviction)")


def _memory(facts: StoreFacts) -> CheckFinding:
    check, share = Check.STORE_MEMORY, facts.used_bytes / facts.limit_bytes if facts.limit_bytes else 0.0
    said = f"{facts.used_bytes // _MIB} of {facts.limit_bytes // _MIB} MiB are used ({share:.0%})"
    fix = "raise maxmemory with `CONFIG SET maxmemory <bytes>` and in its configuration file, or give the machine more"
    if share >= MEMORY_FAIL:
        return fail(check, f"{said}; at 100 % every write is refused", fix=fix)
    if share >= MEMORY_WARN:
        return warn(check, said, fix=fix)
    return ok(check, said)


def _rights(facts: StoreFacts) -> CheckFinding:
    if facts.denied:
        fix = f"allow the user of REDIS_URL keys, channels, scripts and INFO: {_RIGHTS}"
        return fail(Check.STORE_RIGHTS, f"the store denies {', '.join(facts.denied)}", fix=fix)
    return ok(Check.STORE_RIGHTS, "scripts run, and every command and channel that is needed is allowed")
