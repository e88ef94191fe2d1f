"""What providers report of deliveries after they have taken them.

Reports arrive in any order and more than once. Each has a rank, and a delivery stands at the highest that it has had, so every
order of the same reports ends alike. A bounce outranks a delivery, because mail servers bounce what another has accepted.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class Receipt(StrEnum):
    """processed: on its way. deferred: the receiving side asks for patience. expired: nobody knows how it ended, and nobody asks
    any more; so it outranks what was heard on the way, and any later report outranks it.
    bounced_soft: not now. suppressed: the provider or the network has not tried, because the recipient wants no such messages;
    which is no bounce. blocked: not this content or sender. bounced_hard: the address cannot work."""

    PROCESSED = "processed"
    DEFERRED = "deferred"
    EXPIRED = "expired"
    BOUNCED_SOFT = "bounced_soft"
    SUPPRESSED = "suppressed"
    BLOCKED = "blocked"
    DELIVERED = "delivered"
    BOUNCED_HARD = "bounced_hard"
    COMPLAINED = "complained"


RANKS: Final = {receipt: rank for rank, receipt in enumerate(Receipt, 1)}


@dataclass(frozen=True, slots=True)
class Report:
    """One report on one delivery.

    id: the same whenever the same report comes again. receipt: None for what does not change where the delivery stands, such
    as an opened mail; then `kind` says what it is. provider: the account that reports. detail: without the recipient's address.
    provider_message_id: how the provider calls the message, where it has told this by itself. verdict: what it says of message or
    recipient, as answers do (providers/answers.py); None where it says nothing.
    """

    id: UUID
    delivery_id: UUID
    kind: str
    receipt: Receipt | None
    occurred_at: datetime
    provider: str
    code: str | None = None
    detail: str | None = None
    provider_message_id: str | None = None
    verdict: str | None = None
