"""What a service says of itself, for its API and for whoever asks it."""

from typing import Literal

from pydantic import BaseModel, Field


class Check(BaseModel):
    """One thing that the service needs. problem: what is wrong, null when nothing is."""

    ok: bool
    problem: str | None = Field(None, examples=["does not answer within 2 s"])


class Live(BaseModel):
    status: Literal["live"] = "live"


class Ready(BaseModel):
    status: Literal["ready"] = "ready"
    checks: dict[str, Check] = Field(examples=[{"database": {"ok": True, "problem": None}}])


class Version(BaseModel):
    """contracts: digest of all message contracts; two services with the same digest speak the same language."""

    service: str = Field(examples=["alerts"])
    version: str = Field(examples=["0.1.0"])
    contracts: str = Field(examples=["9f86d081884c"])
