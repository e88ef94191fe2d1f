import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.runtime.auth.api_keys import FileApiKeys, SeveralApiKeys, new_api_key, principal_of_key
from shared.runtime.auth.principal import Principal
from shared.runtime.clock import system_clock
from shared.runtime.errors import Unauthenticated

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEY, KEY_ID, HASH = new_api_key()


def stored(tmp_path: Path, **changes: Any) -> FileApiKeys:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({KEY_ID: {"hash": HASH, "scopes": ["trips:write"], **changes}}))
    return FileApiKeys(path)


async def test_a_key_tells_who_holds_it(tmp_path: Path) -> None:
    store = stored(tmp_path, roles=["viewer"], expires_at="2026-11-22T00:00:00Z")
    principal = await principal_of_key(KEY, store, lambda: NOW)

    assert (principal.id, principal.kind) == (f"api_key:{KEY_ID}", "api_key")
    assert principal.may("trips:write", "alerts:read")


@pytest.mark.parametrize(
    "text",
    [KEY[:-1], f"{KEY}x", KEY.replace(KEY_ID, "0" * 12), f"wb_{KEY_ID}_{'A' * 43}", "wb_", "wb__", f"{KEY}\n", "wb_é_é"],
    # The key is drawn anew in every process, and parallel runs compare the names of tests.
    ids=["cut", "longer", "other-id", "other-secret", "nothing", "empty", "newline", "not-ascii"],
)
async def test_another_key_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unauthenticated, match="not known"):
        await principal_of_key(text, stored(tmp_path), system_clock)


async def test_an_expired_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unauthenticated, match="has expired"):
        await principal_of_key(KEY, stored(tmp_path, expires_at="2026-11-21T00:00:00Z"), lambda: NOW)


async def test_a_removed_key_is_refused_at_once(tmp_path: Path) -> None:
    store = stored(tmp_path)
    assert isinstance(await principal_of_key(KEY, store, system_clock), Principal)
    (tmp_path / "keys.json").write_text("{}")

    with pytest.raises(Unauthenticated, match="not known"):
        await principal_of_key(KEY, store, system_clock)


async def test_a_service_without_keys_knows_none() -> None:
    with pytest.raises(Unauthenticated, match="not known"):
        await principal_of_key(KEY, SeveralApiKeys([]), system_clock)


def test_a_keys_secret_is_long_and_not_kept() -> None:
    assert len(KEY.split("_")[2]) == 43
    assert KEY.split("_")[2] not in HASH
    assert new_api_key()[0] != KEY
