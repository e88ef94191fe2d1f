"""What stands in for our own services: only what somebody has put there is served, and only to callers with a token."""

from typing import Final

from deploy.sandbox.owners import MAX_DOCUMENTS
from deploy.sandbox.tests.conftest import Harness

SUMMARY: Final = "/owners/trips/v1/people/trips.driver:7/trip-summary"
DAY: Final = {"date": "2026-11-21"}
TOKEN: Final = {"Authorization": "Bearer aaa.bbb.ccc"}


async def test_summary_is_of_one_person_and_one_day(sandbox: Harness) -> None:
    await sandbox.http.put(SUMMARY, params={"date": "2026-11-21"}, json={"trips": [], "completed": 2, "distance_m": 10})

    answers = [await sandbox.http.get(SUMMARY, params={"date": day}, headers=TOKEN) for day in ("2026-11-21", "2026-11-22")]
    other = await sandbox.http.get(SUMMARY.replace(":7", ":8"), params={"date": "2026-11-21"}, headers=TOKEN)

    assert [one.status_code for one in (*answers, other)] == [200, 404, 404]
    assert answers[0].json() == {"trips": [], "completed": 2, "distance_m": 10}


async def test_what_nobody_has_put_is_not_there_and_nothing_is_served_without_a_token(sandbox: Harness) -> None:
    nothing = await sandbox.http.get(SUMMARY, params=DAY, headers=TOKEN)
    await sandbox.http.put(SUMMARY, params=DAY, json={})
    without = await sandbox.http.get(SUMMARY, params=DAY)
    key = await sandbox.http.get(SUMMARY, params=DAY, headers={"Authorization": "Bearer wb_1_secret"})

    assert (nothing.status_code, nothing.json()["code"]) == (404, "document_not_found")
    assert (without.status_code, key.status_code) == (401, 401)


async def test_oldest_documents_make_room(sandbox: Harness) -> None:
    paths = [SUMMARY.replace(":7", f":{number}") for number in range(MAX_DOCUMENTS + 1)]
    for path in paths:
        await sandbox.http.put(path, params=DAY, json={})

    answers = [await sandbox.http.get(path, params=DAY, headers=TOKEN) for path in paths[:2]]

    assert [one.status_code for one in answers] == [404, 200]
