"""GET /v1/campaigns/{id}/estimate: what an SMS campaign comes to, by the languages of those who would get it."""

from typing import Any, Final

import pytest
from sqlalchemy import text

from services.notifications.campaigns.estimate import MAX_LOCALES
from services.notifications.tests.campaigns.arrange import OURS, know_customers, publish_offer
from services.notifications.tests.campaigns.test_endpoints import drafted
from shared.runtime.db import Session
from shared.testing.service import ApiClient

HINDI: Final = "क" * 140 + "{{ thing }}"
ENGLISH: Final = {"locale": "en", "encoding": "gsm7", "segments": 1}


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    return client.as_role("operator", organization_id=OURS)


async def estimated(client: ApiClient, draft: dict[str, Any], **params: Any) -> Any:
    answer = await client.get(f"{draft['path']}/estimate", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["sms"]


async def test_readers_of_a_segment_count_in_their_own_language_and_cost_what_the_price_says(
    operator: ApiClient, session: Session
) -> None:
    await know_customers(session, 3, locale="hi-IN")
    await know_customers(session, 5, first=4)
    await publish_offer(session)
    await publish_offer(session, locale="hi", sms=HINDI)
    draft = await drafted(operator, channel="sms")

    free = await estimated(operator, draft)
    priced = await estimated(operator, draft, sms_price_per_1000="16500 INR")

    hindi = {"locale": "hi-IN", "recipients": 3, "encoding": "ucs2", "segments": 3}
    assert free == {"texts": [hindi, {**ENGLISH, "recipients": 2}], "segments": 11, "cost": None}
    assert priced == {**free, "cost": {"amount_minor": 182, "currency": "INR"}}


@pytest.mark.parametrize("price", ["16500", "165.00 INR", "16500 inr", "-1 INR"])
async def test_price_that_is_none_is_refused(operator: ApiClient, price: str) -> None:
    draft = await drafted(operator, channel="sms")

    assert (await operator.get(f"{draft['path']}/estimate", params={"sms_price_per_1000": price})).status_code == 422


async def test_row_of_a_list_counts_in_its_own_language_with_its_own_words(operator: ApiClient, session: Session) -> None:
    await know_customers(session, 1, locale="hi")
    await publish_offer(session)
    await publish_offer(session, locale="hi", sms=HINDI)
    draft = await drafted(operator, channel="sms", segment=None)
    rows = [
        {"to_person": "payments.customer:1"},
        {"to_phone": "+919810000001", "locale": "hi"},
        {"to_phone": "+919812345670", "context": {"thing": "x" * 200}},
        {"to_phone": "+919812345671"},
        {"to_phone": "+919812345672", "locale": "hi", "context": {"thing": "x" * 70}},
    ]
    await operator.put(f"{draft['path']}/recipients", json=rows, headers={"If-Match": "*"})

    found = await estimated(operator, draft)

    assert [(one["locale"], one["recipients"], one["segments"]) for one in found["texts"]] == [("en", 2, 2), ("hi", 2, 3)]
    assert found["segments"] == 10


async def test_who_has_no_language_reads_the_organizations_and_the_campaigns_own_goes_before_all(
    operator: ApiClient, session: Session
) -> None:
    await know_customers(session, 2)
    await know_customers(session, 3, first=3, locale="en")
    await publish_offer(session)
    await publish_offer(session, locale="hi", sms=HINDI)
    policy = "INSERT INTO organization_policies (organization_id, revision, locale, updated_at, updated_by)"
    await session.execute(text(f"{policy} VALUES (:id, 1, 'hi', now(), 'ann')"), {"id": OURS})

    own = await estimated(operator, await drafted(operator, channel="sms"))
    common = await estimated(operator, await drafted(operator, channel="sms", locale="en"))

    assert [(one["locale"], one["recipients"]) for one in own["texts"]] == [("hi", 2), ("en", 1)]
    assert [(one["locale"], one["recipients"]) for one in common["texts"]] == [("en", 3)]


async def test_languages_beyond_the_most_frequent_count_as_the_longest_text(operator: ApiClient, session: Session) -> None:
    await publish_offer(session)
    await publish_offer(session, locale="hi", sms=HINDI)
    draft = await drafted(operator, channel="sms", segment=None)
    tags = ["hi", "hi", *(f"en-{first}{second}" for first in "ABCD" for second in "ABCDE"), "en-ZZ"]
    rows = [{"to_phone": f"+9198123456{number:02}", "locale": tag} for number, tag in enumerate(tags)]
    kept = await operator.put(f"{draft['path']}/recipients", json=rows, headers={"If-Match": "*"})

    found = await estimated(operator, draft)

    assert (kept.json()["kept"], len(found["texts"])) == (23, MAX_LOCALES)
    assert found["segments"] == 2 * 3 + (MAX_LOCALES - 1) + 2 * 3


async def test_campaign_that_would_go_to_nobody_still_shows_its_text(operator: ApiClient, session: Session) -> None:
    await publish_offer(session)

    found = await estimated(operator, await drafted(operator, channel="sms"))

    assert (found["texts"], found["segments"]) == ([{**ENGLISH, "recipients": 0}], 0)
