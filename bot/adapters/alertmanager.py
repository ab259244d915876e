"""What Alertmanager itself holds, from its API v2: the truth behind webhooks that are late, cut or never sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import httpx
import msgspec

from bot.adapters.http_calls import NoAnswer, Trouble, address, ask, decoded, joined, new_client, seconds
from bot.domain.alerts import Alert, AlertmanagerListing, AlertmanagerState, AlertStatus, ListedAlert, parse_timestamp
from bot.domain.errors import TemporaryError
from bot.domain.ids import Fingerprint

ANSWER_WITHIN = timedelta(seconds=5)
ALL_ALERTS = "api/v2/alerts?active=true&silenced=true&inhibited=true"


class _Status(msgspec.Struct, rename="camel"):
    state: str = AlertmanagerState.ACTIVE
    silenced_by: list[str] | None = None
    inhibited_by: list[str] | None = None


class _Listed(msgspec.Struct, rename="camel"):
    fingerprint: str
    starts_at: str
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    status: _Status | None = None
    generator_url: str = msgspec.field(default="", name="generatorURL")


class _Process(msgspec.Struct):
    uptime: str
    """A time despite its name: when the process started."""


_ALERTS = msgspec.json.Decoder(list[_Listed])
_PROCESS = msgspec.json.Decoder(_Process)


class AlertmanagerApi:
    """The Alertmanagers of one platform; fits `bot.ports.monitoring.AlertSource`."""

    def __init__(
        self, urls: Sequence[str], client: httpx.AsyncClient | None = None, *, within: timedelta = ANSWER_WITHIN
    ) -> None:
        """Take the peers' base addresses; a client of its own is made, and closed by `aclose`, where none is given."""
        if not urls:
            # No peers would list nothing, and nothing reads as "every alert has ended".
            raise ValueError("an Alertmanager source needs at least one address")
        self._urls = tuple(urls)
        self._client = client or new_client()
        self._owns_client = client is None
        self._within = within

    async def listings(self) -> Sequence[AlertmanagerListing]:
        """Return the listing of every peer, in the order of their addresses, within the time for one.

        Raises TemporaryError that names each peer without a readable answer: an absent alert counts only where all
        peers were heard.
        """
        outcomes = await asyncio.gather(*(self._listing(url) for url in self._urls))
        failures = [outcome for outcome in outcomes if isinstance(outcome, str)]
        if failures:
            raise TemporaryError("; ".join(failures))
        return [outcome for outcome in outcomes if isinstance(outcome, AlertmanagerListing)]

    async def aclose(self) -> None:
        """Close the connections of a client of its own."""
        if self._owns_client:
            await self._client.aclose()

    async def _listing(self, url: str) -> AlertmanagerListing | str:
        """Return one peer's listing, or the sentence that says why there is none."""
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                alerts = decoded(await ask(self._client, joined(url, ALL_ALERTS), within=self._within), _ALERTS)
                # After the alerts, never beside them: a restart between the two then shows as a short uptime instead
                # of lending the old process's age to the new one's empty list.
                process = decoded(await ask(self._client, joined(url, "api/v2/status"), within=self._within), _PROCESS)
            return AlertmanagerListing(tuple(_listed(alert) for alert in alerts), parse_timestamp(process.uptime))
        except TimeoutError:
            return f"Alertmanager {address(url)} did not answer within {seconds(self._within)}"
        except NoAnswer as exc:
            return f"Alertmanager {address(url)} {exc.why}"
        except ValueError:
            return f"Alertmanager {address(url)} answered a time that is not RFC 3339"


def _listed(listed: _Listed) -> ListedAlert:
    if not listed.fingerprint:
        # Leaving it out would make it look absent, which closes incidents.
        raise NoAnswer(Trouble.UNREADABLE, "listed an alert without a fingerprint")
    status = listed.status or _Status()
    return ListedAlert(
        alert=Alert(
            fingerprint=Fingerprint(listed.fingerprint),
            status=AlertStatus.FIRING,
            labels=listed.labels or {},
            annotations=listed.annotations or {},
            starts_at=parse_timestamp(listed.starts_at),
            # The list holds nothing that has ended; its endsAt is when the alert would end if nobody renewed it.
            ends_at=None,
            generator_url=listed.generator_url,
        ),
        state=_state(status.state),
        silenced_by=tuple(status.silenced_by or ()),
        inhibited_by=tuple(status.inhibited_by or ()),
    )


def _state(text: str) -> AlertmanagerState:
    """Return the state; one that a newer version invents reads as active, because a listed alert fires."""
    try:
        return AlertmanagerState(text)
    except ValueError:
        return AlertmanagerState.ACTIVE
