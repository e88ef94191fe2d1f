"""Peers on the same Valkey: a no-op through plain Celery and through dramatiq, one worker process each."""

import asyncio
import sys
import time
from contextlib import suppress

import redis

from bench.stack import Stack
from shared.runtime.settings import ROOT
from shared.testing.child import ChildProcess

COUNT = 5000
CELERY_URL = "BENCH_BROKER_URL"


async def celery_noops(stack: Stack) -> tuple[float, float]:
    """Sent and carried out per second, by Celery with its own defaults, prefork with one child."""
    from bench.messages.celery_peer import app, noop

    app.conf.update(broker_url=stack.valkey.url())
    program = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "bench.messages.celery_peer",
        "worker",
        "--concurrency",
        "1",
        "--loglevel",
        "ERROR",
    ]
    return await _race(stack, "celery-peer", program, "bench-noop", lambda: noop.apply_async(queue="bench-noop"))


async def dramatiq_noops(stack: Stack) -> tuple[float, float]:
    """The same by dramatiq, one process with one thread."""
    from bench.messages import dramatiq_peer

    broker = dramatiq_peer.connect(stack.valkey.url())
    program = [sys.executable, "-m", "dramatiq", "bench.messages.dramatiq_peer", "--processes", "1", "--threads", "1"]
    figures = await _race(stack, "dramatiq-peer", program, "dramatiq:default", dramatiq_peer.noop.send)
    broker.close()
    return figures


async def _race(stack: Stack, name: str, program: list[str], queue: str, send: object) -> tuple[float, float]:
    started = time.perf_counter()
    for _ in range(COUNT):
        send()  # type: ignore[operator]
    sent_per_s = COUNT / (time.perf_counter() - started)
    child = ChildProcess(
        name,
        program,
        log=stack.home / f"{name}.log",
        env=stack.environment("trips", **{CELERY_URL: stack.valkey.url()}),
        cwd=ROOT,
    )
    client = redis.Redis.from_url(stack.valkey.url())
    # The clock runs from the first one done, so that starting the program does not count.
    while client.llen(queue) > COUNT - 100:
        await asyncio.sleep(0.005)
    began, left_at_begin = time.perf_counter(), client.llen(queue)
    while client.llen(queue) > 0:
        await asyncio.sleep(0.005)
    done_per_s = left_at_begin / (time.perf_counter() - began)
    with suppress(Exception):
        child.stop(timeout_s=5)
    return sent_per_s, done_per_s
