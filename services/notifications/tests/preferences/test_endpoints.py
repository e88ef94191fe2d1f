"""Preferences over HTTP, as operators see and change them."""

import asyncio
from typing import Any, Final
from uuid import UUID

import pytest

from services.notifications.preferences.schemas import DAYS
from shared.testing.service import ApiClient

PATH: Final = "/v1/people/payments.customer:42/preferences"
NIGHT: Final = {"from": "22:00", "until": "08:00", "days": ["mon", "tue"]}
NO_MARKETING: Final = {"category": "marketing", "channel": "email", "choice": "off"}


def chosen(answer: Any) -> dict[tuple[str, str], tuple[str, str]]:
    """What is not Waybill's own choice, by category and channel."""
    return {
        (category["name"], channel["channel"]): (channel["choice"], channel["chosen_by"])
        for category in answer.json()["categories"]
        for channel in category["channels"]
        if channel["chosen_by"] != "waybill"
    }


async def changed(operator: ApiClient, **facts: Any) -> Any:
    """Change them as they are now."""
    etag = (await operator.get(PATH)).headers["ETag"]
    return await operator.put(PATH, json=facts, headers={"If-Match": etag})


@pytest.mark.usefixtures("asha")
async def test_preferences_are_shown_changed_by_etag_and_left_to_the_organization_again(operator: ApiClient) -> None:
    before = await operator.get(PATH)
    blind = await operator.put(PATH, json={})
    put = await operator.put(
        PATH, json={"choices": [NO_MARKETING], "quiet_hours": NIGHT}, headers={"If-Match": before.headers["ETag"]}
    )
    late = await operator.put(PATH, json={}, headers={"If-Match": before.headers["ETag"]})
    read = await operator.get(PATH)
    withdrawn = await changed(operator)

    assert [one.status_code for one in (before, blind, put, late, withdrawn)] == [200, 428, 200, 412, 200]
    assert chosen(before) == {}
    assert chosen(put) == chosen(read) == {("marketing", "email"): ("off", "person")}
    assert (read.json()["quiet_hours"], read.json()["time_zone"]) == (NIGHT, "Asia/Kolkata")
    assert (chosen(withdrawn), withdrawn.json()["quiet_hours"]) == ({}, None)
    assert put.headers["ETag"] == read.headers["ETag"]


@pytest.mark.usefixtures("asha")
async def test_categories_say_what_cannot_be_declined(operator: ApiClient) -> None:
    shown = (await operator.get(PATH)).json()["categories"]

    assert sorted(one["name"] for one in shown if not one["locked"]) == ["digests", "marketing", "reminders"]
    assert {one["legal_class"] for one in shown if one["locked"]} == {"transactional"}


@pytest.mark.usefixtures("asha")
@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"choices": [{"category": "orders", "channel": "email", "choice": "off"}]}, "category_locked"),
        ({"choices": [{"category": "account", "channel": "email", "choice": "daily"}]}, "category_locked"),
        ({"choices": [{"category": "gossip", "channel": "email", "choice": "off"}]}, "category_unknown"),
        ({"choices": [{"category": "reminders", "channel": "sms", "choice": "hourly"}]}, "choice_impossible"),
        ({"choices": [{"category": "reminders", "channel": "sms", "choice": "daily"}]}, "choice_impossible"),
        ({"choices": [{"category": "reminders", "channel": "in_app", "choice": "weekly"}]}, "choice_impossible"),
        ({"choices": [{"category": "digests", "channel": "email", "choice": "hourly"}]}, "choice_impossible"),
        ({"choices": [{"category": "digests", "channel": "email", "choice": "daily"}]}, "choice_impossible"),
        ({"choices": [{"category": "digests", "channel": "email", "choice": "weekly"}]}, "choice_impossible"),
        ({"choices": [{"category": "reminders", "channel": "email", "choice": "monthly"}]}, "invalid_request"),
        ({"choices": [NO_MARKETING, NO_MARKETING]}, "invalid_request"),
        ({"choices": [NO_MARKETING | {"channel": "fax"}]}, "invalid_request"),
        ({"quiet_hours": NIGHT | {"from": "24:00"}}, "invalid_request"),
        ({"quiet_hours": {"from": "08:00", "until": "08:00", "days": list(DAYS)}}, "invalid_request"),
        ({"paused_until": "2026-03-02"}, "pause_unusable"),
        ({"paused_until": "2026-04-02"}, "pause_unusable"),
        ({"nothing": 1}, "invalid_request"),
    ],
)
async def test_what_cannot_be_chosen_is_refused_and_leaves_nothing(operator: ApiClient, facts: dict[str, Any], code: str) -> None:
    # The clock of the tests stands at 2 March 2026.
    refused = await changed(operator, **facts)

    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert (await operator.get(PATH)).headers["ETag"] == '"v0"'
    assert (await operator.get(f"{PATH}/history")).json()["items"] == []


@pytest.mark.usefixtures("asha")
@pytest.mark.parametrize("choice", ["hourly", "daily", "weekly"])
async def test_each_summary_can_be_chosen_for_e_mails(operator: ApiClient, choice: str) -> None:
    put = await changed(operator, choices=[NO_MARKETING | {"choice": choice}])

    assert chosen(put) == {("marketing", "email"): (choice, "person")}


@pytest.mark.usefixtures("asha")
async def test_pause_is_kept_while_it_lasts(operator: ApiClient) -> None:
    paused = await changed(operator, paused_until="2026-04-01")
    kept = await changed(operator, choices=[NO_MARKETING], paused_until="2026-04-01")

    assert [one.json()["paused_until"] for one in (paused, kept)] == ["2026-04-01", "2026-04-01"]


@pytest.mark.usefixtures("asha")
async def test_every_change_is_in_the_history_with_who_made_it(operator: ApiClient) -> None:
    await changed(operator, choices=[NO_MARKETING], quiet_hours=NIGHT)
    await changed(operator, choices=[NO_MARKETING], quiet_hours=NIGHT)
    await changed(operator, quiet_hours=NIGHT)

    first = (await operator.get(f"{PATH}/history", params={"limit": 2})).json()
    rest = (await operator.get(f"{PATH}/history", params={"cursor": first["next_cursor"]})).json()
    lines = first["items"] + rest["items"]
    told = sorted((one["what"], one["category"], one["before"], one["after"]) for one in lines if one["before"] is None)
    assert (len(lines), rest["next_cursor"]) == (3, None)
    assert {(one["source"], one["key_id"]) for one in lines} == {("operator", None)}
    assert told == [("choice", "marketing", None, "off"), ("quiet_hours", None, None, "22:00-08:00 on 1,2")]
    assert [(one["category"], one["after"]) for one in lines if one["before"] is not None] == [("marketing", None)]


@pytest.mark.usefixtures("asha")
async def test_organizations_choice_counts_until_the_person_chooses(operator: ApiClient) -> None:
    policy = {"choices": [NO_MARKETING], "time_zone": "Asia/Kolkata"}
    await operator.put("/v1/organization-policy", json=policy, headers={"If-Match": '"v0"'})
    before = await operator.get(PATH)
    after = await changed(operator, choices=[NO_MARKETING | {"choice": "on"}])

    assert chosen(before) == {("marketing", "email"): ("off", "organization")}
    assert chosen(after) == {("marketing", "email"): ("on", "person")}


@pytest.mark.usefixtures("asha")
async def test_preferences_are_seen_and_changed_within_the_organization_alone(client: ApiClient, operator: ApiClient) -> None:
    stranger = client.as_role("operator", organization_id=UUID(int=6))
    viewer = client.as_role("viewer", organization_id=UUID(int=5))
    if_match = {"If-Match": '"v0"'}

    refused = [
        await stranger.get(PATH),
        await stranger.put(PATH, json={}, headers=if_match),
        await stranger.get(f"{PATH}/history"),
        await viewer.put(PATH, json={}, headers=if_match),
        await client.get(PATH),
    ]
    assert [one.status_code for one in refused] == [404, 404, 404, 403, 401]
    assert (await operator.get("/v1/people/payments.customer:43/preferences")).status_code == 404


@pytest.mark.commits
@pytest.mark.usefixtures("asha")
async def test_of_several_who_change_preferences_at_once_one_does(operator: ApiClient) -> None:
    bodies = [{"choices": [NO_MARKETING | {"channel": channel}]} for channel in ("email", "sms", "in_app")]
    answers = await asyncio.gather(*(operator.put(PATH, json=body, headers={"If-Match": '"v0"'}) for body in bodies))

    assert sorted(one.status_code for one in answers) == [200, 412, 412]
    assert len(chosen(await operator.get(PATH))) == 1
