"""The states of India by their two-digit GST codes.

From the GST portal's state code list: 38 is Ladakh (a union territory since 2019-10-31), 97 is other territory, such as the
exclusive economic zone, and 99 the centre's jurisdiction. 25 was merged into 26 on 2020-01-26, and 28 is Andhra Pradesh before
its division, now 37; numbers that were given out under both are still about.
"""

from dataclasses import dataclass
from typing import Final

from services.payments.tax.errors import UnknownState

ABROAD: Final = "96"
"""As a place of supply: outside India."""


@dataclass(frozen=True, slots=True)
class State:
    """A state or union territory. has_legislature: without one, the state's half of the tax is UTGST (UTGST Act, section 1)."""

    code: str
    name: str
    has_legislature: bool = True


_STATES: Final = (
    State("01", "Jammu and Kashmir"),
    State("02", "Himachal Pradesh"),
    State("03", "Punjab"),
    State("04", "Chandigarh", has_legislature=False),
    State("05", "Uttarakhand"),
    State("06", "Haryana"),
    State("07", "Delhi"),
    State("08", "Rajasthan"),
    State("09", "Uttar Pradesh"),
    State("10", "Bihar"),
    State("11", "Sikkim"),
    State("12", "Arunachal Pradesh"),
    State("13", "Nagaland"),
    State("14", "Manipur"),
    State("15", "Mizoram"),
    State("16", "Tripura"),
    State("17", "Meghalaya"),
    State("18", "Assam"),
    State("19", "West Bengal"),
    State("20", "Jharkhand"),
    State("21", "Odisha"),
    State("22", "Chhattisgarh"),
    State("23", "Madhya Pradesh"),
    State("24", "Gujarat"),
    State("25", "Daman and Diu", has_legislature=False),
    State("26", "Dadra and Nagar Haveli and Daman and Diu", has_legislature=False),
    State("27", "Maharashtra"),
    State("28", "Andhra Pradesh (before division)"),
    State("29", "Karnataka"),
    State("30", "Goa"),
    State("31", "Lakshadweep", has_legislature=False),
    State("32", "Kerala"),
    State("33", "Tamil Nadu"),
    State("34", "Puducherry"),
    State("35", "Andaman and Nicobar Islands", has_legislature=False),
    State("36", "Telangana"),
    State("37", "Andhra Pradesh"),
    State("38", "Ladakh", has_legislature=False),
    State("97", "Other Territory", has_legislature=False),
    State("99", "Centre Jurisdiction"),
)
STATES: Final[dict[str, State]] = {state.code: state for state in _STATES}
"""What a GSTIN may begin with."""

PLACES_OF_SUPPLY: Final[dict[str, str]] = {
    **{state.code: state.name for state in _STATES if state.code != "99"},
    ABROAD: "Outside India",
}
"""Names by code of where something can be supplied to."""


def place_of_supply(code: str) -> str:
    """As invoices show it: `Maharashtra (27)`. Raises UnknownState."""
    return f"{place_name(code)} ({code})"


def place_name(code: str) -> str:
    """The name of a place of supply. Raises UnknownState."""
    name = PLACES_OF_SUPPLY.get(code)
    if name is None:
        raise UnknownState(
            "the place of supply is not a GST state code; send two digits such as 27 for Maharashtra, 96 for abroad"
        )
    return name


def supplier_state(code: str) -> State:
    """The state in which a supplier is registered. Raises UnknownState."""
    state = STATES.get(code)
    if state is None:
        raise UnknownState("the supplier's state is not a GST state code; send two digits such as 27 for Maharashtra")
    return state
