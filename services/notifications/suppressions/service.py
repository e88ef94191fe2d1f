"""What the sending and the call-backs learn of addresses, and what follows for the suppression list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notifications.addresses import AddressHasher
from services.notifications.providers.answers import Verdict
from services.notifications.suppressions.models import Reason, Scope
from services.notifications.suppressions.repository import Removal, SuppressionRepository, SuppressionRow
from services.notifications.suppressions.soft_bounce_repository import SoftBounce, SoftBounceRepository
from shared.runtime.clock import Clock
from shared.runtime.db import Session

LEARNT_BY: Final = "call-backs and answers"
LEARNT: Final = frozenset(
    {
        Verdict.BAD_RECIPIENT,
        Verdict.OPTED_OUT,
        Verdict.DO_NOT_CALL,
        Verdict.COMPLAINED,
        Verdict.SOFT_RECIPIENT,
    }
)


@dataclass(frozen=True, slots=True)
class Learned:
    """What a provider has said of a recipient, in its answer or afterwards.

    address: None where it was erased; then address_hash says which one it was. category: of the delivery. at: when it happened.
    account_of: whose own account has said it; None for one of the installation.
    """

    channel: str
    address: str | None
    organization_id: UUID | None
    category: str
    verdict: Verdict
    provider: str
    delivery_id: UUID
    at: datetime
    address_hash: str | None = None
    account_of: UUID | None = None


class Suppressing:
    """Keeps the list in the session's unit of work."""

    def __init__(self, session: Session, hasher: AddressHasher, clock: Clock) -> None:
        self._suppressions = SuppressionRepository(session)
        self._soft = SoftBounceRepository(session)
        self._hasher = hasher
        self._clock = clock

    async def add(self, rows: Sequence[SuppressionRow]) -> int:
        """Put addresses on the list and say how many entries are new."""
        return await self._suppressions.add(rows)

    async def learn(self, learned: Sequence[Learned]) -> None:
        """Draw the conclusions from what providers say; the same again changes nothing.

        bad_recipient: the address is on the list for everybody, as invalid_number or hard_bounce. opted_out: an SMS recipient
        is on it for everybody, somebody who reads mail for the category. do_not_call: for everybody's marketing by SMS.
        complained: for everybody's marketing, since all organizations share the account that the reader has complained of.
        soft_recipient: counts by the organization's policy. All other verdicts say nothing of the recipient. What an
        organization's own account says counts for that organization alone, since nobody else can vouch for it.
        """
        telling = [one for one in learned if one.verdict in LEARNT and (one.address or one.address_hash)]
        if not telling:
            return
        now = self._clock()
        soft = [one for one in telling if one.verdict is Verdict.SOFT_RECIPIENT]
        await self._soft.count([self._bounce(one) for one in soft])
        await self._soft.settle([self._hash(one) for one in soft], now)
        await self._suppressions.add([self._row(one, now) for one in telling if one.verdict is not Verdict.SOFT_RECIPIENT])

    async def arrived(self, address_hashes: Sequence[str]) -> None:
        """Messages have reached these addresses, which ends their rows of soft bounces. Call it once that is recorded."""
        await self._soft.settle(await self._soft.counted(address_hashes), self._clock())

    async def opted_in(self, number: str, *, source: str, at: datetime, account_of: UUID | None = None) -> None:
        """The recipient has sent START, which takes back a STOP that the same account got before."""
        address_hash = self._hasher.hash("sms", number)
        if await self._suppressions.say(address_hash, account_of, is_stop=False, at=at):
            removal = Removal("sms", address_hash, _reach(account_of), Reason.OPTED_OUT, account_of)
            await self._suppressions.remove_matching([removal], by=source, why="the recipient has sent START", at=at)

    async def opted_out(self, number: str, *, source: str, at: datetime, account_of: UUID | None = None) -> None:
        """The recipient has sent STOP, of which no delivery need be known."""
        address_hash, scope = self._hasher.hash("sms", number), _reach(account_of)
        if await self._suppressions.say(address_hash, account_of, is_stop=True, at=at):
            row = SuppressionRow("sms", number, address_hash, scope, Reason.OPTED_OUT, source, LEARNT_BY, at, account_of)
            await self._suppressions.add([row])

    def _bounce(self, one: Learned) -> SoftBounce:
        return SoftBounce(one.delivery_id, one.channel, self._hash(one), one.organization_id, one.at)

    def _row(self, one: Learned, now: datetime) -> SuppressionRow:
        reason, scope = _consequence(one)
        is_global, is_category = scope is Scope.GLOBAL, scope is Scope.CATEGORY
        return SuppressionRow(
            channel=one.channel,
            address=one.address,
            address_hash=self._hash(one),
            scope=scope,
            reason=reason,
            source=one.provider,
            created_by=LEARNT_BY,
            created_at=now,
            organization_id=None if is_global else one.organization_id,
            category=one.category if is_category else None,
        )

    def _hash(self, one: Learned) -> str:
        return one.address_hash or self._hasher.hash(one.channel, one.address or "")


def _consequence(one: Learned) -> tuple[Reason, Scope]:
    match one.verdict:
        case Verdict.COMPLAINED:
            return Reason.COMPLAINT, _reach(one.account_of)
        case Verdict.DO_NOT_CALL:
            return Reason.DO_NOT_CALL, _reach(one.account_of)
        case Verdict.OPTED_OUT if one.channel == "sms":
            return Reason.OPTED_OUT, _reach(one.account_of)
        case Verdict.OPTED_OUT:
            return Reason.UNSUBSCRIBED, Scope.CATEGORY
        case _:
            return (Reason.INVALID_NUMBER if one.channel == "sms" else Reason.HARD_BOUNCE), _reach(one.account_of)


def _reach(account_of: UUID | None) -> Scope:
    return Scope.GLOBAL if account_of is None else Scope.ORGANIZATION
