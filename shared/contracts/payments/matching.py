"""Finding manufacturers for the lines of orders, and the offers that are made to them."""

from typing import ClassVar
from uuid import UUID

from shared.contracts import lanes
from shared.contracts.message import Answer, Command, Contract, UtcDatetime
from shared.contracts.retry import RetryPolicy

_PATIENT = RetryPolicy(max_retries=10, base_s=5, cap_s=600)


class MatchOrders(Command):
    """Find manufacturers for one order, or for every order that waits for them, and make them offers.

    All of them are matched in chunks of seconds, each of which asks for the next. Answers with what this chunk did.

    order_id: None for all that wait. organization_id: None for everybody's. slot: the scheduled moment. run_id: the message that
    has begun what this one goes on with.
    """

    contract: ClassVar = Contract(
        "payments.match_orders", (lanes.PAYMENTS_NORMAL,), _PATIENT, max_batch=1, answer=Answer(keep_s=3600)
    )

    order_id: UUID | None = None
    organization_id: UUID | None = None
    slot: UtcDatetime | None = None
    run_id: UUID | None = None


class ExpireOffers(Command):
    """End the offers that nobody has answered in time, and those that have become pointless; whoever is next is asked.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("payments.expire_offers", (lanes.PAYMENTS_NORMAL,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None
