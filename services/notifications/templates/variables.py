"""Which variables a template takes, and whether a context has them.

A schema is an object of `{name: {"type": …, "required": …, "description": …}}`. It is asked when a message is triggered, so that
who forgets a variable is told at once and by all of their names, and not when the mail goes out.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.notifications.templates.errors import TemplateUnusable
from services.notifications.templates.models import TemplateSource

VariableType = Literal["string", "integer", "number", "boolean", "money", "date", "datetime", "list", "object"]
NAME: Final = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"
MAX_VARIABLES: Final = 200
ALWAYS: Final = (
    *("frontend_url", "backend_url", "unsubscribe_url", "preferences_url"),
    *("recipient_name", "organization_name"),
)
"""Texts that are there without being sent, as far as they are known; else they are empty."""

_CURRENCY: Final = re.compile(r"[A-Z]{3}")


class Variable(BaseModel):
    """One variable. A date is `2026-11-20`, a datetime has its offset, money is `{"amount_minor": 1250, "currency": "INR"}`."""

    model_config = ConfigDict(extra="forbid")

    type: VariableType
    required: bool = True
    description: str = Field(default="", max_length=500, pattern=r"^[^\x00]*$")


def check_context(source: TemplateSource, context: Mapping[str, JsonValue]) -> None:
    """Whether the template can be rendered with this. Raises TemplateUnusable, naming all variables that are missing or wrong.

    A required variable that is null is missing. Variables that the schema does not name are let through.
    """
    missing, wrong = [], []
    for name, variable in source.variables.items():
        value = context.get(name)
        if value is None:
            if variable["required"] and name not in ALWAYS:
                missing.append(name)
        elif not _IS[variable["type"]](value):
            wrong.append(f"{name} must be {_WORDS[variable['type']]}")
    if missing or wrong:
        said = [f"the context lacks {', '.join(sorted(missing))}"] if missing else []
        raise TemplateUnusable(
            f"template {source.name} ({source.locale}, version {source.version}): {'; '.join([*said, *sorted(wrong)])}"
        )


def completed(source: TemplateSource, context: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The context with what may be left out: null for optional variables, and an empty text for those of ALWAYS."""
    return {**dict.fromkeys(source.variables), **dict.fromkeys(ALWAYS, ""), **context}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_money(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and _is_integer(value.get("amount_minor"))
        and isinstance(value.get("currency"), str)
        and _CURRENCY.fullmatch(value["currency"]) is not None
    )


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value) is not None
    except ValueError:
        return False


def _is_datetime(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


_IS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "money": _is_money,
    "date": _is_date,
    "datetime": _is_datetime,
    "list": lambda value: isinstance(value, list | tuple),
    "object": lambda value: isinstance(value, Mapping),
}
_WORDS: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "money": 'money, such as {"amount_minor": 1250, "currency": "INR"}',
    "date": "a date, such as 2026-11-20",
    "datetime": "a time with its offset, such as 2026-11-20T14:05:00Z",
    "list": "a list",
    "object": "an object",
}
JSON_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("string", "date", "datetime"), "string"),
    **dict.fromkeys(("integer", "number"), "number"),
    **dict.fromkeys(("money", "object"), "object"),
    "boolean": "boolean",
    "list": "array",
}
"""What a value of each type is as JSON: the coarse check that a database can make of many."""

assert set(_IS) == set(JSON_TYPES) == set(_WORDS) == set(get_args(VariableType)), "each type has a check and a word"
