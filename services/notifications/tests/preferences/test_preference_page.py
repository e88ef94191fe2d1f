"""The page on which people choose what they get, behind a link and without an account."""

import re
from typing import Any, Final

import pytest
from sqlalchemy import text

from services.notifications.preferences.tokens import LinkSubject, LinkTokens
from services.notifications.tests.preferences.conftest import ASHA, OURS
from shared.runtime.db import Session
from shared.testing.service import ApiClient

FORM: Final = {
    "choice.marketing.email": "off",
    "choice.reminders.email": "daily",
    "choice.digests.email": "on",
    "quiet": "own",
    "quiet_from": "21:30",
    "quiet_until": "07:00",
    "quiet_day": ["sat", "sun"],
    "paused_until": "2026-03-10",
}
CHOICES: Final = text("SELECT category, channel, choice FROM preferences ORDER BY 1, 2")
SHEET: Final = text("SELECT quiet_from, quiet_until, quiet_days, paused_until FROM preference_sheets")
ENTRIES: Final = text("SELECT category, source FROM suppressions")
CHANGES: Final = text("SELECT what, source, actor, key_id FROM preference_changes")


async def rows(session: Session, query: Any) -> list[tuple[str, ...]]:
    return [tuple(str(value) for value in row) for row in await session.execute(query)]


def checked(page: str) -> set[str]:
    """`name=value` of the fields that the page has chosen."""
    return {f"{name}={value}" for name, value in re.findall(r'name="([^"]+)" value="([^"]+)" checked', page)}


@pytest.fixture
def path(tokens: LinkTokens) -> str:
    return f"/v1/preferences/{tokens.token_for(LinkSubject('email', 'orders', OURS, person=ASHA))}"


@pytest.fixture
def bare_path(tokens: LinkTokens) -> str:
    return f"/v1/preferences/{tokens.token_for(LinkSubject('sms', 'reminders', OURS, address_hash='ab' * 16))}"


@pytest.mark.usefixtures("asha")
async def test_page_shows_what_counts_and_changes_nothing(client: ApiClient, session: Session, path: str) -> None:
    page = await client.get(path)
    head = await client.head(path)

    assert (page.status_code, head.status_code) == (200, 200)
    assert checked(page.text) == {
        *(f"choice.{category}.{channel}=on" for category in ("marketing", "reminders") for channel in ("email", "in_app")),
        "choice.digests.email=on",
        *("quiet=organization", *(f"quiet_day={day}" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))),
    }
    assert "Times are in Asia/Kolkata." in page.text
    assert await rows(session, SHEET) == []


@pytest.mark.usefixtures("asha")
async def test_form_is_saved_and_recorded_with_the_key_of_its_link(client: ApiClient, session: Session, path: str) -> None:
    saved = await client.post(path, data=FORM)
    again = await client.post(path, data=FORM)

    assert (saved.status_code, again.status_code) == (200, 200)
    assert "Your choices are saved." in saved.text
    assert await rows(session, CHOICES) == [("marketing", "email", "off"), ("reminders", "email", "daily")]
    assert await rows(session, SHEET) == [("21:30:00", "07:00:00", "[6, 7]", "2026-03-10")]
    assert sorted(await rows(session, CHANGES)) == [
        *[("choice", "preference_page", "recipient", "k1")] * 2,
        ("paused_until", "preference_page", "recipient", "k1"),
        ("quiet_hours", "preference_page", "recipient", "k1"),
    ]
    assert {"choice.marketing.email=off", "quiet=own", "quiet_day=sat"} <= checked(saved.text)


@pytest.mark.usefixtures("asha")
@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("en-IN", ["On", "Once an hour", "Once a day", "Once a week", "Off"]),
        ("hi-IN", ["चालू", "घंटे में एक बार", "दिन में एक बार", "सप्ताह में एक बार", "बंद"]),
    ],
)
async def test_page_offers_each_summary_for_e_mails_and_not_for_summaries_themselves(
    client: ApiClient, session: Session, path: str, language: str, labels: list[str]
) -> None:
    await session.execute(text("UPDATE people SET locale = :language"), {"language": language})
    page = (await client.get(path)).text

    def offered(field: str) -> list[tuple[str, str]]:
        return re.findall(rf'name="{field}" value="([a-z]+)"[^>]*><span>([^<]+)</span>', page)

    assert offered("choice.reminders.email") == list(zip(("on", "hourly", "daily", "weekly", "off"), labels, strict=True))
    for field in ("choice.digests.email", "choice.reminders.in_app"):
        assert offered(field) == [("on", labels[0]), ("off", labels[-1])]


@pytest.mark.usefixtures("asha")
@pytest.mark.parametrize("choice", ["hourly", "weekly"])
async def test_summary_that_is_chosen_on_the_page_is_kept_and_shown(
    client: ApiClient, session: Session, path: str, choice: str
) -> None:
    saved = await client.post(path, data={"choice.reminders.email": choice})

    assert await rows(session, CHOICES) == [("reminders", "email", choice)]
    assert f"choice.reminders.email={choice}" in checked(saved.text)


@pytest.mark.usefixtures("asha")
async def test_what_the_form_does_not_name_stays_as_it_is(client: ApiClient, session: Session, path: str) -> None:
    await client.post(path, data=FORM)
    await client.post(path, data={"choice.marketing.email": "on"})

    assert await rows(session, CHOICES) == [("marketing", "email", "on"), ("reminders", "email", "daily")]
    assert await rows(session, SHEET) == [("21:30:00", "07:00:00", "[6, 7]", "2026-03-10")]


@pytest.mark.usefixtures("asha")
async def test_quiet_hours_can_be_none_or_the_organizations_again(client: ApiClient, session: Session, path: str) -> None:
    await client.post(path, data=FORM | {"quiet": "none", "paused_until": ""})
    none = await rows(session, SHEET)
    await client.post(path, data=FORM | {"quiet": "organization", "paused_until": ""})

    assert none == [("00:00:00", "00:00:00", "[]", "None")]
    assert await rows(session, SHEET) == [("None", "None", "None", "None")]


AS_SHOWN: Final = {
    "quiet": "organization",
    "quiet_from": "22:00",
    "quiet_until": "08:00",
    "quiet_day": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
}


@pytest.mark.usefixtures("asha")
@pytest.mark.parametrize(
    ("entered", "kept"),
    [
        ({"quiet_from": "21:00"}, ("21:00:00", "08:00:00", "[1, 2, 3, 4, 5, 6, 7]", "None")),
        ({"quiet_day": ["sun"]}, ("22:00:00", "08:00:00", "[7]", "None")),
        ({}, None),
    ],
)
async def test_own_hours_that_are_entered_count_though_the_choice_above_them_was_left_as_it_was(
    client: ApiClient, session: Session, path: str, entered: dict[str, Any], kept: tuple[str, ...] | None
) -> None:
    saved = await client.post(path, data=AS_SHOWN | entered)

    assert saved.status_code == 200
    assert await rows(session, SHEET) == ([kept] if kept is not None else [("None", "None", "None", "None")])
    assert ("quiet=own" if kept is not None else "quiet=organization") in checked(saved.text)


@pytest.mark.usefixtures("asha")
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"quiet_day": []}, "Choose at least one day"),
        ({"quiet_from": ""}, "Choose at least one day"),
        ({"quiet_until": "25:00"}, "Choose at least one day"),
        ({"quiet_day": ["caturday"]}, "Choose at least one day"),
        (
            {"quiet_from": "08:00", "quiet_until": "08:00", "quiet_day": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
            "Quiet hours that never end",
        ),
        ({"paused_until": "2026-03-02"}, "The pause must end after today"),
        ({"paused_until": "2026-04-02"}, "at most 30 days from now"),
        ({"paused_until": "soon"}, "The pause must end after today"),
        ({"quiet": "always"}, "The form was not understood"),
        ({"choice.marketing.email": "maybe"}, "The form was not understood"),
        ({"choice.digests.email": "hourly"}, "The form was not understood"),
        ({"choice.digests.email": "daily"}, "The form was not understood"),
        ({"choice.digests.email": "weekly"}, "The form was not understood"),
        ({"choice.reminders.in_app": "weekly"}, "The form was not understood"),
    ],
)
async def test_form_that_cannot_be_kept_is_explained_and_leaves_nothing(
    client: ApiClient, session: Session, path: str, change: dict[str, Any], sentence: str
) -> None:
    refused = await client.post(path, data=FORM | change)

    assert refused.status_code == 422
    assert sentence in refused.text
    assert (await rows(session, CHOICES), await rows(session, CHANGES)) == ([], [])


@pytest.mark.usefixtures("asha")
async def test_transactional_categories_are_named_and_not_offered(client: ApiClient, session: Session, path: str) -> None:
    page = await client.get(path)
    await client.post(path, data={"choice.orders.email": "off", "choice.gossip.email": "off"})

    assert "choice.orders" not in page.text
    assert all(title in page.text for title in ("Orders", "Payments", "Account and security"))
    assert await rows(session, CHOICES) == []


@pytest.mark.usefixtures("asha")
async def test_organizations_choice_that_is_left_as_it_is_stays_the_organizations(
    client: ApiClient, operator: ApiClient, session: Session, path: str
) -> None:
    choices = [{"category": "marketing", "channel": "email", "choice": "off"}]
    await operator.put("/v1/organization-policy", json={"choices": choices}, headers={"If-Match": '"v0"'})
    page = await client.get(path)
    await client.post(path, data=FORM)

    assert "choice.marketing.email=off" in checked(page.text)
    assert await rows(session, CHOICES) == [("reminders", "email", "daily")]


async def test_address_of_nobody_known_chooses_over_its_own_channel(client: ApiClient, session: Session, bare_path: str) -> None:
    before = await client.get(bare_path)
    saved = await client.post(bare_path, data={"choice.marketing.sms": "off", "choice.marketing.email": "off", "quiet": "own"})
    listed = await rows(session, ENTRIES)
    await client.post(bare_path, data={"choice.marketing.sms": "on"})

    assert {name.split("=")[0] for name in checked(before.text)} == {*("choice.marketing.sms", "choice.reminders.sms")}
    assert "Quiet hours" not in before.text
    assert "choice.marketing.sms=off" in checked(saved.text)
    assert listed == [("marketing", "preference_page")]
    assert (await rows(session, ENTRIES), await rows(session, SHEET)) == ([], [])


@pytest.mark.usefixtures("asha")
async def test_form_of_any_size_or_kind_is_no_failure(client: ApiClient, path: str) -> None:
    large = await client.post(path, data={"quiet": "x" * 60_000})
    broken = await client.post(path, content=b"--", headers={"Content-Type": "multipart/form-data"})
    files = await client.post(path, files={"quiet": ("a.txt", b"own")})

    assert [one.status_code for one in (large, broken, files)] == [413, 400, 400]
