"""In-app inboxes over HTTP: who may open which, and what becomes of items."""

from typing import Any, Final
from uuid import UUID

import pytest

from services.notifications.in_app.repository import InboxRepository
from services.notifications.tests.deliveries.arrange import know_person
from services.notifications.tests.in_app.arrange import DRIVER
from services.notifications.tests.in_app.test_inboxes import item
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING
from shared.testing.service import ApiClient

OURS, THEIRS = UUID(int=5), UUID(int=6)
PATH: Final = f"/v1/people/{DRIVER}/in-app"


@pytest.fixture
def driver(client: ApiClient) -> ApiClient:
    """The person whose inbox it is, with a token that has no scope at all."""
    return client.as_role(subject=DRIVER)


async def filled(session: Session, *titles: str) -> list[str]:
    """Items in the driver's inbox, and their ids."""
    items = [item(title) for title in titles]
    await InboxRepository(session).put(items, MONDAY_MORNING)
    return [str(one.id) for one in items]


async def titles(client: ApiClient, **params: Any) -> list[str]:
    """What the list shows."""
    answer = await client.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    return [one["title"] for one in answer.json()["items"]]


async def test_list_shows_the_newest_first_in_pages(driver: ApiClient, session: Session) -> None:
    await filled(session, "A", "B", "C")
    first = (await driver.get(PATH, params={"limit": 2})).json()

    assert [(one["title"], one["seq"], one["read_at"]) for one in first["items"]] == [("C", 3, None), ("B", 2, None)]
    assert await titles(driver, limit=2, cursor=first["next_cursor"]) == ["A"]


async def test_read_unread_and_archived_are_told_apart_and_counted(driver: ApiClient, session: Session) -> None:
    ids = await filled(session, "A", "B", "C")
    read = await driver.post(f"{PATH}/{ids[0]}/read")
    await driver.post(f"{PATH}/{ids[1]}/archive")
    counts = (await driver.get(f"{PATH}/counts")).json()
    again = await driver.post(f"{PATH}/{ids[0]}/read")

    assert read.json()["read_at"] == "2026-03-02T09:00:00Z"
    assert again.json() == read.json()
    assert counts == {"unread": 1, "items": 2, "archived": 1, "last_seq": 5}
    assert (await titles(driver), await titles(driver, unread=True), await titles(driver, unread=False)) == (
        *(["C", "A"], ["C"]),
        ["A"],
    )
    assert await titles(driver, archived=True) == ["B"]
    assert (await driver.post(f"{PATH}/{ids[0]}/unread")).json()["read_at"] is None
    assert await titles(driver, unread=True) == ["C", "A"]


async def test_all_that_was_shown_is_read_and_nothing_that_came_later(driver: ApiClient, session: Session) -> None:
    await filled(session, "A", "B", "C")
    shown = await driver.post(f"{PATH}/read-all", json={"through": 2})
    everything = await driver.post(f"{PATH}/read-all", json={})

    assert (shown.json()["unread"], everything.json()["unread"]) == (1, 0)


async def test_person_opens_ones_own_inbox_alone(driver: ApiClient, client: ApiClient, session: Session) -> None:
    (own,) = await filled(session, "A")
    other = client.as_role(subject="trips.driver:8")
    refused = [await other.get(PATH), await other.post(f"{PATH}/{own}/read"), await other.get(f"{PATH}/stream")]
    foreign = await driver.post(f"{PATH}/{uuid7()}/read")

    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert (foreign.status_code, foreign.json()["code"]) == (404, "in_app_item_not_found")
    assert (await client.get(PATH)).status_code == 401
    assert await titles(driver, unread=True) == ["A"]


async def test_caller_with_scopes_opens_those_of_its_organizations_people(client: ApiClient, session: Session) -> None:
    await know_person(session, DRIVER, organization_id=OURS)
    (own,) = await filled(session, "A")
    ours, theirs = (client.as_role("operator", organization_id=one) for one in (OURS, THEIRS))
    viewer = client.as_role("viewer", organization_id=OURS)
    foreign = await theirs.get(PATH)
    unknown = await client.as_role("operator").get("/v1/people/trips.driver:9/in-app")

    assert (await titles(ours), await titles(viewer), await titles(client.as_role("operator"))) == (["A"], ["A"], ["A"])
    assert (foreign.status_code, foreign.json()["code"], unknown.status_code) == (404, "person_not_found", 404)
    assert (await viewer.post(f"{PATH}/{own}/read")).status_code == 403
    assert (await ours.post(f"{PATH}/{own}/read")).status_code == 200


@pytest.mark.parametrize("body", [{"through": -1}, {"through": "a"}, {"upto": 3}, {"through": 2**63}])
async def test_what_cannot_be_meant_is_refused(driver: ApiClient, session: Session, body: dict[str, Any]) -> None:
    await filled(session, "A")
    refused = await driver.post(f"{PATH}/read-all", json=body)

    assert (refused.status_code, await titles(driver, unread=True)) == (422, ["A"])
