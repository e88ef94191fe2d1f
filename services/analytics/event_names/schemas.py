"""Shapes of the names of events."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.analytics.event_names.catalogue_models import EventName

_Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$")]


class EventNameIn(BaseModel):
    """What events of a name mean."""

    model_config = ConfigDict(extra="forbid")

    description: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$", examples=["Somebody has asked for a brochure."])
    unit: _Word | None = Field(default=None, description="Of the events' `value`; left out where they have none.")
    dimension: _Word | None = Field(default=None, description="A property by which they are counted apart.", examples=["city"])
    dimension_values: list[_Word] = Field(
        default_factory=list, max_length=50, description="Its values that are counted apart; all others are `other`."
    )

    @model_validator(mode="after")
    def _values_with_dimension(self) -> Self:
        if (self.dimension is None) != (not self.dimension_values):
            raise ValueError("name dimension and dimension_values together, or neither")
        return self


class EventNameOut(BaseModel):
    """A kind of event."""

    name: str
    description: str
    unit: str | None
    dimension: str | None
    dimension_values: list[str]
    origin: Literal["service", "built_in", "registered"] = Field(
        description="`service`: comes by message alone, and nobody sends it by HTTP."
    )
    series: list[str] = Field(description="What is counted of it.")

    @classmethod
    def of(cls, one: EventName, origin: Literal["service", "built_in", "registered"]) -> Self:
        """As it is shown."""
        return cls(
            name=one.name,
            description=one.description,
            unit=one.unit,
            dimension=one.dimension,
            dimension_values=list(one.dimension_values),
            origin=origin,
            series=[measure.series for measure in one.all_measures()],
        )
