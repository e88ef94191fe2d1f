"""Shapes of logins and sessions."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.analytics.access_fields import NewPassword, Password
from services.analytics.sessions.models import Because


class Credentials(BaseModel):
    """Who logs in."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(min_length=1, max_length=254, pattern=r"^[^\x00]+$", examples=["ann@example.com"])
    password: Password


class PasswordChange(Credentials):
    """Who chooses another password: with the one that was given out for once, or the one there is."""

    new_password: NewPassword


class RefreshIn(BaseModel):
    """A refresh token."""

    model_config = ConfigDict(extra="forbid")

    refresh_token: str = Field(pattern=r"^wr_[A-Za-z0-9_-]{43}$", examples=["wr_Zk3vQ9x0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r"])


class Tokens(BaseModel):
    """What lets somebody in (RFC 6749 §5.1)."""

    access_token: str = Field(description="A JSON Web Token, good for minutes, at every service.")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a kind of token
    expires_in: int = Field(description="Seconds.")
    refresh_token: str = Field(description="Good once, for the next two of these.")
    refresh_expires_at: datetime
    session_id: UUID
    operator_id: UUID


class SessionOut(BaseModel):
    """A session."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    operator_id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime = Field(description="However often it is gone on with.")
    address: str
    user_agent: str
    ended_at: datetime | None
    ended_because: Because | None
