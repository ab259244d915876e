"""Commands that read the state store beside a running process, and never start one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO

import msgspec

from bot.adapters.embedded_valkey import attach
from bot.adapters.redis_audit import RedisAudit
from bot.adapters.redis_store import RedisStore
from bot.adapters.witness import FileWitness
from bot.app import connect
from bot.services.sealing import AuditService, AuditVerdict
from bot.settings import read_environment


@asynccontextmanager
async def _audit() -> AsyncIterator[AuditService]:
    environment = read_environment()
    url = environment.redis_url.reveal() if environment.redis_url else await attach(environment.data_dir)
    redis = connect(url)
    try:
        yield AuditService(RedisAudit(RedisStore(redis)), FileWitness(environment.data_dir))
    finally:
        await redis.aclose()


async def verify_audit() -> AuditVerdict:
    """Return what checking the whole chain found."""
    async with _audit() as audit:
        return await audit.verify()


async def export_audit(to: IO[str]) -> None:
    """Write every entry, oldest first, one JSON object a line: seq, at, actor, action, subject, detail, seal."""
    async with _audit() as audit:
        async for kept in audit.entries():
            line = {
                "seq": kept.seq,
                "at": kept.at,
                "actor": kept.entry.actor,
                "action": kept.entry.action,
                "subject": kept.entry.subject,
                "detail": kept.entry.detail,
                "seal": kept.seal,
            }
            to.write(msgspec.json.encode(line).decode() + "\n")
