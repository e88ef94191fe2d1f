"""What trips cost: exact by metre and second, rounded once per position, never below the minimum."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments.tariffs.models import PricePart, TariffRates, TripFacts
from services.payments.tariffs.pricing import price

RATES = TariffRates(
    currency="INR",
    base_minor=15000,
    per_km_minor=1850,
    per_minute_minor=300,
    waiting_minute_minor=200,
    free_waiting_s=300,
    minimum_minor=20000,
    tax_rate_bp=500,
    sac="996412",
)
TRIP = TripFacts(distance_m=18400, duration_s=2700, waiting_s=600)


def test_positions_of_a_trip() -> None:
    assert price(TRIP, RATES) == (
        PricePart("Base fare", 15000),
        PricePart("Distance, 18.4 km", 34040),
        PricePart("Time, 35:00 min", 10500),
        PricePart("Waiting, 5:00 min", 1000),
    )


def test_short_trip_costs_the_minimum_and_says_so() -> None:
    assert price(TripFacts(1000, 60, 0), RATES) == (
        PricePart("Base fare", 15000),
        PricePart("Distance, 1 km", 1850),
        PricePart("Time, 1:00 min", 300),
        PricePart("Minimum fare", 2850),
    )


def test_trip_that_costs_nothing_has_no_position() -> None:
    free = TariffRates("INR", 0, 0, 0, 0, 0, 0, 0, "996412")

    assert price(TRIP, free) == ()


def test_more_waiting_than_time_is_no_time_below_nothing() -> None:
    assert [part.amount_minor for part in price(TripFacts(0, 60, 600), replace(RATES, minimum_minor=0))] == [15000, 1000]


AMOUNT = st.integers(0, 10**7)
FACT = st.integers(0, 10**6)


@settings(max_examples=60, deadline=None)
@given(facts=st.builds(TripFacts, FACT, FACT, FACT), base=AMOUNT, km=AMOUNT, minute=AMOUNT, minimum=AMOUNT)
def test_price_is_never_below_the_minimum_nor_off_by_more_than_half_a_unit_for_each_position(
    facts: TripFacts, base: int, km: int, minute: int, minimum: int
) -> None:
    rates = replace(RATES, base_minor=base, per_km_minor=km, per_minute_minor=minute, minimum_minor=minimum)

    total = sum(part.amount_minor for part in price(facts, rates))
    exact = base + facts.distance_m * km / 1000 + max(facts.duration_s - facts.waiting_s, 0) * minute / 60
    exact += max(facts.waiting_s - rates.free_waiting_s, 0) * rates.waiting_minute_minor / 60

    assert total >= minimum
    assert total == minimum or abs(total - exact) <= 1.5 + exact * 1e-12
