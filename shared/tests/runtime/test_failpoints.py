"""Failpoints do nothing unless the fault suite asks."""

import subprocess
import sys

import pytest

from shared.runtime import failpoints
from shared.runtime.settings import ROOT

PROGRAM = "from shared.runtime.failpoints import failpoint, mutated; failpoint('a'); print('went on', mutated('fence'))"


def _run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PROGRAM], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)


def test_without_being_asked_a_failpoint_does_nothing() -> None:
    assert _run().stdout == "went on False\n"
    assert not failpoints.mutated("inbox")


@pytest.mark.parametrize("rules", ["b=kill", "a=kill:0", "a=sleep0"])
def test_a_failpoint_of_another_name_chance_or_kind_lets_the_process_live(rules: str) -> None:
    assert _run(WAYBILL_FAILPOINTS=rules).stdout == "went on False\n"


def test_a_failpoint_kills_its_process_once_where_it_is_to_fire_once(tmp_path: object) -> None:
    asked = {"WAYBILL_FAILPOINTS": "a=kill", "WAYBILL_FAILPOINT_ONCE": str(tmp_path)}

    assert [_run(**asked).returncode for _ in range(2)] == [-9, 0]


def test_a_failpoint_may_raise_and_a_mutant_says_so() -> None:
    assert "FailpointError: a" in _run(WAYBILL_FAILPOINTS="a=raise").stderr
    assert _run(WAYBILL_MUTANT="receipts,fence").stdout == "went on True\n"
