"""Fields that the nouns of access share."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

from shared.runtime.auth.scopes import SCOPES

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def one_line(text: str) -> str:
    """The text. Raises ValueError for one that no line can hold."""
    if _CONTROLS.search(text):
        raise ValueError("has a control character; leave it out")
    return text


def _known_scopes(scopes: list[str]) -> list[str]:
    unknown = sorted(set(scopes) - SCOPES)
    if unknown:
        raise ValueError(f"there is no scope {unknown[0]}; there are {', '.join(sorted(SCOPES))}")
    return sorted(set(scopes))


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(one_line)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500), AfterValidator(one_line)]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=r"^[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]+\.[^\s@.]{2,}$"
    ),
    AfterValidator(one_line),
    Field(examples=["ann@example.com"]),
]
NewPassword = Annotated[str, Field(min_length=12, max_length=128, description="12 characters at least.")]
Password = Annotated[str, Field(min_length=1, max_length=128)]
Scopes = Annotated[list[str], Field(min_length=1, max_length=15, examples=[["trips:read"]]), AfterValidator(_known_scopes)]
