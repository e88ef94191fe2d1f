"""Whatever shipments were told and whatever a policy says: a dry run counts what a clerk with a calendar on the wall would."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.alerts import deps
from services.alerts.calendars.public_holidays import days_of
from services.alerts.policies.models import Content, Question, Scope, Step
from services.alerts.tests.policies.ask import have_shipment, leave, revise
from shared.runtime.db import Session
from shared.runtime.ids import uuid7

# Christmas, New Year and Epiphany, with a weekend before, between and after.
FIRST: Final = date(2025, 12, 12)
LAST: Final = date(2026, 1, 18)
BUSINESS: Final = {code: {one.day for one in days_of(code) if one.is_business} for code in ("DE-BY", "AE")}
SEVERITIES: Final = ("info", "warning", "high", "critical")


@dataclass(frozen=True)
class Told:
    """An ETA, and the day on which we were told it."""

    on: date
    eta: date


days = st.integers(min_value=-4, max_value=42).map(lambda offset: FIRST + timedelta(days=offset))
histories = st.lists(st.builds(Told, on=days, eta=days), min_size=1, max_size=4).map(
    lambda told: sorted(told, key=lambda one: one.on)
)
shipments = st.lists(st.tuples(histories, st.none() | days), min_size=1, max_size=5)
policies = st.lists(st.integers(min_value=1, max_value=15), min_size=1, max_size=4, unique=True).map(sorted)


def late(eta: date, day: date, calendar: str | None) -> int:
    """Days late, counted one by one."""
    passed = [eta + timedelta(days=number) for number in range(1, (day - eta).days + 1)]
    return sum(calendar is None or one in BUSINESS[calendar] for one in passed)


def expected(told: list[Told], left: date | None, steps: list[int], calendar: str | None) -> dict[date, int]:
    """Day → the step that is raised, by looking at the shipment every day."""
    raised: dict[date, int] = {}
    had: dict[Told, int] = {}
    day = told[0].on
    while day <= min(left or LAST, LAST):
        current = [one for one in told if one.on <= day][-1]
        reached = sum(late(current.eta, day, calendar) >= step for step in steps)
        if reached > had.get(current, 0):
            had[current] = reached
            raised[day] = reached
        day += timedelta(days=1)
    return {day: step for day, step in raised.items() if day >= FIRST}


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stories=shipments, steps=policies, calendar=st.sampled_from([None, "DE-BY", "AE"]))
@example(stories=[([Told(FIRST, date(2025, 12, 24))], None)], steps=[1, 2, 3], calendar="DE-BY")
@example(stories=[([Told(FIRST, date(2026, 1, 4))], None)], steps=[1, 2, 3], calendar="AE")
async def test_a_dry_run_counts_what_is_found_day_by_day(
    session: Session, stories: list[tuple[list[Told], date | None]], steps: list[int], calendar: Literal["DE-BY", "AE"] | None
) -> None:
    organization_id = uuid7()
    found: dict[date, int] = {}
    for told, left in stories:
        shipment = await have_shipment(session, told[0].eta, told_on=told[0].on, organization_id=organization_id)
        for one in told[1:]:
            await revise(session, shipment, one.eta, told_on=one.on)
        if left is not None:
            await leave(session, shipment, on=left)
        for day in expected(told, left, steps, calendar):
            found[day] = found.get(day, 0) + 1
    if calendar == "DE-BY":
        # The other one stays unwritten, and its days are worked out for the question.
        await deps.policies(session)._calendars.ensure(calendar)

    answer = await deps.dry_run(session).count(_question(organization_id, steps, calendar), today=LAST)

    assert {one.day: one.alerts for one in answer.proposed.by_day} == found


def _question(organization_id: UUID, steps: list[int], calendar: str | None) -> Question:
    content = Content(
        effective_from=None,
        enabled=True,
        basis="business" if calendar else "calendar",
        calendar=calendar,
        statuses=("in_transit", "arrived", "customs_hold"),
        steps=tuple(Step(days, severity) for days, severity in zip(steps, SEVERITIES, strict=False)),
        email_retries=3,
        email_interval_s=300,
        digest_above=20,
    )
    return Question(Scope(organization_id, customer=None, mode=None, for_holds=()), content, FIRST, LAST)
