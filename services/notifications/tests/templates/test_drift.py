"""Overrides whose default has moved."""

from typing import Any, Final
from uuid import UUID

import pytest

from shared.testing.service import ApiClient

OURS, THEIRS = UUID(int=5), UUID(int=6)
VERSION: Final[dict[str, Any]] = {"locale": "en", "subject": "S", "text": "T", "sms": "M", "sample_context": {}}


@pytest.fixture
def everybody(client: ApiClient) -> ApiClient:
    """Somebody of no organization, who may write the defaults."""
    return client.as_role("operator")


@pytest.fixture
def ours(client: ApiClient) -> ApiClient:
    """Somebody of our organization."""
    return client.as_role("operator", organization_id=OURS)


async def publish(api: ApiClient, name: str = "greeting", **parts: Any) -> dict[str, Any]:
    """Write and publish a version."""
    draft: dict[str, Any] = (await api.post(f"/v1/templates/{name}/versions", json=VERSION | parts)).json()
    assert (await api.post(f"/v1/templates/{name}/versions/{draft['number']}/publish")).status_code == 200
    return draft


async def drift(api: ApiClient, **params: Any) -> list[dict[str, Any]]:
    """The report."""
    answer = await api.get("/v1/templates/drift", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_override_remembers_the_default_that_it_was_written_over(everybody: ApiClient, ours: ApiClient) -> None:
    default = await publish(everybody)
    await publish(everybody, text="T2")
    override = await publish(ours, subject="Ours", text=None, sms=None)

    assert (default["based_on"], override["based_on"]) == (None, 2)


async def test_override_is_reported_from_when_its_default_says_something_else(everybody: ApiClient, ours: ApiClient) -> None:
    await publish(everybody)
    await publish(ours, subject="Ours", text=None, sms=None)
    before = await drift(ours)
    await publish(everybody, subject="S2", sms="M2", variables={"a": {"type": "list", "required": False}})
    reported = await drift(ours)

    assert before == []
    assert reported[0].pop("moved_at").endswith("Z")
    assert reported == [
        {
            "name": "greeting",
            "organization_id": str(OURS),
            "locale": "en",
            "number": 1,
            "based_on": 1,
            "current": 2,
            "changed": ["subject", "sms", "variables"],
            "overridden": ["subject"],
        }
    ]
    await publish(ours, subject="Ours", text=None, sms=None)
    assert await drift(ours) == []


async def test_default_that_says_the_same_again_is_no_drift(everybody: ApiClient, ours: ApiClient) -> None:
    await publish(everybody)
    await publish(ours, subject="Ours")
    await publish(everybody)

    assert await drift(ours) == []
    await publish(everybody, text="T2")
    assert [one["changed"] for one in await drift(ours)] == [["text"]]
    await everybody.post("/v1/templates/greeting/versions/1/publish")
    assert await drift(ours) == []


async def test_default_of_the_nearest_language_counts(everybody: ApiClient, ours: ApiClient) -> None:
    await publish(everybody)
    await publish(ours, locale="de-AT", subject="Unser")
    await publish(everybody, locale="de", subject="D")
    await publish(everybody, locale="hi", subject="H")

    assert [(one["based_on"], one["current"], one["changed"]) for one in await drift(ours)] == [(1, 2, ["subject"])]


async def test_override_that_was_there_before_its_default_is_reported_too(everybody: ApiClient, ours: ApiClient) -> None:
    await publish(ours)
    assert await drift(ours) == []
    await publish(everybody, html="<p>H</p>")

    assert [(one["based_on"], one["changed"], one["overridden"]) for one in await drift(ours)] == [
        (None, ["subject", "text", "html", "sms"], ["subject", "text", "sms"])
    ]


async def test_default_that_was_retired_without_another_in_its_place_is_reported(everybody: ApiClient, ours: ApiClient) -> None:
    await publish(everybody)
    await publish(ours, subject="Ours", text=None, sms=None)
    retired = await everybody.post("/v1/templates/greeting/versions/1/retire")

    assert [(one["code"], str(OURS) in one["message"]) for one in retired.json()["warnings"]] == [("override_incomplete", True)]
    assert "email, sms" in retired.json()["warnings"][0]["message"]
    assert [
        (one["based_on"], one["current"], one["moved_at"], one["changed"], one["overridden"]) for one in await drift(ours)
    ] == [(1, None, None, ["subject", "text", "sms"], ["subject"])]


async def test_retiring_what_no_override_needs_warns_of_nothing(everybody: ApiClient, ours: ApiClient) -> None:
    await publish(everybody)
    await publish(everybody, locale="de")
    await publish(ours, subject="Ours")
    await publish(ours, locale="de", subject="Unser", text=None, sms=None)
    german = await everybody.post("/v1/templates/greeting/versions/2/retire")
    own = await ours.post("/v1/templates/greeting/versions/1/retire")

    assert (german.json()["state"], german.json()["warnings"], own.json()["warnings"]) == ("retired", [], [])


async def test_report_is_the_organizations_own_and_comes_in_pages(
    client: ApiClient, everybody: ApiClient, ours: ApiClient
) -> None:
    theirs = client.as_role("operator", organization_id=THEIRS)
    for name in ("a", "b"):
        await publish(everybody, name)
        await publish(ours, name, subject="Ours")
    await publish(theirs, "a", subject="Theirs")
    for name in ("a", "b"):
        await publish(everybody, name, subject="S2")

    assert [one["name"] for one in await drift(ours)] == ["a", "b"]
    assert [one["organization_id"] for one in await drift(theirs)] == [str(THEIRS)]
    assert len(await drift(everybody)) == 3
    first = (await ours.get("/v1/templates/drift", params={"limit": 1})).json()
    assert [one["name"] for one in await drift(ours, limit=1, cursor=first["next_cursor"])] == ["b"]


async def test_template_cannot_take_the_reports_name(everybody: ApiClient) -> None:
    refused = await everybody.post("/v1/templates/drift/versions", json=VERSION)

    assert (refused.status_code, refused.json()["code"]) == (422, "template_unusable")
