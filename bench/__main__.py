"""`python -m bench <name> [options]`: run one benchmark."""

import importlib
import sys
from typing import Final

BENCHMARKS: Final = {
    "alerts": "bench.alerts.run",
    "analytics": "bench.analytics.run",
    "email": "bench.email.run",
    "matching": "bench.matching.run",
    "messages": "bench.messages.run",
    "payments": "bench.payments.run",
    "task_history": "bench.analytics.task_history",
    "trips": "bench.trips.run",
}


def main() -> int:
    """Run the benchmark that the first argument names."""
    if len(sys.argv) < 2 or sys.argv[1] not in BENCHMARKS:
        print(f"usage: python -m bench {'|'.join(BENCHMARKS)} [--help]", file=sys.stderr)
        return 2
    module = importlib.import_module(BENCHMARKS[sys.argv[1]])
    result: int = module.main(sys.argv[2:])
    return result


if __name__ == "__main__":
    sys.exit(main())
