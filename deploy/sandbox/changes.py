"""One counter of changes, so that a page or a waiting test is told instead of asking again and again."""

import asyncio
from contextlib import suppress


class Changes:
    """`revision` grows with every change to the ledger or the fault rules. It starts anew with the process."""

    def __init__(self) -> None:
        self.revision = 0
        self._closing = asyncio.Event()
        self._next = asyncio.Event()

    @property
    def closed(self) -> bool:
        """Whether the process is ending."""
        return self._closing.is_set()

    def bump(self) -> None:
        """Note a change and wake everybody who waits for one."""
        self.revision += 1
        self._wake()

    def close(self) -> None:
        """Release everybody who waits, so that the process can stop at once."""
        self._closing.set()
        self._wake()

    async def wait(self, since: int, seconds: float) -> bool:
        """Return True as soon as the revision is another than `since`, False after `seconds` or at the process's end."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self.revision == since and not self.closed:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._next.wait()
            except TimeoutError:
                break
        return self.revision != since

    async def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the process's end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    def _wake(self) -> None:
        event, self._next = self._next, asyncio.Event()
        event.set()
