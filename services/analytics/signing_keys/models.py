"""Keys that sign operators' tokens, as the database holds them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.runtime.auth.keys import Jwk


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One. sealed: its private half. listed_until: None while no other key follows it."""

    id: UUID
    kid: str
    public_jwk: Jwk
    sealed: bytes
    sealed_under: str
    created_at: datetime
    created_by: str
    signs_from: datetime
    listed_until: datetime | None
