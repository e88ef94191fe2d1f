"""The local stack's signing keys."""

import base64
import json
import stat
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.failures import StackError
from deploy.local.home import Home
from deploy.local.keys import key_file, make_keys, mint_token, prepare_keys
from shared.contracts.lanes import SERVICES
from shared.runtime.auth.keys import read_private_key

ORGANIZATION = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")


def claims(token: str) -> dict[str, Any]:
    """What a token says, its signature left aside."""
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


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


def test_token_names_the_organization_to_which_it_is_bound(home: Home) -> None:
    prepare_keys(home)

    tokens = [mint_token(home, subject="operator:local", organization_id=one) for one in (ORGANIZATION, None)]

    assert [claims(token).get("org") for token in tokens] == [str(ORGANIZATION), None]


def test_waybill_token_binds_to_an_organization(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_keys(home)
    monkeypatch.setenv("WAYBILL_HOME", str(home.path))

    bound, refused = (
        CliRunner().invoke(app, ["token", "--role", "operator", "--organization", one])
        for one in (str(ORGANIZATION), "Nordlicht")
    )

    assert (bound.exit_code, claims(bound.stdout)["org"], claims(bound.stdout)["roles"]) == (0, str(ORGANIZATION), ["operator"])
    assert (refused.exit_code, "Invalid value for '--organization'" in refused.output) == (2, True)


def test_without_a_key_the_remedy_is_named(home: Home) -> None:
    with pytest.raises(StackError, match="no key to sign tokens with yet"):
        mint_token(home, subject="operator:local")


def test_another_installation_gets_a_key_for_each_service_and_keeps_those_that_it_has(tmp_path: Path) -> None:
    folder = tmp_path / "my" / "keys"
    rotated = {"keys": [{"kty": "OKP", "kid": "service:payments:2"}]}
    folder.mkdir(parents=True)
    (folder / "jwks.json").write_text(json.dumps(rotated))

    first = CliRunner().invoke(app, ["keys", str(folder)])
    private = {service: read_private_key(folder / f"{service}.jwk") for service in SERVICES}
    (folder / "trips.jwk").unlink()
    second = make_keys(folder)

    assert (first.exit_code, second) == (0, ["trips.jwk"])
    entries = {entry["kid"]: entry for entry in json.loads((folder / "jwks.json").read_text())["keys"]}
    assert set(entries) == {"service:payments:2", *(f"service:{service}" for service in SERVICES)}
    assert not any("d" in entry for entry in entries.values())
    for service in set(SERVICES) - {"trips"}:
        assert read_private_key(folder / f"{service}.jwk") == private[service]
        assert entries[f"service:{service}"]["x"] == private[service]["x"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_a_folder_for_keys_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StackError, match="file/keys cannot be written"):
        make_keys(tmp_path / "file" / "keys")
