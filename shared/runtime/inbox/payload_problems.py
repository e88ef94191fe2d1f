"""What is wrong with the payload of a message: in pydantic's words, but for money as other systems write it.

Contracts take a Money and nothing else, and say so by what they are: who sends `"amount": 12.5` does not know of `amount_minor`.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.contracts.money import NEVER_A_FLOAT, Money

BESIDE: Final = f"{NEVER_A_FLOAT}, beside its currency"
IN_PLACE: Final = f"{NEVER_A_FLOAT}, in the place of amount"
_BARE: Final = (int, float, str)


def problems_of(error: ValidationError) -> list[ErrorDetails]:
    """Each problem with its place. They hold what was sent, which may be personal."""
    problems = error.errors(include_url=False)
    in_place = _amounts_in_place(problems)
    return [_told(problem, in_place) for problem in problems if problem["loc"] not in in_place]


def _amounts_in_place(problems: Sequence[ErrorDetails]) -> set[tuple[int | str, ...]]:
    """Where `amount` stands in the place of `amount_minor`."""
    extra = {problem["loc"] for problem in problems if problem["type"] == "extra_forbidden"}
    missing = {
        problem["loc"][:-1] for problem in problems if problem["type"] == "missing" and problem["loc"][-1] == "amount_minor"
    }
    return extra & {(*there, "amount") for there in missing}


def _told(problem: ErrorDetails, in_place: set[tuple[int | str, ...]]) -> ErrorDetails:
    if problem["type"] == "missing" and (*problem["loc"][:-1], "amount") in in_place and problem["loc"][-1] == "amount_minor":
        return {**problem, "msg": IN_PLACE}
    is_money = problem["type"] == "model_type" and problem["ctx"]["class_name"] == Money.__name__
    return {**problem, "msg": BESIDE} if is_money and isinstance(problem["input"], _BARE) else problem
