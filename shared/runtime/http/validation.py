"""Requests that do not validate: each wrong place as a JSON Pointer and a sentence, without what was sent."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.runtime.errors import Invalid

MAX_ERRORS: Final = 50
MAX_POINTER: Final = 200
_PLACES: Final = frozenset({"body", "query", "path", "header", "cookie"})

# These of pydantic's sentences quote the input.
_OWN_SENTENCES: Final = {
    "json_invalid": "The body is not valid JSON",
    "union_tag_invalid": "Not one of the kinds that are known",
    "extra_forbidden": "This field is not known; remove it",
}


class InvalidRequest(Invalid):
    code, title = "invalid_request", "The request is not valid"


def invalid_request(errors: Sequence[Mapping[str, Any]], body: Any = None) -> InvalidRequest:
    """The 422 for pydantic's errors; at most 50 of them. body: what was sent, where that is JSON; pointers lead into it."""
    shown = [_explain(error, body) for error in errors[:MAX_ERRORS]]
    count = f"{len(errors)} place{'s' if len(errors) != 1 else ''}"
    return InvalidRequest(f"the request is not valid in {count}; `errors` names each", errors=shown)


def _explain(error: Mapping[str, Any], body: Any) -> dict[str, str]:
    place, *path = error["loc"] or ("body",)
    if place not in _PLACES:
        place, path = "body", list(error["loc"])
    if error["type"] == "json_invalid":
        # The second part is a character's position and not a field.
        path = []
    if place == "body" and isinstance(body, dict | list):
        path = _within(body, path)
    pointer = "#" + "".join(f"/{_escape(str(part))}" for part in path)
    message = _OWN_SENTENCES.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
    return {"in": str(place), "pointer": pointer[:MAX_POINTER], "detail": message}


def _within(sent: Any, path: Sequence[Any]) -> list[Any]:
    """The path without the names of a union's kinds, which pydantic puts between the keys and nobody has sent."""
    kept, here = list[Any](), sent
    for number, part in enumerate(path, 1):
        if isinstance(here, dict):
            if part in here:
                here = here[part]
            elif number < len(path):
                continue
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            break
        kept.append(part)
    return kept


def _escape(part: str) -> str:
    """RFC 6901 §3."""
    return part.replace("~", "~0").replace("/", "~1")
