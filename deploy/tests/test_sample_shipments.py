"""The made-up shipments are of real shape, and the alerts service takes every one of them."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from deploy.local.flows.alerts import BRIEF_SHIPMENTS, SHIPMENTS
from deploy.local.sample_outcomes import expected_mails, expected_severities, is_digest
from deploy.local.sample_shipments import as_csv, container_number, generate
from services.alerts.shipments.shipment_file import read_shipments

TODAY = date(2026, 3, 2)


def test_check_digit_is_that_of_the_customary_example() -> None:
    assert container_number("CSQU", 305438) == "CSQU3054383"


def test_same_seed_gives_the_same_shipments_and_another_one_others() -> None:
    first, again, other = (generate(50, seed=seed, today=TODAY, domain="example.com") for seed in (1, 1, 2))

    assert first == again
    assert {one.reference for one in first}.isdisjoint(one.reference for one in other)


def test_every_generated_shipment_can_be_imported() -> None:
    file = read_shipments(as_csv(generate(1000, seed=3, today=TODAY, domain="example.com")))

    assert (file.rows, len(file.facts), file.problems) == (1000, 1000, [])


def test_generated_shipments_are_of_real_shape() -> None:
    shipments = generate(2000, seed=4, today=TODAY, domain="example.com")
    held = [one for one in shipments if one.status == "customs_hold"]

    assert {one.mode for one in shipments} == {"sea", "multimodal", "rail", "road"}
    assert Counter(one.recipients.count("@") for one in shipments).keys() == {1, 2, 3}
    assert all("customs" in one.holds for one in held)
    assert all(bool(one.missing_documents) == ("document" in one.holds) for one in held)
    assert all(one.last_free_day is None for one in shipments if one.status == "in_transit")
    assert all(one.last_free_day > one.current_eta for one in held if one.last_free_day)


def test_severities_follow_from_the_days_past_the_eta_of_what_is_watched() -> None:
    (shipment,) = generate(1, seed=0, today=TODAY, domain="example.com")
    late = {days: expected_severities([shipment], shipment.current_eta + timedelta(days=days)) for days in (0, 1, 2, 3, 5, 7, 90)}

    assert shipment.status == "in_transit"
    assert [next(iter(found), None) for found in late.values()] == [
        None,
        "info",
        "info",
        "warning",
        "high",
        "critical",
        "critical",
    ]
    assert late[90] == Counter(critical=1)


@pytest.mark.parametrize(("others", "critical", "mails"), [(20, 0, 20), (21, 0, 1), (20, 21, 21), (21, 21, 2)])
def test_recipient_with_more_than_twenty_shipments_gets_one_digest_and_critical_ones_are_counted_apart(
    others: int, critical: int, mails: int
) -> None:
    (shipment,) = generate(1, seed=0, today=TODAY, domain="example.com")
    etas = [TODAY - timedelta(days=3)] * others + [TODAY - timedelta(days=9)] * critical
    late = [
        replace(shipment, reference=f"A{number}", recipients="a@example.com", current_eta=eta) for number, eta in enumerate(etas)
    ]

    assert expected_mails(late, TODAY).total() == mails


def test_mails_name_the_shipment_or_count_what_is_late() -> None:
    (shipment,) = generate(1, seed=0, today=TODAY, domain="example.com")
    late = [
        replace(shipment, reference=f"A{number}", recipients=to, current_eta=TODAY - timedelta(days=days))
        for number, (to, days) in enumerate([("a@b.example;c@d.example", 7), *[("e@f.example", days) for days in (1, 5, 6)] * 7])
    ]

    assert expected_mails(late, TODAY) == {
        ("a@b.example", "Critical: shipment A0 is 7 days late"): 1,
        ("c@d.example", "Critical: shipment A0 is 7 days late"): 1,
        ("e@f.example", "21 shipments are late: 14 high, 7 info"): 1,
    }


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [BRIEF_SHIPMENTS, SHIPMENTS])
def test_demonstration_has_both_single_mails_and_digests(count: int, seed: int) -> None:
    mails = expected_mails(generate(count, seed=seed, today=TODAY, domain="example.com"), TODAY)

    assert {is_digest(subject) for _, subject in mails} == {True, False}
