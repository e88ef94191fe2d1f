"""What a provider's later report says of an SMS."""

from typing import NamedTuple

from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.providers.answers import Verdict


class Told(NamedTuple):
    """kind: what it is called in the delivery's timeline. receipt: where the delivery stands by it; None for what moves nothing.
    verdict: what is learned of the number, the text or the account; None where that is nothing."""

    kind: str
    receipt: Receipt | None
    verdict: Verdict | None
