"""Whatever is sent, a served application answers as its OpenAPI document says and never with a 500."""

from pathlib import Path
from typing import Final

import asyncpg
import pytest

from shared.testing.fuzz import assert_answers_as_documented
from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys

# /v1/broken and a door of /v1/doors fail on purpose, and /v1/scarce is limited on purpose; the operations API has tests of its
# own.
LEFT_OUT: Final = ("--exclude-path-regex", "broken|doors|scarce|fetched|operations")


@pytest.mark.timeout(600)
async def test_no_request_makes_the_application_fail(
    processes: Processes, notes: asyncpg.Connection, signing_keys: SigningKeys, tmp_path: Path
) -> None:
    api = processes.api("alerts", app="shared.tests.http.served:app", RATE_LIMIT="100000/second")
    await api.ready()

    await assert_answers_as_documented(api, signing_keys.token("operator"), tmp_path, paths=LEFT_OUT)
    assert await notes.fetchval("SELECT count(*) FROM notes") > 0
