"""Subscriptions as they begin."""

from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from services.payments.tests.subscriptions.arrange import (
    BOX,
    OURS,
    THEIRS,
    Office,
    code,
    have_customer,
    have_method,
    key,
    rows,
)
from shared.contracts.payments import ProcessSingleSubscription
from shared.testing.messages import assert_nothing_published, assert_published
from shared.testing.service import ApiClient

ELSEWHERE: Final = {"line1": "1 Lake Road", "city": "Bengaluru", "postal_code": "560001", "country": "IN"}


async def test_a_subscription_is_billed_at_once_or_after_its_trial(office: Office) -> None:
    plan_id = await office.plan(max_quantity=5)

    at_once = await office.subscribe(plan_id, quantity=3)
    on_trial = await office.subscribe(plan_id, trial_days=10, anchor_day=31)

    assert (at_once["status"], at_once["anchor"], at_once["next_bill_at"]) == ("active", "2026-03-02", "2026-03-01T18:30:00Z")
    assert (on_trial["status"], on_trial["anchor"], on_trial["next_period_start"]) == ("trialing", "2026-01-31", "2026-03-12")
    await assert_published(office.session, ProcessSingleSubscription, subscription_id=UUID(at_once["id"]))


async def test_what_cannot_be_begun_is_refused_and_nothing_is_there(office: Office, client: ApiClient) -> None:
    pro, weekly = await office.plan(), await office.plan(BOX, code="weekly")
    closed = await office.plan(code="closed")
    await office.ok("PATCH", f"/v1/plans/{closed}", json={"active": False}, headers={"If-Match": "*"})
    ann, ben = await have_customer(office.session), await have_customer(office.session)
    bens, gone = await have_method(office.session, ben), await have_method(office.session, ann, status="cancelled")
    usual: dict[str, Any] = {"customer_id": str(ann), "plan_id": str(pro)}
    wrong: dict[str, tuple[dict[str, Any], int, str]] = {
        "customer": ({"customer_id": str(uuid4())}, 404, "customer_not_found"),
        "plan": ({"plan_id": str(uuid4())}, 404, "plan_not_found"),
        "closed": ({"plan_id": str(closed)}, 409, "plan_closed"),
        "quantity": ({"quantity": 2}, 422, "quantity_not_offered"),
        "float": ({"quantity": 1.5}, 422, "invalid_request"),
        "anchor": ({"plan_id": str(weekly), "anchor_day": 3}, 422, "anchor_day_unusable"),
        "a number for a day": ({"ends_on": 20260402}, 422, "invalid_request"),
        "no such zone": ({"time_zone": "Asia/Atlantis"}, 422, "invalid_request"),
        "no such day": ({"anchor_day": 32}, 422, "invalid_request"),
        "no days of trial": ({"trial_days": -1}, 422, "invalid_request"),
        "unknown": ({"price": 5}, 422, "invalid_request"),
        "end": ({"ends_on": "2026-03-02"}, 422, "end_too_early"),
        "state": ({"delivery": {"address": ELSEWHERE}}, 422, "place_of_supply_unknown"),
        "another's": ({"payment_method_id": str(bens)}, 422, "method_unusable"),
        "cancelled": ({"payment_method_id": str(gone)}, 422, "method_unusable"),
    }

    for why, (fields, status, refusal) in wrong.items():
        answer = await office.api.post("/v1/subscriptions", json=usual | fields, headers=key())
        assert code(answer) == (status, refusal), why

    foreign = client.as_role("admin", organization_id=THEIRS)
    assert code(await foreign.post("/v1/subscriptions", json=usual, headers=key())) == (404, "customer_not_found")
    assert await rows(office.session, "SELECT count(*) FROM subscriptions") == [(0,)]
    await assert_nothing_published(office.session, ProcessSingleSubscription)


async def test_other_organizations_see_nothing(office: Office, client: ApiClient) -> None:
    plan_id = await office.plan()
    subscription = await office.subscribe(plan_id)
    foreign = client.as_role("admin", organization_id=THEIRS)

    paths = [f"/v1/plans/{plan_id}"] + [
        f"/v1/subscriptions/{subscription['id']}{rest}" for rest in ("", "/periods", "/changes", "/upcoming", "/skips")
    ]

    assert [(await foreign.get(path)).status_code for path in paths] == [404] * 6
    assert [(await foreign.get(path)).json()["items"] for path in ("/v1/plans", "/v1/subscriptions")] == [[], []]
    assert (await office.get(subscription))["organization_id"] == str(OURS)


async def test_every_change_has_its_line_and_states_follow_the_allowed_ones(office: Office) -> None:
    subscription = await office.subscribe(await office.plan())
    ended = "UPDATE subscriptions SET status = 'unpaid', next_bill_at = NULL, version = version + 1, changed_by = 'x' RETURNING 1"

    found = await office.ok("GET", f"/v1/subscriptions/{subscription['id']}/changes")
    assert [(one["number"], one["from_status"], one["to_status"], one["actor"]) for one in found["items"]] == [
        (1, None, "active", "user:ada")
    ]
    with pytest.raises(IntegrityError, match="subscriptions_status_transition"):
        await rows(office.session, ended)
