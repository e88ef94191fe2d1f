"""How this service's own API finds the keys that it signs with: in its database, and not over HTTP from itself."""

import time
from typing import Final

from joserfc.jwk import OKPKey

from services.analytics.signing_keys.repository import SigningKeyReader
from services.analytics.signing_keys.service import KID_PREFIX
from shared.runtime.db import Database

BELIEVED_S: Final = 10.0


class OwnKeys:
    """A KeySource."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[float, OKPKey]] = {}

    async def find(self, kid: str) -> OKPKey | None:
        """A listed key; believed for ten seconds."""
        if not kid.startswith(KID_PREFIX):
            return None
        at, key = self._known.get(kid, (float("-inf"), None))
        if key is not None and time.monotonic() - at < BELIEVED_S:
            return key
        async with self._database.read() as session:
            public = await SigningKeyReader(session).public(kid)
        self._known.pop(kid, None)
        if public is None:
            return None
        found = OKPKey.import_key(public)
        self._known[kid] = (time.monotonic(), found)
        return found
