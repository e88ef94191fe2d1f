"""`python -m deploy.sandbox`: run the sandbox until SIGINT or SIGTERM."""

import asyncio
import signal

import uvloop

from deploy.sandbox.server import Running, running
from deploy.sandbox.settings import Settings


def _announcement(sandbox: Running) -> str:
    kept = f"in {sandbox.settings.data}" if sandbox.settings.data else "in memory only"
    smtp = sandbox.facts["smtp"]
    return f"sandbox: mailbox at {sandbox.http_url}, SMTP at {smtp['host']}:{smtp['port']}, mails are kept {kept}"


async def _main(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(settings) as sandbox:
        print(_announcement(sandbox), flush=True)
        await stop.wait()


def main() -> None:
    """Read the settings and run. Wrong settings, a taken port or an unusable data folder end it with a sentence."""
    uvloop.run(_main(Settings.load()))


if __name__ == "__main__":
    main()
