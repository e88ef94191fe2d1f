"""`notifications.track_deliveries`: asks providers what became of messages that they took and have not reported the end of.

A message is asked for from an hour after it was sent on, again every six hours, and no more after 72 hours; then it stands as
`expired`. One that was `processed` or `deferred` is no better known: what is lost is mostly the last report. By SMTP and in the
app nothing is ever reported, so those are not waited for. What providers answer has the same consequences as their call-backs.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID, uuid5

from services.notifications.callbacks.facts import plain, sensible
from services.notifications.callbacks.report_consequences import ReportConsequences, Telling
from services.notifications.callbacks.repository import ProviderEventRepository, Reported
from services.notifications.callbacks.sweep_repository import Overdue, Silent, SweepRepository
from services.notifications.costs.repository import CostRepository, Told
from services.notifications.deliveries.receipt_models import RANKS, Receipt, Report
from services.notifications.deliveries.report_repository import ReportRepository
from services.notifications.providers.lookups import Fate, FateSource, LookupFailed
from services.notifications.providers.models import ProviderAccount
from services.notifications.providers.repository import ProviderReader
from shared.contracts.notifications import TrackDeliveries
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.ids import NAMESPACE
from shared.runtime.inbox import store
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import publish
from shared.runtime.outcomes import Done, Outcome

logger = logging.getLogger(__name__)

ASKABLE: Final = ("sendgrid", "ses", "twilio")
"""Those of them that can be asked."""
ASKED_AFTER: Final = timedelta(hours=1)
ASKED_AGAIN_AFTER: Final = timedelta(hours=6)
EXPIRED_AFTER: Final = timedelta(hours=72)
ASKED_AT_ONCE: Final = 500
EXPIRED_AT_ONCE: Final = 5000
ASKING_S: Final = 15.0
_CALLS_AT_ONCE: Final = 10

Close = Callable[[], Awaitable[None]]


class AskableProvider(FateSource, Protocol):
    """A provider that can be asked, and whose connections are given back."""

    async def close(self) -> None: ...


OpenAccount = Callable[[ProviderAccount], AskableProvider | None]
"""Opens an organization's own account; None where it cannot be used or asked."""

ConsequencesOf = Callable[[Session], ReportConsequences]


@dataclass(slots=True)
class Inquiry:
    """What to ask for. accounts: organizations' own that are asked. answered: the fates that were told, None where the provider
    knows none. is_full: there may be more."""

    silent: Sequence[Silent]
    is_full: bool
    accounts: Mapping[UUID, AskableProvider]
    answered: list[tuple[Silent, Fate | None]] = field(default_factory=list)


class DeliveryTracking:
    """The effect. sources: by the providers' names; those that cannot be asked are missing. close: gives back their connections.

    open_account: opens what organizations have stored. consequences_of: what follows in a unit of work. time_factor: shrinks time
    limits.
    """

    concurrency = 1

    def __init__(
        self,
        sources: Mapping[str, FateSource],
        open_account: OpenAccount,
        consequences_of: ConsequencesOf,
        clock: Clock,
        *,
        close: Close | None = None,
        time_factor: float = 1.0,
    ) -> None:
        self._sources = sources
        self._open_account = open_account
        self._consequences_of = consequences_of
        self._close = close
        self._clock = clock
        self._time_limit_s = ASKING_S * time_factor

    async def claim(self, session: Session, received: Sequence[Received[TrackDeliveries]]) -> Sequence[Inquiry | Outcome]:
        """Give up what is overdue, and say what is to be asked for. Those are stamped as asked, so that no other run asks too."""
        now = self._clock()
        sweeps = SweepRepository(session)
        await self._expire(session, now)
        silent = await sweeps.silent(
            sorted(self._sources),
            ASKABLE,
            sent_after=now - EXPIRED_AFTER,
            sent_before=now - ASKED_AFTER,
            asked_before=now - ASKED_AGAIN_AFTER,
            limit=ASKED_AT_ONCE,
        )
        await sweeps.asked([one.id for one in silent], now)
        await sweeps.forget_inquiries(now - 2 * EXPIRED_AFTER)
        if not silent:
            return [Done() for _ in received]
        # A batch is one message; if it ever is more, the others find nothing to do.
        inquiry = Inquiry(silent, len(silent) == ASKED_AT_ONCE, await self._opened(session, silent))
        return [inquiry, *(Done() for _ in received[1:])]

    async def call(self, work: Inquiry) -> Outcome:
        """Ask for as many as there is time for; the others are asked for another time."""
        turns = iter(work.silent)
        try:
            async with asyncio.timeout(self._time_limit_s), asyncio.TaskGroup() as group:
                for _ in range(min(_CALLS_AT_ONCE, len(work.silent))):
                    group.create_task(self._ask_in_turn(turns, work))
        except TimeoutError:
            logger.warning("track_deliveries_out_of_time", extra={"asked": len(work.answered), "of": len(work.silent)})
        finally:
            for account in work.accounts.values():
                await account.close()
        return Done()

    async def record(
        self, session: Session, results: Sequence[tuple[Received[TrackDeliveries], Inquiry | None, Outcome]]
    ) -> None:
        """Write what was told, and go on where there may be more."""
        for received, work, _ in results:
            if work is None:
                continue
            told = [(one, fate) for one, fate in work.answered if fate is not None and _is_news(one, fate)]
            deliveries = await ProviderEventRepository(session).deliveries([one.id for one, _ in told])
            now = self._clock()
            await self._consequences_of(session).tell(
                [_telling(one, fate, deliveries[one.id], now) for one, fate in told if one.id in deliveries]
            )
            await CostRepository(session).tell(
                [
                    Told(one.id, one.provider, one.message_id, fate.price)
                    for one, fate in work.answered
                    if fate is not None and fate.price is not None
                ]
            )
            if work.is_full:
                publish(session, received.message)

    async def close(self) -> None:
        if self._close is not None:
            await self._close()

    async def _opened(self, session: Session, silent: Sequence[Silent]) -> Mapping[UUID, AskableProvider]:
        ids = {one.account_id for one in silent if one.account_id is not None}
        accounts = await ProviderReader(session).accounts_of(sorted(ids)) if ids else {}
        opened = {key: self._open_account(account) for key, account in accounts.items()}
        return {key: provider for key, provider in opened.items() if provider is not None}

    async def _ask_in_turn(self, turns: Iterator[Silent], work: Inquiry) -> None:
        for one in turns:
            source = self._sources[one.provider] if one.account_id is None else work.accounts.get(one.account_id)
            if source is None:
                continue
            try:
                fate = await source.fate(one.message_id, one.address or "")
            except LookupFailed as error:
                logger.warning("fate_lookup_failed", extra={"provider": one.provider, "code": error.code})
                continue
            work.answered.append((one, fate))

    async def _expire(self, session: Session, now: datetime) -> None:
        sweeps = SweepRepository(session)
        overdue = await sweeps.overdue(sent_before=now - EXPIRED_AFTER, limit=EXPIRED_AT_ONCE)
        await ReportRepository(session).apply([_expired(one, now) for one in overdue])
        # Of an SMS that may have come back nobody will hear any more.
        await store.forget(session, [one.id for one in overdue])
        if len(overdue) == EXPIRED_AT_ONCE:
            publish(session, TrackDeliveries())


def _is_news(one: Silent, fate: Fate) -> bool:
    """Whether the delivery does not stand there, or further, by what was reported."""
    return fate.kind is not None and (one.receipt is None or RANKS[fate.kind] > RANKS[Receipt(one.receipt)])


def _telling(one: Silent, fate: Fate, delivery: Reported, now: datetime) -> Telling:
    assert fate.kind is not None, "a fate without a kind moves nothing"
    report = Report(
        # As often as it is asked for, the same fate is one line of the timeline.
        id=uuid5(NAMESPACE, f"fate\n{one.provider}\n{one.id}\n{fate.kind.value}"),
        delivery_id=one.id,
        kind=fate.kind.value,
        receipt=fate.kind,
        occurred_at=sensible(fate.at, now),
        provider=one.provider,
        code=fate.code,
        detail=plain(fate.detail),
        provider_message_id=one.message_id,
        verdict=fate.verdict,
    )
    account_of = delivery.organization_id if one.account_id is not None else None
    return Telling(report, delivery, fate.verdict, one.provider, account_of)


def _expired(one: Overdue, now: datetime) -> Report:
    identity = uuid5(NAMESPACE, f"expired\n{one.id}")
    words = f"{one.provider} has not said within {EXPIRED_AFTER // timedelta(hours=1)} hours how it ended"
    return Report(identity, one.id, Receipt.EXPIRED.value, Receipt.EXPIRED, now, one.provider, None, words)
