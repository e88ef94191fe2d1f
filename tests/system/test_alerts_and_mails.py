"""From a late shipment to the mailbox, over the APIs, workers and relays of two services."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from shared.testing.wait import eventually
from tests.system.conftest import Company

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
SECONDS: Final = 20

pytestmark = pytest.mark.commits


async def ship(company: Company, reference: str, *, days_late: int) -> str:
    """A shipment that is so late, and whose one recipient is named after it; the path to it."""
    shipment = {
        "reference": reference,
        "customer": "Nordlicht Handels GmbH",
        "carrier": "Maersk",
        "origin": "CNSHA",
        "destination": "DEHAM",
        "current_eta": (datetime.now(UTC).date() - timedelta(days=days_late)).isoformat(),
        "status": "in_transit",
        "recipients": [f"{reference.lower()}@example.com"],
    }
    answer = await company.api.post("/v1/shipments", params={"organization_id": str(OURS)}, json=shipment)
    return str(answer.raise_for_status().headers["Location"])


async def evaluate(company: Company) -> None:
    """A whole run."""
    accepted = (await company.api.post("/v1/evaluations")).raise_for_status()

    async def finished() -> bool:
        return (await company.read(accepted.headers["Location"]))["finished_at"] is not None

    await eventually(finished, SECONDS, "the run did not end")


async def alert_of(company: Company, reference: str) -> dict[str, Any]:
    """The newest alert of a shipment, with its timeline and its mails."""
    page = await company.read("/v1/alerts", organization_id=str(OURS))
    alert_id = next(alert["id"] for alert in page["items"] if alert["reference"] == reference)
    found: dict[str, Any] = await company.read(f"/v1/alerts/{alert_id}")
    return found


async def alert_that(company: Company, reference: str, **facts: Any) -> dict[str, Any]:
    """The newest alert of a shipment as soon as these facts hold of it."""

    async def it() -> dict[str, Any]:
        alert = await alert_of(company, reference)
        assert {name: alert[name] for name in facts} == facts
        return alert

    return await eventually(it, SECONDS, f"the alert of {reference} does not get there", every_s=0.1)


async def test_mail_that_waits_for_its_retry_is_not_sent_once_its_shipment_is_released(company: Company) -> None:
    await company.mails.faults({"match": "refused@example.com", "action": "451"})
    refused = await ship(company, "REFUSED", days_late=7)
    await ship(company, "TAKEN", days_late=7)
    await evaluate(company)
    taken = await alert_that(company, "TAKEN", email_sent=True)
    told = await alert_that(company, "REFUSED", email_sent=False, status="open")

    await company.change(refused, status="released")

    ended = await alert_that(company, "REFUSED", status="resolved", resolution="released")
    dropped = await eventually(lambda: mail_of(company, "REFUSED", "dropped"), SECONDS, "the mail is not dropped", every_s=0.1)
    await company.mails.faults()
    assert [entry["kind"] for entry in reversed(ended["timeline"])][:3] == ["raised", "email_requested", "resolved"]
    assert (dropped["id"], dropped["cancelled_at"] is not None) == (told["told"][0]["id"], True)
    assert [mail["status"] for mail in taken["told"]] == ["sent"]
    assert [mail["envelope"]["rcpt_to"] for mail in await company.mails.mails()] == [["taken@example.com"]]


async def mail_of(company: Company, reference: str, status: str) -> dict[str, Any] | None:
    """The mail about a shipment's alert, if it stands so."""
    return next((mail for mail in (await alert_of(company, reference))["told"] if mail["status"] == status), None)


async def test_new_eta_resolves_the_alert_and_the_next_delay_takes_it_up_again_with_a_mail_of_its_own(company: Company) -> None:
    path = await ship(company, "MOVED", days_late=3)
    await evaluate(company)
    first = await alert_that(company, "MOVED", email_sent=True, severity="warning")

    await company.change(path, current_eta=(datetime.now(UTC).date() - timedelta(days=1)).isoformat())
    await alert_that(company, "MOVED", status="resolved", resolution="eta_changed")
    await evaluate(company)

    second = await alert_that(company, "MOVED", status="open", email_sent=True, severity="info")
    assert (second["reopens"], second["eta_revision"], first["eta_revision"]) == (first["id"], 2, 1)
    subjects = [mail["subject"] for mail in await company.mails.mails("moved@example.com")]
    assert sorted(subjects) == ["Info: shipment MOVED is 1 day late", "Warning: shipment MOVED is 3 days late"]
