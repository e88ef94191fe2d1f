"""A folder with the committed form of one message, as it stood before somebody changed the message."""

from pathlib import Path

import pytest

from shared.contracts.documents import as_text, write
from tests.contracts.refund_order import NAME, SAMPLE, RefundOrder


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    """The schema and one sample of RefundOrder."""
    for part in ("schemas", "samples"):
        (tmp_path / part).mkdir()
    (tmp_path / "samples" / f"{NAME}.json").write_text(as_text([SAMPLE]))
    assert write({NAME: RefundOrder}, tmp_path) == []
    return tmp_path
