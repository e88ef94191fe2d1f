"""A worker's main loop never waits for the broker because of what it tells monitors."""

import asyncio
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from celery.events.dispatcher import EventDispatcher
from celery.worker.consumer import heart
from kombu import Connection

from shared.runtime.worker.consumer import Consumer
from shared.runtime.worker.steps import Beats, Heart
from shared.testing.proxy import FaultProxy


class Timer:
    """What Celery's loop calls on time."""

    def call_repeatedly(self, _: float, beat: Any, arguments: tuple[Any, ...]) -> None:
        self.beat = lambda: beat(*arguments)


async def test_a_beat_does_not_wait_until_the_broker_is_back(broker_url: str) -> None:
    port, timer = urlsplit(broker_url).port, Timer()
    assert port is not None
    async with FaultProxy(port) as proxy:
        with Connection(broker_url.replace(f":{port}", f":{proxy.port}"), transport_options={"socket_timeout": 5}) as connection:
            dispatcher = EventDispatcher(connection, hostname="probe@here")
            beats: Any = Beats(timer, dispatcher)
            await asyncio.to_thread(beats.start)
            await proxy.refuse()
            proxy.reset()

            # A thread that may be left behind: what waits for the broker would wait for ever.
            beat = Thread(target=timer.beat, daemon=True)
            beat.start()
            await asyncio.to_thread(beat.join, 30)

            assert not beat.is_alive()


def test_a_worker_has_these_beats_and_not_celerys_own() -> None:
    steps = {str(step) for step in Consumer.Blueprint.default_steps}

    assert f"{Heart.__module__}:{Heart.__name__}" in steps
    assert f"{heart.Heart.__module__}:{heart.Heart.__name__}" not in steps
