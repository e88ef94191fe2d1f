"""Templates over HTTP: writing, trying, publishing, taking back, and for whom."""

import asyncio
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.notifications.templates.rendering import Renderer
from services.notifications.templates.repository import TemplateKey, TemplateReader
from shared.runtime.db import Session
from shared.testing.service import ApiClient

OURS, THEIRS = UUID(int=5), UUID(int=6)
NAME: Final = "greeting"
PATH: Final = f"/v1/templates/{NAME}"
VERSION: Final[dict[str, Any]] = {
    "locale": "en",
    "subject": "Hello {{ who }}",
    "text": "Hi {{ who }}.",
    "html": "<p>Hi <b>{{ who }}</b>.</p>",
    "sample_context": {"who": "Ann"},
}


@pytest.fixture
def everybody(client: ApiClient) -> ApiClient:
    """Somebody of no organization, who may write the defaults."""
    return client.as_role("operator")


@pytest.fixture
def ours(client: ApiClient) -> ApiClient:
    """Somebody of our organization."""
    return client.as_role("operator", organization_id=OURS)


async def publish(api: ApiClient, **parts: Any) -> int:
    """Write and publish a version; its number."""
    draft = await api.post(f"{PATH}/versions", json=VERSION | parts)
    assert draft.status_code == 201, draft.text
    number: int = draft.json()["number"]
    published = await api.post(f"{PATH}/versions/{number}/publish")
    assert (published.status_code, published.json()["state"]) == (200, "published")
    return number


async def preview(api: ApiClient, **asked: Any) -> Any:
    """The answer of a preview."""
    return (await api.post(f"{PATH}/preview", json=asked)).json()


async def states(api: ApiClient) -> list[tuple[int, str]]:
    """(number, state) of the versions, the newest first."""
    return [(one["number"], one["state"]) for one in (await api.get(PATH)).json()["versions"]]


async def test_draft_is_tried_published_and_replaced_and_an_older_one_taken_back(everybody: ApiClient) -> None:
    draft = await everybody.post(f"{PATH}/versions", json=VERSION)
    unpublished = await preview(everybody)
    tried = await preview(everybody, version=1, context={"who": "<Bo>"})
    first, second = (await everybody.post(f"{PATH}/versions/1/publish")).json(), await publish(everybody, subject="Bye {{ who }}")

    assert (draft.status_code, draft.json()["state"], draft.json()["number"]) == (201, "draft", 1)
    assert unpublished["code"] == "template_not_found"
    assert (tried["subject"], tried["text"], tried["html"]) == ("Hello <Bo>", "Hi <Bo>.", "<p>Hi <b>&lt;Bo&gt;</b>.</p>")
    assert (first["state"], second, (await preview(everybody))["subject"]) == ("published", 2, "Bye Ann")
    assert await states(everybody) == [(2, "published"), (1, "retired")]
    for _ in range(2):
        await everybody.post(f"{PATH}/versions/1/publish")
    assert ((await preview(everybody))["subject"], await states(everybody)) == ("Hello Ann", [(2, "retired"), (1, "published")])


@pytest.mark.parametrize("part", ["subject", "text", "html"])
async def test_preview_is_what_is_sent(everybody: ApiClient, session: Session, part: str) -> None:
    await publish(everybody)
    shown = await preview(everybody, context={"who": "R & D"}, locale="de-AT", time_zone="Europe/Vienna")

    key = TemplateKey(NAME, None, "de-AT")
    source = (await TemplateReader(session).effective([key]))[key]
    sent = Renderer().render(source, {"who": "R & D"}, locale="de-AT", time_zone="Europe/Vienna")
    assert shown[part] == getattr(sent, part)


async def test_override_leaves_parts_to_the_default_and_is_its_organizations_alone(
    client: ApiClient, everybody: ApiClient, ours: ApiClient
) -> None:
    await publish(everybody)
    number = await publish(ours, subject="Our {{ who }}", text=None, html=None, sample_context=None)
    theirs = client.as_role("operator", organization_id=THEIRS)

    mine = await preview(ours)
    assert (mine["subject"], mine["text"]) == ("Our Ann", "Hi Ann.")
    assert ((await preview(theirs))["subject"], (await preview(everybody))["subject"]) == ("Hello Ann", "Hello Ann")
    assert (await preview(everybody, organization_id=str(OURS)))["subject"] == "Our Ann"
    assert (await preview(theirs, organization_id=str(OURS)))["code"] == "foreign_organization"
    assert await states(theirs) == [(1, "published")]
    assert [one["organization_id"] for one in (await ours.get(PATH)).json()["versions"]] == [str(OURS), None]
    retired = [await ours.post(f"{PATH}/versions/{number}/retire") for _ in range(2)]
    assert [answer.status_code for answer in retired] == [200, 409]
    assert (await preview(ours))["subject"] == "Hello Ann"


async def test_bound_caller_cannot_touch_the_default(ours: ApiClient, everybody: ApiClient) -> None:
    number = await publish(everybody)

    refused = [await ours.post(f"{PATH}/versions/{number}/{verb}") for verb in ("publish", "retire")]

    assert [answer.json()["code"] for answer in refused] == ["template_version_not_found"] * 2
    assert await states(everybody) == [(1, "published")]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"subject": "{{ whom }}"}, "the subject, line 1: 'whom' is undefined"),
    ({"text": "a\n{% if %}"}, "the text, line 2: Expected an expression"),
    ({"html": "{% include 'x' %}"}, "the html, line 1: it holds what templates do not offer: an include"),
    ({"text": None, "html": None}, "a version needs a subject, and text or html"),
    ({"subject": None}, "a version needs a subject, and text or html"),
    ({"locale": "de-ab1"}, "must be a BCP 47 tag"),
    ({"text": "a\x00"}, "the request is not valid"),
    ({"text": "a" * 48_001}, "the request is not valid"),
    ({"sample_context": None}, "'who' is undefined"),
    ({"sample_context": {"who": "a", "x": ["\x00"]}}, "the sample context holds a NUL character"),
    ({"sample_context": {"who": "a", "\x00": 1}}, "the sample context holds a NUL character"),
]


@pytest.mark.parametrize(("change", "detail"), REFUSED)
async def test_draft_that_cannot_be_sent_is_refused_and_leaves_nothing(
    everybody: ApiClient, change: dict[str, Any], detail: str
) -> None:
    refused = await everybody.post(f"{PATH}/versions", json=VERSION | change)

    assert refused.status_code == 422
    assert detail in refused.json()["detail"]
    assert (await everybody.get(PATH)).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        "subject = 'x'",
        "sms = 'x'",
        "push_title = 'x'",
        "push_body = 'x'",
        "variables = '{\"a\": {}}'",
        "based_on = 7",
        "sample_context = '{}'",
        "number = 9",
        "state = 'draft', published_at = NULL",
    ],
)
async def test_published_version_never_changes(everybody: ApiClient, session: Session, change: str) -> None:
    await publish(everybody)
    mine = "(SELECT id FROM templates WHERE name = 'greeting')"

    for statement in (f"UPDATE template_versions SET {change}", "DELETE FROM template_versions"):  # noqa: S608 - the cases above
        with pytest.raises(IntegrityError, match="a version that was published cannot change"):
            async with session.begin_nested():
                await session.execute(text(f"{statement} WHERE template_id = {mine}"))
    assert await states(everybody) == [(1, "published")]


async def test_list_shows_defaults_and_own_overrides_in_pages(everybody: ApiClient, ours: ApiClient, client: ApiClient) -> None:
    await publish(everybody)
    await publish(ours, locale="de")

    async def listed(api: ApiClient, **params: Any) -> list[tuple[str, str | None, list[str]]]:
        items = (await api.get("/v1/templates", params=params)).json()["items"]
        return [(one["name"], one["organization_id"], one["locales"]) for one in items]

    everything = await listed(ours)
    builtin = [one for one in everything if one[0] != NAME]
    assert [one[0] for one in everything] == sorted(one[0] for one in everything)
    assert ("shipment_alert", None, ["de", "en", "hi"]) in builtin
    assert [one for one in everything if one[0] == NAME] == [(NAME, None, ["en"]), (NAME, str(OURS), ["de"])]
    theirs = await listed(client.as_role("viewer", organization_id=THEIRS))
    assert [one for one in theirs if one[0] == NAME] == [(NAME, None, ["en"])]
    first = (await ours.get("/v1/templates", params={"limit": 2})).json()
    assert await listed(ours, cursor=first["next_cursor"]) == everything[2:]


@pytest.mark.parametrize("sample", ['"\\ud800"', '"\\udc00\\ud800"', "NaN", "1e999", "[" * 5000 + "]" * 5000])
async def test_sample_that_no_database_holds_is_refused(everybody: ApiClient, sample: str) -> None:
    body = '{"locale": "en", "subject": "S", "text": "T", "sample_context": {"a": %s}}' % sample  # noqa: UP031 - full of braces
    refused = await everybody.post(f"{PATH}/versions", content=body, headers={"Content-Type": "application/json"})

    assert refused.status_code in (400, 422)
    assert (await everybody.get(PATH)).status_code == 404


async def test_sample_is_kept_to_the_letter(everybody: ApiClient) -> None:
    sample = {"who": "a\\u0000 \U0001f600 \\", "n": 10**40, "deep": [{"a": None}]}
    kept = await everybody.post(f"{PATH}/versions", json=VERSION | {"sample_context": sample})

    assert (kept.status_code, kept.json()["sample_context"]) == (201, sample)


@pytest.mark.commits
async def test_drafts_that_are_written_at_once_get_numbers_of_their_own(everybody: ApiClient) -> None:
    drafts = await asyncio.gather(*(everybody.post(f"{PATH}/versions", json=VERSION) for _ in range(5)))
    published = await asyncio.gather(*(everybody.post(f"{PATH}/versions/{number}/publish") for number in range(1, 6)))

    assert sorted(draft.json()["number"] for draft in drafts) == [1, 2, 3, 4, 5]
    assert [answer.status_code for answer in published] == [200] * 5
    assert sorted(state for _, state in await states(everybody)) == ["published", *["retired"] * 4]


async def test_reading_and_writing_need_their_scopes(client: ApiClient, everybody: ApiClient) -> None:
    viewer, blind = client.as_role("viewer"), client.as_role(scopes=["notifications:write"])

    refused = [await viewer.post(f"{PATH}/versions", json=VERSION), await blind.get(PATH), await client.get("/v1/templates")]

    assert [answer.status_code for answer in refused] == [403, 403, 401]
    assert (await everybody.get(PATH)).status_code == 404
