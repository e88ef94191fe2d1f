"""What the payments flow plants at the gateway's stand-in."""

from typing import get_args

from deploy.local.flows.payments import drifts
from deploy.sandbox.gateways.rules import Drift


def _line(entity_id: str, **fields: object) -> dict[str, object]:
    usual = {"type": "payment", "order_id": "order_x", "order_receipt": "r", "dispute_id": None, "settled": True, "debit": 0}
    return {**usual, "entity_id": entity_id, "credit": 100, **fields}


PAID = {plant: drifts.Paid(f"id-{plant}", 100, f"order_{plant}", f"pay_{plant}") for plant in drifts.PLANTS}
REPORT = [
    _line("pay_repeated", order_id="order_repeated"),
    _line("pay_repeated", order_id="order_repeated"),
    _line("pay_on_hold", order_id="order_on_hold", settled=False),
    _line("pay_2", order_id="order_duplicate_capture"),
    _line("pay_3", order_receipt=None),
    _line("rfnd_1", type="refund", order_id=None, debit=100, credit=0),
    _line("rfnd_2", type="refund", order_id="order_y", debit=100, credit=0),
    _line("adj_1", type="adjustment", order_id=None),
    _line("adj_2", type="adjustment", order_id="order_z", dispute_id="disp_1"),
]


def test_every_drift_that_the_stand_in_knows_is_planted_and_has_a_class() -> None:
    planted = set(drifts.PLANTS) - {drifts.FORGOTTEN, drifts.UNHEARD, drifts.RIGHT}
    expected = drifts.expected_of(PAID, {"id": "setl_1"}, REPORT)

    assert planted == set(get_args(Drift))
    assert sorted(one.plant for one in expected) == sorted(drifts.PLANTS)
    assert {one.plant for one in expected if one.class_ is None} == {drifts.RIGHT}


def test_what_stands_beside_a_payment_is_told_from_real_refunds_and_disputes() -> None:
    subjects = {one.plant: one.subject for one in drifts.expected_of(PAID, {"id": "setl_1"}, REPORT)}

    strangers = ("duplicate_capture", "unknown_payment", "orphan_refund", "adjustment", "repeated")
    assert [subjects[one] for one in strangers] == ["pay_2", "pay_3", "rfnd_1", "adj_1", "setl_1"]


def test_the_bank_has_each_line_of_ours_once_and_nothing_that_is_on_hold() -> None:
    assert drifts.received(PAID, REPORT) == 100
