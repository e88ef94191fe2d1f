"""/v1/cases: who looks after what, what was written down, and how it ended."""

from typing import Any, Final
from uuid import UUID

import pytest

from services.payments.cases.repository import CaseRepository
from services.payments.cases.service import KeptCases
from services.payments.tests.payments.arrange import NOON, OURS, have_customer, have_order, have_payment, rows
from services.payments.tests.shop import THEIRS, code
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient

CASES: Final = "SELECT kind, entity_id, state FROM cases ORDER BY id"


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    return client.as_role("operator", organization_id=OURS)


@pytest.fixture
def kept(session: Session) -> KeptCases:
    return KeptCases(CaseRepository(session), FrozenClock(NOON))


async def _payment(session: Session) -> UUID:
    customer = await have_customer(session)
    return (await have_payment(session, await have_order(session, customer), customer)).id


async def test_case_is_opened_once_for_each_kind_and_subject(kept: KeptCases, session: Session) -> None:
    payment = await _payment(session)
    for _ in range(2):
        await kept.open("duplicate_capture", payment, {"gateway_payment_id": "pay_1"})
        await kept.open("outcome_unknown", payment, {"checks": 7})
        await kept.open("webhooks_silent", None, {"gateway": "razorpay", "account": "razorpay"})
        for subscription in (UUID(int=7), UUID(int=8)):
            await kept.open("billing_held", None, {"subscription_id": str(subscription), "reason": "no plan"})

    assert await rows(session, CASES) == [
        ("duplicate_capture", "pay_1", "open"),
        ("outcome_unknown", str(payment), "open"),
        ("webhooks_silent", "razorpay", "open"),
        ("billing_held", str(UUID(int=7)), "open"),
        ("billing_held", str(UUID(int=8)), "open"),
    ]
    about = "SELECT gateway, account, payment_id, amount_minor, currency, organization_id FROM cases ORDER BY id LIMIT 1"
    assert await rows(session, about) == [("razorpay", "razorpay", payment, 11_800, "INR", OURS)]


async def test_person_takes_a_case_writes_on_it_and_ends_it_and_all_of_it_is_kept(
    kept: KeptCases, operator: ApiClient, session: Session
) -> None:
    await kept.open("amount_mismatch", await _payment(session), {"gateway_payment_id": "pay_1"})
    (listed,) = (await operator.get("/v1/cases", params={"state": "open", "kind": "amount_mismatch"})).json()["items"]
    path = f"/v1/cases/{listed['id']}"

    taken = await operator.put(f"{path}/owner", json={"owner": "ann@example.com"})
    written = await operator.post(f"{path}/comments", json={"note": "Asked Razorpay."})
    ended = await operator.post(f"{path}/resolve", json={"resolution": "accepted", "note": "A bank's charge."})
    story = (await operator.get(path)).json()

    assert [one.status_code for one in (taken, written, ended)] == [200, 201, 200]
    assert (story["state"], story["resolution"], story["owner"]) == ("resolved", "accepted", "ann@example.com")
    lines = [(one["action"], one["owner"], one["note"]) for one in story["history"]]
    assert lines == [
        ("opened", None, None),
        ("assigned", "ann@example.com", None),
        ("commented", "ann@example.com", "Asked Razorpay."),
        ("resolved", "ann@example.com", "A bank's charge."),
    ]
    assert listed["age_hours"] >= 0
    mine = (await operator.get("/v1/cases", params={"owner": "ann@example.com"})).json()["items"]
    assert [one["id"] for one in mine] == [listed["id"]]
    # What somebody has accepted is not opened again for the same.
    await kept.open("amount_mismatch", None, {"gateway_payment_id": "pay_1"})
    assert [row[2] for row in await rows(session, CASES)] == ["resolved"]
    assert code(await operator.put(f"{path}/owner", json={"owner": None})) == (409, "case_resolved")
    assert code(await operator.post(f"{path}/resolve", json={"resolution": "fixed", "note": "x"})) == (409, "case_resolved")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "/owner", {"owner": "ann"}),
        ("POST", "/comments", {"note": "x"}),
        ("POST", "/resolve", {"resolution": "fixed", "note": "x"}),
    ],
)
async def test_case_of_others_and_of_nobody_is_not_there_for_an_organization(
    kept: KeptCases, client: ApiClient, session: Session, method: str, path: str, body: dict[str, Any] | None
) -> None:
    await kept.open("amount_mismatch", await _payment(session), {"gateway_payment_id": "pay_1"})
    await kept.open("missing_local", None, {"gateway_payment_id": "pay_2", "gateway": "razorpay", "account": "razorpay"})
    stranger = client.as_role("operator", organization_id=THEIRS)

    for (case_id,) in await rows(session, "SELECT id FROM cases"):
        answer = await stranger.request(method, f"/v1/cases/{case_id}{path}", json=body)
        assert code(answer) == (404, "case_not_found")
    assert (await stranger.get("/v1/cases")).json()["items"] == []
    assert {row[2] for row in await rows(session, CASES)} == {"open"}
    assert len((await client.as_role("operator").get("/v1/cases")).json()["items"]) == 2


@pytest.mark.parametrize(
    "body", [{"resolution": "settled_itself", "note": "x"}, {"resolution": "fixed", "note": " "}, {"note": "x"}]
)
async def test_end_that_nobody_can_mean_is_refused_and_nothing_changes(
    kept: KeptCases, operator: ApiClient, session: Session, body: dict[str, str]
) -> None:
    await kept.open("amount_mismatch", await _payment(session), {"gateway_payment_id": "pay_1"})
    ((case_id,),) = await rows(session, "SELECT id FROM cases")

    answer = await operator.post(f"/v1/cases/{case_id}/resolve", json=body)

    assert (answer.status_code, [row[2] for row in await rows(session, CASES)]) == (422, ["open"])
