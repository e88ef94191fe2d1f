"""The mail server that all sides send to, as a process of its own, and what it can be asked."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from bench.email import mails
from bench.stack import Stack
from services.notifications.email.mime import sender_mailbox
from shared.runtime.settings import ROOT
from shared.testing.child import ChildProcess
from shared.testing.wait import eventually


@dataclass(frozen=True)
class MailServer:
    """The process of sink.py."""

    port: int
    pid: int

    async def reset(self) -> None:
        """Begin to count anew."""
        await self._ask([b"XRESET"])

    async def counts(self) -> tuple[int, int]:
        """Mails and distinct Message-IDs since the last reset."""
        [(_, total, distinct)] = [reply.split() for reply in await self._ask([b"XCOUNT"])]
        return int(total), int(distinct)

    async def accepted_at(self, deliveries: Sequence[UUID]) -> list[float | None]:
        """When each delivery's mail was taken, by the monotonic clock of this machine; None for one that has not come."""
        domain = sender_mailbox(mails.SENDER).domain
        replies = await self._ask([f"XWHEN <{delivery}@{domain}>".encode() for delivery in deliveries])
        return [float(reply.split()[1]) if reply.startswith(b"250") else None for reply in replies]

    async def _ask(self, commands: Sequence[bytes]) -> list[bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        await reader.readline()
        writer.write(b"".join(command + b"\r\n" for command in commands))
        replies = [await reader.readline() for _ in commands]
        writer.close()
        await writer.wait_closed()
        return replies

    def settings(self, *, pool_size: int) -> dict[str, str]:
        """Of a worker that sends by it."""
        return {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self.port),
            "SMTP_TLS": "none",
            "SMTP_POOL_SIZE": str(pool_size),
            **SECRETS,
        }


SECRETS = {
    "SMTP_FROM": mails.SENDER,
    "SIGNING_KEYS": "k1:a-secret-for-tests-only",
    "ADDRESS_HASH_KEY": "another-secret-for-tests",
}


@asynccontextmanager
async def serving(stack: Stack, *, pipelining: bool = True) -> AsyncIterator[MailServer]:
    """A ready mail server, ended with the block."""
    program = [sys.executable, "-m", "bench.email.sink", *([] if pipelining else ["--no-pipelining"])]
    log = stack.home / "sink.log"
    # The port of the one before would be taken for this one's.
    log.unlink(missing_ok=True)
    child = ChildProcess("sink", program, log=log, cwd=ROOT)
    try:
        await eventually(lambda: child.output().strip().isdigit(), 10, "the mail server is not ready")
        yield MailServer(int(child.output()), child.pid)
    finally:
        child.stop(timeout_s=5)
