"""`notifications.collect_sms_prices`: asks providers what SMS have cost of which no report has told it.

Twilio knows a price some time after it has sent a message, and its call-backs do not have it. An attempt is asked for ten minutes
after its call, once it is known how it ended; again after an hour, six and eighteen; and no more after that. What is new is read
from the provider's list, a thousand at a time; what the list has left over, which is little, one by one. A look has its limits,
and the next one follows ten seconds later, however many ask for it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID, uuid5

from services.notifications.costs.repository import CostRepository, Told, Unpriced
from services.notifications.providers.lookups import LookupFailed, PriceSource
from services.notifications.providers.models import ProviderAccount
from services.notifications.providers.repository import ProviderReader
from services.notifications.sms.price_models import Price
from shared.contracts.notifications import CollectSmsPrices
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.ids import NAMESPACE
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import publish
from shared.runtime.outcomes import Done, Outcome

logger = logging.getLogger(__name__)

ASKED_AFTER: Final = timedelta(minutes=10)
WAITS: Final = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=18))
"""Until an attempt is asked for again, after the first time and each further one but the last."""
LISTED: Final = range(2)
SINGLE: Final = range(2, len(WAITS) + 1)
"""How often an attempt was asked for before, where the list is read, and where it is asked for by itself."""
LISTED_AT_ONCE: Final = 1000
SINGLE_AT_ONCE: Final = 100
FEW: Final = 10
"""So many are not worth a list."""
EVERY_S: Final = 10
ASKING_S: Final = 20.0
_CALLS_AT_ONCE: Final = 5

Close = Callable[[], Awaitable[None]]


class PricingProvider(PriceSource, Protocol):
    """A provider that can be asked, and whose connections are given back."""

    async def close(self) -> None: ...


OpenAccount = Callable[[ProviderAccount], PricingProvider | None]
"""Opens an organization's own account; None where it cannot be used or asked."""


@dataclass(slots=True)
class Question:
    """What to ask for. listed: from lists. single: one by one. accounts: organizations' own that are asked. told: what was
    answered. is_full: there may be more."""

    listed: Sequence[Unpriced]
    single: Sequence[Unpriced]
    is_full: bool
    accounts: Mapping[UUID, PricingProvider]
    told: list[Told] = field(default_factory=list)


class PriceCollecting:
    """The effect. sources: by the providers' names; those that cannot be asked are missing. close: gives back their connections.

    open_account: opens what organizations have stored. time_factor: shrinks time limits.
    """

    concurrency = 1

    def __init__(
        self,
        sources: Mapping[str, PriceSource],
        open_account: OpenAccount,
        clock: Clock,
        *,
        close: Close | None = None,
        time_factor: float = 1.0,
    ) -> None:
        self._sources = sources
        self._open_account = open_account
        self._clock = clock
        self._close = close
        self._time_limit_s = ASKING_S * time_factor

    async def claim(self, session: Session, received: Sequence[Received[CollectSmsPrices]]) -> Sequence[Question | Outcome]:
        """Say what is to be asked for. It is stamped as asked, so that no other run asks too."""
        now, costs = self._clock(), CostRepository(session)
        listed = await costs.take_due(now, LISTED, WAITS, LISTED_AT_ONCE)
        single = await costs.take_due(now, SINGLE, WAITS, SINGLE_AT_ONCE)
        if not listed and not single:
            return [Done() for _ in received]
        is_full = len(listed) == LISTED_AT_ONCE or len(single) == SINGLE_AT_ONCE
        question = Question(listed, single, is_full, await self._opened(session, [*listed, *single]))
        # A batch is one message; if it ever is more, the others find nothing to do.
        return [question, *(Done() for _ in received[1:])]

    async def call(self, work: Question) -> Outcome:
        """Ask for as many as there is time for; the others are asked for another time."""
        by_source: dict[str | UUID, list[Unpriced]] = {}
        for one in work.listed:
            by_source.setdefault(one.account_id or one.provider, []).append(one)
        few = [one for found in by_source.values() if len(found) <= FEW for one in found]
        turns = iter([*few, *work.single])
        try:
            async with asyncio.timeout(self._time_limit_s), asyncio.TaskGroup() as group:
                for _ in range(_CALLS_AT_ONCE):
                    group.create_task(self._ask_in_turn(turns, work))
                for found in by_source.values():
                    if len(found) > FEW:
                        group.create_task(self._read_list(found, work))
        except TimeoutError:
            asked = len(work.listed) + len(work.single)
            logger.warning("collect_sms_prices_out_of_time", extra={"told": len(work.told), "of": asked})
        finally:
            for account in work.accounts.values():
                await account.close()
        return Done()

    async def record(
        self, session: Session, results: Sequence[tuple[Received[CollectSmsPrices], Question | None, Outcome]]
    ) -> None:
        """Write what was told, and go on where there may be more."""
        for _, work, _ in results:
            if work is not None:
                await CostRepository(session).tell(work.told)
                if work.is_full:
                    _go_on(session, self._clock())

    async def close(self) -> None:
        if self._close is not None:
            await self._close()

    async def _opened(self, session: Session, unpriced: Sequence[Unpriced]) -> Mapping[UUID, PricingProvider]:
        ids = {one.account_id for one in unpriced if one.account_id is not None}
        accounts = await ProviderReader(session).accounts_of(sorted(ids)) if ids else {}
        opened = {key: self._open_account(account) for key, account in accounts.items()}
        return {key: provider for key, provider in opened.items() if provider is not None}

    def _source(self, one: Unpriced, work: Question) -> PriceSource | None:
        return self._sources.get(one.provider) if one.account_id is None else work.accounts.get(one.account_id)

    async def _ask_in_turn(self, turns: Iterator[Unpriced], work: Question) -> None:
        for one in turns:
            source = self._source(one, work)
            try:
                price = await source.price(one.message_id) if source is not None else None
            except LookupFailed as error:
                _warn(one, error)
                continue
            if price is not None:
                work.told.append(_told(one, price))

    async def _read_list(self, unpriced: Sequence[Unpriced], work: Question) -> None:
        """unpriced: of one account, by when they were reported on."""
        source = self._source(unpriced[0], work)
        if source is None:
            return
        by_id = {one.message_id: one for one in unpriced}
        # What was reported late was mostly sent with the others. Up to then, the list has less of what came after them.
        until = unpriced[9 * (len(unpriced) - 1) // 10].reported_at
        try:
            async for message_id, price in source.listed_prices(by_id, min(one.sent_at for one in unpriced), until):
                work.told.append(_told(by_id[message_id], price))
        except LookupFailed as error:
            _warn(unpriced[0], error)


def _told(one: Unpriced, price: Price) -> Told:
    return Told(one.delivery_id, one.provider, one.message_id, price)


def _warn(one: Unpriced, error: LookupFailed) -> None:
    logger.warning("price_lookup_failed", extra={"provider": one.provider, "code": error.code})


def _go_on(session: Session, now: datetime) -> None:
    """The next look, which is one message for all who ask for it in these seconds."""
    due_at = datetime.fromtimestamp((now.timestamp() // EVERY_S + 1) * EVERY_S + EVERY_S, UTC)
    identity = uuid5(NAMESPACE, f"notifications.collect_sms_prices\n{due_at.isoformat()}")
    publish(session, CollectSmsPrices(), due_at=due_at, message_id=identity)
