"""The suppression list over HTTP: who may see and change what."""

from typing import Any

import pytest
from sqlalchemy import text

from services.notifications.tests.callbacks.arrange import ANN, OURS, THEIRS, listed
from shared.runtime.db import Session
from shared.testing.service import ApiClient

PATH = "/v1/suppressions"
ENTRY: dict[str, Any] = {"channel": "email", "address": ANN, "note": "asked by telephone"}
BOUNCE: dict[str, Any] = {"channel": "email", "address": ANN, "scope": "global", "reason": "hard_bounce"}


@pytest.fixture
def ours(client: ApiClient) -> ApiClient:
    return client.as_role("operator", organization_id=OURS)


@pytest.fixture
def everybody(client: ApiClient) -> ApiClient:
    return client.as_role("operator")


async def test_entry_is_created_once_and_read(ours: ApiClient, session: Session) -> None:
    first = await ours.post(PATH, json=ENTRY)
    again = await ours.post(PATH, json={**ENTRY, "address": "Ann@Example.COM", "note": "again"})
    read = await ours.get(first.headers["Location"])

    assert (first.status_code, again.status_code) == (201, 200)
    assert read.json() == first.json() == again.json()
    assert {**ENTRY, "scope": "organization", "reason": "manual", "organization_id": str(OURS)}.items() <= read.json().items()
    assert await listed(session) == [("manual", "organization", OURS, None, ANN)]


async def test_removing_keeps_who_did_and_why_but_not_the_address(ours: ApiClient, session: Session) -> None:
    created = await ours.post(PATH, json=ENTRY)
    blind = await ours.delete(created.headers["Location"])
    removed = [(await ours.delete(created.headers["Location"], params={"why": "wants mail"})).status_code for _ in range(2)]

    assert (blind.status_code, removed, await listed(session)) == (422, [204, 404], [])
    [kept] = (await session.execute(text("SELECT * FROM suppression_removals"))).mappings()
    assert (kept["why"], kept["reason"], str(kept["suppression_id"])) == ("wants mail", "manual", created.json()["id"])
    assert ANN not in map(str, kept.values())


async def test_hard_bounces_are_taken_off_by_administrators_alone(
    client: ApiClient, everybody: ApiClient, session: Session
) -> None:
    created = await everybody.post(PATH, json=BOUNCE)
    refused = await everybody.delete(created.headers["Location"], params={"why": "no reason"})
    kept = await listed(session)
    removed = await client.as_role("admin").delete(created.headers["Location"], params={"why": "the mailbox is back"})

    assert (refused.status_code, refused.json()["code"]) == (403, "suppression_protected")
    assert (kept, removed.status_code) == ([("hard_bounce", "global", None, None, ANN)], 204)
    assert await listed(session) == []


async def test_organization_sees_its_own_entries_and_those_for_all_of_an_address_that_it_names(
    client: ApiClient, ours: ApiClient, everybody: ApiClient
) -> None:
    await ours.post(PATH, json=ENTRY)
    await client.as_role("operator", organization_id=THEIRS).post(PATH, json=ENTRY)
    bounced = await everybody.post(PATH, json=BOUNCE)

    async def reasons(who: ApiClient, **params: Any) -> list[str]:
        return [one["reason"] for one in (await who.get(PATH, params=params)).json()["items"]]

    assert await reasons(ours) == ["manual"]
    assert sorted(await reasons(ours, address="ANN@example.com")) == ["hard_bounce", "manual"]
    assert sorted(await reasons(everybody)) == ["hard_bounce", "manual", "manual"]
    assert await reasons(everybody, reason="hard_bounce", scope="global", channel="email") == ["hard_bounce"]
    assert await reasons(everybody, channel="sms") == []
    assert (await ours.get(bounced.headers["Location"])).status_code == 404
    assert (await ours.delete(bounced.headers["Location"], params={"why": "x"})).status_code == 404


async def test_list_goes_on_by_cursor(ours: ApiClient) -> None:
    for number in range(3):
        await ours.post(PATH, json={**ENTRY, "address": f"{number}@example.com"})

    first = (await ours.get(PATH, params={"limit": 2})).json()
    rest = (await ours.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert sorted(one["address"][0] for one in first["items"] + rest["items"]) == ["0", "1", "2"]
    assert rest["next_cursor"] is None


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"address": "nobody"}, 422, "suppression_unusable"),
    ({"channel": "sms", "address": "98123"}, 422, "suppression_unusable"),
    ({"scope": "category"}, 422, "suppression_unusable"),
    ({"category": "marketing"}, 422, "suppression_unusable"),
    ({"reason": "hard_bounce"}, 422, "suppression_unusable"),
    ({"reason": "soft_bounces"}, 422, "suppression_unusable"),
    ({"reason": "invalid_number", "scope": "global"}, 422, "suppression_unusable"),
    ({"expires_at": "2026-03-02T09:00:00Z"}, 422, "suppression_unusable"),
    ({"scope": "global"}, 403, "suppression_for_all"),
    ({"address": "a\x00b@example.com"}, 422, "invalid_request"),
    ({"note": "a\nb"}, 422, "invalid_request"),
    ({"color": "red"}, 422, "invalid_request"),
]


@pytest.mark.parametrize(("change", "status", "code"), BAD)
async def test_entry_that_cannot_be_kept_is_refused_and_nothing_is(
    ours: ApiClient, session: Session, change: dict[str, Any], status: int, code: str
) -> None:
    refused = await ours.post(PATH, json={**ENTRY, **change})

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert ANN not in refused.text
    assert await listed(session) == []


async def test_reading_and_writing_need_their_scopes(client: ApiClient) -> None:
    viewer = client.as_role("viewer")

    answers = [
        await client.get(PATH),
        await viewer.post(PATH, json=ENTRY),
        await viewer.post(f"{PATH}/import", content=b"address\n", headers={"Content-Type": "text/csv"}),
        await client.get(f"{PATH}/export"),
    ]

    assert [one.status_code for one in answers] == [401, 403, 403, 401]
