"""supervisord as the stack runs it: a full disk costs it lines of its logs, and never its life or its programs'.

    python -m deploy.local.keeper [supervisord's arguments]

A log that cannot be written is told to standard error, which is a file on the same disk, and an error there ends
supervisord with all that it keeps. So standard error is the start's alone, and a log that cannot be rolled over waits.
"""

import contextlib
import os
import traceback
from pathlib import Path
from typing import Any

from supervisor import loggers, supervisord
from supervisor.medusa import asyncore_25


class PatientFileHandler(loggers.RotatingFileHandler):  # type: ignore[misc] # supervisor has no types.
    """A log file that goes on as soon as there is room again."""

    def emit(self, record: Any) -> None:
        """Write a record, or lose it."""
        try:
            super().emit(record)
        except (OSError, ValueError):
            # Rolling over closes the file first, which fails on a full disk; each write to what is closed is a ValueError.
            with contextlib.suppress(OSError):
                self.stream = Path(self.baseFilename).open("ab")  # noqa: SIM115 — it stays open for what comes.


class Keeper(supervisord.Supervisor):  # type: ignore[misc] # supervisor has no types.
    """The keeper of a stack."""

    def runforever(self) -> None:
        """Keep the programs. What can be wrong at a start has been said by now."""
        silence_output()
        try:
            super().runforever()
        except asyncore_25.ExitNow:
            raise
        except Exception:
            self.options.logger.critical(traceback.format_exc())
            raise


def silence_output() -> None:
    """Let standard output and standard error take everything and keep nothing."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)


def main() -> None:
    """Run supervisord with both in the place of its own."""
    loggers.RotatingFileHandler = PatientFileHandler
    supervisord.Supervisor = Keeper
    supervisord.main()


if __name__ == "__main__":
    main()
