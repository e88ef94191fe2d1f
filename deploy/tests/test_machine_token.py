"""The token by which Alertmanager speaks to analytics: what it opens, and when it is made anew."""

import time
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.compose.machine_token import machine_token
from deploy.local.home import Home
from deploy.local.keys import key_file, prepare_keys
from deploy.local.state import read_json
from shared.runtime.auth.keys import CURVE

DAY_S = 86_400


def made(place: Path, days_later: float = 0) -> str:
    home = Home(place)
    home.keys.mkdir(parents=True, exist_ok=True)
    prepare_keys(home)
    now = time.time() + days_later * DAY_S
    return machine_token(home, "alertmanager", audience="analytics", scopes=["analytics:write"], now=now)


def test_it_is_trusted_by_one_service_for_one_thing(tmp_path: Path) -> None:
    token = made(tmp_path)
    keys = KeySet.import_key_set(read_json(Home(tmp_path).jwks, "none"))
    claims = jwt.decode(token, keys, algorithms=[CURVE]).claims

    assert {name: claims.get(name) for name in ("iss", "sub", "aud", "scope", "roles", "org")} == {
        "iss": "waybill",
        "sub": "machine:alertmanager",
        "aud": "analytics",
        "scope": "analytics:write",
        "roles": [],
        "org": None,
    }
    assert claims["exp"] > time.time() + 365 * DAY_S


def test_it_is_the_same_until_its_last_sixty_days(tmp_path: Path) -> None:
    first = made(tmp_path)

    assert made(tmp_path, days_later=336) == first
    assert made(tmp_path, days_later=338) != first


def test_another_issuers_key_makes_another_one(tmp_path: Path) -> None:
    first = made(tmp_path)
    key_file(Home(tmp_path), "issuer").unlink()

    assert made(tmp_path) != first


def test_a_file_that_holds_none_is_replaced(tmp_path: Path) -> None:
    made(tmp_path)
    (Home(tmp_path).keys / "alertmanager.token").write_text("none")

    assert made(tmp_path).count(".") == 2
