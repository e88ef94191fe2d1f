"""`python -m shared.runtime.archive`: says which files are not what their manifests say, and ends with 1 where one is not."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.runtime.archive.__main__ import main, verify
from shared.runtime.http.settings import HttpSettings
from shared.testing.database import FreshDatabase

pytestmark = pytest.mark.commits


async def test_command_ends_by_what_it_has_found(
    settings: HttpSettings, fresh: FreshDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = settings.model_copy(update={"archive_dir": tmp_path, "database_url": SecretStr(fresh.url("analytics"))})
    statuses = [await verify(own)]
    (tmp_path / "analytics").mkdir()
    (tmp_path / "analytics" / "x.parquet").touch()
    (tmp_path / "analytics" / ".draft.parquet").touch()
    statuses += [await verify(own), await verify(own.model_copy(update={"archive_dir": None}))]

    assert statuses == [0, 1, 2]
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "analytics: 0 files with 0 rows are what their manifests say, 0 are not",
        "analytics: x.parquet no manifest names it: its rows may be in the database, or in another file, as well",
        "analytics: 0 files with 0 rows are what their manifests say, 1 are not",
    ]
    assert "ARCHIVE_DIR is not set" in said.err


def test_command_for_nobody_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert [main([]), main(["nobody"])] == [2, 2]
    assert "usage: python -m shared.runtime.archive alerts|" in capsys.readouterr().err
