"""Registered texts over HTTP: entering, mending and trying them, and for whom."""

import asyncio
from typing import Any, Final

import pytest

from services.notifications.tests.dlt.arrange import FACTS, OURS, SAID, THEIRS
from shared.testing.service import ApiClient

PATH: Final = "/v1/dlt-templates"


@pytest.fixture
def ours(client: ApiClient) -> ApiClient:
    """Somebody of our organization."""
    return client.as_role("operator", organization_id=OURS)


@pytest.fixture
def everybody(client: ApiClient) -> ApiClient:
    """Somebody of no organization, who enters what everybody may send."""
    return client.as_role("operator")


async def enter(api: ApiClient, **parts: Any) -> str:
    """Enter a text; its path."""
    answer = await api.post(PATH, json=FACTS | parts)
    assert answer.status_code == 201, answer.text
    return f"{PATH}/{answer.json()['id']}"


async def test_text_is_entered_read_replaced_by_etag_and_removed(ours: ApiClient) -> None:
    created = await ours.post(PATH, json=FACTS)
    path = f"{PATH}/{created.json()['id']}"
    blind = await ours.put(path, json=FACTS)
    seen = {"If-Match": created.headers["ETag"]}
    replaced = await ours.put(path, json=FACTS | {"active": False, "locale": "en_in"}, headers=seen)
    late = await ours.put(path, json=FACTS, headers=seen)
    read = await ours.get(path)
    removed = [(await ours.delete(path)).status_code for _ in range(2)]

    assert [answer.status_code for answer in (created, blind, replaced, late)] == [201, 428, 200, 412]
    assert {**FACTS, "organization_id": str(OURS)}.items() <= created.json().items()
    assert (read.json()["active"], read.json()["locale"]) == (False, "en-IN")
    assert read.headers["ETag"] == replaced.headers["ETag"]
    assert (await ours.get(path, headers={"If-None-Match": read.headers["ETag"]})).status_code in (304, 404)
    assert removed == [204, 404]


async def test_same_id_of_the_registry_is_entered_once(ours: ApiClient, everybody: ApiClient) -> None:
    await enter(ours)
    await enter(everybody)
    other = await enter(ours, dlt_template_id="1107160000000000001")
    etag = (await ours.get(other)).headers["ETag"]

    refused = [await ours.post(PATH, json=FACTS), await ours.put(other, json=FACTS, headers={"If-Match": etag})]

    assert [(one.status_code, one.json()["code"]) for one in refused] == [(409, "dlt_template_exists")] * 2
    assert (await ours.get(other)).json()["dlt_template_id"] == "1107160000000000001"


async def test_organization_sees_everybody_s_and_its_own_and_changes_its_own_alone(
    client: ApiClient, ours: ApiClient, everybody: ApiClient
) -> None:
    theirs = await enter(client.as_role("operator", organization_id=THEIRS))
    shared, own = await enter(everybody), await enter(ours)

    foreign = [await ours.get(theirs), await ours.delete(theirs), await ours.delete(shared)]
    taken = await ours.put(shared, json=FACTS, headers={"If-Match": "*"})

    assert [one.json()["code"] for one in (*foreign, taken)] == ["dlt_template_not_found"] * 4
    assert [f"{PATH}/{one['id']}" for one in (await ours.get(PATH)).json()["items"]] == [own, shared]
    assert len((await everybody.get(PATH)).json()["items"]) == 3
    assert (await everybody.put(theirs, json=FACTS, headers={"If-Match": "*"})).json()["organization_id"] == str(THEIRS)


async def test_list_comes_in_pages_and_by_template_and_state(ours: ApiClient) -> None:
    for number in range(3):
        await enter(ours, dlt_template_id=f"100000{number}", template_name=f"t{number}", active=number != 1)

    async def listed(**params: Any) -> list[str]:
        return [one["dlt_template_id"] for one in (await ours.get(PATH, params=params)).json()["items"]]

    first = (await ours.get(PATH, params={"limit": 2})).json()
    assert [one["dlt_template_id"] for one in first["items"]] == ["1000002", "1000001"]
    assert await listed(limit=2, cursor=first["next_cursor"]) == ["1000000"]
    assert (await listed(template_name="t1"), await listed(active=False)) == (["1000001"], ["1000001"])


REFUSED: Final[list[tuple[dict[str, Any], str]]] = [
    ({"variables": ["number"]}, "2 placeholders and there are 1 variables"),
    ({"variables": ["number", "NUMBER"]}, "a name of its own"),
    ({"variables": ["number", "mobiles"]}, "none is called mobiles"),
    ({"text": "Your order ##number##"}, "written {#var#}"),
    ({"text": "Your order {#numeric#} {#var#}"}, "written {#var#}"),
    ({"text": " \n "}, "the text is empty"),
    ({"text": "{#var#}" * 21, "variables": [f"v{n}" for n in range(20)]}, "21 placeholders"),
    ({"locale": "de-ab1"}, "a BCP 47 tag"),
]


@pytest.mark.parametrize(("change", "detail"), REFUSED)
async def test_text_whose_parts_do_not_go_together_is_refused_with_a_way_out(
    ours: ApiClient, change: dict[str, Any], detail: str
) -> None:
    refused = await ours.post(PATH, json=FACTS | change)

    assert (refused.status_code, refused.json()["code"]) == (422, "dlt_template_unusable")
    assert detail in refused.json()["detail"]
    assert (await ours.get(PATH)).json()["items"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"text": "a\x00b", "variables": []},
        {"dlt_template_id": "abc"},
        {"header": "A"},
        {"dlt_class": "G"},
        {"variables": ["1x", "y"]},
        {"revision": 7},
    ],
)
async def test_request_of_the_wrong_form_is_refused(ours: ApiClient, change: dict[str, Any]) -> None:
    refused = await ours.post(PATH, json=FACTS | change)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


async def test_text_is_tried_by_the_code_of_the_sending(ours: ApiClient) -> None:
    path = await enter(ours)

    fits = (await ours.post(f"{PATH}/match", json={"text": SAID})).json()
    long = (await ours.post(f"{PATH}/match", json={"text": SAID.replace("O-1", "x" * 31)})).json()
    other = (await ours.post(f"{PATH}/match", json={"text": "Another text."})).json()

    assert (fits["matched"], f"{PATH}/{fits['dlt_template']}", fits["dlt_class"]) == (True, path, "SI")
    assert fits["variables"] == {"number": "O-1", "status": "packed"}
    assert [(one["matched"], one["reason"]) for one in (long, other)] == [
        (False, "variable_too_long"),
        (False, "unregistered"),
    ]


@pytest.mark.commits
async def test_of_several_who_enter_the_same_text_at_once_one_does(ours: ApiClient) -> None:
    answers = await asyncio.gather(*(ours.post(PATH, json=FACTS) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert len((await ours.get(PATH)).json()["items"]) == 1


async def test_reading_and_writing_need_their_scopes(client: ApiClient, ours: ApiClient) -> None:
    viewer, blind = client.as_role("viewer"), client.as_role(scopes=["notifications:write"])

    refused = [
        await viewer.post(PATH, json=FACTS),
        await blind.get(PATH),
        await blind.post(f"{PATH}/match", json={"text": SAID}),
        await client.get(PATH),
    ]

    assert [answer.status_code for answer in refused] == [403, 403, 403, 401]
    assert (await ours.get(PATH)).json()["items"] == []
