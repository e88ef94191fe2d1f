"""Who may operate: an administrator of the whole system, and nobody else; refusals change nothing."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.runtime.db import Session
from shared.testing.service import ApiClient
from shared.tests.operations.conftest import Consumer, Snapshot, finished
from shared.tests.operations.test_messages import sent, waiting

API = "/v1/operations"


def operations(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path template of every operation."""
    for route in iter_route_contexts(app.routes):
        if (route.path_format or "").startswith(API):
            yield from ((method, route.path_format or "") for method in sorted(route.methods or ()))


@pytest.fixture
async def requests(app: FastAPI, session: Session, consumer: Consumer, admin: ApiClient) -> list[tuple[str, str, dict[str, Any]]]:
    """Every change that there is, each on something that it would change."""
    mail, retry = await sent(session), await waiting(consumer)
    await consumer.kill(finished(1))
    letter = (await admin.get(f"{API}/dead-letters")).json()["items"][0]["id"]
    undo = (await admin.post(f"{API}/messages/{mail}/cancel", json={"reason": "to undo"})).json()["undo_id"]
    values = {"message_id": retry, "letter_id": letter, "undo_id": undo, "lane": "alerts.default", "name": "any"}
    body = {"reason": "why not", "note": "why not", "all": True}
    return [(method, path.format(**values), body) for method, path in operations(app) if method != "GET"]


@pytest.mark.parametrize("role", ["viewer", "operator", None])
async def test_only_administrators_change_anything(
    role: str | None, client: ApiClient, requests: list[tuple[str, str, dict[str, Any]]], snapshot: Snapshot
) -> None:
    caller, before = client.as_role(role) if role else client, await snapshot()

    answers = [await caller.request(method, path, json=body) for method, path, body in requests]

    assert {one.status_code for one in answers} == {403 if role else 401}
    assert len(answers) == 17
    assert await snapshot() == before


async def test_administrator_of_one_tenant_is_refused_everywhere(
    client: ApiClient, app: FastAPI, requests: list[tuple[str, str, dict[str, Any]]], snapshot: Snapshot
) -> None:
    tenant, before = client.as_role("admin", organization_id=UUID(int=5)), await snapshot()
    reads = [path.format(message_id=uuid4(), letter_id=uuid4()) for method, path in operations(app) if method == "GET"]

    answers = [await tenant.request(method, path, json=body) for method, path, body in requests]
    answers += [await tenant.get(path) for path in reads]

    assert {(one.status_code, one.json()["code"]) for one in answers} == {(403, "forbidden")}
    assert len(reads) == 14
    assert await snapshot() == before


async def test_scope_of_another_service_gives_nothing(client: ApiClient) -> None:
    stranger = client.as_role(scopes=("payments:read", "payments:admin"))

    assert (await stranger.get(f"{API}/lanes")).status_code == 403
    assert (await stranger.post(f"{API}/lanes/alerts.default/pause", json={"reason": "why not"})).status_code == 403


async def test_viewer_sees_everything_but_payloads(viewer: ApiClient, consumer: Consumer) -> None:
    (died,) = await consumer.kill(finished())
    (letter,) = (await viewer.get(f"{API}/dead-letters")).json()["items"]

    for path in (f"messages/{died}", f"dead-letters/{letter['id']}"):
        assert (await viewer.get(f"{API}/{path}")).status_code == 200
        refused = await viewer.get(f"{API}/{path}", params={"include": "body"})
        assert (refused.status_code, "alerts:admin" in refused.json()["detail"]) == (403, True)
        assert "delivery_id" not in refused.text


async def test_audit_is_filtered_and_paged(admin: ApiClient, viewer: ApiClient) -> None:
    for verb in ("pause", "resume", "pause"):
        await admin.post(f"{API}/lanes/alerts.default/{verb}", json={"reason": f"to {verb}"})

    first = (await viewer.get(f"{API}/audit", params={"limit": 2})).json()
    rest = (await viewer.get(f"{API}/audit", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    actions = [line["action"] for line in (*first["items"], *rest["items"])]

    assert actions == ["lane.pause", "lane.resume", "lane.pause"]
    only = (
        await viewer.get(f"{API}/audit", params={"action": "lane.resume", "actor": "user:ann", "target": "alerts.default"})
    ).json()
    assert [line["reason"] for line in only["items"]] == ["to resume"]
    assert (await viewer.get(f"{API}/audit", params={"actor": "user:vic"})).json()["items"] == []


@pytest.mark.parametrize("statement", ["UPDATE operations_audit SET actor = 'nobody'", "DELETE FROM operations_audit"])
async def test_audit_cannot_be_rewritten(statement: str, admin: ApiClient, session: Session, snapshot: Snapshot) -> None:
    await admin.post(f"{API}/lanes/alerts.default/pause", json={"reason": "look at me"})
    before = await snapshot()

    with pytest.raises(DBAPIError, match="operations_audit is append-only"):
        async with session.begin_nested():
            await session.execute(text(statement))

    assert await snapshot() == before
