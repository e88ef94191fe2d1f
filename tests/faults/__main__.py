"""`python -m tests.faults [--smoke] [--seed N] [--only NAME] [--list]`. Exit 1 when a scenario fails."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from shared.contracts import registry
from shared.testing.probe import contracts
from tests.faults.failpoints import failpoints
from tests.faults.report import line, table
from tests.faults.scenario import Result, Scenario, run
from tests.faults.scenarios import SCENARIOS
from tests.faults.servers import running


def main() -> int:
    """Run the scenarios asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a few scenarios with less load, for every commit")
    parser.add_argument("--seed", default="1", help="repeats a run's random choices")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="those whose name contains this; may be repeated"
    )
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="copy the logs of every process there")
    parser.add_argument("--list", action="store_true", help="print the scenarios' names")
    options = parser.parse_args()
    chosen = [
        one
        for one in SCENARIOS
        if (one.smoke or not options.smoke or options.only)
        and (not options.only or any(part in one.name for part in options.only))
    ]
    if options.list:
        print("\n".join(f"{one.name}{'  (smoke)' if one.smoke else ''}" for one in chosen))
        return 0
    if not chosen:
        print(f"no scenario is named like {', '.join(options.only)}; --list shows all", file=sys.stderr)
        return 2
    registry.include(contracts)
    print(f"seed {options.seed}, {len(chosen)} scenarios, failpoints: {', '.join(failpoints())}", flush=True)
    started = time.monotonic()
    results = asyncio.run(_run(chosen, options.seed, options.logs, smoke=options.smoke))
    print(table(results))
    passed = sum(result.passed for result in results)
    print(f"{passed} of {len(results)} scenarios passed in {time.monotonic() - started:.0f} s, seed {options.seed}")
    return 0 if passed == len(results) else 1


async def _run(chosen: Sequence[Scenario], seed: str, logs: Path | None, *, smoke: bool) -> list[Result]:
    results = []
    async with running(seed) as servers:
        for scenario in chosen:
            results.append(await run(servers, scenario, smoke=smoke, logs=logs))
            print(line(results[-1]), flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main())
