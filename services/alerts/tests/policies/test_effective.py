"""Which policy applies to a shipment, and why the others do not."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from services.alerts.tests.arrange import ETA, OURS, THEIRS, evaluate, rows
from services.alerts.tests.policies.ask import POLICIES, create, have_shipment, publish
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient

CUSTOMER = "Nordlicht Handels GmbH"


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    """Somebody of OURS who writes."""
    return client.as_role("operator", organization_id=OURS)


async def explain(caller: ApiClient, shipment: object, **params: str) -> list[tuple[str, str]]:
    """(name, reason) of each candidate, in order."""
    answer = (await caller.get(f"{POLICIES}/effective", params={"shipment_id": str(shipment), **params})).json()
    applying = [one["policy_id"] for one in answer["candidates"] if one["applies"]]
    assert applying == ([answer["policy_id"]] if answer["policy_id"] else [])
    return [(one["name"], one["reason"]) for one in answer["candidates"]]


SCOPES: dict[str, dict[str, Any]] = {
    "organization": {},
    "mode": {"mode": "sea"},
    "hold": {"for_holds": ["customs"]},
    "hold and mode": {"for_holds": ["customs"], "mode": "sea"},
    "customer": {"customer": CUSTOMER},
    "customer and mode": {"customer": CUSTOMER, "mode": "sea"},
    "customer and hold": {"customer": CUSTOMER, "for_holds": ["customs"]},
}
APPLIES, NARROWER = "it is the narrowest that is for this shipment", "a narrower one applies"


async def test_the_narrowest_applies_and_the_others_follow_in_order(operator: ApiClient, session: Session) -> None:
    for name, scope in SCOPES.items():
        await create(operator, name=name, **scope)
    shipment = await have_shipment(session, ETA, mode="sea", holds=["customs", "freight"])

    assert await explain(operator, shipment) == [
        ("customer and hold", APPLIES),
        ("customer and mode", NARROWER),
        ("customer", NARROWER),
        ("hold and mode", NARROWER),
        ("hold", NARROWER),
        ("mode", NARROWER),
        ("organization", NARROWER),
        ("Default", NARROWER),
    ]


async def test_each_policy_that_does_not_apply_says_why(operator: ApiClient, session: Session) -> None:
    await create(operator, name="for others", customer="Baltic Trade UAB")
    await create(operator, name="for air", customer=CUSTOMER, mode="air")
    await create(operator, name="for held goods", customer=CUSTOMER, for_holds=["customs", "freight"])
    await create(operator, name="to come", customer=CUSTOMER, version={"effective_from": "2026-03-03"})
    retired = (await create(operator, name="retired", mode="sea")).json()["id"]
    await publish(operator, retired, '"v1"', enabled=False)
    await create(operator, name="for arrived", version={"statuses": ["arrived"]})
    shipment = await have_shipment(session, ETA, mode="sea", holds=["document"])

    assert await explain(operator, shipment) == [
        ("for held goods", "it is for goods under a hold (customs, freight), and none of these is in force"),
        ("for air", "it is for another mode"),
        ("to come", "none of its versions holds yet on this day"),
        ("retired", "it is retired on this day"),
        ("for arrived", "it counts in the statuses arrived, and the shipment is in another"),
        ("Default", APPLIES),
        ("for others", "it is for another customer"),
    ]
    assert (await explain(operator, shipment, as_of="2026-03-03"))[2] == ("to come", APPLIES)


async def test_of_two_as_narrow_the_newer_one_applies(operator: ApiClient, session: Session) -> None:
    await create(operator, name="older", for_holds=["customs"])
    await create(operator, name="newer", for_holds=["freight"])
    shipment = await have_shipment(session, ETA, holds=["customs", "freight"])

    assert await explain(operator, shipment) == [("newer", APPLIES), ("older", NARROWER), ("Default", NARROWER)]


async def test_a_shipment_that_is_not_watched_has_no_policy(operator: ApiClient, session: Session) -> None:
    shipment = await have_shipment(session, ETA, status="delivered")

    (candidate,) = await explain(operator, shipment)

    assert candidate == ("Default", "it counts in the statuses in_transit, arrived, customs_hold, and the shipment is in another")


async def test_another_organizations_shipment_is_not_there(operator: ApiClient, session: Session) -> None:
    theirs = await have_shipment(session, ETA, organization_id=THEIRS)

    for shipment in (theirs, uuid4()):
        answer = await operator.get(f"{POLICIES}/effective", params={"shipment_id": str(shipment)})
        assert (answer.status_code, answer.json()["code"]) == (404, "shipment_not_found")


async def test_a_run_raises_by_the_policy_that_is_said_to_apply(
    operator: ApiClient, session: Session, clock: FrozenClock
) -> None:
    clock.set(clock().replace(day=1))
    for name, scope in SCOPES.items():
        await create(operator, name=name, **scope)
    shipments = [
        await have_shipment(session, date(2026, 2, 20), customer=customer, mode=mode, holds=holds)
        for customer in (CUSTOMER, "Baltic Trade UAB")
        for mode in (None, "sea", "air")
        for holds in ((), ("customs",), ("other",))
    ]

    await evaluate(session, date(2026, 3, 1))

    said = {}
    for shipment in shipments:
        answer = await operator.get(f"{POLICIES}/effective", params={"shipment_id": str(shipment)})
        said[shipment] = answer.json()["version_id"]
    raised = await rows(session, "SELECT shipment_id, policy_version_id::text FROM alerts")
    assert len({*said.values()}) == 7
    assert dict(raised) == said
