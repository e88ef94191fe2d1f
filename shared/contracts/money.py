"""Money as integer minor units. The rules of currencies, rounding and allocation belong to payments."""

import re
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_WHOLE: Final = re.compile(r"-?[0-9]+")
NEVER_A_FLOAT: Final = "money is never a float: give amount_minor as an integer number of minor units (12.50 INR is 1250)"


def _refuse_float(value: Any) -> Any:
    # pydantic would take "12.0" for 12, and who writes it means twelve whole units of the currency.
    if isinstance(value, float) or (isinstance(value, str) and not _WHOLE.fullmatch(value)):
        raise ValueError(NEVER_A_FLOAT)
    if isinstance(value, bool):
        raise ValueError("money is never a truth value: give amount_minor as an integer number of minor units")
    return value


AmountMinor = Annotated[int, Field(ge=-(2**63), lt=2**63), BeforeValidator(_refuse_float)]
"""An integer number of the currency's minor units."""


class Money(BaseModel):
    """An amount and its ISO 4217 currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount_minor: AmountMinor
    currency: str = Field(pattern=r"^[A-Z]{3}$")
