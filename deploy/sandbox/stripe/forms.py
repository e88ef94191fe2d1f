"""Stripe's requests: forms with brackets in their names, and the checks of what is in them."""

import re
from typing import Any
from urllib.parse import parse_qsl

from deploy.sandbox.objects import Document
from deploy.sandbox.stripe.answers import Refused

FORM = "application/x-www-form-urlencoded"
MAX_METADATA, MAX_KEY, MAX_VALUE = 50, 40, 500
MAX_LIMIT = 100
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def form_of(text: str) -> Document:
    """`metadata[order]=7&expand[]=customer` as nested documents and lists. Raises Refused."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=1000)
    except ValueError:
        raise Refused("Invalid request: the body is not form-encoded") from None
    fields: Document = {}
    for name, value in pairs:
        found = _NAME.fullmatch(name)
        if found is None:
            raise Refused(f"Invalid parameter name: {name}", param=name)
        _put(fields, [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])], value, name)
    return fields


def _put(into: Document, path: list[str], value: str, name: str) -> None:
    *parents, last = path
    here: Any = into
    if last == "":
        *parents, last = parents
        here = _down(here, parents, name)
        listed = here.setdefault(last, [])
        if not isinstance(listed, list):
            raise Refused(f"Invalid {name}", param=name)
        listed.append(value)
        return
    here = _down(here, parents, name)
    # payment_method_types[0]=card is a list as well; nothing here needs more than its values.
    if isinstance(here.get(last), dict):
        raise Refused(f"Invalid {name}", param=name)
    here[last] = value


def _down(here: Any, parents: list[str], name: str) -> Document:
    for parent in parents:
        here = here.setdefault(parent, {})
        if not isinstance(here, dict):
            raise Refused(f"Invalid {name}", param=name)
    return here  # type: ignore[no-any-return] # a dict, as was just made sure


def known(fields: Document, names: set[str]) -> None:
    """Refuse parameters that are not documented, as Stripe does."""
    for name in fields:
        if name not in names | {"expand"}:
            raise Refused(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def text_of(fields: Document, name: str, *, required: bool = False) -> str | None:
    """A text; an empty one is none."""
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise Refused(f"Invalid string: {name}", code="parameter_invalid_string_empty", param=name)
    if required and not value:
        raise Refused(f"Missing required param: {name}.", code="parameter_missing", param=name)
    return value or None


def integer_of(fields: Document, name: str, *, required: bool = False) -> int | None:
    """An integer."""
    value = text_of(fields, name, required=required)
    if value is not None and not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise Refused(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    return int(value) if value is not None else None


def flag_of(fields: Document, name: str) -> bool:
    """A flag."""
    value = text_of(fields, name)
    if value not in (None, "true", "false"):
        raise Refused(f"Invalid boolean: {value}", param=name)
    return value == "true"


def choice_of(fields: Document, name: str, choices: tuple[str, ...]) -> str | None:
    """One of some words."""
    value = text_of(fields, name)
    if value is not None and value not in choices:
        raise Refused(f"Invalid {name}: must be one of {', '.join(choices)}", param=name)
    return value


def metadata_of(fields: Document) -> dict[str, str]:
    """The metadata."""
    found = fields.get("metadata", {})
    if not isinstance(found, dict):
        if found == "":
            return {}
        raise Refused("Invalid hash: metadata", param="metadata")
    if len(found) > MAX_METADATA:
        raise Refused(f"Metadata may have up to {MAX_METADATA} keys", param="metadata")
    for key, value in found.items():
        if len(key) > MAX_KEY or not isinstance(value, str) or len(value) > MAX_VALUE:
            raise Refused("Metadata keys have up to 40 characters, values up to 500", param=f"metadata[{key}]")
    return {key: value for key, value in found.items() if value}


def times_of(fields: Document, name: str) -> tuple[int | None, int | None]:
    """A span of time, both ends inclusive: `created=…`, or `created[gte]=…` and its like."""
    value = fields.get(name)
    if not isinstance(value, dict):
        at = integer_of(fields, name)
        return at, at
    since, until = integer_of(value, "gte"), integer_of(value, "lte")
    after, before = integer_of(value, "gt"), integer_of(value, "lt")
    return (after + 1 if after is not None else since), (before - 1 if before is not None else until)
