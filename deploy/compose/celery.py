"""`python -m deploy.compose.celery …`: Celery's commands and Flower as the operator, who alone may watch and control workers."""

import os
import sys

from deploy.local.environment import read_environment
from deploy.local.home import Home
from deploy.redis.acl import OPERATOR


def main() -> None:
    """Becomes `celery …`; the login comes from the operator's volume."""
    environment = os.environ | read_environment(Home.here(), OPERATOR)
    command = [sys.executable, "-m", "celery", *sys.argv[1:]]
    os.execve(command[0], command, environment)  # noqa: S606 # it replaces this process; there is no shell


if __name__ == "__main__":
    main()
