"""Whatever is sent, the analytics API answers as its OpenAPI document says and never with a 500."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import pytest

from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys

PROGRAM: Final = str(Path(sys.executable).with_name("schemathesis"))
OPTIONS: Final = ("--no-color", "--max-examples", "20", "--generation-deterministic", "--max-failures", "20", "--warnings", "off")
# Days may stand in the wrong order or lie far apart: what a schema allows may still be refused.
CHECKS: Final = ("--exclude-checks", "positive_data_acceptance")


@pytest.mark.timeout(180)
async def test_no_request_makes_the_api_fail(processes: Processes, signing_keys: SigningKeys, tmp_path: Path) -> None:
    api = processes.api("analytics", RATE_LIMIT="100000/second")
    await api.ready()
    authorization = f"Authorization: Bearer {signing_keys.token('operator')}"
    ours = ("--include-path-regex", "^/v1/alert-counts")

    command = ("run", f"{api.url}/openapi.json", "-H", authorization, *ours, *OPTIONS, *CHECKS)
    process = await asyncio.create_subprocess_exec(PROGRAM, *command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    assert "request_failed" not in api.log()
