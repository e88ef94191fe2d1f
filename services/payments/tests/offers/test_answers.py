"""The life cycle of an offer: accepted, declined, withdrawn, each once."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.payments.offers.errors import ManufacturerBlocked, OfferEnded
from services.payments.tests.matching.arrange import (
    NOW,
    OURS,
    THEIRS,
    change_order,
    have_maker,
    have_order,
    have_policy,
    match,
    offered,
    reserved,
    rows,
    standing,
)
from services.payments.tests.offers.arrange import LATER, MONDAY, answering, expire, have_offer, open_offer, order_of
from shared.contracts.notifications import CancelMessages
from shared.contracts.payments import MatchOrders
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import assert_nothing_published, assert_published, published
from shared.testing.service import ApiClient

BY = "operator:anna"
STATUS = "SELECT status FROM orders"
_MAKES_BOTH = text("""
    INSERT INTO manufacturer_capabilities SELECT id, 'casting', organization_id, 1, 90000, 'INR', 5, 100, 'week'
      FROM manufacturers WHERE code = 'A'
""")
_BLOCK = text("UPDATE manufacturers SET blocked_reason = 'sanctions', blocked_at = now(), blocked_by = 'operator:anna'")


async def test_accepted_offer_assigns_the_order_and_brings_it_into_production(session: Session) -> None:
    offer_id = await have_offer(session, ("milling", 20), ("casting", 5))

    for _ in range(2):
        await answering(session).accept(offer_id, None, by=BY, at=NOW)

    assert await offered(session) == [(1, "A", 1, "accepted"), (2, "A", 1, "accepted")]
    assert await standing(session, await order_of(session)) == ("assigned", 1, None)
    assert await rows(session, "SELECT answered_by, accepted_at, ended_at FROM match_offers") == [(BY, NOW, None)]
    assert await rows(session, "SELECT status, changed_by, change_reason FROM orders") == [
        ("in_production", BY, "manufacturers make all of it")
    ]
    assert await reserved(session) == [("A", "casting", MONDAY, 5), ("A", "milling", MONDAY, 20)]
    await assert_published(session, CancelMessages, subject_key=f"payments.offer:{offer_id}")


async def test_order_goes_into_production_only_when_its_last_line_is_accepted(session: Session) -> None:
    await have_maker(session, "A", ["milling"])
    await have_maker(session, "B", ["casting"])
    order_id = await have_order(session, ("milling", 1), ("casting", 1))
    await match(session)
    first, second = [row[0] for row in await rows(session, "SELECT id FROM match_offers ORDER BY id")]

    seen = []
    for offer_id in (first, second):
        await answering(session).accept(offer_id, None, by=BY, at=NOW)
        seen.append(((await standing(session, order_id))[0], (await rows(session, STATUS))[0][0]))

    assert seen == [("offered", "paid"), ("assigned", "in_production")]


async def test_order_that_is_matched_before_it_is_paid_is_made_on_credit(session: Session) -> None:
    await have_policy(session, matches_from="placed")
    await have_maker(session)
    await have_order(session, ("milling", 1), status="placed")
    await match(session)

    await answering(session).accept(await open_offer(session), None, by=BY, at=NOW)

    assert await rows(session, STATUS) == [("in_production",)]


async def test_declined_offer_frees_its_capacity_and_the_next_manufacturer_is_asked(session: Session) -> None:
    offer_id = await have_offer(session)
    order_id = await order_of(session)

    for _ in range(2):
        await answering(session).decline(offer_id, None, reason="No die free", by=BY, at=NOW)

    assert (await reserved(session), await standing(session, order_id)) == ([], ("waiting", 1, None))
    assert await rows(session, "SELECT status, reason, answered_by, ended_at FROM match_offers") == [
        ("declined", "No die free", BY, NOW)
    ]
    await assert_published(session, CancelMessages, subject_key=f"payments.offer:{offer_id}", reason="it was declined")
    await assert_published(session, MatchOrders, order_id=order_id)
    await match(session, order_id=order_id)
    assert await offered(session) == [(1, "A", 1, "declined"), (1, "B", 2, "open")]
    assert await reserved(session) == [("B", "milling", MONDAY, 20)]


async def test_when_all_have_declined_the_order_is_unmatched_and_says_so(session: Session) -> None:
    await have_offer(session)
    order_id = await order_of(session)
    for _ in range(2):
        await answering(session).decline(await open_offer(session), None, reason="no", by=BY, at=NOW)
        await match(session, order_id=order_id)

    assert await standing(session, order_id) == ("unmatched", 2, "no_manufacturer")
    ((reason,),) = await rows(session, "SELECT reason FROM order_matches")
    assert reason.endswith("of 2 manufacturers 2 asked before, and did not take it.")


async def test_what_is_left_after_a_refusal_goes_to_who_makes_the_rest_already_if_they_can(session: Session) -> None:
    await have_maker(session, "A", ["milling"], unit_price_minor=1)
    await have_maker(session, "B", ["casting"], unit_price_minor=1)
    order_id = await have_order(session, ("milling", 1), ("casting", 1))
    await match(session)
    first, second = [row[0] for row in await rows(session, "SELECT id FROM match_offers ORDER BY manufacturer_id")]
    await answering(session).accept(first, None, by=BY, at=NOW)
    await answering(session).decline(second, None, reason="no", by=BY, at=NOW)
    # Cheaper than the partner, but one manufacturer more.
    await have_maker(session, "C", ["casting"], unit_price_minor=1)
    await session.execute(_MAKES_BOTH)

    await match(session, order_id=order_id)

    assert (await offered(session))[-1] == (2, "A", 2, "open")


async def test_withdrawn_acceptance_frees_the_line_and_the_same_may_be_asked_again(session: Session) -> None:
    offer_id = await have_offer(session, makers="A")
    order_id = await order_of(session)
    await session.execute(text("UPDATE order_matches SET alerted_at = now()"))
    await answering(session).accept(offer_id, None, by=BY, at=NOW)

    for _ in range(2):
        await answering(session).withdraw(offer_id, None, reason="The works burnt down", by=BY, at=LATER)

    assert (await reserved(session), await standing(session, order_id)) == ([], ("waiting", 1, None))
    # It waits anew, and is told of anew when that lasts too long.
    assert await rows(session, "SELECT waiting_since, alerted_at FROM order_matches") == [(LATER, None)]
    await match(session, order_id=order_id)
    assert await offered(session) == [(1, "A", 1, "withdrawn"), (1, "A", 2, "open")]


@pytest.mark.parametrize("answer", ["accept", "decline"])
async def test_answer_that_comes_when_the_time_is_over_changes_nothing(session: Session, answer: str) -> None:
    offer_id = await have_offer(session)
    before = await rows(session, "SELECT *, xmin::text FROM match_offers")

    told = {"reason": "no"} if answer == "decline" else {}
    with pytest.raises(OfferEnded) as refused:
        await getattr(answering(session), answer)(offer_id, None, by=BY, at=LATER, **told)

    assert refused.value.extra == {"offer_status": "expired"}
    assert await rows(session, "SELECT *, xmin::text FROM match_offers") == before
    await assert_nothing_published(session, CancelMessages, MatchOrders)


async def test_blocked_manufacturer_cannot_accept(session: Session) -> None:
    offer_id = await have_offer(session)
    await session.execute(_BLOCK)

    with pytest.raises(ManufacturerBlocked):
        await answering(session).accept(offer_id, None, by=BY, at=NOW)

    assert await offered(session) == [(1, "A", 1, "open")]
    assert await rows(session, STATUS) == [("paid",)]


async def test_order_that_was_cancelled_a_moment_ago_is_accepted_by_nobody(session: Session) -> None:
    offer_id = await have_offer(session)
    await change_order(session, await order_of(session), "cancelled")

    with pytest.raises(OfferEnded):
        await answering(session).accept(offer_id, None, by=BY, at=NOW)

    assert await offered(session) == [(1, "A", 1, "open")]
    assert await rows(session, STATUS) == [("cancelled",)]


async def test_line_that_is_with_two_at_once_is_refused_by_the_database(session: Session) -> None:
    await have_offer(session)
    offer_id = await open_offer(session)
    await answering(session).decline(offer_id, None, reason="no", by=BY, at=NOW)
    await match(session, order_id=await order_of(session))

    with pytest.raises(IntegrityError, match="match_offer_lines_live"):
        await session.execute(text("UPDATE match_offer_lines SET live = true"))


async def test_operators_record_answers_and_hear_of_what_has_ended(client: ApiClient, session: Session) -> None:
    operator, offer_id = client.as_role("operator", organization_id=OURS), await have_offer(session)
    address = f"/v1/offers/{offer_id}"

    listed = (await operator.get("/v1/offers", params={"status": "open"})).json()["items"]
    declined = await operator.post(f"{address}/decline", json={"reason": "No die free"})
    again = await operator.post(f"{address}/decline", json={"reason": "Another"})
    accepted = await operator.post(f"{address}/accept")
    withdrawn = await operator.post(f"{address}/withdraw", json={"reason": "x"})

    assert [one["id"] for one in listed] == [str(offer_id)]
    assert listed[0]["lines"] == [
        {"line_number": 1, "capability": "milling", "quantity": 20, "unit_price_minor": 10_000, "delivered_quantity": 0}
    ]
    assert (declined.status_code, declined.json()["status"], declined.json()["reason"]) == (200, "declined", "No die free")
    assert again.json()["reason"] == "No die free"
    refused = [(one.status_code, one.json()["code"], one.json()["offer_status"]) for one in (accepted, withdrawn)]
    assert refused == [(409, "offer_ended", "declined")] * 2
    assert len(await published(session, MatchOrders)) == 1


async def test_another_organizations_offer_is_not_there(client: ApiClient, session: Session) -> None:
    offer_id = await have_offer(session)
    theirs, viewer = client.as_role("operator", organization_id=THEIRS), client.as_role("viewer", organization_id=OURS)
    address = f"/v1/offers/{offer_id}"

    answers = [
        await theirs.get(address),
        await theirs.post(f"{address}/accept"),
        await theirs.post(f"{address}/decline", json={"reason": "x"}),
        await theirs.post(f"{address}/withdraw", json={"reason": "x"}),
        await theirs.get(f"{address}/deliveries"),
        await theirs.get(f"/v1/offers/{uuid7()}"),
    ]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "offer_not_found")] * 6
    assert (await theirs.get("/v1/offers")).json()["items"] == []
    assert (await viewer.post(f"{address}/accept")).status_code == 403
    assert await offered(session) == [(1, "A", 1, "open")]
    assert await rows(session, STATUS) == [("paid",)]


async def test_line_that_is_being_made_is_amended_only_once_its_offer_is_withdrawn(client: ApiClient, session: Session) -> None:
    offer_id = await have_offer(session)
    us, order_id = client.as_role("operator", organization_id=OURS), await order_of(session)
    await answering(session).accept(offer_id, None, by=BY, at=NOW)
    body = {"lines": [{"sku": "SKU-1", "quantity": 5}], "reason": "five more"}
    path, lines = f"/v1/orders/{order_id}/amendments", "SELECT quantity FROM order_lines"

    refused = await us.post(path, json=body, headers={"If-Match": "*", "Idempotency-Key": "1"})
    before = await rows(session, lines)
    await answering(session).withdraw(offer_id, None, reason="five more", by=BY, at=NOW)
    amended = await us.post(path, json=body, headers={"If-Match": "*", "Idempotency-Key": "2"})

    assert (refused.status_code, refused.json()["code"], refused.json()["lines"]) == (409, "line_assigned", [1])
    assert (amended.status_code, before, await rows(session, lines)) == (201, [(20,)], [(25,)])


async def test_part_of_a_line_that_is_being_made_is_cancelled_with_a_case_for_whoever_tells_its_manufacturer(
    client: ApiClient, session: Session
) -> None:
    offer_id = await have_offer(session)
    us, order_id = client.as_role("operator", organization_id=OURS), await order_of(session)
    await answering(session).accept(offer_id, None, by=BY, at=NOW)
    ((maker,),) = await rows(session, "SELECT manufacturer_id FROM match_offers")

    def body(quantity: int) -> dict[str, object]:
        return {"lines": [{"number": 1, "quantity": quantity}], "reason": "fewer"}

    answers = [
        await us.post(
            f"/v1/orders/{order_id}/cancellations", json=body(quantity), headers={"If-Match": "*", "Idempotency-Key": key}
        )
        for key, quantity in (("a", 3), ("a", 3), ("b", 5))
    ]
    await expire(session, at=NOW)

    assert [one.status_code for one in answers] == [201] * 3
    cases = await rows(session, "SELECT kind, organization_id, state, details FROM cases ORDER BY id")
    about = {"offer_id": str(offer_id), "order_id": str(order_id), "manufacturer_id": str(maker)}
    assert [(kind, whose, state) for kind, whose, state, _ in cases] == [("production_cancelled", OURS, "open")] * 2
    assert [{name: said[name] for name in about} for *_, said in cases] == [about] * 2
    assert [said["lines"] for *_, said in cases] == [
        [{"number": 1, "cancelled": 3, "left": 17}],
        [{"number": 1, "cancelled": 5, "left": 12}],
    ]
    assert await offered(session) == [(1, "A", 1, "accepted")]


async def test_offer_of_which_less_is_wanted_by_now_is_not_accepted(client: ApiClient, session: Session) -> None:
    offer_id = await have_offer(session)
    us, order_id = client.as_role("operator", organization_id=OURS), await order_of(session)
    body = {"lines": [{"number": 1, "quantity": 3}], "reason": "fewer"}
    headers = {"If-Match": "*", "Idempotency-Key": "1"}
    await us.post(f"/v1/orders/{order_id}/cancellations", json=body, headers=headers)

    with pytest.raises(OfferEnded):
        await answering(session).accept(offer_id, None, by=BY, at=NOW)

    assert await offered(session) == [(1, "A", 1, "open")]
    assert await rows(session, "SELECT 1 FROM cases") == []
