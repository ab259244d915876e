"""Guarding: compare the store with its witness, and stop risky work when the store has forgotten what was done."""

from __future__ import annotations

import logging

from bot.domain.effects import AuditEntry, Channel, NoticeKind, Place, notice
from bot.domain.errors import NotAllowed, UsageError
from bot.domain.people import Actor
from bot.domain.rights import Role
from bot.domain.witness import WitnessFinding, WitnessMark, compare
from bot.ports.audit import Audit
from bot.ports.outbox import Outbox
from bot.ports.witness import Witness

log = logging.getLogger(__name__)

REASONS = {
    WitnessFinding.STORE_BEHIND: "the state store is behind what was seen of it: it was rolled back or failed over",
    WitnessFinding.STORE_EMPTIED: "the state store was emptied",
    WitnessFinding.OTHER_INSTALLATION: "the state store holds another installation",
}


class StoreGuard:
    """Vouches for the store before something irreversible, at each start, lease and claim."""

    def __init__(self, audit: Audit, witness: Witness, outbox: Outbox) -> None:
        self._audit = audit
        self._witness = witness
        self._outbox = outbox

    async def check(self) -> WitnessFinding:
        """Compare store and witness; freeze risky work and tell the administrators when state was lost."""
        # The witness first: while both move on, the store's mark is never older than what was read of it here.
        mark = await self._witness.read()
        store = await self._audit.mark()
        finding = compare(mark, store)
        if finding is WitnessFinding.FRESH:
            await self._witness.write(await self._audit.found())
        elif finding is WitnessFinding.NEW_WITNESS and store:
            await self._witness.write(store)
        elif finding is WitnessFinding.AGREES and store and mark and not store.is_of_same_line(mark):
            await self._witness.reset(store)
        elif finding.means_lost_state:
            await self._freeze(REASONS[finding])
        return finding

    async def _freeze(self, reason: str) -> None:
        if not await self._audit.freeze(reason):
            return
        log.error("store_lost_state", extra={"reason": reason})
        for channel in (Channel.ADMIN, Channel.INCIDENTS):
            told = notice(
                NoticeKind.OPERATIONS,
                Place(channel=channel),
                rank=1,
                text=f"Nothing risky is done any more: {reason}. What was approved or under way may be forgotten.",
                hint="An admin looks, then clears it: `/ops unfreeze --reason …`",
            )
            await self._outbox.say(told)

    async def vouch(self) -> None:
        """Return when risky work may go on, with the newest audit number on disk outside the store.

        Raises NotAllowed while risky work is frozen.
        """
        await self.check()
        frozen = await self._audit.frozen()
        if frozen:
            raise NotAllowed(f"risky work is frozen: {frozen}; an admin clears it with `/ops unfreeze --reason …`")
        mark = await self._audit.mark()
        if mark is not None:
            await self._witness.write(mark)

    async def unfreeze(self, actor: Actor, reason: str) -> str:
        """Accept the store as it is, by a person's word; return what was cleared."""
        if not actor.has(Role.ADMIN):
            raise NotAllowed("clearing a freeze takes the admin role")
        frozen = await self._audit.frozen()
        if not frozen:
            raise UsageError("nothing is frozen")
        if not reason.strip():
            raise UsageError("say why the store can be trusted: `/ops unfreeze --reason …`")
        store, seen = await self._audit.mark(), await self._witness.read()
        base = store or seen or await self._audit.found()
        epoch = max(mark.epoch for mark in (store, seen, base) if mark) + 1
        entry = AuditEntry(actor.id, "store.unfrozen", base.installation, {"was": frozen, "reason": reason})
        mark: WitnessMark = await self._audit.accept_as_is(base.installation, epoch, entry)
        await self._witness.reset(mark)
        return frozen
