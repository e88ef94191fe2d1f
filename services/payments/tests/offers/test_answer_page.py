"""The page behind the link of an offer."""

import re

from services.payments.tests.matching.arrange import offered, rows
from services.payments.tests.offers.arrange import LATER, answering, have_offer
from shared.contracts.notifications import SendEmail
from shared.contracts.payments import MatchOrders
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import assert_published, published
from shared.testing.service import ApiClient


async def link(session: Session) -> str:
    """The path of the link in the offer's mail."""
    mail = await assert_published(session, SendEmail)
    found = re.search(r"https://api\.example\.com/payments(/v1/offer-answers/\S+)", mail.body)
    assert found is not None
    return found[1]


async def test_opening_the_link_shows_the_offer_and_changes_nothing(client: ApiClient, session: Session) -> None:
    await have_offer(session)

    page = await client.get(await link(session))

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    for said in (
        "For Works A",
        "Please answer until 03 March 2026, 14:30 (Asia/Kolkata).",
        "Part 1 (milling)",
        "₹2,000.00, before tax",
    ):
        assert said in page.text
    assert page.text.count("<form") == 2
    assert await offered(session) == [(1, "A", 1, "open")]


async def test_manufacturer_accepts_by_the_link_and_is_shown_so(client: ApiClient, session: Session) -> None:
    await have_offer(session)
    path = await link(session)

    pages = [await client.post(path, data={"answer": "accept"}) for _ in range(2)]

    assert [(page.status_code, "You have accepted this offer." in page.text, page.text.count("<form")) for page in pages] == [
        (200, True, 0)
    ] * 2
    ((maker_id, answered_by),) = await rows(session, "SELECT manufacturer_id, answered_by FROM match_offers")
    assert answered_by == f"manufacturer:{maker_id}"
    assert await rows(session, "SELECT status FROM orders") == [("in_production",)]


async def test_manufacturer_declines_by_the_link_and_the_next_one_is_asked(client: ApiClient, session: Session) -> None:
    await have_offer(session)

    page = await client.post(await link(session), data={"answer": "decline", "reason": "<b>No die</b>"})

    assert (page.status_code, "You have declined this offer." in page.text) == (200, True)
    assert await rows(session, "SELECT status, reason FROM match_offers") == [("declined", "<b>No die</b>")]
    assert len(await published(session, MatchOrders)) == 1


async def test_answer_to_what_does_not_stand_any_more_says_so(client: ApiClient, session: Session, clock: FrozenClock) -> None:
    await answering(session).withdraw(await have_offer(session), None, reason="x", by="operator:anna", at=clock())

    page = await client.post(await link(session), data={"answer": "accept"})

    assert (page.status_code, "The offer was withdrawn" in page.text) == (409, True)
    assert await offered(session) == [(1, "A", 1, "withdrawn")]


async def test_offer_whose_time_is_over_has_no_buttons_though_the_clock_has_not_ended_it(
    client: ApiClient, session: Session, clock: FrozenClock
) -> None:
    await have_offer(session)
    clock.set(LATER)

    page = await client.get(await link(session))

    assert ("The time for an answer is over" in page.text, page.text.count("<form")) == (True, 0)


async def test_link_that_is_none_is_told_so_and_nothing_happens(client: ApiClient, session: Session) -> None:
    await have_offer(session)
    path = "/v1/offer-answers/guessed"

    pages = [await client.get(path), await client.head(path), await client.post(path, data={"answer": "accept"})]

    assert [page.status_code for page in pages] == [404] * 3
    assert await offered(session) == [(1, "A", 1, "open")]


async def test_form_that_says_something_else_is_refused(client: ApiClient, session: Session) -> None:
    await have_offer(session)

    page = await client.post(await link(session), data={"answer": "perhaps"})

    assert (page.status_code, page.json()["code"]) == (422, "invalid_request")
    assert await offered(session) == [(1, "A", 1, "open")]
