"""Whatever is sent, the analytics API answers as its OpenAPI document says and never with a 500."""

from pathlib import Path
from typing import Final

import pytest

from shared.testing.fuzz import assert_answers_as_documented
from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys

FIGURES: Final = "^/v1/(alert-counts|behavior|event|funnels|kpis|quarantined|report|retention|series)"
MONITORING: Final = "^/v1/monitoring"
UPKEEP: Final = "^/v1/(caches|optimizations|sync)"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("paths", [FIGURES, MONITORING, UPKEEP], ids=["figures", "monitoring", "upkeep"])
async def test_no_request_makes_the_api_fail(processes: Processes, signing_keys: SigningKeys, tmp_path: Path, paths: str) -> None:
    api = processes.api("analytics", RATE_LIMIT="100000/second")
    await api.ready()

    await assert_answers_as_documented(api, signing_keys.token("operator"), tmp_path, paths=("--include-path-regex", paths))
