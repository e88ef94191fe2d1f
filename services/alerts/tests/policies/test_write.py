"""Creating policies and publishing versions of them."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from services.alerts.tests.arrange import OURS, THEIRS, rows
from services.alerts.tests.policies.ask import POLICIES, STEPS, create, publish
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient

VERSIONS = (
    "SELECT number, effective_from::text, enabled FROM policy_versions JOIN policies ON policies.id = policy_id ORDER BY 1, 2"
)
OF_OURS = VERSIONS.replace("ORDER", "WHERE organization_id IS NOT NULL ORDER")


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    """Somebody of OURS who writes."""
    return client.as_role("operator", organization_id=OURS)


async def test_a_policy_is_created_with_its_first_version_and_read_again(operator: ApiClient) -> None:
    made = await create(
        operator,
        name="  Sea freight ",
        customer="Nordlicht Handels GmbH",
        mode="sea",
        for_holds=["freight", "customs", "freight"],
        version={"basis": "business", "calendar": "DE-BY", "statuses": ["arrived", "in_transit"], "email_retries": 5},
    )
    read = await operator.get(made.headers["location"])

    assert (made.status_code, made.headers["etag"], read.headers["etag"]) == (201, '"v1"', '"v1"')
    assert read.json() == made.json()
    policy = read.json()
    assert (policy["organization_id"], policy["name"], policy["for_holds"]) == (str(OURS), "Sea freight", ["customs", "freight"])
    (version,) = policy["versions"]
    assert policy["in_force"] == version
    assert version | {"id": "", "created_at": ""} == {
        "id": "",
        "number": 1,
        "effective_from": "2026-03-02",
        "enabled": True,
        "basis": "business",
        "calendar": "DE-BY",
        "statuses": ["in_transit", "arrived"],
        "steps": [{"step": 1, **STEPS[0]}, {"step": 2, **STEPS[1]}],
        "email_retries": 5,
        "email_interval_s": 300,
        "digest_above": 20,
        "created_at": "",
        "created_by": "user:test",
    }


async def test_a_repeated_request_creates_one_policy(operator: ApiClient, session: Session) -> None:
    body, key = {"name": "Ours", "version": {"steps": STEPS}}, {"Idempotency-Key": str(uuid4())}

    first, second = [await operator.post(POLICIES, json=body, headers=key) for _ in range(2)]

    assert first.json() == second.json()
    assert await rows(session, OF_OURS) == [(1, "2026-03-02", True)]


async def test_a_second_policy_for_the_same_shipments_is_refused_and_named(operator: ApiClient, session: Session) -> None:
    first = await create(operator, for_holds=["customs", "freight"])

    second = await create(operator, for_holds=["freight", "customs"])

    assert (second.status_code, second.json()["code"], second.json()["policy_id"]) == (409, "policy_exists", first.json()["id"])
    assert await rows(session, OF_OURS) == [(1, "2026-03-02", True)]


async def test_versions_follow_each_other_and_the_older_ones_stay(operator: ApiClient, clock: FrozenClock) -> None:
    made = await create(operator)
    where = made.json()["id"]

    later = await publish(operator, where, '"v1"', effective_from="2026-03-05", steps=STEPS[:1])
    same_day = await publish(operator, where, '"v2"', digest_above=5)

    assert (later.status_code, later.headers["etag"], same_day.headers["etag"]) == (201, '"v2"', '"v3"')
    versions = same_day.json()["versions"]
    assert [(one["number"], one["effective_from"], len(one["steps"]), one["digest_above"]) for one in versions] == [
        (3, "2026-03-05", 2, 5),
        (2, "2026-03-05", 1, 20),
        (1, "2026-03-02", 2, 20),
    ]
    assert same_day.json()["in_force"]["number"] == 1
    clock.set(clock().replace(day=5, hour=0, minute=0))
    assert (await operator.get(f"{POLICIES}/{where}")).json()["in_force"]["number"] == 3


@pytest.mark.parametrize(("tag", "status", "code"), [(None, 428, "precondition_required"), ('"v2"', 412, "precondition_failed")])
async def test_a_version_over_another_change_is_refused(
    operator: ApiClient, session: Session, tag: str | None, status: int, code: str
) -> None:
    made = await create(operator)

    answer = await publish(operator, made.json()["id"], tag)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await rows(session, OF_OURS) == [(1, "2026-03-02", True)]


@pytest.mark.commits
async def test_of_two_versions_published_at_once_one_is_refused(operator: ApiClient) -> None:
    policy = (await create(operator)).json()["id"]

    answers = await asyncio.gather(publish(operator, policy, '"v1"'), publish(operator, policy, '"v1"', digest_above=7))

    assert sorted(answer.status_code for answer in answers) == [201, 412]
    assert len((await operator.get(f"{POLICIES}/{policy}")).json()["versions"]) == 2


async def test_a_policy_is_retired_by_a_version_and_the_fallback_is_not(
    operator: ApiClient, client: ApiClient, session: Session
) -> None:
    made = await create(operator)
    ((fallback,),) = await rows(session, "SELECT id FROM policies WHERE organization_id IS NULL")

    retired = await publish(operator, made.json()["id"], '"v1"', enabled=False, steps=[])
    refused = await publish(client.as_role("admin"), str(fallback), '"v1"', enabled=False)

    assert (retired.status_code, retired.json()["in_force"]["enabled"]) == (201, False)
    assert (refused.status_code, refused.json()["code"]) == (409, "fallback_stays")
    assert await rows(session, VERSIONS) == [(1, "2000-01-01", True), (1, "2026-03-02", True), (2, "2026-03-02", False)]


async def test_the_default_is_written_by_administrators_of_no_organization(client: ApiClient, session: Session) -> None:
    ((fallback,),) = await rows(session, "SELECT id FROM policies WHERE organization_id IS NULL")
    refused = [client.as_role("operator"), client.as_role("admin", organization_id=OURS)]

    answers = [await publish(caller, str(fallback), '"v1"') for caller in refused]
    made = await create(client.as_role("operator"))
    published = await publish(client.as_role("admin"), str(fallback), '"v1"')
    for_mode = await create(client.as_role("admin"), mode="air")

    assert [answer.json()["code"] for answer in [*answers, made]] == ["defaults_need_admin"] * 3
    assert (published.status_code, for_mode.status_code, for_mode.json()["organization_id"]) == (201, 201, None)
    assert await rows(session, VERSIONS) == [(1, "2000-01-01", True), (1, "2026-03-02", True), (2, "2026-03-02", True)]


async def test_an_unbound_operator_writes_for_the_organization_that_is_named(client: ApiClient) -> None:
    named = await create(client.as_role("operator"), params={"organization_id": str(THEIRS)})
    foreign = await create(client.as_role("operator", organization_id=OURS), params={"organization_id": str(THEIRS)})

    assert (named.status_code, named.json()["organization_id"]) == (201, str(THEIRS))
    assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign_organization")


async def test_another_organizations_policy_is_not_there(client: ApiClient, operator: ApiClient, session: Session) -> None:
    theirs = (await create(client.as_role("operator", organization_id=THEIRS))).json()["id"]

    answers = [await operator.get(f"{POLICIES}/{theirs}"), await publish(operator, theirs, '"v1"')]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "policy_not_found")] * 2
    assert await rows(session, OF_OURS) == [(1, "2026-03-02", True)]


async def test_callers_see_their_own_policies_and_the_defaults(client: ApiClient, operator: ApiClient) -> None:
    await create(operator, name="Ours")
    await create(client.as_role("operator", organization_id=THEIRS), name="Theirs")

    async def seen(caller: ApiClient, **params: str) -> list[str]:
        return [item["name"] for item in (await caller.get(POLICIES, params=params)).json()["items"]]

    assert await seen(operator) == ["Ours", "Default"]
    assert await seen(client.as_role("viewer")) == ["Theirs", "Ours", "Default"]
    assert await seen(client.as_role("viewer"), organization_id=str(THEIRS)) == ["Theirs", "Default"]
    first = (await operator.get(POLICIES, params={"limit": 1})).json()
    assert await seen(operator, limit="1", cursor=first["next_cursor"]) == ["Default"]


def steps(*pairs: tuple[Any, str]) -> list[dict[str, Any]]:
    return [{"days_late": days, "severity": severity} for days, severity in pairs]


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"steps": []}, "invalid_request", "name 1 to 10 steps"),
    ({"steps": steps(*((day, "info") for day in range(1, 12)))}, "invalid_request", "at most 10 items"),
    ({"steps": steps(*((1, "info"),) * 10_000)}, "invalid_request", "at most 10 items"),
    ({"steps": steps((3, "info"), (3, "high"))}, "invalid_request", "step 2 must be later"),
    ({"steps": steps((3, "info"), (1, "high"))}, "invalid_request", "step 2 must be later"),
    ({"steps": steps((1, "high"), (3, "info"))}, "invalid_request", "step 2 is milder"),
    ({"steps": steps((10**12, "info"))}, "invalid_request", "less than or equal to 365"),
    ({"steps": steps((10**400, "info"))}, "invalid_request", ""),
    ({"steps": steps((0, "info"))}, "invalid_request", "greater than or equal to 1"),
    ({"steps": steps((1.5, "info"))}, "invalid_request", "valid integer"),
    ({"steps": steps(("1", "info"))}, "invalid_request", "valid integer"),
    ({"steps": steps((1, "dire"))}, "invalid_request", "'info', 'warning'"),
    ({"effective_from": "2026-03-01"}, "effective_too_early", "name 2026-03-02 or later"),
    ({"effective_from": "2100-01-01"}, "effective_too_early", "the last day of every calendar"),
    ({"effective_from": 1893456000}, "invalid_request", "is not a date like"),
    ({"effective_from": "2026-3-5"}, "invalid_request", "is not a date like"),
    ({"basis": "business"}, "invalid_request", "business days need a calendar"),
    ({"calendar": "DE"}, "invalid_request", "a calendar is for business days alone"),
    ({"basis": "business", "calendar": "DE-XX"}, "unknown_calendar", "did you mean DE"),
    ({"basis": "business", "calendar": "Atlantis"}, "unknown_calendar", "GET /v1/calendars lists all"),
    ({"basis": "business", "calendar": "D\0"}, "unknown_calendar", ""),
    ({"statuses": []}, "invalid_request", "at least 1 item"),
    ({"statuses": ["delivered"]}, "invalid_request", "'in_transit'"),
    ({"email_retries": 51}, "invalid_request", "less than or equal to 50"),
    ({"digest_above": 0}, "invalid_request", "greater than or equal to 1"),
    ({"number": 7}, "invalid_request", "This field is not known"),
]


@pytest.mark.parametrize(("version", "code", "sentence"), REFUSED)
async def test_a_version_that_cannot_be_meant_is_refused_and_nothing_is_kept(
    operator: ApiClient, session: Session, version: dict[str, Any], code: str, sentence: str
) -> None:
    answer = await create(operator, version=version)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    said = [answer.json()["detail"], *(error["detail"] for error in answer.json().get("errors", ()))]
    assert any(sentence in one for one in said), said
    assert await rows(session, "SELECT (SELECT count(*) FROM policies), (SELECT count(*) FROM calendars)") == [(1, 0)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "a\0b"}, "invalid_request"),
        ({"name": "a\r\nb"}, "invalid_request"),
        ({"name": "   "}, "invalid_request"),
        ({"name": "x" * 201}, "invalid_request"),
        ({"customer": "a\0"}, "invalid_request"),
        ({"customer": ""}, "invalid_request"),
        ({"mode": "rocket"}, "invalid_request"),
        ({"for_holds": ["strike"]}, "invalid_request"),
        ({"for_holds": ["customs"] * 6}, "invalid_request"),
    ],
)
async def test_a_policy_that_cannot_be_meant_is_refused(
    operator: ApiClient, session: Session, fields: dict[str, Any], code: str
) -> None:
    answer = await create(operator, **fields)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await rows(session, "SELECT count(*) FROM policies") == [(1,)]


async def test_a_customer_of_no_organization_is_refused(client: ApiClient) -> None:
    answer = await create(client.as_role("admin"), customer="Nordlicht Handels GmbH")

    assert (answer.status_code, answer.json()["code"]) == (422, "customer_without_organization")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", POLICIES), ("POST", POLICIES), ("POST", f"{POLICIES}/dry-run"), ("GET", "/v1/calendars")]
)
async def test_callers_without_the_scope_are_refused(client: ApiClient, method: str, path: str) -> None:
    wrong_scope = client.as_role(scopes=["alerts:read" if path == POLICIES and method == "POST" else "alerts:write"])

    assert [(await caller.request(method, path)).status_code for caller in (client, wrong_scope)] == [401, 403]
