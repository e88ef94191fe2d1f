import httpx
from redis.asyncio import Redis

from shared.testing.proxy import FaultProxy
from shared.testing.tokens import SigningKeys


async def test_a_used_up_limit_is_a_429_that_says_when_to_return(anonymous: httpx.AsyncClient) -> None:
    responses = [await anonymous.get("/v1/scarce") for _ in range(3)]

    assert [response.status_code for response in responses] == [200, 200, 429]
    assert {response.headers["ratelimit-policy"] for response in responses} == {'"scarce";q=2;w=60'}
    assert [response.headers["ratelimit"].split(";")[1] for response in responses] == ["r=1", "r=0", "r=0"]
    assert responses[2].json()["code"] == "too_many_requests"
    # Half of the two have to wear off in the minute that follows.
    assert 30 <= int(responses[2].headers["retry-after"]) <= 90


async def test_callers_do_not_share_a_limit(client: httpx.AsyncClient, signing_keys: SigningKeys) -> None:
    somebody = {"Authorization": f"Bearer {signing_keys.token('viewer', subject='user:else')}"}
    first, second = await client.get("/v1/notes"), await client.get("/v1/notes", headers=somebody)

    assert [response.headers["ratelimit"].split(";")[1] for response in (first, second)] == ["r=599", "r=599"]


async def test_counts_are_kept_under_the_services_prefix(anonymous: httpx.AsyncClient, redis: Redis) -> None:
    await anonymous.get("/v1/scarce")

    assert {name.rpartition(b":")[0] for name in await redis.keys("*") if isinstance(name, bytes)} == {
        b"ratelimit:alerts:scarce:address"
    }


async def test_while_redis_is_down_each_process_counts_for_itself(anonymous: httpx.AsyncClient, to_broker: FaultProxy) -> None:
    await to_broker.refuse()
    to_broker.reset()

    assert [(await anonymous.get("/v1/scarce")).status_code for _ in range(3)] == [200, 200, 429]


async def test_guessing_tokens_is_limited_by_address(anonymous: httpx.AsyncClient) -> None:
    guess = await anonymous.get("/v1/notes", headers={"Authorization": "Bearer nonsense"})

    assert (guess.status_code, guess.headers["ratelimit"].split(";")[1]) == (401, "r=599")
