"""What the nouns of the operations API share on the wire."""

import re
from typing import Annotated, Any, Final

import orjson
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")

Sentence = Annotated[str, Field(min_length=3, max_length=500)]


class Shown(BaseModel):
    """What is read from a row."""

    model_config = ConfigDict(from_attributes=True)


class Asked(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Why(Asked):
    """The body of every change: the reason, kept in the audit."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the provider is down until noon"}]})

    reason: Sentence = Field(description="Why you do this, for whoever reads the audit.")


def _written_out(value: Any) -> Any:
    # A bare number would be taken for seconds since 1970, and "since 5" would mean everything.
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError("write the moment out with its time zone, as 2026-03-02T09:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
"""A time as RFC 3339 writes it."""


def _as_json(value: Any) -> Any:
    try:
        return orjson.loads(value) if isinstance(value, str) else value
    except orjson.JSONDecodeError:
        # A raw envelope, or JSON that a response cannot carry, such as a lone surrogate: shown as the text that it is.
        return value


Body = Annotated[
    Any,
    BeforeValidator(_as_json),
    Field(description="JSON, or the raw text where it is none. Null without `include=body`, and once the message is done."),
]
