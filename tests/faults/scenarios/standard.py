"""How most scenarios start and end."""

from shared.testing.proxy import FaultProxy
from shared.testing.wait import eventually
from tests.faults.world import World


async def standard(world: World) -> None:
    """Both relays and a worker."""
    await world.ready(world.relay("trips"), world.relay("analytics"), world.worker())


async def behind(world: World, port: int) -> int:
    """Put a proxy in front of a server's port, as the world's network, and return the port to use in its place."""
    proxy = world.proxy = FaultProxy(port)
    await proxy.accept()
    world.closing.push_async_callback(_close, proxy)
    return proxy.port


async def _close(proxy: FaultProxy) -> None:
    """Let the connections of processes that have ended run out."""
    await proxy.refuse()
    proxy.flow()
    await eventually(lambda: proxy.open_connections == 0, 10, "connections outlive their processes")


async def reset_all(world: World) -> None:
    """RST to every connection, again and again."""
    for _ in range(20):
        await world.pause(0.2, 0.6)
        world.network.reset()
