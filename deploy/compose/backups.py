"""`python -m deploy.compose.backups list|restore …`: the backups that the worker has made, and bringing schemas back from one.

As the administrator, in a container that may read the volume of backups: what `waybill backup --list` and `waybill restore` are
on the local stack, with their options. Without `--into` schemas come back into the database of the stack.
"""

import sys
from collections.abc import Sequence
from typing import Final

from deploy.compose.prepare import BACKUPS
from deploy.local.cli import main as waybill
from deploy.local.environment import read_environment
from deploy.local.home import Home

USAGE: Final = "usage: docker compose run --rm backups list|restore [options of `waybill backup --list` or `waybill restore`]"


def words(arguments: Sequence[str], database: str) -> list[str]:
    """The command of the local stack that the arguments stand for. database: the administrator's URL of the stack's own."""
    if arguments[:1] == ["list"]:
        return ["backup", "--list", "--from", BACKUPS, *arguments[1:]]
    if arguments[:1] == ["restore"]:
        named = any(word == "--into" or word.startswith("--into=") for word in arguments)
        return ["restore", *([] if named else ["--into", database]), "--from", BACKUPS, *arguments[1:]]
    sys.exit(USAGE)


def main() -> None:
    """Becomes that command; the login comes from the administrator's volume."""
    settings = read_environment(Home.here(), "admin")
    sys.argv[1:] = words(sys.argv[1:], settings["ADMIN_DATABASE_URL"])
    waybill()


if __name__ == "__main__":
    main()
