import asyncpg
import httpx
import pytest


@pytest.fixture
async def url(client: httpx.AsyncClient, key: dict[str, str]) -> str:
    """The address of a note at version 1."""
    return str((await client.post("/v1/notes", json={"title": "Milk"}, headers=key)).headers["location"])


@pytest.mark.parametrize("header", ['"v1"', 'W/"v1"', '"x", "v1"', "*"])
async def test_a_version_that_the_client_has_is_not_sent_again(client: httpx.AsyncClient, url: str, header: str) -> None:
    response = await client.get(url, headers={"If-None-Match": header})

    assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", '"v1"')


async def test_a_read_shows_its_version(client: httpx.AsyncClient, url: str) -> None:
    response = await client.get(url, headers={"If-None-Match": '"v2"'})

    assert (response.status_code, response.headers["etag"]) == (200, '"v1"')
    assert response.headers["cache-control"] == "private, no-cache"


async def test_an_update_of_the_version_seen_is_made(client: httpx.AsyncClient, url: str) -> None:
    response = await client.put(url, json={"title": "Bread"}, headers={"If-Match": '"v1"'})

    assert (response.status_code, response.headers["etag"], response.json()["title"]) == (200, '"v2"', "Bread")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 428, "precondition_required"),
        ({"If-Match": '"v2"'}, 412, "precondition_failed"),
        ({"If-Match": 'W/"v1"'}, 412, "precondition_failed"),
        ({"If-Match": "v1"}, 412, "precondition_failed"),
        ({"If-Match": '"v99999999999999999999"'}, 412, "precondition_failed"),
    ],
)
async def test_any_other_update_changes_nothing(
    client: httpx.AsyncClient, url: str, notes: asyncpg.Connection, headers: dict[str, str], status: int, code: str
) -> None:
    response = await client.put(url, json={"title": "Bread"}, headers=headers)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert await notes.fetchval("SELECT title FROM notes") == "Milk"
