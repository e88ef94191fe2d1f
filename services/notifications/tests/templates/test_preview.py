"""What a preview shows beside the mail: the SMS with its segments, the item of the in-app inbox, and the cost."""

from typing import Any, Final

import pytest

from shared.testing.service import ApiClient

PATH: Final = "/v1/templates/greeting"
VERSION: Final[dict[str, Any]] = {
    "locale": "en",
    "sms": "Hello {{ who }}, see {{ frontend_url }}/a",
    "push_title": "Hello {{ who }}",
    "push_body": "{{ when|datetime }}",
    "sample_context": {"who": "Ann", "when": "2026-11-21T10:00:00Z"},
}


@pytest.fixture
def everybody(client: ApiClient) -> ApiClient:
    """Somebody of no organization, who may write the defaults."""
    return client.as_role("operator")


async def test_preview_shows_each_channel_that_a_version_has(everybody: ApiClient) -> None:
    assert (await everybody.post(f"{PATH}/versions", json=VERSION)).status_code == 201
    price = {"amount_minor": 16500, "currency": "INR"}
    shown = (
        await everybody.post(
            f"{PATH}/preview", json={"version": 1, "time_zone": "Asia/Kolkata", "locale": "en-IN", "sms_price_per_1000": price}
        )
    ).json()

    assert (shown["channels"], shown["subject"], shown["text"], shown["html"]) == (["sms", "in_app"], None, None, None)
    assert shown["push"] == {"title": "Hello Ann", "body": "21 November 2026, 15:30 IST"}
    assert shown["sms"] == {
        "text": "Hello Ann, see http://localhost:3000/a",
        "encoding": "gsm7",
        "units": 38,
        "segments": 1,
        "per_segment": 160,
        "remaining": 122,
        "foreign": [],
        "cost": {"amount_minor": 17, "currency": "INR"},
    }


async def test_preview_names_what_forces_ucs2_and_has_no_cost_without_a_price(everybody: ApiClient) -> None:
    await everybody.post(f"{PATH}/versions", json=VERSION | {"sms": "₹ “{{ who }}”"})
    sms = (
        await everybody.post(f"{PATH}/preview", json={"version": 1, "context": {"who": "a" * 70, "when": "2026-11-21T10:00Z"}})
    ).json()["sms"]

    assert (sms["encoding"], sms["units"], sms["segments"], sms["per_segment"]) == ("ucs2", 74, 2, 67)
    assert (sms["foreign"], sms["cost"]) == (["₹", "“", "”"], None)


async def test_preview_takes_the_sample_of_the_readers_language(everybody: ApiClient) -> None:
    for locale, who in (("en", "Ann"), ("hi", "आशा")):
        await everybody.post(
            f"{PATH}/versions", json=VERSION | {"locale": locale, "sample_context": VERSION["sample_context"] | {"who": who}}
        )
    for number in (1, 2):
        await everybody.post(f"{PATH}/versions/{number}/publish")

    said = [
        (await everybody.post(f"{PATH}/preview", json={"locale": locale})).json()["push"]["title"] for locale in ("hi-IN", "fr")
    ]
    assert said == ["Hello आशा", "Hello Ann"]


async def test_version_is_shown_without_what_it_is_to_replace(everybody: ApiClient) -> None:
    await everybody.post(f"{PATH}/versions", json=VERSION)
    await everybody.post(f"{PATH}/versions/1/publish")
    await everybody.post(f"{PATH}/versions", json=VERSION | {"sms": None})
    before = (await everybody.post(f"{PATH}/preview", json={"version": 2})).json()
    await everybody.post(f"{PATH}/versions/2/publish")
    after = (await everybody.post(f"{PATH}/preview", json={"version": 2})).json()

    assert (before["channels"], before["sms"]) == (["in_app"], None)
    assert before == after


async def test_version_is_shown_with_its_own_sample(everybody: ApiClient) -> None:
    for who in ("Ann", "Bo"):
        sample = VERSION["sample_context"] | {"who": who}
        await everybody.post(f"{PATH}/versions", json=VERSION | {"sample_context": sample})

    said = [(await everybody.post(f"{PATH}/preview", json={"version": number})).json()["push"]["title"] for number in (1, 2)]
    assert said == ["Hello Ann", "Hello Bo"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"sms": None, "push_title": "P", "push_body": None}, "a version needs a subject, and text or html, or sms, or a push"),
    ({"push_body": None}, "a push needs a title and a body"),
    ({"subject": "S"}, "a version needs a subject, and text or html"),
    ({"sms": "a" * 1601}, "the sms: it becomes 1,601 characters"),
    ({"sms": "{{ whom }}"}, "the sms, line 1: 'whom' is undefined"),
    ({"push_title": "{% if %}"}, "the push title, line 1: Expected an expression"),
    ({"variables": {"who": {"type": "integer"}}}, "who must be a whole number"),
    ({"variables": {"a b": {"type": "integer"}}}, "the request is not valid"),
    ({"variables": {"a": {"type": "float"}}}, "the request is not valid"),
    ({"variables": {"a": {"type": "list", "description": "\x00"}}}, "the request is not valid"),
    ({"sms": "a" * 8001}, "the request is not valid"),
]


@pytest.mark.parametrize(("change", "detail"), REFUSED)
async def test_draft_of_half_a_channel_is_refused_and_leaves_nothing(
    everybody: ApiClient, change: dict[str, Any], detail: str
) -> None:
    refused = await everybody.post(f"{PATH}/versions", json=VERSION | change)

    assert refused.status_code == 422
    assert detail in refused.json()["detail"]
    assert (await everybody.get(PATH)).status_code == 404


async def test_version_inherits_what_the_one_before_declares(everybody: ApiClient) -> None:
    declared = {"who": {"type": "string", "required": True, "description": ""}}
    first = await everybody.post(f"{PATH}/versions", json=VERSION | {"variables": declared})
    second = await everybody.post(f"{PATH}/versions", json={"locale": "hi", "sms": "{{ who }}"})

    assert (first.json()["variables"], second.json()["variables"]) == (declared, declared)
