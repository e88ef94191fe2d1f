"""The daily proof of numbers: sound ones pass, gaps, repetitions and backdating raise the alarm."""

import logging
from datetime import UTC, datetime

import pytest

from services.payments import invoice_deps as deps
from services.payments.credit_notes.models import Wanted
from services.payments.invoices.audit import NumberAudits
from services.payments.tests.invoices.arrange import NOW, OURS, THEIRS, issued, rows, seller
from shared.contracts.payments import AuditInvoiceNumbers
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

SLOT = datetime(2026, 3, 3, 3, 30, tzinfo=UTC)


async def test_sound_numbers_are_proved_and_twice_is_the_same(session: Session, run_task: TaskRunner, client: ApiClient) -> None:
    await seller(session)
    invoice, void = await issued(session), await issued(session)
    await deps.ending(session).void(void.id, None, NOW)
    await deps.credit_notes(session).issue(invoice.id, None, Wanted("other", None, ()), NOW)

    proved = [await run_task(AuditInvoiceNumbers(slot=SLOT)) for _ in range(2)]

    assert [one.outcome for one in proved] == ["done", "done"]
    assert [one.result for one in proved] == [{"series": 2, "documents": 3, "unsound": []}] * 2
    shown = await client.as_role("viewer").get("/v1/invoices/number-audit")
    assert shown.json() == {"series": 2, "documents": 3, "unsound": []}


@pytest.mark.parametrize(
    ("damage", "gaps"),
    [
        ("UPDATE invoice_counters SET last_sequence = 3 RETURNING 1", 1),
        ("UPDATE invoice_counters SET last_sequence = 1 RETURNING 1", -1),
        ("DELETE FROM invoice_counters RETURNING 1", -2),
    ],
)
async def test_gap_is_an_alarm_and_a_dead_letter(
    session: Session, run_task: TaskRunner, client: ApiClient, caplog: pytest.LogCaptureFixture, damage: str, gaps: int
) -> None:
    await seller(session)
    await issued(session)
    await issued(session)
    await rows(session, damage)

    with caplog.at_level(logging.ERROR):
        found = await run_task(AuditInvoiceNumbers(slot=SLOT))

    assert (found.outcome, found.error_class) == ("dead", "NumbersUnsound")
    assert "INV/2526" in str(found.error)
    assert {record.message for record in caplog.records if record.name == NumberAudits.__module__} == {"invoice_numbers_unsound"}
    (wrong,) = (await client.as_role("viewer").get("/v1/invoices/number-audit")).json()["unsound"]
    assert (wrong["gaps"], wrong["series"], wrong["is_sound"]) == (gaps, "INV", False)


async def test_caller_of_one_organization_sees_its_series_alone(session: Session, client: ApiClient) -> None:
    await seller(session)
    await issued(session)

    shown = [
        (await client.as_role("viewer", organization_id=one).get("/v1/invoices/number-audit")).json()["series"]
        for one in (OURS, THEIRS)
    ]

    assert shown == [1, 0]
