"""Cash, bank transfers and cheques, as operators record them."""

import dataclasses
from typing import Any

import pytest

from services.payments.gateways.amounts import AmountRefused
from services.payments.gateways.facts import PaymentStatus, RefundFact, RefundStatus
from services.payments.gateways.offline import (
    Clearing,
    OfflineMethod,
    OfflinePayment,
    OfflineRefund,
    OfflineRefused,
    offline_payment,
    offline_refund,
)
from services.payments.tests.gateways.arrange import NOW, RECEIPT

CASH = OfflinePayment(RECEIPT, 150_000, "INR", OfflineMethod.CASH, NOW)
TRANSFER = dataclasses.replace(CASH, method=OfflineMethod.BANK_TRANSFER, reference="HDFCR52026030212")
CHEQUE = dataclasses.replace(CASH, method=OfflineMethod.CHEQUE, reference="000123", bank="HDFC", clearing=Clearing.WAITING)


@pytest.mark.parametrize(
    ("record", "status", "captured_minor"),
    [
        (CASH, PaymentStatus.CAPTURED, 150_000),
        (
            dataclasses.replace(CASH, method=OfflineMethod.BANK_TRANSFER, reference="HDFCR52026030212"),
            PaymentStatus.CAPTURED,
            150_000,
        ),
        (CHEQUE, PaymentStatus.CREATED, 0),
        (dataclasses.replace(CHEQUE, clearing=Clearing.CLEARED), PaymentStatus.CAPTURED, 150_000),
        (dataclasses.replace(CHEQUE, clearing=Clearing.BOUNCED), PaymentStatus.FAILED, 0),
        (dataclasses.replace(CASH, currency="KWD", amount_minor=1), PaymentStatus.CAPTURED, 1),
    ],
)
def test_record_is_a_fact_and_a_cheque_is_money_once_it_is_cleared(
    record: OfflinePayment, status: PaymentStatus, captured_minor: int
) -> None:
    fact = offline_payment(record)

    assert (fact.gateway, fact.payment_id, fact.receipt, fact.order_id) == ("offline", RECEIPT, RECEIPT, None)
    assert (fact.status, fact.amount_minor, fact.captured_minor, fact.fee_minor) == (
        status,
        record.amount_minor,
        captured_minor,
        0,
    )
    assert (fact.method, fact.reference, fact.bank, fact.occurred_at) == (record.method, record.reference, record.bank, NOW)


def test_cheque_that_bounced_tells_the_customer_to_pay_otherwise() -> None:
    decline = offline_payment(dataclasses.replace(CHEQUE, clearing=Clearing.BOUNCED)).decline

    assert decline is not None
    assert (decline.kind.value, decline.text_key, decline.delay_s) == ("ask_customer", "cheque_bounced", None)


def test_refund_by_hand_is_done_when_it_is_recorded() -> None:
    refund = offline_refund(OfflineRefund("refund-0000000001", RECEIPT, 50_000, "INR", NOW))

    assert refund == RefundFact(
        "offline", "refund-0000000001", RECEIPT, "refund-0000000001", RefundStatus.PROCESSED, 50_000, "INR", NOW
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"method": OfflineMethod.BANK_TRANSFER}, "give reference"),
        ({"method": OfflineMethod.CHEQUE, "clearing": Clearing.WAITING}, "give reference"),
        ({"method": OfflineMethod.CHEQUE, "reference": "000123"}, "a cheque is waiting, cleared or bounced"),
        ({"clearing": Clearing.CLEARED}, "give clearing with cheques alone"),
        ({"reference": ""}, "1 to 50 letters"),
        ({"reference": "4111 1111 1111 1111"}, "looks like a card's number"),
        ({"reference": "<script>"}, "1 to 50 letters"),
        ({"reference": "x" * 51}, "1 to 50 letters"),
    ],
)
def test_record_that_cannot_be_meant_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(OfflineRefused, match=said) as refused:
        offline_payment(dataclasses.replace(CASH, **changed))

    assert (refused.value.status, refused.value.code) == (422, "offline_payment_refused")


@pytest.mark.parametrize("amount_minor", [0, -1, 10**15 + 1])
def test_amount_out_of_bounds_is_refused(amount_minor: int) -> None:
    with pytest.raises(AmountRefused):
        offline_payment(dataclasses.replace(CASH, amount_minor=amount_minor))
    with pytest.raises(AmountRefused):
        offline_refund(OfflineRefund("refund-0000000001", RECEIPT, amount_minor, "INR", NOW))
