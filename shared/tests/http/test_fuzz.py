"""Whatever is sent, a served application answers as its OpenAPI document says and never with a 500."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys

PROGRAM: Final = str(Path(sys.executable).with_name("schemathesis"))
OPTIONS: Final = ("--no-color", "--max-examples", "20", "--generation-deterministic", "--max-failures", "20", "--warnings", "off")
# A cursor is opaque, and a key or a version may be another request's: what a schema allows may still be refused.
CHECKS: Final = ("--exclude-checks", "positive_data_acceptance")


@pytest.mark.timeout(180)
async def test_no_request_makes_the_application_fail(
    processes: Processes, notes: asyncpg.Connection, signing_keys: SigningKeys, tmp_path: Path
) -> None:
    served = processes.api("alerts", app="shared.tests.http.served:app", RATE_LIMIT="100000/second")
    await served.ready()
    authorization = f"Authorization: Bearer {signing_keys.token('operator')}"
    # /v1/broken fails on purpose, and /v1/scarce is limited on purpose; the operations API has tests of its own.
    arguments = [
        f"{served.url}/openapi.json",
        "-H",
        authorization,
        "--exclude-path-regex",
        "broken|scarce|fetched|operations",
        *OPTIONS,
        *CHECKS,
    ]
    process = await asyncio.create_subprocess_exec(PROGRAM, "run", *arguments, cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    assert "request_failed" not in served.log()
    assert await notes.fetchval("SELECT count(*) FROM notes") > 0
