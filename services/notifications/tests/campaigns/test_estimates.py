"""GET /v1/campaigns/{id}/estimate: what an SMS campaign comes to, by the languages of those who would get it."""

from typing import Any, Final

import pytest
from sqlalchemy import text

from services.notifications.campaigns.estimate import MAX_LOCALES
from services.notifications.settings import NotificationsSettings
from services.notifications.tests.campaigns.arrange import OURS, know_customers, publish_offer
from services.notifications.tests.campaigns.test_endpoints import drafted
from shared.runtime.db import Session
from shared.testing.service import ApiClient

HINDI: Final = "क" * 140 + "{{ thing }}"
ENGLISH: Final = {"locale": "en", "encoding": "gsm7", "segments": 1}


@pytest.fixture
def settings(request: pytest.FixtureRequest, settings: NotificationsSettings) -> NotificationsSettings:
    """The service's, and what a test adds."""
    return settings.model_copy(update=getattr(request, "param", {}))


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
    price, cost = {"amount_minor": 16500, "currency": "INR"}, {"amount_minor": 182, "currency": "INR"}
    india = {"code": "91", "recipients": 5, "segments": 11, "price_per_1000": None, "cost": None}
    assert free == {
        "texts": [hindi, {**ENGLISH, "recipients": 2}],
        "segments": 11,
        "countries": [india],
        "unpriced": 5,
        "costs": [],
        "cost": None,
    }
    assert priced == {
        **free,
        "countries": [{**india, "price_per_1000": price, "cost": cost}],
        "unpriced": 0,
        "costs": [cost],
        "cost": cost,
    }


def countries(found: Any) -> list[tuple[str | None, int, int, int | None, str | None, int | None]]:
    """Code, recipients, segments, price of a thousand with its currency, and cost of each."""
    return [
        (
            one["code"],
            one["recipients"],
            one["segments"],
            *(
                (one["price_per_1000"]["amount_minor"], one["price_per_1000"]["currency"])
                if one["price_per_1000"]
                else (None, None)
            ),
            one["cost"]["amount_minor"] if one["cost"] else None,
        )
        for one in found["countries"]
    ]


ABROAD: Final = (
    *("+12025550147", "+12025550148", "+18682911234"),  # the United States, and Trinidad, which begins with the same digit
    *("+971501234567", "+447400123456"),
)
PRICES: Final = ("91=16500INR", "1=790USD", "1868=12050USD", "44=4010GBP")


async def list_of(client: ApiClient, *numbers: str, **fields: Any) -> dict[str, Any]:
    """A draft with an uploaded list of numbers."""
    draft = await drafted(client, channel="sms", segment=None, **fields)
    rows = [{"to_phone": number} for number in numbers]
    answer = await client.put(f"{draft['path']}/recipients", json=rows, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["kept"]) == (200, len(numbers)), answer.text
    return draft


@pytest.mark.parametrize("settings", [{"sms_prices": PRICES}], indirect=True)
async def test_each_number_costs_what_the_longest_code_that_fits_says_and_others_are_counted(
    operator: ApiClient, session: Session
) -> None:
    await publish_offer(session)
    found = await estimated(operator, await list_of(operator, "+919812345670", "+919812345671", *ABROAD))

    assert countries(found) == [
        ("1", 2, 2, 790, "USD", 2),
        ("91", 2, 2, 16500, "INR", 33),
        ("1868", 1, 1, 12050, "USD", 13),
        ("44", 1, 1, 4010, "GBP", 5),
        ("971", 1, 1, None, None, None),
    ]
    # 2 x 0.79 + 12.05 cents are 13.63, which is rounded up once.
    assert found["costs"] == [
        {"amount_minor": 5, "currency": "GBP"},
        {"amount_minor": 33, "currency": "INR"},
        {"amount_minor": 14, "currency": "USD"},
    ]
    assert (found["unpriced"], found["cost"], found["segments"]) == (1, None, 7)


@pytest.mark.parametrize("settings", [{"sms_prices": ("1=790USD",)}], indirect=True)
async def test_code_that_has_no_price_of_its_own_costs_what_the_shorter_one_does(operator: ApiClient, session: Session) -> None:
    await publish_offer(session)
    found = await estimated(operator, await list_of(operator, *ABROAD))

    assert countries(found) == [
        ("1", 3, 3, 790, "USD", 3),
        ("44", 1, 1, None, None, None),
        ("971", 1, 1, None, None, None),
    ]
    assert (found["unpriced"], found["cost"]) == (2, {"amount_minor": 3, "currency": "USD"})


@pytest.mark.parametrize("settings", [{"sms_prices": PRICES}], indirect=True)
async def test_country_of_a_segment_counts_the_segments_of_each_language(operator: ApiClient, session: Session) -> None:
    await know_customers(session, 3, locale="hi-IN")
    await know_customers(session, 5, first=4)
    await publish_offer(session)
    await publish_offer(session, locale="hi", sms=HINDI)
    await session.execute(text("UPDATE people SET phone = '+12025550147' WHERE reference = 'payments.customer:1'"))
    await session.execute(text("UPDATE people SET phone = '+12025550148' WHERE reference = 'payments.customer:4'"))

    found = await estimated(operator, await drafted(operator, channel="sms"))

    assert countries(found) == [("91", 3, 7, 16500, "INR", 116), ("1", 2, 4, 790, "USD", 4)]
    assert (found["segments"], found["unpriced"]) == (11, 0)


@pytest.mark.parametrize("settings", [{"sms_prices": PRICES}], indirect=True)
async def test_price_of_the_request_is_that_of_every_number(operator: ApiClient, session: Session) -> None:
    await publish_offer(session)
    draft = await list_of(operator, "+919812345670", *ABROAD)
    found = await estimated(operator, draft, sms_price_per_1000="5000 EUR")

    assert {one["price_per_1000"]["currency"] for one in found["countries"]} == {"EUR"}
    assert (found["unpriced"], found["cost"]) == (0, {"amount_minor": 30, "currency": "EUR"})


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
