"""Why an order was matched as it was, as people read it, and what would happen if."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.payments.matching_deps import offers
from services.payments.tests.matching.arrange import (
    MUMBAI,
    NOW,
    OURS,
    THEIRS,
    have_maker,
    have_order,
    match,
    offered,
    rows,
)
from shared.contracts.notifications import SendEmail
from shared.runtime.db import Session
from shared.testing.messages import published
from shared.testing.service import ApiClient

WHAT_IF = "/v1/matching/what-if"
WRITTEN = """
    SELECT (SELECT count(*) FROM match_explanations), (SELECT count(*) FROM match_offers), (SELECT count(*) FROM order_matches),
           (SELECT count(*) FROM capacity_periods), (SELECT count(*) FROM match_runs), (SELECT count(*) FROM match_pools)
"""


@pytest.fixture
def viewer(client: ApiClient) -> ApiClient:
    return client.as_role("viewer", organization_id=OURS)


async def explained(viewer: ApiClient, order_id: UUID) -> Any:
    """The newest decision about an order."""
    answer = await viewer.get(f"/v1/matching/orders/{order_id}/explanation")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def asked(viewer: ApiClient, **question: Any) -> Any:
    """The answer to a what-if that must be good."""
    answer = await viewer.post(WHAT_IF, json=question)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_decision_tells_each_manufacturer_rule_and_term(viewer: ApiClient, session: Session) -> None:
    await have_maker(session, "A", unit_price_minor=8_000, place=MUMBAI, record=(35, 33, 9_900, 40))
    await have_maker(session, "B", unit_price_minor=16_000, lead_time_days=9)
    await have_maker(session, "C", blocked="sanctions")
    await have_maker(session, "D", lead_time_days=21)
    await have_maker(session, "E", capacity_units=10)
    order_id = await have_order(session, ("milling", 150), due_on=date(2026, 3, 20))
    await match(session)

    told = await explained(viewer, order_id)

    assert (told["outcome"], told["summary"], told["complete"]) == ("offered", "One manufacturer makes the one line.", True)
    assert (told["policy"]["number"], told["today"], told["until"]) == (0, "2026-03-02", "2026-03-20")
    (line,) = told["lines"]
    assert [(one["rule"], one["says"], [who["says"] for who in one["manufacturers"]]) for one in line["left_out"]] == [
        ("blocked", "blocked", ["is blocked"]),
        ("lead_time", "in need of more than 18 days", ["needs 21 days"]),
        ("capacity", "without so many free", ["has 20 units free"]),
    ]
    assert [who["name"] for one in line["left_out"] for who in one["manufacturers"]] == ["Works C", "Works D", "Works E"]
    best, other = line["candidates"]
    assert (best["name"], best["rank"], other["name"], other["rank"], line["pool"]) == ("Works A", 1, "Works B", 2, 5)
    terms = {name: (best[name]["score_bp"], best[name]["weight"], best[name]["says"]) for name in told["policy"]["weights"]}
    assert terms == {
        "price": (10_000, 35, "₹80.00 a unit; the cheapest asks for ₹80.00"),
        "lead_time": (7_222, 15, "needs 5 of the 18 days that are left"),
        "distance": (9_400, 10, "120 km away"),
        "quality": (9_955, 20, "99 % of its units count as good"),
        "on_time": (9_250, 15, "92 % of its deliveries count as in time"),
        "load": (10_000, 5, "200 of 200 units are free until 2026-03-20"),
    }
    assert best["score_bp"] == sum(score * weight for score, weight, _ in terms.values()) // 100
    assert [(plan["rank"], plan["manufacturers"], plan["score_bp"]) for plan in told["plans"]] == [
        (1, 1, best["score_bp"]),
        (2, 1, other["score_bp"]),
    ]


async def test_decision_stays_what_it_was_when_manufacturers_change(viewer: ApiClient, session: Session) -> None:
    await have_maker(session, "A")
    order_id = await have_order(session, ("milling", 1), ("milling", 2))
    await match(session)
    before = await explained(viewer, order_id)

    await session.execute(text("UPDATE manufacturer_capabilities SET unit_price_minor = 1, lead_time_days = 99"))

    assert await explained(viewer, order_id) == before
    assert before["summary"] == "One manufacturer makes all 2 lines."
    (listed,) = (await viewer.get(f"/v1/matching/orders/{order_id}/explanations")).json()["items"]
    assert {name: before[name] for name in ("id", "run_id", "outcome", "decided_at")}.items() <= listed.items()
    assert (await viewer.get(f"/v1/matching/explanations/{listed['id']}")).json() == before
    assert await rows(session, "SELECT count(*) FROM match_pools") == [(1,)]


async def test_what_is_left_of_an_order_is_explained_beside_who_makes_the_rest(viewer: ApiClient, session: Session) -> None:
    await have_maker(session, "A", ["milling"])
    order_id = await have_order(session, ("milling", 1), ("casting", 1))
    await have_maker(session, "B", ["casting"])
    await match(session)
    ((offer_id,),) = await rows(session, "SELECT offer_id FROM match_offer_lines WHERE capability = 'casting'")
    await offers(session, lambda: NOW).withdraw(offer_id, None, reason="x", by="operator:anna", at=NOW)
    await match(session, order_id=order_id)

    told = await explained(viewer, order_id)

    assert told["summary"] == "One manufacturer makes the one line that had nobody, beside one that makes the others."
    assert [line["number"] for line in told["lines"]] == [2]


async def test_unmatched_order_is_explained_by_its_reason(viewer: ApiClient, session: Session) -> None:
    await have_maker(session, "A", active=False)
    order_id = await have_order(session, ("milling", 1))
    await match(session)

    told = await explained(viewer, order_id)
    stands = (await viewer.get(f"/v1/matching/orders/{order_id}")).json()

    assert (told["outcome"], told["plans"]) == ("unmatched", [])
    assert told["summary"] == stands["reason"] == "Line 1, 1 of milling until 2026-05-01: of 1 manufacturers 1 not active."
    listed = (await viewer.get("/v1/matching/orders", params={"state": "unmatched"})).json()["items"]
    assert listed == [stands]


async def test_what_if_answers_as_a_run_would_and_writes_nothing(viewer: ApiClient, session: Session) -> None:
    await have_maker(session, "A", unit_price_minor=5_000)
    await have_maker(session, "B", unit_price_minor=20_000, record=(100, 100, 100_000, 0))
    order_id = await have_order(session, ("milling", 100))
    order = str(order_id)
    before = await rows(session, WRITTEN)

    usual = await asked(viewer, order_id=order)
    by_quality = await asked(viewer, order_id=order, weights={"quality": 1})
    without = await asked(viewer, order_id=order, excluded_manufacturers=[usual["plans"][0]["lines"][0]["manufacturer_id"]])

    chosen = [one["plans"][0]["lines"][0]["name"] for one in (usual, by_quality, without)]
    assert chosen == ["Works A", "Works B", "Works B"]
    assert [one["rule"] for one in without["lines"][0]["left_out"]] == ["excluded"]
    assert (usual["id"], usual["run_id"], usual["order_id"]) == (None, None, order)
    assert await rows(session, WRITTEN) == before
    assert await published(session, SendEmail) == []
    await match(session)
    run = await explained(viewer, order_id)
    assert [run[name] for name in ("lines", "plans", "summary")] == [usual[name] for name in ("lines", "plans", "summary")]


async def test_what_if_of_an_order_that_is_offered_counts_its_own_capacity_as_free(viewer: ApiClient, session: Session) -> None:
    await have_maker(session, "A")
    order_id = await have_order(session, ("milling", 100), due_on=date(2026, 3, 12))
    await match(session)
    wanted = {
        "currency": "INR",
        "state_code": "27",
        "wanted_on": "2026-03-12",
        "lines": [{"capability": "milling", "quantity": 1}],
    }

    own, another = await asked(viewer, order_id=str(order_id)), await asked(viewer, order=wanted)

    assert (own["outcome"], another["outcome"]) == ("offered", "unmatched")
    assert another["lines"][0]["left_out"][0]["manufacturers"][0]["says"] == "has 0 units free"


async def test_what_if_of_an_order_that_is_made_up(viewer: ApiClient, session: Session) -> None:
    await have_maker(session, "A", ["milling"], unit_price_minor=1)
    await have_maker(session, "B", ["casting"])
    lines = [{"capability": "milling", "quantity": 5}, {"capability": "casting", "quantity": 5}]
    wanted = {"currency": "INR", "latitude": 18.5, "longitude": 73.8, "lines": lines}

    told, alone = await asked(viewer, order=wanted), await asked(viewer, order=wanted, most_manufacturers=1)

    assert told["summary"] == "2 manufacturers make all 2 lines; fewer cannot."
    assert [line["name"] for line in told["plans"][0]["lines"]] == ["Works A", "Works B"]
    assert (alone["outcome"], alone["plans"]) == ("unmatched", [])
    assert alone["summary"].startswith("Each line has a manufacturer, but not as few together")


async def test_question_that_cannot_be_meant_is_refused(viewer: ApiClient, session: Session) -> None:
    order = {"order_id": str(await have_order(session, (None, 5)))}
    invalid: list[dict[str, Any]] = [{}, order | {"order": {"currency": "INR", "lines": []}}]
    invalid += [order | {"weights": {"price": weight}} for weight in (0, 1.5)]

    answers = [await viewer.post(WHAT_IF, json=question) for question in [*invalid, {"order_id": str(OURS)}, order]]

    said = [(one.status_code, one.json()["code"]) for one in answers]
    assert said == [(422, "invalid_request")] * 4 + [(404, "order_not_found"), (422, "nothing_to_match")]


async def test_operator_matches_an_order_at_once(client: ApiClient, session: Session) -> None:
    operator = client.as_role("operator", organization_id=OURS)
    await have_maker(session, "A")
    order_id = await have_order(session, ("milling", 1))

    answers = [(await operator.post(f"/v1/matching/orders/{order_id}/match")).json() for _ in range(2)]

    assert [(one["state"], one["round"]) for one in answers] == [("offered", 1)] * 2
    assert await offered(session) == [(1, "A", 1, "open")]


async def test_operator_asks_for_a_run_and_follows_it(client: ApiClient, session: Session) -> None:
    operator = client.as_role("operator", organization_id=OURS)

    asked_for = await operator.post("/v1/matching/runs")
    nobody = await operator.get(asked_for.headers["location"])
    await match(session)

    assert (asked_for.status_code, nobody.status_code, nobody.json()["code"]) == (202, 404, "match_run_not_found")
    # The run that was not asked for by anybody concerns all organizations.
    assert (await operator.get("/v1/matching/runs")).json()["items"] == []
    (run,) = (await client.as_role("viewer").get("/v1/matching/runs")).json()["items"]
    assert (run["orders"], run["chunks"], run["finished_at"] is not None) == (0, 1, True)


async def test_another_organizations_order_is_not_there(client: ApiClient, session: Session) -> None:
    await have_maker(session, "A")
    order_id = await have_order(session, ("milling", 1))
    await match(session)
    theirs, address = client.as_role("operator", organization_id=THEIRS), f"/v1/matching/orders/{order_id}"
    ((explanation_id,),) = await rows(session, "SELECT id FROM match_explanations")

    answers = [
        await theirs.get(address),
        await theirs.get(f"{address}/explanation"),
        await theirs.get(f"/v1/matching/explanations/{explanation_id}"),
        await theirs.get(f"{address}/explanations"),
        await theirs.post(f"{address}/match"),
        await theirs.post(WHAT_IF, json={"order_id": str(order_id)}),
    ]

    codes = ["order_not_found", *["explanation_not_found"] * 2, *["order_not_found"] * 3]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, code) for code in codes]
    assert (await theirs.get("/v1/matching/orders")).json()["items"] == []
    assert [
        (await theirs.get(f"/v1/matching/runs/{row[0]}")).status_code for row in await rows(session, "SELECT id FROM match_runs")
    ] == [404]
    assert (await client.as_role("viewer", organization_id=OURS).post(f"{address}/match")).status_code == 403
