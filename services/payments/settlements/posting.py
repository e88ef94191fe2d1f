"""What a settlement's items mean for the ledger. Pure: nothing is read, and nothing is written here.

An item moves what the gateway owed us to the bank, less what it keeps. One formula does for all: bank, fees and GST as they are,
the receivable as our books have it, and whatever does not balance then lies in suspense until somebody has explained it. Nothing
that a gateway says makes an amount right by itself.

What was posted is never changed: when a later report or a person puts something right, the posting is undone and made again
under the next number.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Final

from services.payments.ledger.models import Account, Entry, Posting, Reversal
from services.payments.settlements.models import Difference, Posted, Unposted

ITEM: Final = "settlement_item"
SETTLEMENT: Final = "settlement_difference"
NOTHING: Final = "-"
"""The digest of an item that moves nothing, so that nothing is undone for it later."""


def item_entries(item: Unposted) -> tuple[Entry, ...]:
    """Balanced in each currency, without entries of nothing."""
    money, books = item.settlement_currency, item.books_currency
    entries = [
        Entry(Account.BANK, money, item.net_minor),
        Entry(Account.GATEWAY_FEES, money, item.fee_minor - item.tax_minor),
        Entry(Account.GST_INPUT, money, item.tax_minor),
        Entry(Account.GATEWAY_RECEIVABLE, books, -item.books_minor),
    ]
    return _balanced(entries)


def difference_entries(one: Difference) -> tuple[Entry, ...]:
    """What the bank has got, or not got, that no item explains."""
    return _balanced([Entry(Account.BANK, one.currency, one.difference_minor)])


def item_changes(items: Sequence[Unposted]) -> tuple[list[Reversal], list[Posting], list[Posted]]:
    """What is to be undone and posted, in this order, and what is to be written down of each item afterwards."""
    reversals, postings, posted = list[Reversal](), list[Posting](), list[Posted]()
    for item in items:
        entries = item_entries(item)
        digest = _digest(item, entries) if entries else NOTHING
        if digest == item.digest:
            posted.append(Posted(item.id, item.number, digest))
            continue
        if item.digest not in (None, NOTHING):
            reversals.append(_undone(ITEM, item.id.hex, item.number, item))
        number = item.number + 1
        if entries:
            said = f"Settlement of {item.kind} {item.entity_id}"
            postings.append(Posting(item.organization_id, ITEM, f"{item.id.hex}/{number}", item.settled_at, said, entries))
        posted.append(Posted(item.id, number, digest))
    return reversals, postings, posted


def difference_changes(found: Sequence[Difference]) -> tuple[list[Reversal], list[Posting], list[Posted]]:
    """As item_changes."""
    reversals, postings, posted = list[Reversal](), list[Posting](), list[Posted]()
    for one in found:
        if one.posted_minor:
            reversals.append(_undone(SETTLEMENT, one.id.hex, one.number, one))
        number = one.number + 1
        if one.difference_minor:
            said = f"Settlement {one.settlement_id} is not the sum of its items"
            entries = difference_entries(one)
            postings.append(Posting(one.organization_id, SETTLEMENT, f"{one.id.hex}/{number}", one.occurred_at, said, entries))
        posted.append(Posted(one.id, number, str(one.difference_minor)))
    return reversals, postings, posted


def _undone(source: str, key: str, number: int, of: Unposted | Difference) -> Reversal:
    at = of.settled_at if isinstance(of, Unposted) else of.occurred_at
    place = f"{key}/{number}"
    return Reversal(f"{source}_undone", place, (source, place), at, "It is known better by now")


def _balanced(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    sums: Counter[str] = Counter()
    for entry in entries:
        sums[entry.currency] += entry.amount_minor
    rest = [Entry(Account.SUSPENSE, currency, -amount) for currency, amount in sorted(sums.items())]
    return tuple(entry for entry in (*entries, *rest) if entry.amount_minor)


def _digest(item: Unposted, entries: Sequence[Entry]) -> str:
    said = "\n".join(f"{one.account.value} {one.currency} {one.amount_minor}" for one in entries)
    return hashlib.sha256(f"{item.organization_id}\n{said}".encode()).hexdigest()[:32]
