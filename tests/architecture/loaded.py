"""The five services as their processes load them: `python -m tests.architecture.loaded` prints what they are, as JSON.

A program of its own, because an API or a worker that is loaded reads settings, keeps them, and takes over the logging.
Nothing connects before it is started.
"""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, TypedDict

from shared.contracts.lanes import SERVICES
from tests.architecture.routes import find_route_problems
from tests.architecture.source import ROOT

SETTINGS = {
    "DATABASE_URL": "postgresql://app:secret@localhost:1/waybill",
    "REDIS_URL": "redis://localhost:1/0",
    "SMTP_HOST": "localhost",
    "SMTP_FROM": "Waybill <noreply@example.com>",
    "SIGNING_KEYS": "k1:a-secret-for-tests-only",
    "ADDRESS_HASH_KEY": "another-secret-for-tests",
}


class Loaded(TypedDict):
    """tasks: names, without Celery's own. queues: names. route_problems: sentences."""

    tasks: list[str]
    queues: list[str]
    creates_missing_queues: bool
    route_problems: list[str]


def load(service: str) -> Loaded:
    """What this process finds when it imports the service's worker and API."""
    worker: Any = import_module(f"services.{service}.worker").app
    app: Any = import_module(f"services.{service}.app").app
    return {
        "tasks": sorted(name for name in worker.tasks if not name.startswith("celery.")),
        "queues": sorted(queue.name for queue in worker.conf.task_queues),
        "creates_missing_queues": worker.conf.task_create_missing_queues,
        "route_problems": find_route_problems(service, app.routes),
    }


def load_apart(home: Path) -> dict[str, Loaded]:
    """`load` of each service, in a process of its own with made-up settings. home: an empty folder for local settings."""
    environment = {**SETTINGS, "WAYBILL_HOME": str(home), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "tests.architecture.loaded"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    services: dict[str, Loaded] = json.loads(done.stdout.splitlines()[-1])
    return services


if __name__ == "__main__":
    sys.stdout.write(json.dumps({service: load(service) for service in SERVICES}))
