"""The made-up shipments are of real shape, and the alerts service takes every one of them."""

from collections import Counter
from datetime import date, timedelta

from deploy.local.flows.alerts import expected_severities
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
