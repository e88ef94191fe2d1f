"""Texts in requests: one line each, without the blanks around it and without control characters."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from shared.contracts.notifications.fields import REFERENCE

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def one_line(text: str) -> str:
    """The text. Raises ValueError for one that no line can hold."""
    if _CONTROLS.search(text):
        raise ValueError("has a control character; leave it out")
    return text


ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(one_line)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(one_line)]
PlaceLabel = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), AfterValidator(one_line)]
PlaceAddress = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(one_line)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), AfterValidator(one_line)]

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$", examples=["oxygen"])]
"""What people agree on to call a skill, a piece of equipment, a type of trip."""


def _each_once(names: list[str]) -> list[str]:
    return sorted(set(names))


Names = Annotated[list[Name], Field(max_length=20), AfterValidator(_each_once)]
"""A set of them."""

Reference = Annotated[
    str,
    Field(max_length=200, pattern=REFERENCE),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": 200,
            "pattern": REFERENCE,
            "examples": ["payments.customer:019a9f5e-1b00-7e21-b7c4-90ab12cd34ef"],
        }
    ),
]
"""A person by the service that owns them."""
