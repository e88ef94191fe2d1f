"""The public keys that may have signed a token: JWK Sets (RFC 7517) from files and URLs.

Rotation is: publish the new key, sign with it, and remove the old key when the last token it signed has expired. A file is
read again when it changes. A URL is fetched again after five minutes, and at once, but at most every ten seconds,
when a token names a key id that is not known. While the URL cannot be reached, the keys last seen are trusted for an hour.
"""

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.runtime.auth.keys import CURVE
from shared.runtime.auth.watched_file import WatchedFile
from shared.runtime.errors import Unavailable
from shared.runtime.settings import comma_separated

logger = logging.getLogger(__name__)

FRESH_S: Final = 300.0
RETRY_S: Final = 10.0
TRUSTED_S: Final = 3600.0
FETCH_TIMEOUT_S: Final = 3.0

Keys = dict[str, OKPKey]


class KeySource(Protocol):
    """Finds public keys by their id."""

    async def find(self, kid: str) -> OKPKey | None:
        """The key, or None when no such key may sign. Raises Unavailable when nobody can tell."""
        ...


def key_source(location: str | None) -> KeySource:
    """The sources that AUTH_JWKS names: URLs and paths, or nothing."""
    sources = [_source(one) for one in comma_separated(location or "")]
    return sources[0] if len(sources) == 1 else SeveralKeys(sources)


def _source(location: str) -> KeySource:
    if location.startswith(("https://", "http://")):
        return UrlKeys(location)
    return FileKeys(Path(location.removeprefix("file://")))


def parse_jwks(text: str) -> Keys:
    """The Ed25519 keys of a key set, by id. Keys of other kinds belong to others and are passed over."""
    found: Keys = {}
    for entry in json.loads(text)["keys"]:
        if entry.get("kty") != "OKP" or entry.get("crv") != CURVE or not entry.get("kid") or entry.get("use", "sig") != "sig":
            continue
        public: dict[str, Any] = {name: entry[name] for name in ("kty", "crv", "x", "kid") if name in entry}
        try:
            found[str(entry["kid"])] = OKPKey.import_key(public)
        except JoseError as error:
            raise ValueError(f"the key {entry['kid']!r} is not a valid JWK") from error
    return found


class SeveralKeys:
    """Key sets in the order in which they were named; of none, no token can be good. A key that two have is the first one's."""

    def __init__(self, sources: Sequence[KeySource]) -> None:
        self._sources = sources

    async def find(self, kid: str) -> OKPKey | None:
        unreadable: Unavailable | None = None
        for source in self._sources:
            try:
                found = await source.find(kid)
            except Unavailable as error:
                unreadable = error
                continue
            if found is not None:
                return found
        if unreadable is not None:
            raise unreadable
        return None


class FileKeys:
    """A key set in a file."""

    def __init__(self, path: Path) -> None:
        self._file = WatchedFile(path, parse_jwks)

    async def find(self, kid: str) -> OKPKey | None:
        return self._file.get().get(kid)


class UrlKeys:
    """A key set at a URL, such as an OpenID provider's `jwks_uri`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: Keys = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, kid: str) -> OKPKey | None:
        # A known key need not wait for a refresh that is under way; an unknown one may be what the refresh brings.
        if self._is_due(kid) and not (kid in self._keys and self._lock.locked()):
            async with self._lock:
                # Whoever waited here finds that the one before has fetched already.
                if self._is_due(kid):
                    await self._fetch()
        if time.monotonic() - self._fetched_at > TRUSTED_S:
            raise Unavailable(
                "the keys that sign tokens cannot be fetched; try again", headers={"Retry-After": str(int(RETRY_S))}
            )
        return self._keys.get(kid)

    def _is_due(self, kid: str) -> bool:
        now = time.monotonic()
        wanted = kid not in self._keys or now - self._fetched_at > FRESH_S
        return wanted and now - self._tried_at > RETRY_S

    async def _fetch(self) -> None:
        try:
            async with httpx.AsyncClient(timeout=FETCH_TIMEOUT_S) as client:
                response = await client.get(self._url)
            response.raise_for_status()
            self._keys = parse_jwks(response.text)
            self._fetched_at = time.monotonic()
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            logger.warning("jwks_not_fetched", extra={"url": self._url, "error": type(error).__name__})
        self._tried_at = time.monotonic()
