"""Texts in requests: one line each, without the blanks around it and without control characters."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def one_line(text: str) -> str:
    """The text. Raises ValueError for one that no line of a letter can hold."""
    if _CONTROLS.search(text):
        raise ValueError("has a control character; leave it out")
    return text


ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(one_line)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(one_line)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), AfterValidator(one_line)]
