"""The peer: a bare httpx loop. `python -m bench.email.sendgrid_peer <url>` prints how many seconds it took.

Connections that post the next batch as soon as the one before has been accepted; nothing is recorded, nothing survives a crash.
The requests are the worker's own, made before the clock starts, or within it with --make.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import uvloop

from bench.email import mails
from services.notifications.email.mime import Content, mailbox, sender_mailbox
from services.notifications.email.provider import OutgoingEmail
from services.notifications.email.sendgrid_payload import together


async def post_all(url: str, batches: Sequence[Callable[[], bytes]], connections: int) -> float:
    """Seconds from the first connection to the last batch's acceptance."""
    turns = iter(batches)
    started = time.perf_counter()
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": "Bearer sink"}) as client:
        await asyncio.gather(*(_connection(client, turns) for _ in range(connections)))
    return time.perf_counter() - started


async def _connection(client: httpx.AsyncClient, turns: Iterator[Callable[[], bytes]]) -> None:
    for batch in turns:
        response = await client.post("/v3/mail/send", content=batch(), headers={"Content-Type": "application/json"})
        assert response.status_code == httpx.codes.ACCEPTED, response.text


def outgoing(number: int) -> OutgoingEmail:
    """A mail as the worker hands it to the provider."""
    key, sender = uuid4(), sender_mailbox(mails.SENDER)
    return OutgoingEmail(
        delivery_id=key,
        sender=sender,
        envelope_sender=sender.address,
        recipient=mailbox(mails.recipient(number)),
        content=Content(mails.subject(number), mails.body(number)),
        message_id=f"<{key}@{sender.domain}>",
        date=datetime.now(UTC),
        headers=(("Precedence", "bulk"),),
        bulk=True,
    )


def _maker(emails: Sequence[OutgoingEmail], *, ready: bool) -> Callable[[], bytes]:
    if not ready:
        return lambda: together(emails).request
    request = together(emails).request
    return lambda: request


def main(arguments: Sequence[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="bench.email.sendgrid_peer", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=2)
    parser.add_argument("--make", action="store_true", help="make the requests within the clock")
    options = parser.parse_args(arguments)
    emails = [outgoing(number) for number in range(options.count)]
    cut = [emails[first : first + options.batch] for first in range(0, options.count, options.batch)]
    batches = [_maker(one, ready=not options.make) for one in cut]
    print(uvloop.run(post_all(options.url, batches, options.connections)))


if __name__ == "__main__":
    main(sys.argv[1:])
