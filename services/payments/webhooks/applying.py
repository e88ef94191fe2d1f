"""Bringing payments to what gateways have reported."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from services.payments.gateways.errors import UnreadableWebhook
from services.payments.gateways.events import Event
from services.payments.gateways.facts import (
    DisputeFact,
    NoticeFact,
    NoticeStatus,
    OrderFact,
    PaymentFact,
    RefundFact,
    SettlementFact,
    TokenFact,
)
from services.payments.gateways.razorpay_facts import RAZORPAY
from services.payments.gateways.razorpay_webhooks import stored_razorpay_event
from services.payments.gateways.reports import ZONES
from services.payments.gateways.stripe_webhooks import stored_stripe_event
from services.payments.mandates.models import Heard
from services.payments.mandates.news import NoticeNews
from services.payments.payments.facts import GatewayFacts
from services.payments.payments.telling import Told
from services.payments.webhooks.models import EventState, StoredEvent
from services.payments.webhooks.repository import EventRepository
from shared.contracts.payments import PruneGatewayEvents, ReconcilePayments
from shared.runtime.clock import Clock
from shared.runtime.outbox import Publisher
from shared.runtime.payload_box import PayloadBox

logger = logging.getLogger(__name__)

KEPT: Final = timedelta(days=30)
KNOWN: Final = timedelta(days=180)
CHUNK: Final = 1000


class WebhookApplying:
    """Works in one unit of work."""

    def __init__(
        self,
        events: EventRepository,
        facts: GatewayFacts,
        notices: NoticeNews,
        box: PayloadBox,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._events = events
        self._facts = facts
        self._notices = notices
        self._box = box
        self._publisher = publisher
        self._clock = clock

    async def apply(self, event_ids: Collection[UUID]) -> None:
        """Apply those of these events that are not applied yet, all at once."""
        waiting = await self._events.lock_waiting(event_ids)
        told, heard, states = list[Told](), list[Heard](), dict[UUID, EventState]()
        for stored in waiting:
            event = self._read(stored)
            facts = _money_facts(stored, event)
            told += facts
            notices = _notices(stored, event)
            heard += notices
            has_settled = self._reconcile(stored, event)
            is_news = facts or notices or has_settled
            states[stored.id] = "unreadable" if event is None else "applied" if is_news else "ignored"
        reference = f"event:{waiting[0].event_id}"[:200] if len(waiting) == 1 else None
        if told:
            await self._facts.apply(told, by=f"gateway:{waiting[0].gateway}", reference=reference)
        if heard:
            await self._notices.heard(heard, self._clock())
        await self._events.settle(states, self._clock())

    async def prune(self, slot: datetime) -> None:
        """Forget what is old, events a chunk per message."""
        await self._notices.prune(slot - KEPT)
        if await self._events.prune(slot - KEPT, slot - KNOWN, CHUNK):
            self._publisher.publish(PruneGatewayEvents(slot=slot))

    def _reconcile(self, stored: StoredEvent, event: Event | None) -> bool:
        """Have the days compared on which money was settled; says whether there is one."""
        settled = [one for one in event.facts if isinstance(one, SettlementFact)] if event is not None else []
        for one in settled:
            day = one.occurred_at.astimezone(ZONES[stored.gateway]).date()
            command = ReconcilePayments(slot=stored.received_at, day=day, account=stored.account)
            self._publisher.publish(command, message_id=uuid5(stored.id, f"{one.settlement_id}/{one.status}"))
        return bool(settled)

    def _read(self, stored: StoredEvent) -> Event | None:
        raw = self._box.open(stored.id, stored.key_id, stored.payload) if stored.payload is not None else None
        if raw is None:
            logger.error("gateway_event_sealed", extra={"event": str(stored.id), "key": stored.key_id})
            return None
        try:
            if stored.gateway == RAZORPAY:
                event = stored_razorpay_event(raw, stored.event_id, stored.received_at)
            else:
                event = stored_stripe_event(raw, stored.received_at)
        except UnreadableWebhook:
            logger.exception("gateway_event_unreadable", extra={"event": str(stored.id), "event_name": stored.name})
            return None
        if event.unread:
            # The janitor and reconciliation find out what it was about.
            logger.warning("gateway_event_partly_unread", extra={"event": str(stored.id), "entities": list(event.unread)})
        return event


def _money_facts(stored: StoredEvent, event: Event | None) -> list[Told]:
    wanted = (OrderFact, PaymentFact, RefundFact, DisputeFact, TokenFact)
    return [Told(stored.account, one) for one in event.facts if isinstance(one, wanted)] if event is not None else []


def _notices(stored: StoredEvent, event: Event | None) -> list[Heard]:
    """What became of notices; that one is on its way is known."""
    found = [one for one in event.facts if isinstance(one, NoticeFact)] if event is not None else []
    ended = [one for one in found if one.status is not NoticeStatus.CREATED]
    return [Heard(stored.account, one.order_id, one.status is NoticeStatus.DELIVERED) for one in ended]
