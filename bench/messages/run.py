"""Print the table: delivered rate, batch size, latency and CPU at each offered rate, beside two peers."""

import argparse
import os
from collections.abc import Sequence

import uvloop

from bench.messages import peers
from bench.messages.load import Figures, Producer, measure
from bench.stack import Stack, as_owner, running
from shared.contracts import registry
from shared.testing.probe import contracts, tasks

RATES = (100, 500, 2000, 8000, 12000)
ALONE_RATES = (100, 500)
BARS = "bars: at least 8,000/s confirmed; at 2,000/s p50 ≤ 20 ms and p99 ≤ 60 ms; at rest p50 ≤ 15 ms and p99 ≤ 60 ms"


def main(arguments: Sequence[str]) -> int:
    """Run it. Exit 1 when a message was lost or doubled."""
    parser = argparse.ArgumentParser(prog="bench messages", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="how long each rate is offered")
    parser.add_argument("--rates", type=int, nargs="*", default=RATES, help="messages offered per second, coalesced")
    parser.add_argument("--alone", type=int, nargs="*", default=ALONE_RATES, help="the same, one message per delivery")
    parser.add_argument("--no-peers", action="store_true")
    return uvloop.run(_run(parser.parse_args(arguments)))


async def _run(options: argparse.Namespace) -> int:
    registry.include(contracts)
    async with running() as stack:
        await as_owner(stack, "analytics", tasks.TABLES)
        os.environ.update(stack.environment("trips"))
        rows = await _path(stack, options)
        if not options.no_peers:
            await _peers(stack, rows)
    wrong = sum(row.lost + row.doubled for row in rows)
    print(f"\nlost {sum(row.lost for row in rows)}, doubled {sum(row.doubled for row in rows)}; {BARS}")
    return 1 if wrong else 0


async def _path(stack: Stack, options: argparse.Namespace) -> list[Figures]:
    from services.trips.settings import settings

    heads = (
        "offered/s",
        "delivered/s",
        "batch",
        "p50 ms",
        "p99 ms",
        "max ms",
        "drained s",
        "CPU %: relay+producer",
        "worker",
        "postgres",
        "valkey",
    )
    print("outbox → inbox and effect, prefork with one child, fsync on")
    print(" | ".join(heads))
    rows: list[Figures] = []
    ledger = str(stack.home / "ledger")
    async with (
        stack.worker("shared.testing.probe.worker", "analytics", "--concurrency", "1", PROBE_LEDGER=ledger) as worker,
        Producer(stack, settings()) as producer,
    ):
        await measure(stack, producer, worker.pid, rate=500, seconds=2)
        for alone, rates in ((False, options.rates), (True, options.alone)):
            for rate in rates:
                row = await measure(stack, producer, worker.pid, rate=rate, seconds=options.seconds, alone=alone)
                rows.append(row)
                _print(row, "one by one" if alone else "")
    return rows


async def _peers(stack: Stack, rows: Sequence[Figures]) -> None:
    best = max((row.delivered_per_s for row in rows), default=0.0)
    for name, race in (("Celery", peers.celery_noops), ("dramatiq", peers.dramatiq_noops)):
        sent, done = await race(stack)
        print(f"{name} no-op on the same Valkey, one worker process: sends {sent:,.0f}/s, carries out {done:,.0f}/s")
        print(f"  ours at best {best / done:.1f} times that")


def _print(row: Figures, note: str) -> None:
    cpu = " | ".join(f"{row.cpu[name]:.0f}" for name in ("relay+producer", "worker", "postgres", "valkey"))
    print(
        f"{row.offered:,} | {row.delivered_per_s:,.0f} | {row.batch:.1f} | {row.p50:.1f} | {row.p99:.1f} | {row.worst:.0f} | "
        f"{row.confirmed_after_s:.1f} | {cpu} {note}",
        flush=True,
    )
