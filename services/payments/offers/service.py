"""Answers to offers, and their other ends. Whoever ends one frees its capacity and has the next manufacturer asked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from services.payments.manufacturers.models import MAX_ACTOR
from services.payments.matching.demand_repository import DemandRepository
from services.payments.offers.capacity_repository import CapacityRepository
from services.payments.offers.errors import ManufacturerBlocked, OfferEnded, OfferNotFound
from services.payments.offers.models import Answerable, EndedOffer, Offer, OfferStatus
from services.payments.offers.repository import OfferReader, OfferRepository
from services.payments.payments.cases import Cases
from shared.contracts.notifications import CancelMessages
from shared.contracts.payments import ExpireOffers, MatchOrders
from shared.runtime.outbox import Publisher

OFFERS_PER_MESSAGE: Final = 500
"""So many are ended in one transaction; the rest by a message that follows."""
_UNKNOWN: Final = "there is no offer of this id; GET /v1/offers lists them"
_STARTING: Final = ("placed", "partially_paid", "paid")

_ENDS: Final[Mapping[OfferStatus, str]] = {
    "declined": "it was declined",
    "expired": "its time is over",
    "withdrawn": "it was withdrawn",
}


class Production(Protocol):
    """What matching asks of orders: that one goes on once manufacturers make all of it."""

    async def begin(self, order_id: UUID, *, by: str) -> None:
        """Bring an order that is locked into production."""


def subject_of(offer_id: UUID) -> str:
    """Under which messages about an offer can be taken back."""
    return f"payments.offer:{offer_id}"


async def offer_of(offers: OfferReader, offer_id: UUID, organization_id: UUID | None) -> Offer:
    """An offer. Raises OfferNotFound, also for another organization's."""
    found = await offers.find(offer_id, organization_id)
    if found is None:
        raise OfferNotFound(_UNKNOWN)
    return found


class OfferEnds:
    """Ends offers whose orders are locked."""

    def __init__(
        self, offers: OfferRepository, capacity: CapacityRepository, demands: DemandRepository, publisher: Publisher
    ) -> None:
        self._offers = offers
        self._capacity = capacity
        self._demands = demands
        self._publisher = publisher

    async def end(
        self, offer_ids: Iterable[UUID], status: OfferStatus, *, at: datetime, by: str | None = None, reason: str | None = None
    ) -> Sequence[EndedOffer]:
        """End those that stand: their capacity is free, their mails are taken back, their orders wait."""
        ended = await self._offers.end(offer_ids, status, at=at, by=by, reason=reason)
        if ended:
            await self._capacity.release([one.id for one in ended])
            await self._demands.settle_by_offers(sorted({one.order_id for one in ended}), at)
        for one in ended:
            self._publisher.publish(CancelMessages(subject_key=subject_of(one.id), reason=_ENDS[status]))
        return ended


class Offers:
    """Answers of manufacturers, as operators record them or the manufacturers give them by their links."""

    def __init__(
        self,
        offers: OfferRepository,
        demands: DemandRepository,
        ends: OfferEnds,
        production: Production,
        publisher: Publisher,
    ) -> None:
        self._offers = offers
        self._demands = demands
        self._ends = ends
        self._production = production
        self._publisher = publisher

    async def accept(self, offer_id: UUID, organization_id: UUID | None, *, by: str, at: datetime) -> None:
        """The manufacturer makes it. Once all lines of the order are accepted, it goes into production. Doing it again does no
        harm. Raises OfferNotFound, OfferEnded and ManufacturerBlocked."""
        offer, order_status = await self._locked(offer_id, organization_id)
        if offer.status == "accepted":
            return
        _check_stands(offer, at)
        # The clock has yet to withdraw what is not wanted any more, or not so much of it.
        if order_status == "cancelled" or offer_id in await self._offers.outdated_of([offer.order_id]):
            raise _ended("withdrawn")
        if offer.is_blocked:
            raise ManufacturerBlocked("the manufacturer is blocked; within a minute the offer is withdrawn and another one asked")
        await self._offers.accept(offer_id, by=by[:MAX_ACTOR], at=at)
        self._publisher.publish(CancelMessages(subject_key=subject_of(offer_id), reason="it was accepted"))
        standing = await self._demands.settle_by_offers([offer.order_id], at)
        if standing.get(offer.order_id) == "assigned" and order_status in _STARTING:
            await self._production.begin(offer.order_id, by=by[:MAX_ACTOR])

    async def decline(self, offer_id: UUID, organization_id: UUID | None, *, reason: str, by: str, at: datetime) -> None:
        """The manufacturer does not make it; whoever is next is asked at once. Doing it again does no harm.

        Raises OfferNotFound and OfferEnded.
        """
        offer, _ = await self._locked(offer_id, organization_id)
        if offer.status == "declined":
            return
        _check_stands(offer, at)
        await self._ends.end([offer_id], "declined", at=at, by=by[:MAX_ACTOR], reason=reason)
        self._publisher.publish(MatchOrders(order_id=offer.order_id))

    async def withdraw(self, offer_id: UUID, organization_id: UUID | None, *, reason: str, by: str, at: datetime) -> None:
        """Take an offer back, or an order that was accepted; the manufacturer may be asked again. Doing it again does no harm.

        Raises OfferNotFound and OfferEnded.
        """
        offer, _ = await self._locked(offer_id, organization_id)
        if offer.status == "withdrawn":
            return
        if offer.status not in ("open", "accepted"):
            raise _ended(offer.status)
        await self._ends.end([offer_id], "withdrawn", at=at, by=by[:MAX_ACTOR], reason=reason)
        self._publisher.publish(MatchOrders(order_id=offer.order_id))

    async def _locked(self, offer_id: UUID, organization_id: UUID | None) -> tuple[Answerable, str]:
        order_id = await self._offers.order_of(offer_id, organization_id)
        if order_id is None:
            raise OfferNotFound(_UNKNOWN)
        status = await self._offers.lock_order(order_id)
        return await self._offers.lock(offer_id), status


class OfferExpiry:
    """Ends what stands for nothing any more, by the clock."""

    def __init__(
        self, offers: OfferRepository, demands: DemandRepository, ends: OfferEnds, cases: Cases, publisher: Publisher
    ) -> None:
        self._offers = offers
        self._demands = demands
        self._ends = ends
        self._cases = cases
        self._publisher = publisher

    async def run(self, now: datetime) -> int:
        """End offers whose time is over or whose manufacturer is blocked, and those of orders that were cancelled or changed;
        returns how many. What does not fit into one transaction is left to a message that follows."""
        cancelled, changed = await self._demands.take_changed(now, limit=OFFERS_PER_MESSAGE)
        lapsed, blocked = await self._offers.lapsed(now, limit=OFFERS_PER_MESSAGE)
        outdated = await self._offers.outdated_of(changed)
        of_cancelled = await self._ends.end(
            await self._offers.live_of(cancelled), "withdrawn", at=now, reason="the order was cancelled"
        )
        await self._note_production(of_cancelled)
        ended = [
            *of_cancelled,
            *await self._ends.end(outdated, "withdrawn", at=now, reason="the order was changed"),
            *await self._ends.end(lapsed, "expired", at=now),
            *await self._ends.end(blocked, "withdrawn", at=now, reason="the manufacturer is blocked"),
        ]
        await self._demands.settle_by_offers(changed, now)
        if lapsed or blocked or changed:
            self._publisher.publish(MatchOrders())
        if max(len(cancelled) + len(changed), len(lapsed), len(blocked)) >= OFFERS_PER_MESSAGE:
            self._publisher.publish(ExpireOffers(slot=now))
        return len(ended)

    async def _note_production(self, ended: Iterable[EndedOffer]) -> None:
        """Open a case for each that was accepted: its manufacturer makes what nobody wants, and no message says so."""
        for one in ended:
            if one.was_accepted:
                details = {
                    "cancellation": str(one.id),
                    "offer_id": str(one.id),
                    "order_id": str(one.order_id),
                    "manufacturer_id": str(one.manufacturer_id),
                }
                await self._cases.open("production_cancelled", None, details)


def _check_stands(offer: Answerable, at: datetime) -> None:
    if offer.status != "open":
        raise _ended(offer.status)
    if offer.expires_at <= at:
        raise _ended("expired")


def _ended(status: OfferStatus) -> OfferEnded:
    return OfferEnded(f"the offer is {status}; GET /v1/offers?order_id=… shows who has the order now", offer_status=status)
