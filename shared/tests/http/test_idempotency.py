import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, FastAPI

from shared.runtime.errors import Conflict
from shared.runtime.http.app import create_app
from shared.runtime.http.idempotency import Idempotent
from shared.testing.locks import HELD_ADVISORY
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually
from shared.tests.http.sample import SampleSettings, Writer

MILK = {"title": "Milk", "size": 3}


async def titles(notes: asyncpg.Connection) -> list[str]:
    return [row["title"] for row in await notes.fetch("SELECT title FROM notes ORDER BY created_at")]


async def test_a_repeated_request_gets_the_first_answer_again(
    client: httpx.AsyncClient, notes: asyncpg.Connection, key: dict[str, str]
) -> None:
    first = await client.post("/v1/notes", json=MILK, headers=key)
    again = await client.post("/v1/notes", json=MILK, headers=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert await titles(notes) == ["Milk"]


async def test_a_key_of_the_same_subject_for_another_organization_is_another_key(
    client: httpx.AsyncClient, notes: asyncpg.Connection, key: dict[str, str], signing_keys: SigningKeys
) -> None:
    for title, organization_id in (("Milk", None), ("Rye", UUID(int=1)), ("Oil", UUID(int=2))):
        token = signing_keys.token("operator", organization_id=organization_id)
        answer = await client.post(
            "/v1/notes", json={**MILK, "title": title}, headers={**key, "Authorization": f"Bearer {token}"}
        )
        assert (answer.status_code, answer.headers.get("idempotent-replayed")) == (201, None), answer.text

    assert await titles(notes) == ["Milk", "Rye", "Oil"]


async def test_a_key_means_the_same_with_and_without_quotes(client: httpx.AsyncClient, notes: asyncpg.Connection) -> None:
    await client.post("/v1/notes", json=MILK, headers={"Idempotency-Key": '"one"'})
    again = await client.post("/v1/notes", json=MILK, headers={"Idempotency-Key": "one"})

    assert again.headers["idempotent-replayed"] == "true"
    assert await titles(notes) == ["Milk"]


async def test_a_key_of_another_request_is_refused(
    client: httpx.AsyncClient, notes: asyncpg.Connection, key: dict[str, str]
) -> None:
    await client.post("/v1/notes", json=MILK, headers=key)
    other = await client.post("/v1/notes", json={"title": "Bread"}, headers=key)

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await titles(notes) == ["Milk"]


@pytest.mark.parametrize(
    ("headers", "code"), [({}, "missing"), ({"Idempotency-Key": '"'}, "malformed"), ({"Idempotency-Key": "a b"}, "malformed")]
)
async def test_a_request_without_a_good_key_is_refused(
    client: httpx.AsyncClient, notes: asyncpg.Connection, headers: dict[str, str], code: str
) -> None:
    response = await client.post("/v1/notes", json=MILK, headers=headers)

    assert (response.status_code, response.json()["code"]) == (400, f"idempotency_key_{code}")
    assert await titles(notes) == []


async def test_callers_do_not_share_keys(
    client: httpx.AsyncClient, notes: asyncpg.Connection, signing_keys: SigningKeys, key: dict[str, str]
) -> None:
    await client.post("/v1/notes", json=MILK, headers=key)
    somebody = {"Authorization": f"Bearer {signing_keys.token('operator', subject='user:else')}"}
    other = await client.post("/v1/notes", json={"title": "Bread"}, headers={**key, **somebody})

    assert other.status_code == 201
    assert await titles(notes) == ["Milk", "Bread"]


async def test_a_refused_request_gives_its_key_back(
    client: httpx.AsyncClient, notes: asyncpg.Connection, key: dict[str, str]
) -> None:
    await notes.execute("INSERT INTO notes (id, title, size) VALUES (gen_random_uuid(), 'Milk', 1)")
    refused = await client.post("/v1/notes", json=MILK, headers=key)
    await notes.execute("DELETE FROM notes")
    accepted = await client.post("/v1/notes", json=MILK, headers=key)

    assert (refused.status_code, accepted.status_code) == (409, 201)


async def test_the_second_of_two_at_once_is_told_at_once(
    client: httpx.AsyncClient, notes: asyncpg.Connection, key: dict[str, str]
) -> None:
    # The first waits for this lock inside its transaction, with its key taken.
    async with notes.transaction():
        await notes.execute("LOCK TABLE notes")
        first = asyncio.create_task(client.post("/v1/notes", json=MILK, headers=key))
        await eventually(lambda: notes.fetchval(HELD_ADVISORY))
        second = await client.post("/v1/notes", json=MILK, headers=key)

    assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (409, "request_in_flight", "1")
    assert (await first).status_code == 201
    assert await titles(notes) == ["Milk"]


async def test_many_repetitions_at_once_have_one_effect(
    client: httpx.AsyncClient, notes: asyncpg.Connection, key: dict[str, str]
) -> None:
    responses = await asyncio.gather(*(client.post("/v1/notes", json=MILK, headers=key) for _ in range(20)))

    assert {response.status_code for response in responses} <= {201, 409}
    assert len({response.content for response in responses if response.status_code == 201}) == 1
    assert await titles(notes) == ["Milk"]


async def test_an_expired_key_is_a_new_one(client: httpx.AsyncClient, notes: asyncpg.Connection, key: dict[str, str]) -> None:
    await client.post("/v1/notes", json=MILK, headers=key)
    assert await notes.fetchval("SELECT expires_at - created_at FROM idempotency_keys") == timedelta(hours=48)
    await notes.execute("UPDATE idempotency_keys SET expires_at = now()")
    fresh = await client.post("/v1/notes", json={"title": "Bread"}, headers=key)

    assert (fresh.status_code, fresh.headers.get("idempotent-replayed")) == (201, None)
    assert await titles(notes) == ["Milk", "Bread"]


async def test_a_leased_request_is_answered_once_and_refused_meanwhile(
    app: FastAPI, client: httpx.AsyncClient, notes: asyncpg.Connection, key: dict[str, str]
) -> None:
    called, go_on = asyncio.Event(), asyncio.Event()

    async def outside() -> None:
        called.set()
        await go_on.wait()

    app.state.outside = outside
    first = asyncio.create_task(client.post("/v1/notes/fetched", json=MILK, headers=key))
    await called.wait()
    meanwhile = await client.post("/v1/notes/fetched", json=MILK, headers=key)
    go_on.set()
    done, again = await first, await client.post("/v1/notes/fetched", json=MILK, headers=key)

    assert (meanwhile.status_code, done.status_code, again.content) == (409, 201, done.content)
    assert await titles(notes) == ["Milk"]


async def test_a_leased_request_that_is_refused_gives_its_key_back(
    app: FastAPI, client: httpx.AsyncClient, notes: asyncpg.Connection, key: dict[str, str]
) -> None:
    async def outside() -> None:
        raise Conflict("the other side says no")

    app.state.outside = outside
    response = await client.post("/v1/notes/fetched", json=MILK, headers=key)

    assert response.status_code == 409
    assert await notes.fetchval("SELECT count(*) FROM idempotency_keys") == 0


async def test_a_leased_request_that_died_is_taken_over_after_its_lease(
    app: FastAPI, client: httpx.AsyncClient, notes: asyncpg.Connection, key: dict[str, str]
) -> None:
    async def dies() -> None:
        raise RuntimeError("killed")

    async def works() -> None:
        return

    app.state.outside = dies
    died = await client.post("/v1/notes/fetched", json=MILK, headers=key)
    app.state.outside = works
    early = await client.post("/v1/notes/fetched", json=MILK, headers=key)
    await notes.execute("UPDATE idempotency_keys SET lease_until = now()")
    late = await client.post("/v1/notes/fetched", json=MILK, headers=key)

    assert (died.status_code, early.status_code, late.status_code) == (500, 409, 201)
    assert await titles(notes) == ["Milk"]


async def test_who_lost_its_lease_does_not_overwrite_the_answer(
    app: FastAPI, client: httpx.AsyncClient, notes: asyncpg.Connection, key: dict[str, str]
) -> None:
    async def loses_its_lease() -> None:
        await notes.execute("UPDATE idempotency_keys SET lease_until = now() + interval '7 s'")

    app.state.outside = loses_its_lease
    response = await client.post("/v1/notes/fetched", json=MILK, headers=key)

    assert response.status_code == 201
    assert await notes.fetchval("SELECT status FROM idempotency_keys") is None


async def test_work_that_would_outlive_its_lease_is_ended_and_stays_in_doubt(
    app: FastAPI, client: httpx.AsyncClient, notes: asyncpg.Connection, key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.runtime.http.idempotency.LEASED_WORK_S", 0.05)
    app.state.outside = asyncio.Event().wait
    ended = await client.post("/v1/notes/fetched", json=MILK, headers=key)
    again = await client.post("/v1/notes/fetched", json=MILK, headers=key)

    assert (ended.status_code, ended.json()["code"], again.status_code) == (503, "unavailable", 409)
    assert "repeat it with the same Idempotency-Key" in ended.json()["detail"]
    assert await titles(notes) == []


def test_a_route_that_could_not_save_its_answer_stops_the_start(settings: SampleSettings) -> None:
    router = APIRouter(prefix="/v1/lost")

    @router.post("")
    async def lost(_: Writer, __: Idempotent) -> None: ...

    with pytest.raises(ValueError, match="/v1/lost takes an Idempotency-Key; its router needs route_class=IdempotentRoute"):
        create_app(settings, [router])
