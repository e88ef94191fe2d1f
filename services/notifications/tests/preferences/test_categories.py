"""Categories over HTTP: those that Waybill brings along, and an organization's own."""

from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from services.notifications.categories.models import BUILT_IN
from shared.testing.service import ApiClient

PATH: Final = "/v1/categories/customs_tips"
TIPS: Final = {"legal_class": "service", "title": "Customs tips", "title_hi": "सीमा शुल्क सुझाव"}


async def test_category_is_created_replaced_by_etag_and_removed(operator: ApiClient) -> None:
    created = await operator.put(PATH, json=TIPS)
    blind = await operator.put(PATH, json=TIPS)
    replaced = await operator.put(PATH, json=TIPS | {"title": " Tips "}, headers={"If-Match": created.headers["ETag"]})
    late = await operator.put(PATH, json=TIPS, headers={"If-Match": created.headers["ETag"]})
    read = await operator.get(PATH)
    removed = [(await operator.delete(PATH)).status_code for _ in range(2)]

    assert [one.status_code for one in (created, blind, replaced, late, read)] == [201, 428, 200, 412, 200]
    assert (
        read.json()
        == replaced.json()
        == {
            **TIPS,
            "title": "Tips",
            "name": "customs_tips",
            "organization_id": "00000000-0000-0000-0000-000000000005",
        }
    )
    assert (removed, (await operator.get(PATH)).status_code) == ([204, 404], 404)


async def test_legal_class_of_a_category_stays(operator: ApiClient) -> None:
    created = await operator.put(PATH, json=TIPS)
    refused = await operator.put(
        PATH, json=TIPS | {"legal_class": "transactional"}, headers={"If-Match": created.headers["ETag"]}
    )

    assert (refused.status_code, refused.json()["code"]) == (409, "legal_class_fixed")
    assert (await operator.get(PATH)).json()["legal_class"] == "service"


@pytest.mark.parametrize("name", sorted(BUILT_IN))
async def test_built_in_categories_are_the_same_for_everybody(operator: ApiClient, name: str) -> None:
    answers = [
        await operator.put(f"/v1/categories/{name}", json=TIPS),
        await operator.put(f"/v1/categories/{name}", json=TIPS, headers={"If-Match": "*"}),
        await operator.delete(f"/v1/categories/{name}"),
    ]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(409, "category_built_in")] * 3
    assert (await operator.get(f"/v1/categories/{name}")).json()["organization_id"] is None


async def test_list_has_the_built_in_ones_and_the_organizations_own_in_pages(client: ApiClient, operator: ApiClient) -> None:
    await operator.put(PATH, json=TIPS)
    stranger = client.as_role("operator", organization_id=UUID(int=6))
    await stranger.put(PATH, json=TIPS | {"legal_class": "marketing"})

    async def names(who: ApiClient, **params: Any) -> list[str]:
        found: list[str] = []
        while True:
            page = (await who.get("/v1/categories", params={"limit": 4, **params})).json()
            found += [one["name"] for one in page["items"]]
            if page["next_cursor"] is None:
                return found
            params = {"cursor": page["next_cursor"]}

    ours, everybodys = await names(operator), await names(client.as_role("operator"))
    assert ours == sorted(ours) == sorted([*BUILT_IN, "customs_tips"])
    assert sorted(everybodys) == sorted([*BUILT_IN, "customs_tips", "customs_tips"])
    assert (await stranger.get(PATH)).json()["legal_class"] == "marketing"


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (PATH, {"title": ""}),
        (PATH, {"title": "a\x00"}),
        (PATH, {"title_hi": "\n"}),
        (PATH, {"legal_class": "secret"}),
        (PATH, {"colour": "red"}),
        ("/v1/categories/Tips", {}),
        (f"/v1/categories/{'a' * 51}", {}),
    ],
)
async def test_category_that_cannot_be_kept_is_refused(operator: ApiClient, path: str, change: dict[str, str]) -> None:
    refused = await operator.put(path, json=TIPS | change)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


async def test_reading_and_writing_need_their_scopes_and_an_organization(client: ApiClient) -> None:
    viewer = client.as_role("viewer", organization_id=UUID(int=5))
    refused = [await viewer.put(PATH, json=TIPS), await viewer.delete(PATH), await client.get("/v1/categories")]
    unnamed = await client.as_role("operator").put(PATH, json=TIPS)

    assert [one.status_code for one in refused] == [403, 403, 401]
    assert unnamed.json()["code"] == "organization_missing"


async def test_database_itself_keeps_legal_classes_and_built_in_names(owner: asyncpg.Connection) -> None:
    for statement, refusal in (
        ("UPDATE categories SET legal_class = 'service' WHERE name = 'orders'", "keeps its legal class"),
        ("DELETE FROM categories WHERE name = 'orders'", "keeps its legal class"),
        (
            "INSERT INTO categories (name, organization_id, legal_class, title) VALUES ('orders', uuidv7(), 'service', 'x')",
            "categories_built_in_names",
        ),
        (
            """
            WITH sheet AS (INSERT INTO preference_sheets (person, revision, updated_at) VALUES ('a.b:1', 0, now()))
            INSERT INTO preferences VALUES ('a.b:1', 'orders', 'sms', 'off', now())
            """,
            "preferences_locked",
        ),
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=refusal):
            await owner.execute(statement)
    assert await owner.fetchval("SELECT count(*) FROM categories WHERE organization_id IS NULL") == len(BUILT_IN)
