"""Telling an organization of orders that have waited for manufacturers for too long."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.payments.matching.alert_repository import AlertRepository, LateOrder
from shared.contracts.notifications import SendEmail
from shared.runtime.outbox import Publisher

logger = logging.getLogger(__name__)

ORDERS_PER_RUN: Final = 2000
_LISTED: Final = 50
_REASON_CHARS: Final = 300


class WaitingAlerts:
    """Tells of each order once until it has manufacturers."""

    def __init__(self, repository: AlertRepository, publisher: Publisher) -> None:
        self._repository = repository
        self._publisher = publisher

    async def tell(self, run_id: UUID, now: datetime) -> int:
        """Write to those whose orders have waited longer than their policies allow; returns how many orders those are.

        Where no address is named it is in the log, and `GET /v1/matching/orders` lists the orders.
        """
        by_organization: dict[UUID, list[LateOrder]] = defaultdict(list)
        late = await self._repository.take_late(now, limit=ORDERS_PER_RUN)
        for order in late:
            by_organization[order.organization_id].append(order)
        for organization_id, orders in by_organization.items():
            logger.warning("orders_without_manufacturer", extra={"organization_id": str(organization_id), "orders": len(orders)})
            if (address := orders[0].alert_email) is not None:
                self._publisher.publish(_mail(address, organization_id, orders, run_id))
        return len(late)


def _mail(address: str, organization_id: UUID, orders: Sequence[LateOrder], run_id: UUID) -> SendEmail:
    many = f"{len(orders)} orders have" if len(orders) > 1 else "An order has"
    listed = [f"{one.number}, since {one.waiting_since:%Y-%m-%d %H:%M} UTC: {_why(one)}" for one in orders[:_LISTED]]
    more = [f"and {len(orders) - _LISTED} more"] if len(orders) > _LISTED else []
    return SendEmail(
        to_email=address,
        subject=f"{many} no manufacturer yet",
        body="\n".join((f"{many} waited for manufacturers longer than your policy allows:", "", *listed, *more)),
        organization_id=organization_id,
        category="orders",
        dedupe_key=f"payments.unmatched:{organization_id}:{run_id}",
    )


def _why(order: LateOrder) -> str:
    if order.state == "offered":
        return "it is offered, and the manufacturer has not answered"
    return (order.reason or "")[:_REASON_CHARS] or "the manufacturers that were asked have not taken it"
