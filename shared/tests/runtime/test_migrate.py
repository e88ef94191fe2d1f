"""Where migrations get the owner's login from."""

from pathlib import Path

import pytest

from shared.runtime import migrate
from shared.runtime.settings import SettingsError

URL = "postgresql://trips_owner:secret@db/waybill"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
    monkeypatch.setenv("WAYBILL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(migrate, "SECRETS", tmp_path)


@pytest.mark.parametrize("name", ["DATABASE_OWNER_URL", "database_owner_url"])
def test_the_owners_login_is_found_among_the_secrets_as_a_mounted_secret_shows_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / name).write_text(f"{URL}\n")
    (tmp_path / name).symlink_to(f"..data/{name}")

    assert migrate.owner_url("trips") == URL


def test_the_environment_goes_before_the_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "DATABASE_OWNER_URL").write_text("postgresql://other@db/waybill")
    monkeypatch.setenv("DATABASE_OWNER_URL", URL)

    assert migrate.owner_url("trips") == URL


def test_a_login_that_is_nowhere_is_asked_for_by_name() -> None:
    with pytest.raises(SettingsError, match="DATABASE_OWNER_URL is not set"):
        migrate.owner_url("trips")
