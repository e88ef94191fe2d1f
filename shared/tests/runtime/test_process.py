"""What a worker's child and an API do when they start."""

import gc
import os
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from shared.runtime.process import COLLECT_AFTER, settle_heap
from shared.runtime.settings import ROOT
from shared.testing.tokens import SigningKeys

_API = "import gc; from services.trips.app import app; print(gc.get_freeze_count() > len(gc.get_objects()))"


class _Ring:
    """Garbage that only a search finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def heap() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


@pytest.mark.usefixtures("heap")
def test_what_a_child_is_born_with_is_left_out_of_every_search_for_garbage() -> None:
    born_with = [object() for _ in range(100)]

    settle_heap()

    assert not any(known is born_with for known in gc.get_objects())


@pytest.mark.usefixtures("heap")
def test_garbage_of_later_is_still_found() -> None:
    settle_heap()
    lost = weakref.ref(_Ring())

    _ = [[] for _ in range(2 * COLLECT_AFTER)]

    assert lost() is None


def test_what_an_api_is_built_of_is_left_out_of_every_search_for_garbage(signing_keys: SigningKeys) -> None:
    servers = {"DATABASE_URL": "postgresql://trips@127.0.0.1/trips", "REDIS_URL": "redis://127.0.0.1/0"}
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "AUTH_JWKS": str(signing_keys.jwks_file), **servers}

    built = subprocess.run([sys.executable, "-c", _API], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)

    assert built.stdout == "True\n", built.stderr
