"""dramatiq with its defaults."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker


def connect(url: str) -> RedisBroker:
    """Make the broker of this process."""
    broker = RedisBroker(url=url)  # type: ignore[no-untyped-call]  # dramatiq leaves it untyped
    dramatiq.set_broker(broker)
    noop.broker = broker
    broker.declare_actor(noop)
    return broker


@dramatiq.actor
def noop() -> None:
    """Nothing."""


if "BENCH_BROKER_URL" in os.environ:
    connect(os.environ["BENCH_BROKER_URL"])
