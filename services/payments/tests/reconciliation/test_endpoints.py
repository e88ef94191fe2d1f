"""/v1/reconciliation, /v1/settlements and /v1/traces: what each may see of runs and of what was paid out."""

import csv
import io
from typing import Any

import pytest

from services.payments.tests.payments.arrange import OURS, rows
from services.payments.tests.reconciliation.arrange import AMOUNT, FEE, TAX, Ledgers
from services.payments.tests.shop import THEIRS, code
from shared.contracts.payments import ReconcilePayments
from shared.runtime.db import Session
from shared.testing.messages import assert_nothing_published, assert_published
from shared.testing.service import ApiClient


async def test_settlement_is_shown_item_by_item_and_followed_from_any_of_its_ids(ledgers: Ledgers, client: ApiClient) -> None:
    paid = await ledgers.pay("drift-adjustment")
    settlement = await ledgers.settle(**{"drift-adjustment": "adjustment"})
    await ledgers.compare()
    everybody, ours = client.as_role("viewer"), client.as_role("viewer", organization_id=OURS)
    theirs = client.as_role("viewer", organization_id=THEIRS)

    (whole,) = (await everybody.get("/v1/settlements", params={"utr": settlement["utr"]})).json()["items"]
    (share,) = (await ours.get("/v1/settlements")).json()["items"]
    items = (await everybody.get("/v1/settlements/items", params={"settlement": whole["id"]})).json()["items"]
    (mine,) = (await ours.get("/v1/settlements/items", params={"class": "matched"})).json()["items"]
    report = (await ours.get("/v1/settlements/report.csv")).text
    await _follow(
        ours, [str(paid.id), str(paid.order_id), paid.reference, paid.gateway_order, settlement["id"], settlement["utr"]]
    )

    assert (whole["amount_minor"], whole["items"], whole["difference_minor"], whole["utr"]) == (
        settlement["amount"],
        2,
        0,
        settlement["utr"],
    )
    assert (share["amount_minor"], share["items"], share["item_fee_minor"], share["item_tax_minor"]) == (
        AMOUNT - FEE,
        1,
        FEE,
        TAX,
    )
    assert sorted((one["kind"], one["class"]) for one in items) == [("adjustment", "settled_not_posted"), ("payment", "matched")]
    assert (mine["payment_id"], mine["order_id"], mine["books_minor"]) == (str(paid.id), str(paid.order_id), AMOUNT)
    head, row = csv.reader(io.StringIO(report, newline=""), strict=True)
    told = dict(zip(head, row, strict=True))
    assert (told["entity"], told["utr"], told["amount"], told["credit"], told["fee"], told["books"], told["class"]) == (
        paid.reference,
        settlement["utr"],
        "1000.00",
        "976.40",
        "23.60",
        "1000.00",
        "matched",
    )
    assert (await theirs.get("/v1/settlements")).json()["items"] == []
    assert (await theirs.get("/v1/settlements/items")).json()["items"] == []
    assert code(await theirs.get(f"/v1/settlements/{whole['id']}")) == (404, "settlement_not_found")
    assert code(await theirs.get(f"/v1/traces/{paid.reference}")) == (404, "nothing_traced")
    assert (await everybody.get(f"/v1/settlements/{whole['id']}")).json() == whole


async def _follow(caller: ApiClient, ids: list[str]) -> None:
    """Each of them leads to the same payment, item and settlement."""
    traces: list[dict[str, Any]] = [(await caller.get(f"/v1/traces/{one}")).json() for one in ids]
    assert [len(one["payments"]) for one in traces] == [1] * len(ids)
    assert all(one == traces[0] for one in traces)
    (payment,), (item,), (settlement,) = traces[0]["payments"], traces[0]["items"], traces[0]["settlements"]
    assert (payment["gateway_payment_id"], item["settlement_id"]) == (item["entity_id"], settlement["settlement_id"])


async def test_runs_show_where_they_stand_and_what_they_found(ledgers: Ledgers, client: ApiClient) -> None:
    paid = await ledgers.pay()
    counts = await ledgers.compare()
    viewer = client.as_role("viewer")

    (run,) = (await viewer.get("/v1/reconciliation/runs", params={"state": "finished"})).json()["items"]
    path = f"/v1/reconciliation/runs/{run['id']}"
    findings = (await viewer.get(f"{path}/findings")).json()["items"]

    assert (run["account"], run["stage"], run["counts"], run["error"]) == ("razorpay", "done", counts, None)
    assert run["fetched"] == {"payments": 1, "refunds": 0, "disputes": 0, "items": 0, "lookups": 0}
    assert [(one["class"], one["entity_id"], one["healed"]) for one in findings] == [
        ("captured_unseen", paid.reference, True),
        ("unsettled_overdue", paid.reference, False),
    ]
    assert (await viewer.get(path)).json() == run
    bound = client.as_role("viewer", organization_id=OURS)
    assert code(await bound.get(path)) == (404, "reconciliation_run_not_found")
    assert code(await bound.get(f"{path}/findings")) == (404, "reconciliation_run_not_found")


async def test_run_is_asked_for_of_accounts_that_there_are(client: ApiClient, session: Session) -> None:
    operator, bound = client.as_role("operator"), client.as_role("operator", organization_id=OURS)

    unknown = await operator.post("/v1/reconciliation/runs", json={"account": "paypal"})
    without = await bound.post("/v1/reconciliation/runs", json={})
    answer = await operator.post("/v1/reconciliation/runs", json={"days": 7, "account": "razorpay"})

    assert [code(one) for one in (unknown, without)] == [(404, "gateway_account_not_found")] * 2
    assert answer.status_code == 202
    asked = await assert_published(session, ReconcilePayments, days=7, account="razorpay")
    assert asked.slot is not None
    assert asked.requested_by is not None


@pytest.mark.parametrize("body", [{"days": 0}, {"days": 400}, {"day": "yesterday"}, {"account": "x" * 101}, {"until": 1}])
async def test_run_over_what_cannot_be_meant_is_refused(client: ApiClient, session: Session, body: dict[str, Any]) -> None:
    answer = await client.as_role("operator").post("/v1/reconciliation/runs", json=body)

    assert answer.status_code == 422
    assert (await client.as_role("viewer").post("/v1/reconciliation/runs", json={})).status_code == 403
    await assert_nothing_published(session, ReconcilePayments)
    assert await rows(session, "SELECT count(*) FROM recon_runs") == [(0,)]
