"""`notifications.process_email_bounces`: the net under the call-backs.

Providers keep lists of addresses to which they send no more. What stands there and was never reported, because a call-back was
lost or the list is older than we are, is taken over. Events that were stored and never applied are applied, and the entries that
follow from soft bounces are looked at anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.notifications.addresses import AddressHasher
from services.notifications.callbacks.bounce_status import HARD, told_of
from services.notifications.callbacks.repository import ProviderEventRepository
from services.notifications.callbacks.sweep_repository import SweepRepository
from services.notifications.providers.answers import Verdict
from services.notifications.providers.lookups import BounceLister, ListedBounce, LookupFailed
from services.notifications.suppressions.entry_checks import usable_address
from services.notifications.suppressions.errors import SuppressionUnusable
from services.notifications.suppressions.models import Reason, Scope
from services.notifications.suppressions.repository import SuppressionRepository, SuppressionRow
from services.notifications.suppressions.soft_bounce_repository import SoftBounceRepository
from shared.contracts.notifications import ApplyCallbacks, ProcessEmailBounces
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import publish
from shared.runtime.outcomes import Done, Outcome, Retry

SWEPT_BY: Final = "notifications.process_email_bounces"
FIRST_LOOK: Final = timedelta(days=30)
OVERLAP: Final = timedelta(hours=1)
"""Lists are not always in order to the second."""
LEFT_BEHIND: Final = timedelta(minutes=10)
LISTING_S: Final = 20.0
_WRITTEN_WITHIN: Final = timedelta(days=90)
_IDS_PER_MESSAGE: Final = 1000
_MAX_LEFT_BEHIND: Final = 10_000
_ROWS_PER_STATEMENT: Final = 5000
_SOFT_WITHIN: Final = timedelta(days=100)

Close = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Look:
    """What is fetched. since: by provider, from when on. found: what each provider's list says."""

    started_at: datetime
    since: Mapping[str, datetime]
    found: dict[str, Sequence[ListedBounce]] = field(default_factory=dict)


class BounceSweep:
    """The effect. listers: by the providers' names; those that keep no list are missing. close: gives back their connections.

    time_factor: shrinks time limits.
    """

    concurrency = 1

    def __init__(
        self,
        listers: Mapping[str, BounceLister],
        hasher: AddressHasher,
        clock: Clock,
        *,
        close: Close | None = None,
        time_factor: float = 1.0,
    ) -> None:
        self._listers = listers
        self._close = close
        self._hasher = hasher
        self._clock = clock
        self._time_limit_s = LISTING_S * time_factor

    async def claim(self, session: Session, received: Sequence[Received[ProcessEmailBounces]]) -> Sequence[Look | Outcome]:
        """Have events applied that were left behind, settle soft bounces, and say since when the lists are to be read."""
        now = self._clock()
        left_behind = await ProviderEventRepository(session).left_behind(now - LEFT_BEHIND, _MAX_LEFT_BEHIND)
        for start in range(0, len(left_behind), _IDS_PER_MESSAGE):
            publish(session, ApplyCallbacks(event_ids=left_behind[start : start + _IDS_PER_MESSAGE]))
        await self._settle_soft_bounces(session, now)
        marks = await SweepRepository(session).marks()
        since = {name: marks.get(name, now - FIRST_LOOK) - OVERLAP for name in self._listers}
        return [Look(now, since) if since else Done() for _ in received]

    async def call(self, work: Look) -> Outcome:
        """Fetch all lists. What one provider does not answer is fetched again, and does not hold up what others do."""
        names = sorted(work.since)
        results = await asyncio.gather(*(self._fetch(name, work.since[name]) for name in names), return_exceptions=True)
        failed = []
        for name, result in zip(names, results, strict=True):
            if isinstance(result, LookupFailed | TimeoutError):
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

    async def _fetch(self, name: str, since: datetime) -> list[ListedBounce]:
        async with asyncio.timeout(self._time_limit_s):
            return await self._listers[name].bounces(since)

    async def _take_over(self, session: Session, work: Look) -> None:
        suppressions = SuppressionRepository(session)
        listed = [(name, one) for name, found in work.found.items() for one in found if _is_address(one.address)]
        complaints = [(name, one) for name, one in listed if one.complaint]
        hashes = sorted({self._hasher.hash("email", one.address) for _, one in complaints})
        wrote = await suppressions.wrote_to(hashes, work.started_at - _WRITTEN_WITHIN) if hashes else []
        rows = [self._row(name, one, work.started_at) for name, one in listed if not one.complaint and _is_hard(one)]
        for name, one in complaints:
            row = self._row(name, one, work.started_at)
            # The list does not say whose mail it was: whoever has written to the address sends it no marketing any more.
            rows += [_complaint(row, whose) for address_hash, whose in wrote if address_hash == row.address_hash]
        rows.sort(key=lambda row: (row.address_hash, row.reason, str(row.organization_id)))
        for start in range(0, len(rows), _ROWS_PER_STATEMENT):
            await suppressions.add(rows[start : start + _ROWS_PER_STATEMENT])

    def _row(self, provider: str, one: ListedBounce, now: datetime) -> SuppressionRow:
        address_hash = self._hasher.hash("email", one.address)
        return SuppressionRow("email", one.address, address_hash, Scope.GLOBAL, Reason.HARD_BOUNCE, provider, SWEPT_BY, now)

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
    return told_of(one.status, one.reason, otherwise=HARD).verdict is Verdict.BAD_RECIPIENT


def _complaint(row: SuppressionRow, organization_id: UUID | None) -> SuppressionRow:
    return replace(row, scope=Scope.ORGANIZATION, reason=Reason.COMPLAINT, organization_id=organization_id)
