"""Whatever is sent, the API answers as its OpenAPI document says and never with a 500."""

from pathlib import Path
from typing import Final

import asyncpg
import pytest

from services.notifications.tests.mail_server import MailServer
from shared.testing.fuzz import assert_answers_as_documented
from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys

# The operations API is the runtime's, with tests of its own; a stream does not end.
LEFT_OUT: Final = ("--exclude-path-regex", "operations|/stream$")


@pytest.mark.timeout(600)
async def test_no_request_makes_the_api_fail(
    processes: Processes, mail_server: MailServer, owner: asyncpg.Connection, signing_keys: SigningKeys, tmp_path: Path
) -> None:
    api = processes.api("notifications", app=None, RATE_LIMIT="100000/second", **mail_server.environment)
    await api.ready()

    await assert_answers_as_documented(api, signing_keys.token("operator"), tmp_path, paths=LEFT_OUT, examples=15)
    assert await owner.fetchval("SELECT count(*) FROM deliveries") > 0
