"""What settled items mean for the ledger: one formula, and what does not balance lies in suspense."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments.settlements.models import Difference, Unposted
from services.payments.settlements.posting import difference_changes, item_changes, item_entries
from services.payments.tests.payments.arrange import OURS
from shared.runtime.ids import uuid7

AT: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
ITEM: Final = Unposted(
    id=uuid7(),
    organization_id=OURS,
    gateway="razorpay",
    entity_id="pay_1",
    kind="payment",
    settled_at=AT,
    net_minor=97_640,
    settlement_currency="INR",
    books_minor=100_000,
    books_currency="INR",
    fee_minor=2_360,
    tax_minor=360,
    number=0,
    digest=None,
)
WHOLE: Final = {"bank": 97_640, "gateway_fees": 2_000, "gst_input": 360, "gateway_receivable": -100_000}


@pytest.mark.parametrize(
    ("changed", "entries"),
    [
        ({}, WHOLE),
        # The gateway says more than our books have.
        ({"net_minor": 97_740}, {**WHOLE, "bank": 97_740, "suspense": -100}),
        # It kept more than it had said with the payment.
        ({"net_minor": 97_540}, {**WHOLE, "bank": 97_540, "suspense": 100}),
        # We know nothing of it.
        ({"books_minor": 0, "fee_minor": 0, "tax_minor": 0}, {"bank": 97_640, "suspense": -97_640}),
        # A refund, and a fee alone.
        (
            {"net_minor": -40_000, "books_minor": -40_000, "fee_minor": 0, "tax_minor": 0},
            {"bank": -40_000, "gateway_receivable": 40_000},
        ),
        (
            {"net_minor": -1_180, "books_minor": 0, "fee_minor": 1_180, "tax_minor": 180},
            {"bank": -1_180, "gateway_fees": 1_000, "gst_input": 180},
        ),
        ({"net_minor": 0, "books_minor": 0, "fee_minor": 0, "tax_minor": 0}, {}),
    ],
)
def test_item_moves_the_receivable_to_the_bank_less_what_the_gateway_keeps(
    changed: dict[str, Any], entries: dict[str, int]
) -> None:
    assert {one.account.value: one.amount_minor for one in item_entries(replace(ITEM, **changed))} == entries


@given(
    st.integers(-(10**9), 10**9),
    st.integers(-(10**9), 10**9),
    st.integers(0, 10**6),
    st.integers(0, 10**5),
    st.sampled_from(["INR", "USD"]),
)
@settings(max_examples=50, deadline=None)
def test_entries_balance_in_each_currency_whatever_a_gateway_says(
    net: int, books: int, fee: int, tax: int, currency: str
) -> None:
    item = replace(ITEM, net_minor=net, books_minor=books, fee_minor=fee, tax_minor=tax, books_currency=currency)

    for one in {"INR", currency}:
        assert sum(entry.amount_minor for entry in item_entries(item) if entry.currency == one) == 0


def test_posting_is_made_once_undone_when_it_is_known_better_and_made_anew() -> None:
    none, (first,), (kept,) = item_changes([ITEM])
    again = item_changes([replace(ITEM, number=kept.number, digest=kept.digest)])
    (undone,), (second,), (later,) = item_changes([replace(ITEM, number=1, digest=kept.digest, net_minor=97_740)])
    (gone,), nothing, (last,) = item_changes(
        [replace(ITEM, number=2, digest=later.digest, net_minor=0, books_minor=0, fee_minor=0, tax_minor=0)]
    )
    back = item_changes([replace(ITEM, number=last.number, digest=last.digest)])

    key = ITEM.id.hex
    assert (none, again[0], again[1], nothing) == ([], [], [], [])
    assert (first.source, first.source_id, undone.reverses) == ("settlement_item", f"{key}/1", ("settlement_item", f"{key}/1"))
    assert (second.source_id, gone.reverses, last.number) == (f"{key}/2", ("settlement_item", f"{key}/2"), 3)
    # What moved nothing is not undone.
    assert (back[0], [one.source_id for one in back[1]]) == ([], [f"{key}/4"])


def test_difference_of_a_settlement_lies_in_suspense_until_it_is_gone() -> None:
    found = Difference(uuid7(), OURS, "setl_1", "INR", AT, 100, 0, 0)
    none, (posting,), (kept,) = difference_changes([found])
    (undone,), nothing, _ = difference_changes([replace(found, difference_minor=0, number=kept.number, posted_minor=100)])

    assert {one.account.value: one.amount_minor for one in posting.entries} == {"bank": 100, "suspense": -100}
    assert (none, undone.reverses, nothing) == ([], (posting.source, posting.source_id), [])
