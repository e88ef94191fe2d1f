"""Clients of flows: an API that was asked too often is asked again when it says so."""

import httpx

from deploy.local.clients import client_of
from shared.testing.scripted_api import scripted_api


async def test_what_was_refused_for_its_pace_is_sent_again() -> None:
    async with scripted_api() as api, client_of(api.url, {"Authorization": "Bearer t"}) as client:
        api.say(429, {"code": "rate_limited"}, {"Retry-After": "0"})
        api.say(429, {"code": "rate_limited"}, {"Retry-After": "0"})
        api.say(201, {"id": 1})
        answer = await client.post("/v1/things", json={"name": "a"})
    assert answer.json() == {"id": 1}
    assert [(line, headers["authorization"], body) for line, headers, body in api.requests] == [
        ("POST /v1/things HTTP/1.1", "Bearer t", b'{"name":"a"}')
    ] * 3


async def test_a_wait_that_takes_too_long_is_the_answer() -> None:
    async with scripted_api() as api, client_of(api.url) as client:
        api.say(429, {"code": "rate_limited"}, {"Retry-After": "3600"})
        assert (await client.get("/v1/things")).status_code == httpx.codes.TOO_MANY_REQUESTS
    assert len(api.requests) == 1
