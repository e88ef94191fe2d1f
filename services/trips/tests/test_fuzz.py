"""Whatever is sent, the trips API answers as its OpenAPI document says and never with a 500."""

from pathlib import Path
from typing import Final

import pytest

from shared.testing.fuzz import assert_answers_as_documented
from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys

# The operations API is the runtime's, with tests of its own.
LEFT_OUT: Final = ("--exclude-path-regex", "operations")


@pytest.mark.timeout(600)
async def test_no_request_makes_the_api_fail(processes: Processes, signing_keys: SigningKeys, tmp_path: Path) -> None:
    api = processes.api("trips", RATE_LIMIT="100000/second")
    await api.ready()

    await assert_answers_as_documented(api, signing_keys.token("operator"), tmp_path, paths=LEFT_OUT, examples=3)
