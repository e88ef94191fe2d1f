"""API keys: `wb_<id>_<secret>`.

The secret has 256 random bits, so one SHA-256 of it is as safe as a slow password hash and costs microseconds. Keys have
scopes and roles, may belong to an organization, and may expire.

Most are given out by the analytics service, which tells the others of them; see `standing.py`. A file of keys
(AUTH_API_KEYS_FILE), which is asked first, is a JSON object of id -> {"hash": <SHA-256 of the secret, hex>, "scopes": [...],
"roles": [...], "organization_id": <uuid or null>, "expires_at": <ISO 8601 or null>}; removing an entry revokes the key.
"""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from shared.runtime.auth.principal import Principal
from shared.runtime.auth.scopes import granted
from shared.runtime.auth.watched_file import WatchedFile
from shared.runtime.clock import Clock
from shared.runtime.errors import Unauthenticated

PREFIX: Final = "wb_"
KEY_SUBJECT: Final = "api_key:"
"""Who holds a key is called by this and the key's id."""
_KEY: Final = re.compile(r"wb_([a-z0-9]{12})_([A-Za-z0-9]{43})")
_ID_ALPHABET: Final = string.ascii_lowercase + string.digits
_SECRET_ALPHABET: Final = string.ascii_letters + string.digits


class ApiKey(BaseModel):
    """What is kept of a key. The secret itself is shown once, to the person who creates it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    scopes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    organization_id: UUID | None = None
    expires_at: AwareDatetime | None = None


class ApiKeyStore(Protocol):
    """Finds keys by their id."""

    async def find(self, key_id: str) -> ApiKey | None: ...


class SeveralApiKeys:
    """Stores in the order in which they are asked; without any, no key is good."""

    def __init__(self, stores: Sequence[ApiKeyStore]) -> None:
        self._stores = stores

    async def find(self, key_id: str) -> ApiKey | None:
        for store in self._stores:
            found = await store.find(key_id)
            if found is not None:
                return found
        return None


class FileApiKeys:
    """Keys from a file, read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._file = WatchedFile(path, TypeAdapter(dict[str, ApiKey]).validate_json)

    async def find(self, key_id: str) -> ApiKey | None:
        return self._file.get().get(key_id)


def new_api_key() -> tuple[str, str, str]:
    """(the key to hand out, its id, the hash to keep)."""
    key_id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(12))
    secret = "".join(secrets.choice(_SECRET_ALPHABET) for _ in range(43))
    return f"{PREFIX}{key_id}_{secret}", key_id, hash_secret(secret)


def hash_secret(secret: str) -> str:
    """What is stored in place of the secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def principal_of_key(text: str, store: ApiKeyStore, clock: Clock) -> Principal:
    """Who holds the key `text`. Raises Unauthenticated, without telling an unknown id from a wrong secret."""
    match = _KEY.fullmatch(text)
    key = await store.find(match[1]) if match else None
    secret = match[2] if match else ""
    # Compared even when there is no such key, so that the time taken does not tell which ids exist.
    known = hmac.compare_digest(hash_secret(secret), key.hash if key else "0" * 64)
    if match is None or key is None or not known:
        raise Unauthenticated("the API key is not known; check that it was copied whole and has not been revoked")
    if key.expires_at is not None and key.expires_at <= clock():
        raise Unauthenticated("the API key has expired; ask for a new one")
    return Principal(
        f"{KEY_SUBJECT}{match[1]}",
        "api_key",
        granted(key.scopes, key.roles),
        frozenset(key.roles),
        key.organization_id,
        key.expires_at,
    )
