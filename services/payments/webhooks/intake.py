"""Taking call-backs in: verified over the raw bytes, stored once by their id and by what they tell, applied by a worker."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from services.payments.gateways.directory import Account
from services.payments.gateways.errors import ForgedWebhook, UnreadableWebhook
from services.payments.webhooks.errors import GatewayEventNotFound
from services.payments.webhooks.metrics import KEPT, LAG, REFUSED
from services.payments.webhooks.models import StoredEvent
from services.payments.webhooks.repository import EventRepository
from shared.contracts.payments import ApplyGatewayEvents
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher
from shared.runtime.payload_box import PayloadBox

_MAX_ID: Final = 200


class WebhookIntake:
    """Keeps events in one unit of work with the message that has them applied."""

    def __init__(self, events: EventRepository, box: PayloadBox, publisher: Publisher, clock: Clock) -> None:
        self._events = events
        self._box = box
        self._publisher = publisher
        self._clock = clock

    async def take(self, account: Account, raw: bytes, headers: Mapping[str, str]) -> bool:
        """Verify and store; says whether it was new. Raises ForgedWebhook and UnreadableWebhook."""
        gateway = account.gateway.name
        try:
            event = account.gateway.verify_webhook(raw, headers, account.webhook_secrets)
        except ForgedWebhook as error:
            REFUSED.labels(gateway, error.reason).inc()
            raise
        except UnreadableWebhook:
            REFUSED.labels(gateway, "unreadable").inc()
            raise
        now, key = self._clock(), uuid7()
        key_id, sealed = self._box.seal(key, raw)
        stored = StoredEvent(
            id=key,
            gateway=gateway,
            account=account.key,
            event_id=event.event_id[:_MAX_ID],
            name=event.name[:_MAX_ID],
            entity_id=event.entity_id[:_MAX_ID],
            created_at=event.created_at,
            received_at=now,
            applied_at=None,
            state="waiting",
            key_id=key_id,
            payload=sealed,
        )
        is_new = await self._events.add(stored)
        KEPT.labels(gateway, "new" if is_new else "repeated").inc()
        if is_new:
            LAG.labels(gateway).observe(max((now - event.created_at).total_seconds(), 0.0))
            self._publisher.publish(ApplyGatewayEvents(event_ids=[key]))
        return is_new

    async def replay(self, event_id: UUID) -> None:
        """Have an event applied again. Raises GatewayEventNotFound."""
        if not await self._events.reopen(event_id):
            raise GatewayEventNotFound("there is no such event, or what it said was pruned after 30 days")
        self._publisher.publish(ApplyGatewayEvents(event_ids=[event_id]))
