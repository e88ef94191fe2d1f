"""Sending an API whatever its OpenAPI document allows, and what it does not: schemathesis against a served application."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from shared.testing.process import ApiProcess

PROGRAM: Final = str(Path(sys.executable).with_name("schemathesis"))
OPTIONS: Final = ("--no-color", "--generation-deterministic", "--max-failures", "20", "--warnings", "off")
# What a schema allows may still be refused: a cursor is opaque, a pattern is no whole rule of addresses, days may stand in the
# wrong order. A missing If-Match is answered with 428 (RFC 6585), which the check for required headers does not know.
CHECKS: Final = ("--exclude-checks", "positive_data_acceptance,missing_required_header")
HOOKS: Final = {"SCHEMATHESIS_HOOKS": "shared.testing.fuzz_hooks", "PYTHONPATH": str(Path(__file__).parents[2])}


async def assert_answers_as_documented(
    api: ApiProcess, token: str, folder: Path, *, paths: Sequence[str], examples: int = 12
) -> None:
    """Fails where an answer is not as the document says, or is a 500.

    paths: `--include-path-regex` or `--exclude-path-regex`, and its expression. folder: for what the program keeps.
    """
    command = ("run", f"{api.url}/openapi.json", "-H", f"Authorization: Bearer {token}", *paths, *OPTIONS, *CHECKS)
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *command, "--max-examples", str(examples), cwd=folder, env=os.environ | HOOKS, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    assert "request_failed" not in api.log()
