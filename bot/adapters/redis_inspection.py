"""The state store asked about itself, without writing a thing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    NoPermissionError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as Broken
from redis.exceptions import TimeoutError as Slow

from bot.adapters.redis_keys import PREFIX
from bot.ports.inspection import StoreFacts, StoreRefused, StoreTrouble

_COMMANDS = (
    *(("get", "K"), ("set", "K", "v"), ("del", "K"), ("exists", "K"), ("expire", "K", "1"), ("pexpire", "K", "1")),
    *(("hget", "K", "f"), ("hgetall", "K"), ("hset", "K", "f", "v"), ("hdel", "K", "f"), ("hincrby", "K", "f", "1")),
    *(("zadd", "K", "1", "m"), ("zrem", "K", "m"), ("zrange", "K", "0", "1"), ("zrangebyscore", "K", "0", "1")),
    *(("sadd", "K", "m"), ("smembers", "K"), ("xadd", "K", "*", "f", "v"), ("xrange", "K", "-", "+"), ("xlen", "K")),
    *(("xgroup", "CREATE", "K", "g", "0"), ("xreadgroup", "GROUP", "g", "c", "STREAMS", "K", ">"), ("time",)),
    *(("publish", "C", "v"), ("subscribe", "C"), ("wait", "0", "1"), ("multi",), ("evalsha", "0" * 40, "0")),
)
"""What our scripts and docket use; K stands for a key of ours, C for a channel of ours."""

# `redis.acl_check_cmd` (Redis 7.0, every Valkey) answers for the user that runs the script, and runs nothing.
_DENIED = """
local denied = {}
for _, line in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(line, '%S+') do table.insert(words, word) end
  if not redis.acl_check_cmd(unpack(words)) then table.insert(denied, words[1]) end
end
return denied
"""


class RedisInspection:
    """One store; fits `bot.ports.inspection.StoreInspection`."""

    def __init__(self, client: Redis) -> None:
        """Take a client that somebody else closes; its timeouts bound each question."""
        self._client = client

    async def facts(self) -> StoreFacts:
        """Return what it says of itself. Raises StoreRefused."""
        try:
            await self._client.ping()
            info = await self._client.info()
            return _facts(info, await self._fsync(), await self._denied())
        except BusyLoadingError as exc:
            raise StoreRefused(StoreTrouble.LOADING, "is still reading its data from disk") from exc
        except (NoPermissionError, AuthorizationError) as exc:
            raise StoreRefused(StoreTrouble.RIGHTS, "denies this user INFO or PING") from exc
        except AuthenticationError as exc:
            raise StoreRefused(StoreTrouble.AUTHENTICATION, "does not take this user and password") from exc
        except Slow as exc:
            raise StoreRefused(StoreTrouble.AWAY, "does not answer in time") from exc
        except (Broken, OSError) as exc:
            raise StoreRefused(StoreTrouble.AWAY, _away(exc)) from exc
        except RedisError as exc:
            raise StoreRefused(StoreTrouble.AWAY, "answers something that is not Redis's protocol") from exc

    async def _fsync(self) -> str:
        try:
            found = dict[Any, Any](await self._client.config_get("appendfsync"))
        except ResponseError:  # hosted stores and narrow rights keep CONFIG to themselves
            return ""
        return _text(found.get("appendfsync", found.get(b"appendfsync", "")))

    async def _denied(self) -> tuple[str, ...]:
        lines = [" ".join(_named(word) for word in words) for words in _COMMANDS]
        try:
            denied = await self._client.eval(_DENIED, 0, *lines)
        except NoPermissionError:
            return ("eval",)
        except ResponseError as exc:
            # Before Redis 7.0 a script cannot ask; the version is a finding of its own.
            return () if "acl_check_cmd" in str(exc) or "nonexistent" in str(exc) else ("eval",)
        return tuple(dict.fromkeys(_text(name) for name in denied))


def _named(word: str) -> str:
    return {"K": f"{PREFIX}:doctor", "C": f"{PREFIX}:doctor"}.get(word, word)


def _away(exc: Exception) -> str:
    words = str(exc).lower()
    if "refused" in words or "111" in words:
        return "refused the connection"
    if "name or service" in words or "name resolution" in words or "not known" in words:
        return "has a name that does not resolve"
    if "no such file" in words:
        return "has no socket there"
    if "permission denied" in words:
        return "has a socket that we may not use"
    if "ssl" in words or "certificate" in words:
        return "failed the TLS handshake"
    return "cannot be reached"


def _facts(info: Mapping[str, Any], fsync: str, denied: tuple[str, ...]) -> StoreFacts:
    product = "Redis"
    if "dragonfly_version" in info:
        product = "Dragonfly"
    elif info.get("server_name") == "valkey" or "valkey_version" in info:
        product = "Valkey"
    return StoreFacts(
        product=product,
        version=_version(info.get("redis_version", "0")),
        shown_version=str(
            info.get("valkey_version") or info.get("dragonfly_version") or info.get("redis_version", "?")
        ),
        is_replica=info.get("role") == "slave",
        aof_enabled=bool(info.get("aof_enabled")),
        aof_write_ok=info.get("aof_last_write_status", "ok") == "ok",
        snapshot_ok=info.get("rdb_last_bgsave_status", "ok") == "ok",
        eviction=str(info.get("maxmemory_policy", "unknown")),
        used_bytes=int(info.get("used_memory", 0)),
        limit_bytes=int(info.get("maxmemory") or info.get("total_system_memory") or 0),
        fsync=fsync,
        denied=denied,
    )


def _version(text: object) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", str(text))[:3])


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
