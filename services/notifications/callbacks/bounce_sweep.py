"""`notifications.process_email_bounces`: the net under the call-backs.

Providers keep lists of addresses to which they send no more. What stands there and was never reported, because a call-back was
lost or the list is older than we are, is taken over; what an organization's own account lists counts for that organization alone.
Events that were stored and never applied are applied, those too whose message has become known since, and the entries that follow
from soft bounces are looked at anew.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from services.notifications.addresses import AddressHasher
from services.notifications.callbacks.bounce_status import HARD, told_of
from services.notifications.callbacks.repository import ProviderEventRepository
from services.notifications.callbacks.sweep_repository import SweepRepository
from services.notifications.providers.answers import Verdict
from services.notifications.providers.lookups import BounceLister, Listed, ListedBounce, LookupFailed
from services.notifications.providers.models import ProviderAccount
from services.notifications.providers.repository import ProviderReader
from services.notifications.suppressions.entry_checks import usable_address
from services.notifications.suppressions.errors import SuppressionUnusable
from services.notifications.suppressions.models import Reason, Scope
from services.notifications.suppressions.repository import SuppressionRepository, SuppressionRow, Wrote
from services.notifications.suppressions.soft_bounce_repository import SoftBounceRepository
from shared.contracts.notifications import ApplyCallbacks, ProcessEmailBounces
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import publish
from shared.runtime.outcomes import Done, Outcome, Retry

logger = logging.getLogger(__name__)

SWEPT_BY: Final = "notifications.process_email_bounces"
FIRST_LOOK: Final = timedelta(days=30)
OVERLAP: Final = timedelta(hours=1)
"""Lists are not always in order to the second."""
LEFT_BEHIND: Final = timedelta(minutes=10)
FOUND_WITHIN: Final = timedelta(hours=72)
"""How long a message whose id an event names may take to be recorded."""
LISTING_S: Final = 20.0
_WRITTEN_WITHIN: Final = timedelta(days=90)
_IDS_PER_MESSAGE: Final = 1000
_MAX_LEFT_BEHIND: Final = 10_000
_ROWS_PER_STATEMENT: Final = 5000
_SOFT_WITHIN: Final = timedelta(days=100)

_LISTING: Final = ("sendgrid", "ses")
"""The kinds of providers that keep lists."""
_ACCOUNTS_AT_ONCE: Final = 50

Close = Callable[[], Awaitable[None]]


class ListingProvider(BounceLister, Protocol):
    """A provider that keeps a list, and whose connections are given back."""

    async def close(self) -> None: ...


OpenAccount = Callable[[ProviderAccount], ListingProvider | None]
"""Opens an organization's own account; None where it cannot be used or keeps no list."""


@dataclass(frozen=True, slots=True)
class Source:
    """A list. provider: how entries of the suppression list call it. account_of: whose own account keeps it; None for one of the
    installation."""

    provider: str
    lister: BounceLister
    account_of: UUID | None = None


@dataclass(slots=True)
class Look:
    """What is fetched. sources: by a name of their own. since: from when on, by it. found: what each list says. accounts: those
    that were opened for this look."""

    started_at: datetime
    sources: Mapping[str, Source]
    since: Mapping[str, datetime]
    accounts: Sequence[ListingProvider]
    found: dict[str, Sequence[ListedBounce]] = field(default_factory=dict)


class BounceSweep:
    """The effect. listers: by the providers' names; those that keep no list are missing. close: gives back their connections.

    open_account: opens what organizations have stored. time_factor: shrinks time limits.
    """

    concurrency = 1

    def __init__(
        self,
        listers: Mapping[str, BounceLister],
        open_account: OpenAccount,
        hasher: AddressHasher,
        clock: Clock,
        *,
        close: Close | None = None,
        time_factor: float = 1.0,
    ) -> None:
        self._listers = listers
        self._open_account = open_account
        self._close = close
        self._hasher = hasher
        self._clock = clock
        self._time_limit_s = LISTING_S * time_factor

    async def claim(self, session: Session, received: Sequence[Received[ProcessEmailBounces]]) -> Sequence[Look | Outcome]:
        """Have events applied that were left behind, settle soft bounces, and say since when the lists are to be read."""
        now = self._clock()
        events = ProviderEventRepository(session)
        left_behind = await events.left_behind(now - LEFT_BEHIND, _MAX_LEFT_BEHIND)
        left_behind += await events.reopen(now - FOUND_WITHIN, _MAX_LEFT_BEHIND)
        for start in range(0, len(left_behind), _IDS_PER_MESSAGE):
            publish(session, ApplyCallbacks(event_ids=left_behind[start : start + _IDS_PER_MESSAGE]))
        await self._settle_soft_bounces(session, now)
        looks: list[Look | Outcome] = []
        for one in received:
            look, next_after = await self._look(session, one.message.after, now)
            if next_after is not None and one.attempt == 1:
                publish(session, ProcessEmailBounces(slot=one.message.slot, after=next_after))
            looks.append(look if look.sources else Done())
        return looks

    async def call(self, work: Look) -> Outcome:
        """Fetch all lists. What one provider does not answer is fetched again, and does not hold up what others do."""
        names = sorted(work.sources)
        try:
            results = await asyncio.gather(*(self._fetch(work, name) for name in names), return_exceptions=True)
        finally:
            for account in work.accounts:
                await account.close()
        failed = []
        for name, result in zip(names, results, strict=True):
            if isinstance(result, LookupFailed | TimeoutError) and work.sources[name].account_of is not None:
                # Its owner may have closed it: the next sweep asks again, and nobody need look at it.
                logger.warning("bounce_list_unread", extra={"account": name})
            elif isinstance(result, LookupFailed | TimeoutError):
                failed.append(name)
            elif isinstance(result, BaseException):
                raise result
            else:
                work.found[name] = result
        if failed:
            return Retry(f"the list of bounces could not be fetched from {', '.join(failed)}", error_class="LookupFailed")
        return Done()

    async def record(
        self, session: Session, results: Sequence[tuple[Received[ProcessEmailBounces], Look | None, Outcome]]
    ) -> None:
        """Take over what was fetched, and remember up to when."""
        for _, work, _ in results:
            if work is not None and work.found:
                await self._take_over(session, work)
                await SweepRepository(session).move_marks(sorted(work.found), work.started_at)

    async def close(self) -> None:
        if self._close is not None:
            await self._close()

    async def _look(self, session: Session, after: UUID | None, now: datetime) -> tuple[Look, UUID | None]:
        """The installation's lists and those of some organizations' accounts, and the last of these where there may be more."""
        sources = {name: Source(name, lister) for name, lister in self._listers.items()} if after is None else {}
        accounts = await ProviderReader(session).accounts_of_kinds(_LISTING, after=after, limit=_ACCOUNTS_AT_ONCE)
        opened = []
        for account in accounts:
            provider = self._open_account(account)
            if provider is not None:
                opened.append(provider)
                sources[str(account.id)] = Source(account.name, provider, account.organization_id)
        marks = await SweepRepository(session).marks()
        since = {name: marks.get(name, now - FIRST_LOOK) - OVERLAP for name in sources}
        return Look(now, sources, since, opened), accounts[-1].id if len(accounts) == _ACCOUNTS_AT_ONCE else None

    async def _fetch(self, work: Look, name: str) -> list[ListedBounce]:
        async with asyncio.timeout(self._time_limit_s):
            return await work.sources[name].lister.bounces(work.since[name])

    async def _take_over(self, session: Session, work: Look) -> None:
        suppressions = SuppressionRepository(session)
        listed = [(work.sources[name], one) for name, found in work.found.items() for one in found if _is_address(one.address)]
        declined = [(source, one) for source, one in listed if one.listed is Listed.UNSUBSCRIBED]
        hashes = sorted({self._hasher.hash("email", one.address) for _, one in declined})
        wrote = await suppressions.wrote_to(hashes, work.started_at - _WRITTEN_WITHIN) if hashes else {}
        rows = [self._row(source, one, work.started_at) for source, one in listed if _is_hard(one)]
        complained = [(source, one) for source, one in listed if one.listed is Listed.COMPLAINED]
        rows += [self._row(source, one, work.started_at)._replace(reason=Reason.COMPLAINT) for source, one in complained]
        for source, one in declined:
            row = self._row(source, one, work.started_at)
            # The list does not say whose mail it was: it counts for whoever has written to the address.
            rows += _declined(row, [by for by in wrote.get(row.address_hash, ()) if by.is_of(source.account_of)])
        rows.sort(key=lambda row: (row.address_hash, row.reason, str(row.organization_id), row.category or ""))
        for start in range(0, len(rows), _ROWS_PER_STATEMENT):
            await suppressions.add(rows[start : start + _ROWS_PER_STATEMENT])

    def _row(self, source: Source, one: ListedBounce, now: datetime) -> SuppressionRow:
        address_hash = self._hasher.hash("email", one.address)
        scope = Scope.GLOBAL if source.account_of is None else Scope.ORGANIZATION
        reason, provider = Reason.HARD_BOUNCE, source.provider
        return SuppressionRow(
            "email", one.address, address_hash, scope, reason, provider, SWEPT_BY, now, organization_id=source.account_of
        )

    async def _settle_soft_bounces(self, session: Session, now: datetime) -> None:
        soft, after = SoftBounceRepository(session), ""
        while addresses := await soft.all_counted(now - _SOFT_WITHIN, after=after, limit=_ROWS_PER_STATEMENT):
            await soft.settle(addresses, now)
            after = addresses[-1]


def _is_address(address: str) -> bool:
    try:
        usable_address("email", address)
    except SuppressionUnusable:
        return False
    return True


def _is_hard(one: ListedBounce) -> bool:
    """A list of bounces holds what has bounced for good, unless a status says that it was something else."""
    return one.listed is Listed.BOUNCED and told_of(one.status, one.reason, otherwise=HARD).verdict is Verdict.BAD_RECIPIENT


def _declined(row: SuppressionRow, wrote: Sequence[Wrote]) -> list[SuppressionRow]:
    """As call-backs have it: an unsubscribing stops the categories that were read."""
    row = row._replace(scope=Scope.CATEGORY, reason=Reason.UNSUBSCRIBED)
    return [row._replace(organization_id=one.organization_id, category=one.category) for one in wrote]
