"""Statements on signing keys. Their times are the database's: every process has to agree on which key signs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import text

from services.analytics.signing_keys.models import SigningKey
from shared.runtime.auth.keys import Jwk
from shared.runtime.db import ReadSession, Session
from shared.runtime.operations.tables import AnyRow

_COLUMNS: Final = "id, kid, public_jwk, sealed, sealed_under, created_at, created_by, signs_from, listed_until"
_LISTED: Final = text(f"""
    SELECT {_COLUMNS} FROM signing_keys WHERE listed_until IS NULL OR listed_until > now() ORDER BY signs_from DESC, id DESC
""")  # noqa: S608 - put together from constants of this module
_PUBLIC: Final = text("SELECT public_jwk FROM signing_keys WHERE kid = :kid AND (listed_until IS NULL OR listed_until > now())")
_SIGNING: Final = text(f"""
    SELECT {_COLUMNS} FROM signing_keys
     WHERE signs_from <= now() AND (listed_until IS NULL OR listed_until > now()) ORDER BY signs_from DESC, id DESC LIMIT 1
""")  # noqa: S608 - as above
_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('waybill-signing-keys', 0))")
_ADD: Final = text(f"""
    INSERT INTO signing_keys (id, kid, public_jwk, sealed, sealed_under, created_at, created_by, signs_from)
    VALUES (:id, :kid, CAST(:public_jwk AS jsonb), :sealed, :sealed_under, now(), :created_by,
            now() + make_interval(secs => :signs_in_s))
    RETURNING {_COLUMNS}
""")  # noqa: S608 - as above
# The last token that the former keys sign is made right before the new one takes over.
_RETIRE: Final = text("""
    UPDATE signing_keys SET listed_until = now() + make_interval(secs => :listed_s)
     WHERE kid <> :but AND (listed_until IS NULL OR listed_until > now() + make_interval(secs => :listed_s))
""")
_LOSE: Final = text("UPDATE signing_keys SET listed_until = now() WHERE kid = :kid RETURNING kid")
_FORGET: Final = text("UPDATE signing_keys SET sealed = '' WHERE listed_until < now() AND sealed <> ''")


class SigningKeyReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def listed(self) -> Sequence[SigningKey]:
        """Those whose tokens are good, the newest first."""
        return [_key(row) for row in await self._session.execute(_LISTED)]

    async def public(self, kid: str) -> Jwk | None:
        """The public half of a listed one."""
        row = (await self._session.execute(_PUBLIC, {"kid": kid})).one_or_none()
        return row.public_jwk if row is not None else None


class SigningKeyRepository(SigningKeyReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def signing(self) -> SigningKey | None:
        """The one that signs now."""
        row = (await self._writing.execute(_SIGNING)).one_or_none()
        return _key(row) if row is not None else None

    async def alone(self) -> None:
        """Nobody else makes a key until the unit of work ends."""
        await self._writing.execute(_ALONE)

    async def add(self, values: Mapping[str, Any], *, signs_in_s: float) -> SigningKey:
        """Write a new one, which signs after so many seconds."""
        bound = {**values, "public_jwk": json.dumps(values["public_jwk"]), "signs_in_s": signs_in_s}
        return _key((await self._writing.execute(_ADD, bound)).one())

    async def retire(self, *, but: str, listed_s: float) -> None:
        """All others are listed for so many seconds more."""
        await self._writing.execute(_RETIRE, {"but": but, "listed_s": listed_s})

    async def lose(self, kid: str) -> bool:
        """It is listed no more. Says whether there is such a key."""
        return (await self._writing.execute(_LOSE, {"kid": kid})).one_or_none() is not None

    async def forget_private_halves(self) -> None:
        """Of keys that sign nothing any more; the public half stays, to prove old checkpoints with."""
        await self._writing.execute(_FORGET)


def _key(row: AnyRow) -> SigningKey:
    return SigningKey(*row)
