"""Whatever is sent, the API answers as its OpenAPI document says and never with a 500."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from services.notifications.tests.mail_server import MailServer
from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys

PROGRAM: Final = str(Path(sys.executable).with_name("schemathesis"))
OPTIONS: Final = ("--no-color", "--max-examples", "15", "--generation-deterministic", "--max-failures", "20", "--warnings", "off")
# A cursor is opaque and a pattern is no whole rule of addresses: what a schema allows may still be refused.
CHECKS: Final = ("--exclude-checks", "positive_data_acceptance")


@pytest.mark.timeout(180)
async def test_no_request_makes_the_api_fail(
    processes: Processes, mail_server: MailServer, owner: asyncpg.Connection, signing_keys: SigningKeys, tmp_path: Path
) -> None:
    served = processes.api("notifications", app=None, RATE_LIMIT="100000/second", **mail_server.environment)
    await served.ready()
    authorization = f"Authorization: Bearer {signing_keys.token('operator')}"
    # The operations API is the runtime's, with tests of its own.
    arguments = [f"{served.url}/openapi.json", "-H", authorization, "--exclude-path-regex", "operations", *OPTIONS, *CHECKS]
    process = await asyncio.create_subprocess_exec(PROGRAM, "run", *arguments, cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    assert "request_failed" not in served.log()
    assert await owner.fetchval("SELECT count(*) FROM deliveries") > 0
