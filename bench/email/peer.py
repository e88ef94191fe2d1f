"""The peer: a bare aiosmtplib loop. `python -m bench.email.peer <port> <style>` prints how many seconds it took.

Connections that take the next mail as soon as the one before has been accepted; nothing is recorded, nothing survives a crash.
Style `bytes`: the mails are ready before the clock starts, and go out by `sendmail`. Style `composed`: each is put together from
its subject and text first, by what the worker puts them together with, as a sender must. Style `message`: each is built with the
standard library's EmailMessage and goes out by `send_message`, as a person would write it.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

import aiosmtplib
import uvloop

from bench.email import mails
from services.notifications.email.mime import sender_mailbox

Send = Callable[[aiosmtplib.SMTP, int], Awaitable[object]]
STYLES: Final = ("bytes", "composed", "message")


async def send_all(port: int, count: int, connections: int, style: str) -> float:
    """Seconds from the first connection to the last mail's acceptance."""
    ready = [mails.ready(number) for number in range(count)] if style == "bytes" else []
    sender = sender_mailbox(mails.SENDER).address

    async def as_bytes(client: aiosmtplib.SMTP, number: int) -> object:
        return await client.sendmail(sender, [mails.recipient(number)], ready[number])

    async def as_message(client: aiosmtplib.SMTP, number: int) -> object:
        return await client.send_message(mails.standard(number))

    async def as_composed(client: aiosmtplib.SMTP, number: int) -> object:
        return await client.sendmail(sender, [mails.recipient(number)], mails.ready(number))

    send = {"bytes": as_bytes, "composed": as_composed, "message": as_message}[style]
    numbers = iter(range(count))
    started = time.perf_counter()
    await asyncio.gather(*(_connection(port, send, numbers) for _ in range(connections)))
    return time.perf_counter() - started


async def _connection(port: int, send: Send, numbers: Iterator[int]) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
        for number in numbers:
            await send(client, number)


def main(arguments: Sequence[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="bench.email.peer", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("style", choices=STYLES)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--uvloop", action="store_true", help="the worker's event loop instead of the standard library's")
    options = parser.parse_args(arguments)
    run = uvloop.run if options.uvloop else asyncio.run
    print(run(send_all(options.port, options.count, options.connections, options.style)))


if __name__ == "__main__":
    main(sys.argv[1:])
