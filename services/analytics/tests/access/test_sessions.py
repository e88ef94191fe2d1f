"""Coming in, going on and going: what operators and thieves get."""

from datetime import timedelta
from typing import Any

import pytest

from services.analytics.tests.access.conftest import API, PASSWORD, Desk
from shared.contracts.analytics import TokensRevoked
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import published
from shared.testing.service import ApiClient

WRONG = {"email": "ann@example.com", "password": "not the right one"}


async def whoami(desk: Desk, token: str) -> dict[str, Any]:
    return dict((await desk.admin.post(f"{API}/introspect", json={"token": token})).json())


async def test_operator_chooses_a_password_and_comes_in_with_the_rights_of_the_role(desk: Desk) -> None:
    ours = await desk.organization()
    made = await desk.invited("Ann@Example.com", organization_id=ours)
    once = {"email": "ann@example.com", "password": made["one_time_password"]}

    assert await desk.code("POST", "login", json=once) == (403, "password_change_due")
    assert await desk.code("POST", "password", json={**once, "new_password": "ann-ann-ann-ann"}) == (422, "weak_password")
    assert await desk.code("POST", "password", json={**once, "new_password": PASSWORD}) == (204, None)
    tokens = await desk.login()
    found = await whoami(desk, tokens["access_token"])
    assert (found["active"], found["sub"], found["roles"], found["org"]) == (True, f"operator:{made['id']}", ["operator"], ours)
    own = (await desk.client.with_token(tokens["access_token"]).get(f"{API}/sessions")).json()["items"]
    assert [(one["id"], one["ended_at"]) for one in own] == [(tokens["session_id"], None)]


async def test_nobody_learns_which_accounts_there_are(desk: Desk) -> None:
    made = await desk.operator()
    await desk.operator("gone@example.com")
    gone = (await desk.admin.get(f"{API}/operators")).json()["items"][0]
    tag = {"If-Match": '"v2"'}
    assert await desk.code("PATCH", f"operators/{gone['id']}", desk.admin, json={"disabled": True}, headers=tag) == (200, None)
    tries = [WRONG, {**WRONG, "email": "nobody@example.com"}, {"email": "gone@example.com", "password": PASSWORD}]

    answers = [(await desk.client.post(f"{API}/login", json=one)).json() for one in tries]

    assert made["id"] != gone["id"]
    assert len({(one["status"], one["code"], one["detail"]) for one in answers}) == 1


@pytest.mark.parametrize("email", ["ann@example.com", "nobody@example.com"])
async def test_account_waits_longer_with_each_failure_whether_there_is_one_or_not(
    email: str, desk: Desk, clock: FrozenClock
) -> None:
    await desk.operator()
    tries = {"email": email, "password": "not the right one"}
    for _ in range(5):
        assert await desk.code("POST", "login", json=tries) == (401, "login_refused")

    blocked = await desk.client.post(f"{API}/login", json={"email": email.upper(), "password": PASSWORD})

    assert (blocked.status_code, blocked.json()["code"], blocked.headers["Retry-After"]) == (429, "login_blocked", "1")
    clock.advance(timedelta(seconds=1))
    assert await desk.code("POST", "login", json=tries) == (401, "login_refused")
    again = await desk.client.post(f"{API}/login", json=tries)
    assert (again.status_code, again.headers["Retry-After"]) == (429, "2")
    clock.advance(timedelta(seconds=2))
    right = await desk.code("POST", "login", json={"email": email, "password": PASSWORD})
    assert right == ((200, None) if email.startswith("ann") else (401, "login_refused"))


async def test_refresh_token_is_good_once_and_a_copied_one_ends_the_session(desk: Desk, session: Session) -> None:
    await desk.operator()
    first = await desk.login()
    second = (await desk.client.post(f"{API}/refresh", json={"refresh_token": first["refresh_token"]})).raise_for_status().json()
    holder = desk.client.with_token(second["access_token"])
    assert (await holder.get(f"{API}/sessions")).status_code == 200

    copied = await desk.code("POST", "refresh", json={"refresh_token": first["refresh_token"]})

    assert copied == (401, "refresh_refused")
    assert await desk.code("POST", "refresh", json={"refresh_token": second["refresh_token"]}) == (401, "refresh_refused")
    assert await desk.code("GET", "sessions", holder) == (401, "unauthenticated")
    told = [(one.kind, one.key) for event in await published(session, TokensRevoked) for one in event.revocations]
    assert told == [("session", first["session_id"])]


async def test_session_ends_by_logout_by_idleness_and_by_its_age(desk: Desk, clock: FrozenClock) -> None:
    await desk.operator()
    left, idle, old = [await desk.login() for _ in range(3)]

    for _ in range(2):
        assert await desk.code("POST", "logout", json={"refresh_token": left["refresh_token"]}) == (204, None)
    assert await desk.code("POST", "refresh", json={"refresh_token": left["refresh_token"]}) == (401, "refresh_refused")
    for _ in range(60):
        clock.advance(timedelta(hours=11, minutes=59))
        old = (await desk.client.post(f"{API}/refresh", json={"refresh_token": old["refresh_token"]})).raise_for_status().json()
    clock.advance(timedelta(hours=11, minutes=59))
    assert await desk.code("POST", "refresh", json={"refresh_token": old["refresh_token"]}) == (401, "refresh_refused")
    assert await desk.code("POST", "refresh", json={"refresh_token": idle["refresh_token"]}) == (401, "refresh_refused")
    shown = (await desk.admin.get(f"{API}/sessions", params={"operator_id": old["operator_id"]})).json()["items"]
    assert [one["ended_because"] for one in shown] == ["expired", "expired", "logout"]


async def test_session_is_revoked_by_its_operator_and_by_administrators_alone(desk: Desk, client: ApiClient) -> None:
    await desk.operator()
    await desk.operator("bob@example.com")
    ann, bob = await desk.login(), await desk.login("bob@example.com")
    as_bob = desk.client.with_token(bob["access_token"])
    path = f"sessions/{ann['session_id']}/revoke"
    stranger = client.as_role("admin", organization_id=None, subject="user:x", scopes=())

    assert await desk.code("POST", path, as_bob) == (404, "session_not_found")
    assert await desk.code("GET", f"sessions?operator_id={ann['operator_id']}", as_bob) == (403, "forbidden")
    assert await desk.code("GET", "sessions", stranger) == (403, "no_operator")
    assert await desk.code("POST", path, desk.admin) == (200, None)
    assert await desk.code("GET", "sessions", desk.client.with_token(ann["access_token"])) == (401, "unauthenticated")
    assert await desk.code("POST", f"sessions/{bob['session_id']}/revoke", as_bob) == (200, None)
