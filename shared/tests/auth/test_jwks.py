import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from shared.runtime.auth import jwks as jwks_module
from shared.runtime.auth.jwks import FileKeys, SeveralKeys, UrlKeys, key_source, parse_jwks
from shared.runtime.auth.keys import generate_keypair, jwks, read_private_key
from shared.runtime.errors import Unavailable
from shared.runtime.settings import SettingsError

OLD, NEW = generate_keypair("old"), generate_keypair("new")


class KeyServer:
    """Serves whatever `document` is, over a socket; None is an outage."""

    def __init__(self) -> None:
        self.document: str | None = json.dumps(jwks([OLD[1]]))
        self.fetches = 0
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.fetches += 1
        body = (self.document or "").encode()
        status = b"200 OK" if self.document is not None else b"502 Bad Gateway"
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body), body))
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[KeyServer]:
    key_server = KeyServer()
    listening = await asyncio.start_server(key_server.answer, "127.0.0.1", 0)
    key_server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/jwks.json"
    async with listening:
        yield key_server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    replace(path, json.dumps(jwks([OLD[1]])))
    return path


def replace(path: Path, content: str) -> None:
    path.write_text(content)


async def test_a_file_is_read_again_when_it_changes(file: Path) -> None:
    keys = FileKeys(file)
    assert (await keys.find("old"), await keys.find("new")) != (None, None)
    replace(file, json.dumps(jwks([OLD[1], NEW[1]])))
    assert await keys.find("new") is not None
    replace(file, json.dumps(jwks([NEW[1]])))

    assert await keys.find("old") is None


async def test_a_file_that_breaks_leaves_the_former_keys_in_force(file: Path) -> None:
    keys = FileKeys(file)
    assert await keys.find("old") is not None

    for broken in ("{", '{"keys": 1}', '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "old", "x": "!"}]}'):
        replace(file, broken)
        assert await keys.find("old") is not None


async def test_a_file_that_never_was_good_is_an_outage_and_not_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"jwks\.json cannot be used yet"):
        await FileKeys(tmp_path / "jwks.json").find("old")


async def test_a_url_is_fetched_once_for_many_requests(server: KeyServer) -> None:
    keys = UrlKeys(server.url)
    found = await asyncio.gather(*(keys.find("old") for _ in range(10)))

    assert all(key is not None for key in found)
    assert server.fetches == 1


async def test_a_new_key_is_fetched_at_once_but_unknown_ones_not_each_time(
    server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = UrlKeys(server.url)
    await keys.find("old")
    server.document = json.dumps(jwks([OLD[1], NEW[1]]))
    too_early = [await keys.find("new") for _ in range(5)]
    monkeypatch.setattr(jwks_module, "RETRY_S", 0.0)

    assert (too_early, server.fetches) == ([None] * 5, 1)
    assert await keys.find("new") is not None
    assert server.fetches == 2


async def test_keys_outlive_an_outage_of_their_server_for_a_time(server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = UrlKeys(server.url)
    await keys.find("old")
    server.document = None
    monkeypatch.setattr(jwks_module, "FRESH_S", 0.0)
    monkeypatch.setattr(jwks_module, "RETRY_S", 0.0)
    assert await keys.find("old") is not None
    monkeypatch.setattr(jwks_module, "TRUSTED_S", 0.0)

    with pytest.raises(Unavailable, match="cannot be fetched"):
        await keys.find("old")


def test_keys_of_other_kinds_are_passed_over() -> None:
    others = [
        {"kty": "RSA", "kid": "r", "n": "AQ", "e": "AQAB"},
        {"kty": "oct", "kid": "s", "k": "AAAA"},
        {**OLD[1], "use": "enc"},
    ]

    assert list(parse_jwks(json.dumps({"keys": [*others, NEW[1]]}))) == ["new"]


async def test_without_a_location_no_key_is_trusted() -> None:
    source = key_source(None)

    assert isinstance(source, SeveralKeys)
    assert await source.find("old") is None


async def test_several_places_are_asked_in_their_order_and_one_that_is_away_hides_no_other(tmp_path: Path) -> None:
    for name, (_, public) in {"first": OLD, "second": NEW}.items():
        (tmp_path / name).write_text(json.dumps(jwks([public])))
    source = key_source(f"{tmp_path / 'first'}, http://127.0.0.1:9/jwks.json, {tmp_path / 'second'}")

    assert await source.find("old") is not None
    assert await source.find("new") is not None
    with pytest.raises(Unavailable):
        await source.find("neither")


def test_a_private_key_is_kept_out_of_a_key_set() -> None:
    with pytest.raises(ValueError, match="must not go into a key set"):
        jwks([OLD[0]])


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps(OLD[1])])
def test_a_file_that_holds_no_private_key_stops_the_start(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key.jwk"
    path.write_text(content)

    with pytest.raises(SettingsError, match="is not a private Ed25519 JWK"):
        read_private_key(path)
