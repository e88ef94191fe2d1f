"""/v1/ledger."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.payments.ledger.checkpoint_repository import CheckpointRepository
from services.payments.ledger.models import Reversal
from services.payments.ledger.repository import Ledger
from services.payments.tests.ledger.arrange import NOON, OURS, THEIRS, capture, have, invoice
from shared.contracts.payments import RefreshLedgerBalances
from shared.runtime.db import Session
from shared.testing.messages import assert_nothing_published, assert_published
from shared.testing.service import ApiClient

STATEMENT = "/v1/ledger/accounts/accounts_receivable/entries"


@pytest.fixture
def viewer(client: ApiClient) -> ApiClient:
    return client.as_role("viewer", organization_id=OURS)


async def test_trial_balance_shows_every_account_on_its_side(viewer: ApiClient, session: Session) -> None:
    await have(session, invoice("1"), capture("1", 5000), capture("2", 300, currency="USD"), capture("3", organization_id=THEIRS))

    found = (await viewer.get("/v1/ledger/trial-balance")).json()

    assert found == {
        "organization_id": str(OURS),
        "before": None,
        "currencies": [
            {
                "currency": "INR",
                "accounts": [
                    {"account": "accounts_receivable", "debit_minor": 6800, "credit_minor": 0},
                    {"account": "gateway_receivable", "debit_minor": 5000, "credit_minor": 0},
                    {"account": "gst_output_cgst", "debit_minor": 0, "credit_minor": 900},
                    {"account": "gst_output_sgst", "debit_minor": 0, "credit_minor": 900},
                    {"account": "revenue", "debit_minor": 0, "credit_minor": 10000},
                ],
                "debit_minor": 11800,
                "credit_minor": 11800,
            },
            {
                "currency": "USD",
                "accounts": [
                    {"account": "accounts_receivable", "debit_minor": 0, "credit_minor": 300},
                    {"account": "gateway_receivable", "debit_minor": 300, "credit_minor": 0},
                ],
                "debit_minor": 300,
                "credit_minor": 300,
            },
        ],
    }
    earlier = await viewer.get("/v1/ledger/trial-balance", params={"before": "2026-02-10T17:30:00+05:30", "currency": "INR"})
    assert earlier.json()["currencies"] == []


async def test_trial_balance_as_a_file_has_amounts_in_both_units(viewer: ApiClient, session: Session) -> None:
    await have(session, capture("1", 5000), capture("2", 5000, currency="JPY"))

    answer = await viewer.get("/v1/ledger/trial-balance.csv", params={"before": "2026-03-01T00:00:00Z"})

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="trial-balance.csv"'
    head, *lines = csv.reader(io.StringIO(answer.text, newline=""), strict=True)
    assert head == ["organization_id", "before", "currency", "account", "debit_minor", "credit_minor", "debit", "credit"]
    assert [line[:2] for line in lines] == [[str(OURS), "2026-03-01T00:00:00+00:00"]] * 4
    assert [line[2:] for line in lines] == [
        ["INR", "accounts_receivable", "0", "5000", "0.00", "50.00"],
        ["INR", "gateway_receivable", "5000", "0", "50.00", "0.00"],
        ["JPY", "accounts_receivable", "0", "5000", "0", "5000"],
        ["JPY", "gateway_receivable", "5000", "0", "5000", "0"],
    ]


@pytest.mark.parametrize("with_checkpoints", [False, True])
async def test_statement_runs_over_pages_with_the_balance_after_each_entry(
    viewer: ApiClient, session: Session, with_checkpoints: bool
) -> None:
    months = [datetime(2026, month, 3, tzinfo=UTC) for month in (1, 1, 2, 4, 4)]
    await have(session, *(invoice(str(number), at=at) for number, at in enumerate(months)))
    await have(session, capture("x", 100, at=months[2]), invoice("theirs", at=months[1], organization_id=THEIRS))
    if with_checkpoints:
        await CheckpointRepository(session).refresh(from_scratch=True)

    seen: list[dict[str, Any]] = []
    params: dict[str, str] | None = {"currency": "INR", "limit": "2"}
    while params is not None:
        page = (await viewer.get(STATEMENT, params=params)).json()
        seen += page["items"]
        params = {**params, "cursor": page["next_cursor"]} if page["next_cursor"] else None

    assert [(line["source_id"], line["amount_minor"], line["balance_minor"]) for line in seen] == [
        ("4", 11800, 58900),
        ("3", 11800, 47100),
        ("x", -100, 35300),
        ("2", 11800, 35400),
        ("1", 11800, 23600),
        ("0", 11800, 11800),
    ]
    narrowed = {"currency": "INR", "since": "2026-02-01T00:00:00Z", "before": "2026-04-01T00:00:00Z"}
    lines = (await viewer.get(STATEMENT, params=narrowed)).json()["items"]
    assert [(line["source_id"], line["balance_minor"]) for line in lines] == [("x", 35300), ("2", 35400)]


async def test_statement_of_an_account_that_was_never_used_is_empty(viewer: ApiClient) -> None:
    assert (await viewer.get(STATEMENT, params={"currency": "INR"})).json() == {"items": [], "next_cursor": None}
    unknown = await viewer.get("/v1/ledger/accounts/petty_cash/entries", params={"currency": "INR"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid_request")


async def test_transaction_is_found_by_what_it_follows_from_and_by_what_it_undoes(viewer: ApiClient, session: Session) -> None:
    await have(session, invoice("1"), invoice("2"), capture("1"))
    note = Reversal("credit_note", "9", ("invoice", "1"), NOON + timedelta(hours=1), "Credit note 9")
    await Ledger(session).reverse([note])
    transactions = "/v1/ledger/transactions"

    (found,) = (await viewer.get(transactions, params={"source": "invoice", "source_id": "1"})).json()["items"]
    (undoing,) = (await viewer.get(transactions, params={"reverses": found["id"]})).json()["items"]

    assert (undoing["source"], undoing["source_id"], undoing["reverses"]) == ("credit_note", "9", found["id"])
    assert [(one["account"], one["amount_minor"]) for one in undoing["entries"]] == [
        ("accounts_receivable", -11800),
        ("revenue", 10000),
        ("gst_output_cgst", 900),
        ("gst_output_sgst", 900),
    ]
    assert (await viewer.get(f"{transactions}/{found['id']}")).json() == found
    page = (await viewer.get(transactions, params={"limit": 3})).json()
    rest = (await viewer.get(transactions, params={"cursor": page["next_cursor"]})).json()["items"]
    assert [one["source"] for one in [*page["items"], *rest]] == ["credit_note", "capture", "invoice", "invoice"]


async def test_nobody_sees_the_books_of_another_organization(client: ApiClient, viewer: ApiClient, session: Session) -> None:
    await have(session, capture("1", organization_id=THEIRS))
    theirs = {"organization_id": str(THEIRS), "currency": "INR"}
    ((everybodys,),) = [(await client.as_role("viewer").get("/v1/ledger/transactions")).json()["items"]]

    refused = [(await viewer.get(path, params=theirs)).json()["code"] for path in ("/v1/ledger/trial-balance", STATEMENT)]
    hidden = await viewer.get(f"/v1/ledger/transactions/{everybodys['id']}")

    assert refused == ["foreign_organization"] * 2
    assert (hidden.status_code, hidden.json()["code"]) == (404, "transaction_not_found")
    assert (await viewer.get("/v1/ledger/transactions")).json()["items"] == []
    assert (await client.as_role("viewer").get("/v1/ledger/trial-balance")).json()["code"] == "organization_missing"


async def test_only_an_admin_of_everything_rebuilds_balances(client: ApiClient, session: Session) -> None:
    rebuild = "/v1/ledger/balances/rebuild"
    callers = [client, client.as_role("operator"), client.as_role("admin", organization_id=OURS)]

    refused = [(await caller.post(rebuild)).status_code for caller in callers]

    assert refused == [401, 403, 403]
    await assert_nothing_published(session)
    assert (await client.as_role("admin").post(rebuild)).status_code == 202
    await assert_published(session, RefreshLedgerBalances, from_scratch=True)
