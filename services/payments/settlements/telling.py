"""What gateways tell of settlements, brought into the form in which it is kept."""

import json
from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid5

from services.payments.gateways.facts import SettlementFact, SettlementItem
from services.payments.settlements.models import ItemNews, SettlementNews

_NAMESPACE: Final = UUID("b3f2b6a0-0f56-5a33-9d0c-1c0f3a6d9e51")


def item_news(account: str, items: Sequence[SettlementItem]) -> list[ItemNews]:
    """As items are kept, each once. A line that stands there twice is one: its settlement is more than its items then, which the
    comparison finds."""
    return list({(news := _item(account, one)).id: news for one in items}.values())


def settlement_news(account: str, fact: SettlementFact) -> SettlementNews:
    """As settlements are kept."""
    return SettlementNews(
        id=uuid5(_NAMESPACE, f"settlement/{fact.gateway}/{account}/{fact.settlement_id}"),
        settlement_id=fact.settlement_id,
        status=fact.status,
        amount_minor=fact.amount_minor,
        currency=fact.currency,
        fee_minor=fact.fee_minor,
        tax_minor=fact.tax_minor,
        utr=fact.utr,
        occurred_at=fact.occurred_at,
    )


def _item(account: str, item: SettlementItem) -> ItemNews:
    key = f"{item.gateway}/{account}/{item.entity_id}/{item.kind}/{item.settlement_id or ''}"
    return ItemNews(
        id=uuid5(_NAMESPACE, f"item/{key}"),
        entity_id=item.entity_id,
        kind=item.kind,
        settlement_id=item.settlement_id or "",
        amount_minor=item.amount_minor,
        currency=item.currency,
        credit_minor=item.credit_minor,
        debit_minor=item.debit_minor,
        fee_minor=item.fee_minor,
        tax_minor=item.tax_minor,
        on_hold=item.on_hold,
        settled=item.settled,
        utr=item.utr,
        payment_ref=item.payment_id,
        order_ref=item.order_id,
        dispute_ref=item.dispute_id,
        receipt=item.order_receipt,
        method=item.method,
        description=item.description,
        notes=json.dumps(dict(item.notes)),
        created_at=item.created_at,
        settled_at=item.settled_at,
        posted_at=item.posted_at,
    )
