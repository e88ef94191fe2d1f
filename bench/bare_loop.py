"""Running a peer: a bare loop in a process of its own that prints how many seconds its sending took."""

import asyncio
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bench.stack import cpu_percent
from shared.runtime.settings import ROOT


@dataclass(frozen=True, slots=True)
class BareRun:
    """seconds: of the sending; the process's start does not count. others: what else the machine did, in percent of one core."""

    seconds: float
    others: float


async def run_bare(module: str, arguments: Sequence[str], pids: dict[str, int]) -> BareRun:
    """Run it to its end, while the processes of `pids` rest or serve."""
    cpu, before = dict[str, float](), resource.getrusage(resource.RUSAGE_CHILDREN)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with cpu_percent(pids, cpu):
        program = [sys.executable, "-m", module, *arguments]
        process = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
        output, _ = await process.communicate()
    took, after = loop.time() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    own = 100 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / took
    return BareRun(float(output), max(0.0, cpu["others"] - own))
