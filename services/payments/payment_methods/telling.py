"""What gateways tell of stored methods, brought into the form in which it is kept."""

from typing import Final

from services.payments.gateways.facts import TokenFact
from services.payments.payment_methods.models import MethodNews

_MAX_REASON: Final = 300
_MAX_LABEL: Final = 100


def method_news(account: str, fact: TokenFact) -> MethodNews:
    """label: network and last digits where there are some, such as `Visa 1111`."""
    shown = " ".join(part for part in (fact.network, fact.last4) if part) or fact.method
    return MethodNews(
        gateway=fact.gateway,
        account=account,
        token=fact.token_id,
        status=fact.status.value,
        reason=fact.reason[:_MAX_REASON] if fact.reason is not None else None,
        expires_at=fact.expires_at,
        max_minor=fact.max_minor,
        kind=fact.method,
        label=shown[:_MAX_LABEL],
    )
