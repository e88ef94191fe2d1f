"""Whatever is sent, the alerts API answers as its OpenAPI document says and never with a 500."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

import pytest

from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys

PROGRAM: Final = str(Path(sys.executable).with_name("schemathesis"))
OPTIONS: Final = ("--no-color", "--max-examples", "20", "--generation-deterministic", "--max-failures", "20", "--warnings", "off")
# A cursor is opaque, a run may be another one's and a day may lie in the future: what a schema allows may still be refused.
# A missing If-Match is answered with 428 (RFC 6585), which the check for required headers does not know.
CHECKS: Final = ("--exclude-checks", "positive_data_acceptance,missing_required_header")
HOOKS: Final = {"SCHEMATHESIS_HOOKS": "services.alerts.tests.fuzz_hooks", "PYTHONPATH": str(Path(__file__).parents[3])}


@pytest.mark.timeout(300)
async def test_no_request_makes_the_api_fail(processes: Processes, signing_keys: SigningKeys, tmp_path: Path) -> None:
    api = processes.api("alerts", RATE_LIMIT="100000/second")
    await api.ready()
    authorization = f"Authorization: Bearer {signing_keys.token('operator')}"
    ours = ("--include-path-regex", "^/v1/(shipments|alerts|evaluations|policies|calendars)")

    command = ("run", f"{api.url}/openapi.json", "-H", authorization, *ours, *OPTIONS, *CHECKS)
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *command, cwd=tmp_path, env=os.environ | HOOKS, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    assert "request_failed" not in api.log()
