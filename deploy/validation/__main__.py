"""`python -m deploy.validation [--all]`: every validator, its version, and what it says. Exit code 1 when one refuses something.

--all: a validator that is not installed is a failure, too.
"""

import sys
import time

from deploy.validation.checks import CHECKS, Missing


def main(arguments: list[str]) -> int:
    """Run them all; a failure of one does not keep the others from running."""
    failed = missing = 0
    for check in CHECKS:
        started = time.monotonic()
        try:
            said, problems = check.run()
        except Missing as error:
            missing += 1
            print(f"NOT RUN  {check.name}: {error}")
            continue
        failed += bool(problems)
        print(f"{'FAILED ' if problems else 'ok     '}  {check.name}, {said}, {time.monotonic() - started:.1f} s")
        for problem in problems:
            print(f"         {problem}")
    print(f"{len(CHECKS) - failed - missing} of {len(CHECKS)} validators found nothing, {failed} failed, {missing} not run.")
    return int(failed > 0 or (missing > 0 and "--all" in arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
