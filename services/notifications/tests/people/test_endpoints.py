"""People over HTTP: what operators see and mend, and what they may not."""

import asyncio
from typing import Any, Final
from uuid import UUID

import pytest

from services.notifications.people.repository import PersonReader
from shared.contracts.notifications import UpsertPerson
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

OURS, THEIRS = UUID(int=5), UUID(int=6)
DRIVER: Final = "trips.driver:7"
PATH: Final = f"/v1/people/{DRIVER}"
ASHA: Final = {
    "name": "Asha Rao",
    "email": "asha@example.com",
    "phone": "+919812345678",
    "locale": "en-IN",
    "time_zone": "Asia/Kolkata",
}


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    """Somebody of our organization who may read and write."""
    return client.as_role("operator", organization_id=OURS)


def said(reference: str = DRIVER, version: int = 1, organization_id: UUID | None = OURS, **facts: Any) -> UpsertPerson:
    """What an owner says of a person."""
    return UpsertPerson(reference=reference, entity_version=version, organization_id=organization_id, **(ASHA | facts))


async def test_person_is_created_read_and_replaced_by_etag(operator: ApiClient) -> None:
    created = await operator.put(PATH, json=ASHA)
    blind = await operator.put(PATH, json={"name": "B"})
    replaced = await operator.put(PATH, json={"name": "B"}, headers={"If-Match": created.headers["ETag"]})
    late = await operator.put(PATH, json={"name": "C"}, headers={"If-Match": created.headers["ETag"]})

    read = await operator.get(PATH)
    assert [answer.status_code for answer in (created, blind, replaced, late)] == [201, 428, 200, 412]
    assert {**ASHA, "reference": DRIVER, "organization_id": str(OURS), "entity_version": 0}.items() <= created.json().items()
    assert (read.json()["name"], read.json()["email"]) == ("B", None)
    assert read.headers["ETag"] == replaced.headers["ETag"]
    assert (await operator.get(PATH, headers={"If-None-Match": read.headers["ETag"]})).status_code == 304


async def test_owner_has_the_last_word_over_an_operator(operator: ApiClient, run_task: TaskRunner) -> None:
    await run_task(said(version=3))
    await operator.put(PATH, json={"name": "Mended"}, headers={"If-Match": (await operator.get(PATH)).headers["ETag"]})
    mended = (await operator.get(PATH)).json()
    await run_task(said(version=4, name="Owner's"))

    assert (mended["name"], mended["entity_version"]) == ("Mended", 3)
    assert (await operator.get(PATH)).json()["name"] == "Owner's"


async def test_erased_person_is_gone_and_comes_back_only_with_news(
    operator: ApiClient, run_task: TaskRunner, session: Session
) -> None:
    await run_task(said(version=3))
    etag = (await operator.get(PATH)).headers["ETag"]
    erased = [(await operator.delete(PATH)).status_code for _ in range(2)]
    await run_task(said(version=2))
    gone = (await operator.get(PATH)).status_code
    overtaken = await operator.put(PATH, json=ASHA, headers={"If-Match": etag})
    held = await PersonReader(session).find_many([DRIVER])
    await run_task(said(version=4))

    assert (erased, gone, overtaken.status_code, held) == ([204, 404], 404, 412, {})
    assert (await operator.get(PATH)).json()["name"] == "Asha Rao"


async def test_list_is_by_reference_in_pages_and_found_by_address_and_name(operator: ApiClient, run_task: TaskRunner) -> None:
    names = ["Asha", "ashok", "100%", "100x"]
    await run_task.run([said(f"a.b:{index}", name=name, email=f"{index}@Example.com") for index, name in enumerate(names)])

    async def found(**params: Any) -> list[str]:
        return [one["name"] for one in (await operator.get("/v1/people", params=params)).json()["items"]]

    first = (await operator.get("/v1/people", params={"limit": 3})).json()
    assert [one["name"] for one in first["items"]] == names[:3]
    assert await found(limit=3, cursor=first["next_cursor"]) == names[3:]
    assert await found(email="2@example.COM") == ["100%"]
    assert (await found(q="ASH"), await found(q="100%"), await found(q="sh")) == (["Asha", "ashok"], ["100%"], [])


async def test_organization_sees_and_changes_its_own_people_alone(
    client: ApiClient, operator: ApiClient, run_task: TaskRunner
) -> None:
    await run_task.run([said("a.b:1"), said("a.b:2", organization_id=THEIRS), said("a.b:3", organization_id=None)])

    listed = [one["reference"] for one in (await operator.get("/v1/people")).json()["items"]]
    foreign = [await operator.get("/v1/people/a.b:2"), await operator.delete("/v1/people/a.b:3")]
    taken = await operator.put("/v1/people/a.b:2", json=ASHA, headers={"If-Match": "*"})
    named = await operator.get("/v1/people", params={"organization_id": str(THEIRS)})

    assert listed == ["a.b:1"]
    assert [one.json()["code"] for one in (*foreign, taken, named)] == [
        *("person_not_found", "person_not_found", "person_not_found", "foreign_organization")
    ]
    assert taken.status_code == 404
    everybody = client.as_role("operator")
    assert [one["reference"] for one in (await everybody.get("/v1/people")).json()["items"]] == ["a.b:1", "a.b:2", "a.b:3"]
    kept = await everybody.put("/v1/people/a.b:2", json=ASHA, headers={"If-Match": "*"})
    assert (kept.status_code, kept.json()["organization_id"]) == (200, str(THEIRS))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"locale": "de-ab1"}, "person_unusable"),
        ({"time_zone": "Mars/Olympus"}, "person_unusable"),
        ({"phone": "+1"}, "person_unusable"),
        ({"email": "a>b@example.com"}, "person_unusable"),
        ({"name": "a\x00"}, "invalid_request"),
        ({"entity_version": 7}, "invalid_request"),
    ],
)
async def test_what_cannot_be_kept_is_refused_and_leaves_nothing(operator: ApiClient, change: dict[str, Any], code: str) -> None:
    refused = await operator.put(PATH, json={**ASHA, **change})

    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert (await operator.get(PATH)).status_code == 404


@pytest.mark.commits
async def test_of_several_who_create_a_person_at_once_one_does(operator: ApiClient) -> None:
    answers = await asyncio.gather(*(operator.put(PATH, json={"name": f"N{number}"}) for number in range(5)))

    created = [answer for answer in answers if answer.status_code == 201]
    assert len(created) == 1
    assert {answer.status_code for answer in answers} <= {201, 409, 428}
    assert (await operator.get(PATH)).json() == created[0].json()


async def test_reading_and_writing_need_their_scopes(client: ApiClient, operator: ApiClient) -> None:
    viewer, blind = client.as_role("viewer"), client.as_role(scopes=["notifications:write"])

    refused = [
        await viewer.put(PATH, json=ASHA),
        await viewer.delete(PATH),
        await blind.get(PATH),
        await client.get("/v1/people"),
    ]

    assert [answer.status_code for answer in refused] == [403, 403, 403, 401]
    assert (await operator.get(PATH)).status_code == 404
