"""The stack's folder and what is remembered in it."""

import os
import shutil
import stat
from collections import namedtuple
from pathlib import Path

import pytest

from deploy.local.credentials import load_credentials
from deploy.local.environment import as_text, read_environment, write_environments
from deploy.local.failures import StackError, relevant
from deploy.local.home import Home, write_private
from deploy.local.postgres import Cluster
from deploy.local.state import State
from shared.runtime.settings import SettingsError


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "waybill")
    home.prepare()
    return home


def test_state_is_remembered(home: Home) -> None:
    assert State.load(home) == State()
    State({"postgres": 15432}, {"postgres": "db"}, 7, 1.5).save(home)
    assert State.load(home) == State({"postgres": 15432}, {"postgres": "db"}, 7, 1.5)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"ports": {}}', '{"ports": {"postgres": "x"}, "supervisor_pid": 1, "supervisor_started": 1}']
)
def test_a_broken_state_is_named_with_its_remedy(home: Home, text: str) -> None:
    (home.path / "state.json").write_text(text)
    with pytest.raises(StackError, match=r"state\.json") as refused:
        State.load(home)
    assert refused.value.remedy == "remove it: ports are then chosen anew, the data stays"


def test_passwords_are_made_once_and_only_the_owner_reads_them(home: Home) -> None:
    first = load_credentials(home, Cluster(home).data)
    assert load_credentials(home, Cluster(home).data) == first
    assert len(set(first.values())) == len(first)
    assert stat.S_IMODE((home.path / "secrets.json").stat().st_mode) == 0o600


def test_data_without_its_passwords_is_not_overwritten(home: Home) -> None:
    cluster = Cluster(home)
    cluster.data.mkdir(parents=True)
    try:
        with pytest.raises(StackError, match="is gone"):
            load_credentials(home, cluster.data)
        assert not (home.path / "secrets.json").exists()
    finally:
        cluster.remove()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StackError, match="cannot be written: Permission denied"):
        Home(tmp_path / "waybill").prepare()


def test_a_file_in_the_way_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "waybill").write_text("")
    with pytest.raises(StackError, match="cannot be written"):
        Home(tmp_path / "waybill").prepare()


def test_a_full_disk_is_said_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(1, 1, 10 * 1024 * 1024))
    with pytest.raises(StackError, match="has 10 MB left; the stack needs 500 MB"):
        Home(tmp_path / "waybill").prepare()


def test_a_second_start_at_the_same_time_is_held_off(home: Home) -> None:
    with home.locked("start"), pytest.raises(StackError, match="another `waybill up` or `down` is at work"), home.locked("stop"):
        pass


def test_a_long_path_still_has_a_socket(tmp_path: Path) -> None:
    home = Home(tmp_path / ("long" * 30))
    assert len(str(home.socket)) < 100
    assert home.socket == Home(home.path).socket


def test_settings_are_read_back_as_they_were_written(home: Home) -> None:
    variables = {"PLAIN": "postgresql://a:b@c:1/d", "SPACED": "Waybill <a@example.com>", "EMPTY": ""}
    write_environments(home, {"alerts": variables})
    assert read_environment(home, "alerts") == variables
    assert as_text({"SPACED": "a b"}) == "SPACED='a b'\n"
    assert read_environment(home, "nobody") == {}


def test_a_private_file_is_replaced_as_a_whole(home: Home) -> None:
    path = home.path / "x"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)
    assert [left.name for left in home.path.glob("x*")] == ["x"]


def test_the_lines_that_matter_are_read_out_of_a_json_log() -> None:
    log = ['{"event": "started", "level": "info"}', '{"event": "Traceback\\n  here", "level": "error"}', "plain words"]
    assert relevant(log) == ["error: Traceback", "error:   here", "plain words"]


@pytest.mark.parametrize("service", ["alerts", "notifications", "payments", "trips", "analytics"])
def test_a_service_without_settings_stops_with_a_sentence(home: Home, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    monkeypatch.setenv("WAYBILL_HOME", str(home.path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings = importlib.import_module(f"services.{service}.settings").settings
    settings.cache_clear()
    with pytest.raises(SettingsError, match=f"{service}: DATABASE_URL is not set"):
        settings()
