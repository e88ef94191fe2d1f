"""What a worker's child does when it starts."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from shared.runtime.process import COLLECT_AFTER, settle_heap


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
