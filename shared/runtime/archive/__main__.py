"""Compare a service's archives with their manifests: `python -m shared.runtime.archive <service>`.

Reads the service's settings, DATABASE_URL and ARCHIVE_DIR among them. Prints a line for each file that is not what its manifest
says, and ends with 1 where there is one.
"""

import asyncio
import importlib
import sys

from shared.contracts.lanes import SERVICES
from shared.runtime.archive.verifying import Verifying
from shared.runtime.db import Database
from shared.runtime.settings import ServiceSettings


async def verify(settings: ServiceSettings) -> int:
    """The exit status."""
    if settings.archive_dir is None:
        print(f"{settings.service}: ARCHIVE_DIR is not set, so there is nothing to compare", file=sys.stderr)
        return 2
    database = Database(settings.database_url.get_secret_value(), name=f"{settings.service}-archive", pool_size=1)
    good = rows = bad = 0
    try:
        async for finding in Verifying(database.read, settings.archive_dir, settings.service).findings():
            if finding.problem is None:
                good, rows = good + 1, rows + finding.rows
            else:
                bad += 1
                print(f"{settings.service}: {finding.file} {finding.problem}")
    finally:
        await database.close()
    print(f"{settings.service}: {good} files with {rows} rows are what their manifests say, {bad} are not")
    return 1 if bad else 0


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in SERVICES:
        print(f"usage: python -m shared.runtime.archive {'|'.join(SERVICES)}", file=sys.stderr)
        return 2
    return asyncio.run(verify(importlib.import_module(f"services.{arguments[0]}.settings").settings()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
