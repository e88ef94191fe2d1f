"""Unsubscribing by the links of mails: opening never does it, one click does (RFC 8058), and so does the button of the page."""

import base64
import hashlib
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.preferences.tokens import LinkSubject, LinkTokens
from services.notifications.tests.preferences.conftest import ASHA, OURS
from shared.runtime.db import Session
from shared.testing.service import ApiClient

ONE_CLICK: Final = {"List-Unsubscribe": "One-Click"}
BARE_HASH: Final = "ab" * 16
LISTED: Final = text("SELECT channel, address, scope, organization_id, category, reason, source FROM suppressions")
CHOICES: Final = text("SELECT category, channel, choice FROM preferences ORDER BY 1, 2")
ENTRIES: Final = text("SELECT address_hash, channel, scope, category, organization_id, reason, source FROM suppressions")
CHANGES: Final = text(
    "SELECT person, address_hash, category, before, after, source, actor, key_id FROM preference_changes ORDER BY id"
)
BUILT_IN: Final = text("SELECT count(*) FROM preference_sheets")


async def rows(session: Session, query: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await session.execute(query)]


@pytest.fixture
def path(tokens: LinkTokens) -> str:
    """Of Asha's link out of a marketing mail."""
    return f"/v1/unsubscribe/{tokens.token_for(LinkSubject('email', 'marketing', OURS, person=ASHA))}"


@pytest.fixture
def bare_path(tokens: LinkTokens) -> str:
    """Of the link of an address that belongs to nobody known."""
    return f"/v1/unsubscribe/{tokens.token_for(LinkSubject('email', 'marketing', OURS, address_hash=BARE_HASH))}"


@pytest.mark.usefixtures("asha")
async def test_opening_the_link_shows_one_button_and_changes_nothing(client: ApiClient, session: Session, path: str) -> None:
    page = await client.get(path)
    head = await client.head(path)

    assert (page.status_code, head.status_code) == (200, 200)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.text.count("<button") == 1
    assert "Unsubscribe?" in page.text
    assert await rows(session, CHOICES) == []
    assert await rows(session, CHANGES) == []


@pytest.mark.usefixtures("asha")
@pytest.mark.parametrize("sent", [{"data": ONE_CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}])
async def test_one_click_unsubscribes_in_both_encodings_without_cookies_and_answers_nothing(
    client: ApiClient, session: Session, path: str, sent: dict[str, Any]
) -> None:
    answer = await client.post(path, **sent)

    assert (answer.status_code, answer.text, "set-cookie" in answer.headers) == (200, "", False)
    assert await rows(session, CHOICES) == [("marketing", "email", "off")]
    assert await rows(session, CHANGES) == [(ASHA, None, "marketing", None, "off", "one_click", "recipient", "k1")]
    assert "You are unsubscribed" in (await client.get(path)).text


@pytest.mark.usefixtures("asha")
async def test_one_click_twice_is_one_change(client: ApiClient, session: Session, path: str) -> None:
    answers = [await client.post(path, data=ONE_CLICK) for _ in range(2)]

    assert [one.status_code for one in answers] == [200, 200]
    assert len(await rows(session, CHANGES)) == 1


@pytest.mark.usefixtures("asha")
async def test_what_a_person_declines_is_declined_for_the_address_as_well_until_it_is_wanted_again(
    client: ApiClient, session: Session, path: str
) -> None:
    await client.post(path, data=ONE_CLICK)
    declined = await rows(session, LISTED)
    await client.post(path, data={"action": "resubscribe"})

    assert declined == [("email", "asha@example.com", "category", OURS, "marketing", "unsubscribed", "one_click")]
    assert await rows(session, LISTED) == []


@pytest.mark.usefixtures("asha")
async def test_what_a_person_has_declined_counts_for_the_address_that_an_operator_enters_later(
    client: ApiClient, operator: ApiClient, session: Session, path: str
) -> None:
    await client.post(path, data=ONE_CLICK)
    tag = (await operator.get(f"/v1/people/{ASHA}")).headers["ETag"]
    moved = await operator.put(f"/v1/people/{ASHA}", json={"email": "asha@rao.example"}, headers={"If-Match": tag})
    both = await rows(session, LISTED)
    await client.post(path, data={"action": "resubscribe"})

    assert moved.status_code == 200
    assert sorted((one[1], one[6]) for one in both) == [("asha@example.com", "one_click"), ("asha@rao.example", "new_address")]
    # Whoever reads the former one has not said that it is wanted there.
    assert [one[1] for one in await rows(session, LISTED)] == ["asha@example.com"]


@pytest.mark.usefixtures("asha")
async def test_an_operators_word_on_what_a_person_wants_counts_for_the_address(operator: ApiClient, session: Session) -> None:
    path = f"/v1/people/{ASHA}/preferences"
    tag = (await operator.get(path)).headers["ETag"]
    declined = await operator.put(
        path, json={"choices": [{"category": "marketing", "channel": "email", "choice": "off"}]}, headers={"If-Match": tag}
    )
    listed = await rows(session, LISTED)
    await operator.put(path, json={"choices": []}, headers={"If-Match": declined.headers["ETag"]})

    assert [one[4:6] for one in listed] == [("marketing", "unsubscribed")]
    assert await rows(session, LISTED) == []


@pytest.mark.usefixtures("asha")
@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"data": {"List-Unsubscribe": "One-click"}},
        {"data": ONE_CLICK | {"action": "unsubscribe"}},
        {"data": ONE_CLICK | {"more": "1"}},
        {"data": {"list-unsubscribe": "One-Click"}},
        {"json": ONE_CLICK},
        {"content": b"List-Unsubscribe=One-Click"},
        {"files": {"List-Unsubscribe": ("a.txt", b"One-Click")}},
    ],
)
async def test_any_other_body_changes_nothing(client: ApiClient, session: Session, path: str, sent: dict[str, Any]) -> None:
    refused = await client.post(path, **sent)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert await rows(session, CHOICES) == []


@pytest.mark.usefixtures("asha")
async def test_button_unsubscribes_and_the_next_one_subscribes_again(client: ApiClient, session: Session, path: str) -> None:
    done = await client.post(path, data={"action": "unsubscribe"})
    back = await client.post(path, data={"action": "resubscribe"})

    assert ("Subscribe again" in done.text, "Unsubscribe?" in back.text) == (True, True)
    assert await rows(session, CHOICES) == [("marketing", "email", "on")]
    assert [one[3:6] for one in await rows(session, CHANGES)] == [
        (None, "off", "unsubscribe_page"),
        ("off", "on", "unsubscribe_page"),
    ]


async def test_address_of_nobody_known_goes_onto_the_suppression_list_and_off_it_again(
    client: ApiClient, session: Session, bare_path: str
) -> None:
    for _ in range(2):
        assert (await client.post(bare_path, data=ONE_CLICK)).text == ""
    listed = await rows(session, ENTRIES)
    done = await client.get(bare_path)
    back = await client.post(bare_path, data={"action": "resubscribe"})

    assert listed == [(BARE_HASH, "email", "category", "marketing", OURS, "unsubscribed", "one_click")]
    assert ("You are unsubscribed" in done.text, "Unsubscribe?" in back.text) == (True, True)
    assert await rows(session, ENTRIES) == []
    assert [one[:1] + one[1:5] for one in await rows(session, CHANGES)] == [
        (None, BARE_HASH, "marketing", None, "off"),
        (None, BARE_HASH, "marketing", "off", "on"),
    ]
    assert await rows(session, BUILT_IN) == [(0,)]


async def test_what_is_transactional_cannot_be_declined_by_a_link(
    client: ApiClient, session: Session, tokens: LinkTokens
) -> None:
    for facts in ({"person": ASHA}, {"address_hash": BARE_HASH}):
        path = f"/v1/unsubscribe/{tokens.token_for(LinkSubject('email', 'orders', OURS, **facts))}"
        shown, pressed = await client.get(path), await client.post(path, data={"action": "unsubscribe"})
        clicked = await client.post(path, data=ONE_CLICK)

        assert (shown.status_code, pressed.status_code, clicked.status_code) == (200, 422, 422)
        assert "This cannot be switched off" in shown.text
        assert clicked.json()["code"] == "category_locked"
    assert (await rows(session, CHOICES), await rows(session, ENTRIES)) == ([], [])


async def test_category_that_nobody_has_declared_and_person_who_was_erased_can_unsubscribe(
    client: ApiClient, session: Session, tokens: LinkTokens
) -> None:
    path = f"/v1/unsubscribe/{tokens.token_for(LinkSubject('sms', 'big_offers', None, person='a.b:1'))}"
    shown = await client.get(path)
    await client.post(path, data=ONE_CLICK)

    assert "“Big offers” by SMS from the sender" in shown.text
    assert await rows(session, CHOICES) == [("big_offers", "sms", "off")]


@pytest.mark.parametrize("page", ["unsubscribe", "preferences"])
async def test_altered_link_shows_a_page_and_changes_nothing(client: ApiClient, session: Session, page: str, path: str) -> None:
    broken = path.rpartition("/")[2][:-1]
    shown = await client.get(f"/v1/{page}/{broken}")
    pressed = await client.post(f"/v1/{page}/{broken}", data={"action": "unsubscribe"})
    clicked = await client.post(f"/v1/unsubscribe/{broken}", data=ONE_CLICK)

    assert [one.status_code for one in (shown, pressed, clicked)] == [404, 404, 404]
    assert "This link does not work" in shown.text
    assert clicked.json()["code"] == "link_invalid"
    assert await rows(session, CHANGES) == []


@pytest.mark.usefixtures("asha")
async def test_pages_allow_no_script_no_frame_and_no_cache(client: ApiClient, path: str) -> None:
    headers = (await client.get(path)).headers

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'; base-uri 'none'; frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert {name: headers[name] for name in ("Cache-Control", "Referrer-Policy", "X-Robots-Tag")} == {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
    }


@pytest.mark.usefixtures("asha")
async def test_policy_of_the_pages_allows_the_style_that_they_have(client: ApiClient, path: str) -> None:
    page = await client.get(path)
    style = page.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert "fieldset{" in style
    assert f"style-src 'sha256-{digest}'" in page.headers["Content-Security-Policy"]


@pytest.mark.usefixtures("asha")
async def test_links_are_rate_limited_by_address(client: ApiClient, path: str) -> None:
    assert (await client.get(path)).headers["RateLimit-Policy"] == '"links";q=1200;w=60'


@pytest.mark.usefixtures("asha")
@pytest.mark.parametrize(
    ("accepted", "own", "language"),
    [
        ("hi-IN,en;q=0.5", None, "hi"),
        ("en;q=0.4, hi", None, "hi"),
        ("fr, de", None, "en"),
        ("en", "hi-IN", "hi"),
        ("", None, "en"),
    ],
)
async def test_page_is_in_the_persons_language_or_in_the_browsers(
    client: ApiClient, operator: ApiClient, path: str, accepted: str, own: str | None, language: str
) -> None:
    facts = {"email": "asha@example.com", "locale": own}
    await operator.put(f"/v1/people/{ASHA}", json=facts, headers={"If-Match": "*"})
    page = await client.get(path, headers={"Accept-Language": accepted})

    assert page.headers["Content-Language"] == language
    assert (f'<html lang="{language}">' in page.text, "सदस्यता" in page.text) == (True, language == "hi")


@pytest.mark.usefixtures("asha")
async def test_names_of_organizations_and_categories_are_shown_as_texts(
    client: ApiClient, operator: ApiClient, tokens: LinkTokens
) -> None:
    await operator.put("/v1/organization-policy", json={"display_name": "<b>A&B</b>"}, headers={"If-Match": '"v0"'})
    await operator.put("/v1/categories/tips", json={"legal_class": "service", "title": "<script>1</script>"})
    subject = LinkSubject("email", "tips", UUID(int=5), person=ASHA)
    page = await client.get(f"/v1/unsubscribe/{tokens.token_for(subject)}")

    assert ("<b>" in page.text, "<script>" in page.text) == (False, False)
    assert "“&lt;script&gt;1&lt;/script&gt;” by e-mail from &lt;b&gt;A&amp;B&lt;/b&gt;" in page.text
