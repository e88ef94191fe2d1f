"""What stands in for our own services: only what somebody has put there is served, and only to callers with a token."""

from typing import Final

from deploy.sandbox.owners import MAX_DOCUMENTS
from deploy.sandbox.tests.conftest import Harness

PDF: Final = "/owners/payments/v1/invoices/inv_1/pdf"
SUMMARY: Final = "/owners/trips/v1/people/trips.driver:7/trip-summary"
TOKEN: Final = {"Authorization": "Bearer aaa.bbb.ccc"}


async def test_pdf_that_was_put_is_served_byte_for_byte(sandbox: Harness) -> None:
    put = await sandbox.http.put(PDF, content=b"%PDF-1.4 first")
    await sandbox.http.put(PDF, content=b"%PDF-1.4 second")

    answer = await sandbox.http.get(PDF, headers=TOKEN)

    assert put.status_code == 204
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "application/pdf", b"%PDF-1.4 second")


async def test_summary_is_of_one_person_and_one_day(sandbox: Harness) -> None:
    await sandbox.http.put(SUMMARY, params={"date": "2026-11-21"}, json={"trips": [], "completed": 2, "distance_m": 10})

    answers = [await sandbox.http.get(SUMMARY, params={"date": day}, headers=TOKEN) for day in ("2026-11-21", "2026-11-22")]
    other = await sandbox.http.get(SUMMARY.replace(":7", ":8"), params={"date": "2026-11-21"}, headers=TOKEN)

    assert [one.status_code for one in (*answers, other)] == [200, 404, 404]
    assert answers[0].json() == {"trips": [], "completed": 2, "distance_m": 10}


async def test_what_nobody_has_put_is_not_there_and_nothing_is_served_without_a_token(sandbox: Harness) -> None:
    nothing = await sandbox.http.get(PDF, headers=TOKEN)
    await sandbox.http.put(PDF, content=b"%PDF-1.4")
    without = await sandbox.http.get(PDF)
    key = await sandbox.http.get(PDF, headers={"Authorization": "Bearer wb_1_secret"})

    assert (nothing.status_code, nothing.json()["code"]) == (404, "document_not_found")
    assert (without.status_code, key.status_code) == (401, 401)


async def test_oldest_documents_make_room(sandbox: Harness) -> None:
    for number in range(MAX_DOCUMENTS + 1):
        await sandbox.http.put(f"/owners/payments/v1/invoices/{number}/pdf", content=b"%PDF-1.4")

    answers = [await sandbox.http.get(f"/owners/payments/v1/invoices/{number}/pdf", headers=TOKEN) for number in (0, 1)]

    assert [one.status_code for one in answers] == [404, 200]
