"""The client of the broker, on connections that end. On uvloop, as in workers and relays."""

from typing import TYPE_CHECKING, Any

import uvloop
from redis.asyncio import Redis

from shared.runtime import broker
from shared.testing.proxy import FaultProxy
from shared.testing.wait import eventually

if TYPE_CHECKING:
    from shared.testing.servers import ValkeyServer


def test_a_connection_that_was_reset_while_it_was_idle_is_replaced_unnoticed(valkey: "ValkeyServer") -> None:
    async def push_over_resets() -> list[int]:
        answers = []
        async with FaultProxy(valkey.port) as proxy:
            url = valkey.url().replace(f":{valkey.port}/", f":{proxy.port}/")
            async with broker.connect(url, name="test") as client:
                for _ in range(3):
                    answers.append((await _push(client))[1])
                    proxy.reset()
                    await eventually(lambda: proxy.open_connections == 0)
        return answers

    assert uvloop.run(push_over_resets()) == [1, 1, 1]


async def _push(client: "Redis") -> list[Any]:
    async with client.pipeline(transaction=False) as pipe:
        pipe.delete("pushed")
        pipe.lpush("pushed", b"once")
        return await pipe.execute()
