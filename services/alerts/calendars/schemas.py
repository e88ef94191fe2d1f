"""Shapes of the calendars API."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field


class CalendarOut(BaseModel):
    """A calendar that a policy can name."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(description="A country of ISO 3166-1, or a subdivision of ISO 3166-2.", examples=["DE-BY"])
    built_at: datetime | None = Field(description="Since when its days are fixed; null until a policy names it.")


class CalendarList(BaseModel):
    """Calendars by code."""

    items: list[CalendarOut]


class CalendarDayOut(BaseModel):
    """One day of a calendar."""

    model_config = ConfigDict(from_attributes=True)

    day: date
    is_business: bool = Field(description="Neither a weekend, which is the country's own, nor a holiday.")
    holiday: str | None = Field(description="The holiday's name, where the day is one.", examples=["Good Friday"])


class CalendarDays(BaseModel):
    """Days of a calendar, in order."""

    code: str = Field(examples=["DE-BY"])
    business_days: int = Field(description="How many of the days shown are business days.", examples=[20])
    items: list[CalendarDayOut]
