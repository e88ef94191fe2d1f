"""Shapes of the counts of raised alerts."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


class CountsOut(BaseModel):
    """How many alerts were raised, by severity."""

    model_config = ConfigDict(from_attributes=True)

    info: int = Field(examples=[4])
    warning: int = Field(examples=[2])
    high: int = Field(examples=[0])
    critical: int = Field(examples=[1])
    total: int = Field(description="Of all severities.", examples=[7])


class DayOut(BaseModel):
    """What was raised on one day."""

    day: date = Field(description="The day that was evaluated, in UTC.", examples=["2026-11-20"])
    raised: CountsOut


class AlertCountsOut(BaseModel):
    """What was raised in a range of days."""

    days: list[DayOut] = Field(description="Every day of the range, the first one first; zeros where nothing was raised.")
    totals: CountsOut = Field(description="Of the whole range.")
