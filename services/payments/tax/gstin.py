"""GSTINs, the tax numbers of registered businesses in India.

Two digits of the state, the holder's PAN, a letter or digit from 1 that counts registrations in the state, Z, and a check
character by Luhn modulo 36. PAN and check character are python-stdnum's; its state table ends at 37 and would refuse Ladakh.
"""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, WithJsonSchema
from stdnum import luhn
from stdnum.exceptions import ValidationError
from stdnum.in_ import pan

from services.payments.tax.errors import InvalidGstin
from services.payments.tax.states import STATES

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHAPE: Final = re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]")


def valid_gstin(number: str) -> str:
    """The number in capitals without spaces and hyphens. Raises InvalidGstin with what is wrong, without the number."""
    compact = re.sub(r"[\s-]", "", number).upper()
    if not _SHAPE.fullmatch(compact):
        raise InvalidGstin("a GSTIN is 15 characters: state code, PAN, 1-9 or A-Z, Z, check character, such as 27AAPFU0939F1ZV")
    if compact[:2] not in STATES:
        raise InvalidGstin("the first two digits of the GSTIN are no state code")
    try:
        pan.validate(compact[2:12])
    except ValidationError:
        raise InvalidGstin("the third to twelfth characters of the GSTIN are no PAN") from None
    try:
        luhn.validate(compact, _ALPHABET)
    except ValidationError:
        raise InvalidGstin("the last character of the GSTIN does not fit the others; one of them is mistyped") from None
    return compact


def state_of(gstin: str) -> str:
    """The code of the state in which a valid GSTIN is registered."""
    return gstin[:2]


def _checked(number: str) -> str:
    try:
        return valid_gstin(number)
    except InvalidGstin as error:
        raise ValueError(error.detail) from None


Gstin = Annotated[
    str,
    AfterValidator(_checked),
    WithJsonSchema({"type": "string", "minLength": 15, "maxLength": 30, "examples": ["27AAPFU0939F1ZV"]}),
]
"""A GSTIN in a request."""
