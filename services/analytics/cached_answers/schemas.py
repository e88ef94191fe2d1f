"""Shapes of looks at the caches."""

from datetime import datetime

from pydantic import BaseModel, Field


class Difference(BaseModel):
    """An answer that was not what the database says."""

    name: str = Field(description="The question: KPI, organization, first and last day, length of steps.")
    kept: str = Field(description="Its first 500 characters.")
    worked_out: str


class RevocationReport(BaseModel):
    """The revocations of tokens that services look for in the cache before their events have come."""

    live: int = Field(description="Of the database.")
    sampled: int = Field(description="All of them are compared.")
    different: int = Field(description="Missing in the cache, or another moment there.")
    repaired: int = Field(description="Those, written anew.")


class CacheReport(BaseModel):
    """What a look at the caches has found."""

    asked: int = Field(description="Questions that somebody has asked within the last hour.")
    refreshed: int = Field(default=0, description="Of them, those whose answers were old or gone, and are made anew.")
    dropped: int = Field(default=0, description="Questions that there are no more.")
    swept: int = Field(description="Questions that nobody has asked for a day.")
    sampled: int = Field(description="Answers that said to be up to date, and were held against the database.")
    different: int = Field(default=0, description="Of them, those that were not what it says; they are mended.")
    differences: list[Difference] = Field(default=[], description="The first 20.")
    revocations: RevocationReport = RevocationReport(live=0, sampled=0, different=0, repaired=0)


class CacheLook(BaseModel):
    """A look, and when it was."""

    at: datetime
    report: CacheReport


class CacheLooksOut(BaseModel):
    """The newest looks first."""

    items: list[CacheLook]
