"""Whatever happens to a shipment in whatever order: an alert per step and ETA revision at most, and always the right one."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.alerts.tests.arrange import ETA, evaluate, have, line, rows
from shared.runtime.db import Session
from shared.runtime.ids import uuid7

POLICY = {1: 1, 2: 3, 3: 5, 4: 7}
days = st.integers(min_value=-3, max_value=12).map(lambda offset: ETA + timedelta(days=offset))
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("eta"), days),
        st.tuples(st.just("evaluate"), days),
        st.tuples(st.just("status"), st.sampled_from(["in_transit", "customs_hold", "released"])),
    ),
    max_size=12,
)


class Expected:
    """The rule, one shipment at a time and without a database."""

    def __init__(self) -> None:
        self.eta, self.revision, self.status = ETA, 1, "in_transit"
        self.raised: list[tuple[int, int, date]] = []

    def change_eta(self, eta: date) -> None:
        self.revision += eta != self.eta
        self.eta = eta

    def evaluate(self, day: date) -> None:
        reached = max((step for step, late in POLICY.items() if (day - self.eta).days >= late), default=0)
        had = max((step for step, revision, _ in self.raised if revision == self.revision), default=0)
        if self.status != "released" and reached > had:
            self.raised.append((reached, self.revision, day))


async def play(session: Session, organization_id: UUID, story: list[tuple[str, date | str]]) -> Expected:
    """Let it happen to a shipment and to the rule."""
    expected = Expected()
    await have(session, line(), organization_id=organization_id)
    for what, value in story:
        if isinstance(value, date) and what == "evaluate":
            expected.evaluate(value)
            await evaluate(session, value)
            continue
        if isinstance(value, date):
            expected.change_eta(value)
        else:
            expected.status = value
        row = line(current_eta=expected.eta.isoformat(), status=expected.status)
        await have(session, row, organization_id=organization_id)
    return expected


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=happenings)
async def test_alerts_are_those_of_the_rule(session: Session, story: list[tuple[str, date | str]]) -> None:
    organization_id = uuid7()

    expected = await play(session, organization_id, story)

    query = "SELECT step, eta_revision, raised_on FROM alerts WHERE organization_id = :organization_id ORDER BY id"
    assert await rows(session, query, organization_id=organization_id) == expected.raised
    last = ETA + timedelta(days=40)
    await evaluate(session, last)
    assert (await evaluate(session, last)).shipments == 0
