"""The stack's workers, hurt on purpose."""

import os
import signal
from typing import Final

from deploy.local.flows.analytics.story import Story
from deploy.local.polling import ask_until
from deploy.local.supervisor import Supervisor

_HEARD: Final = ("up", "busy")


class Workers:
    """Through the keeper of the stack's processes, which starts again whatever ends."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._keeper = Supervisor(story.stack.home)

    async def hostname(self, service: str) -> str:
        """As the worker of a service calls itself."""
        page = await self._story.analytics.get("/v1/monitoring/workers")
        pid = self._pid(service)
        return next(str(one["hostname"]) for one in page["items"] if one["pid"] == pid and one["state"] in _HEARD)

    async def kill(self, service: str) -> None:
        """As no program can help it; and the one that the keeper starts in its place is taken back before it says a word."""
        pid = self._pid(service)
        os.kill(pid, signal.SIGKILL)

        async def other() -> int:
            return self._pid(service)

        await ask_until(other, lambda found: found not in (0, pid))
        self._keeper.call("stopProcess", f"apps:{service}-worker", False)

    def start(self, service: str) -> None:
        """Have it run again."""
        if self._state(service) != "RUNNING":
            self._keeper.call("startProcess", f"apps:{service}-worker", False)

    def signal(self, service: str, number: signal.Signals) -> None:
        """Send the main process a signal."""
        if pid := self._pid(service):
            os.kill(pid, number)

    def are_hurt(self, killed: str, stopped: str) -> bool:
        """Whether one does not run, and the other is stopped."""
        import psutil

        return self._state(killed) != "RUNNING" and psutil.Process(self._pid(stopped)).status() == psutil.STATUS_STOPPED

    def _pid(self, service: str) -> int:
        return int(self._keeper.processes()[f"{service}-worker"]["pid"])

    def _state(self, service: str) -> str:
        return str(self._keeper.processes()[f"{service}-worker"]["statename"])
