"""The local stack's signing keys."""

import json
import stat
from pathlib import Path

import pytest

from deploy.local.failures import StackError
from deploy.local.home import Home
from deploy.local.keys import key_file, mint_token, prepare_keys
from shared.contracts.lanes import SERVICES


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.prepare()
    return home


def test_every_service_has_a_key_and_the_key_set_has_no_secret(home: Home) -> None:
    prepare_keys(home)
    entries = json.loads(home.jwks.read_text())["keys"]
    assert [entry["kid"] for entry in entries] == [*(f"service:{service}" for service in SERVICES), "issuer"]
    assert not any("d" in entry for entry in entries)
    assert stat.S_IMODE(key_file(home, "trips").stat().st_mode) == 0o600


def test_keys_stay_the_same_over_restarts(home: Home) -> None:
    prepare_keys(home)
    before = home.jwks.read_text()
    prepare_keys(home)
    assert home.jwks.read_text() == before


def test_without_a_key_the_remedy_is_named(home: Home) -> None:
    with pytest.raises(StackError, match="no key to sign tokens with yet"):
        mint_token(home, subject="operator:local")
