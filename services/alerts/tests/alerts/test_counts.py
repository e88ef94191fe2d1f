"""GET /v1/alerts/counts."""

from datetime import timedelta

from services.alerts.tests.alerts.acting import act, operator, raise_alerts
from services.alerts.tests.arrange import ETA, OURS, THEIRS, evaluate, have, line
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient

COUNTS = "/v1/alerts/counts"


async def test_counts_are_of_what_is_not_resolved(client: ApiClient, session: Session, clock: FrozenClock) -> None:
    ids = await raise_alerts(session, "A", "B", "C", "D")
    (critical,) = await raise_alerts(session, "E", customer="Suedwind AG", current_eta=ETA - timedelta(days=6))
    until = (clock() + timedelta(days=3)).isoformat()
    await act(operator(client), ids[0], "resolve")
    await act(operator(client), ids[1], "acknowledge")
    await act(operator(client), critical, "snooze", until=until)
    clock.advance(timedelta(days=7))

    counts = (await client.as_role("viewer", organization_id=OURS).get(COUNTS)).json()

    assert counts == {
        "unresolved": 4,
        "by_severity": {"info": 3, "warning": 0, "high": 0, "critical": 1},
        "by_status": {"open": 2, "acknowledged": 1, "snoozed": 1},
        "by_customer": [
            {"organization_id": str(OURS), "customer": "Nordlicht Handels GmbH", "alerts": 3},
            {"organization_id": str(OURS), "customer": "Suedwind AG", "alerts": 1},
        ],
        "by_age": [
            {"from_days": 0, "to_days": 1, "alerts": 0},
            {"from_days": 2, "to_days": 3, "alerts": 0},
            {"from_days": 4, "to_days": 7, "alerts": 4},
            {"from_days": 8, "to_days": 14, "alerts": 0},
            {"from_days": 15, "to_days": None, "alerts": 0},
        ],
    }


async def test_ages_fall_into_buckets_at_their_edges(client: ApiClient, session: Session, clock: FrozenClock) -> None:
    today = clock.advance(timedelta(days=40)).date()
    for days in (0, 1, 2, 3, 4, 7, 8, 14, 15, 30):
        await have(session, line(reference=f"R{days}", current_eta=today - timedelta(days=days + 1)))
        await evaluate(session, today - timedelta(days=days))

    counts = (await client.as_role("viewer").get(COUNTS)).json()

    assert [bucket["alerts"] for bucket in counts["by_age"]] == [2, 2, 2, 2, 2]


async def test_bound_caller_counts_the_own_alerts_and_an_unbound_one_all_or_those_of_one(
    client: ApiClient, session: Session
) -> None:
    await raise_alerts(session, "A", "B")
    await raise_alerts(session, "C", organization_id=THEIRS)
    anybody = client.as_role("viewer")

    ours = (await client.as_role("viewer", organization_id=OURS).get(COUNTS)).json()
    all_of_them = (await anybody.get(COUNTS)).json()
    theirs = (await anybody.get(COUNTS, params={"organization_id": str(THEIRS)})).json()

    assert [one["unresolved"] for one in (ours, all_of_them, theirs)] == [2, 3, 1]
    assert [(one["organization_id"], one["alerts"]) for one in all_of_them["by_customer"]] == [(str(OURS), 2), (str(THEIRS), 1)]


async def test_fifty_customers_with_the_most_alerts_are_named(client: ApiClient, session: Session) -> None:
    shipments = [line(reference=f"R{number}", customer=f"C{number:02}") for number in range(51)]
    await have(session, *shipments, line(reference="more", customer="C50"))
    await evaluate(session, ETA + timedelta(days=1))

    customers = [one["customer"] for one in (await client.as_role("viewer").get(COUNTS)).json()["by_customer"]]

    assert customers == ["C50", *(f"C{number:02}" for number in range(49))]


async def test_no_alerts_are_counted_as_none(client: ApiClient) -> None:
    counts = (await client.as_role("viewer").get(COUNTS)).json()

    assert (counts["unresolved"], counts["by_customer"]) == (0, [])
    assert set(counts["by_severity"].values()) == {0}
