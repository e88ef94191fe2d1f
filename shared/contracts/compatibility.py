"""Whether a contract only grew: compares the committed form of a message with today's and names each break.

A break is a change after which something that was valid is refused, or means something else: messages that wait
in an outbox, travel in the broker or come from a sender that has not been deployed yet were written by the old
form. Everything else is growth. The comparison is structural and errs on the side of a break: a keyword that it
does not know may only stay as it was.
"""

from collections.abc import Iterator
from typing import Any, Final

Schema = dict[str, Any]

CONTRACT: Final = "x-contract"
"""The keyword under which a committed schema carries what JSON Schema has no word for: kind, lanes, batch size, answer."""

_LOWER_BOUNDS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_JUDGED: Final = {
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "items",
    *_LOWER_BOUNDS,
    *_UPPER_BOUNDS,
}
_SAYS_NOTHING: Final = {
    "title",
    "description",
    "examples",
    "default",
    "deprecated",
    "discriminator",
    "$schema",
    "$id",
    "$defs",
    CONTRACT,
}
_MISSING: Final = object()


def breaks(old: Schema, new: Schema) -> list[str]:
    """A sentence for every break between two committed forms of one message; empty when it only grew."""
    return [*_contract_breaks(old[CONTRACT], new[CONTRACT]), *_Comparison(old, new).narrowed(old, new, "")]


def growth(old: Schema, new: Schema) -> str:
    """A few words on what a compatible change added."""
    added = [f"`{name}`" for name in new.get("properties", {}) if name not in old.get("properties", {})]
    return f"has new optional fields ({', '.join(added)})" if added else "has changed compatibly"


def _contract_breaks(old: Schema, new: Schema) -> Iterator[str]:
    if old["kind"] != new["kind"]:
        yield f"it was {_a(old['kind'])} and is now {_a(new['kind'])}; give the new meaning a new name"
    for lane in old["lanes"]:
        if lane in new["lanes"]:
            continue
        if old["kind"] == "event":
            yield f"lane {lane} no longer subscribes, and what waits for it has no handler; keep it until the lane is empty"
        elif lane == old["lanes"][0]:
            yield f"it loses its default lane {lane}, where senders that name no lane still put it; keep the lane"
        else:
            yield f"it no longer travels on {lane}, which senders may name; keep the lane"
    if new["max_batch"] < old["max_batch"]:
        yield f"max_batch went from {old['max_batch']} down to {new['max_batch']}; larger deliveries are on their way"
    if old["answers"] and not new["answers"]:
        yield "it no longer answers, and senders wait for its result; keep the answer"


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


class _Comparison:
    """One walk over two schemas at the same time. Knows their `$defs`, and the pairs of them it has already entered."""

    def __init__(self, old_root: Schema, new_root: Schema) -> None:
        self._old_root = old_root
        self._new_root = new_root
        self._entered: set[tuple[str, str]] = set()

    def narrowed(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        """A sentence for each way in which `new` refuses what `old` accepts."""
        pair = (str(old.get("$ref")), str(new.get("$ref")))
        if "$ref" in old and "$ref" in new:
            if pair in self._entered:
                return
            self._entered.add(pair)
        choices = _choices(new, self._new_root)
        for choice in _choices(old, self._old_root):
            rivals = [rival for rival in choices if _same_type(choice, rival)]
            if not rivals:
                yield f"{_where(path)} no longer accepts {_type(choice)}; it accepts {' or '.join(map(_type, choices))}"
                continue
            # An alternative survives if any alternative of today takes all of it.
            found = min((list(self._single(choice, rival, path)) for rival in rivals), key=len)
            yield from found
        self._entered.discard(pair)

    def _single(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        yield from _enum_narrowed(old, new, path)
        yield from _bounds_narrowed(old, new, path)
        for keyword in sorted(new.keys() - _JUDGED - _SAYS_NOTHING):
            if new[keyword] != old.get(keyword, _MISSING):
                yield f"{_where(path)} has another `{keyword}`, which may refuse what was valid; take a new name"
        yield from self._object_narrowed(old, new, path)
        if "items" in new:
            yield from self.narrowed(old.get("items", {}), new["items"], f"{path}[]")

    def _object_narrowed(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        had, has = old.get("properties", {}), new.get("properties", {})
        for name, schema in had.items():
            at = f"{path}.{name}" if path else name
            if name not in has:
                yield f"{_where(at)} is gone, and whoever still sends it would be ignored; keep it"
                continue
            yield from self.narrowed(schema, has[name], at)
            yield from _presence_narrowed(old, new, name, at)
        for name in new.get("required", []):
            if name not in had:
                yield f"{_where(f'{path}.{name}' if path else name)} is new and required; give it a default"
        yield from self._rest_narrowed(old, new, path)

    def _rest_narrowed(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        was, now = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if now is True or was is False:
            return
        if now is False:
            yield f"{_where(path)} refuses unknown fields now; ignore them"
        else:
            yield from self.narrowed({} if was is True else was, now, f"{path}.*" if path else "*")


def _where(path: str) -> str:
    return f"field `{path}`" if path else "the message"


def _choices(schema: Schema, root: Schema) -> list[Schema]:
    """The alternatives of a schema, each without `$ref` or union. What stands beside a union holds for each."""
    if "$ref" in schema:
        target = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return _choices({**target, **{key: value for key, value in schema.items() if key != "$ref"}}, root)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            beside = {key: value for key, value in schema.items() if key != union}
            return [choice for part in schema[union] for choice in _choices({**beside, **part}, root)]
    return [schema]


def _type(schema: Schema) -> str:
    return str(schema.get("type", "any value"))


def _same_type(old: Schema, new: Schema) -> bool:
    return "type" not in new or old.get("type") == new["type"] or (old.get("type"), new["type"]) == ("integer", "number")


def _enum(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _enum_narrowed(old: Schema, new: Schema, path: str) -> Iterator[str]:
    had, has = _enum(old), _enum(new)
    if has is None:
        return
    if had is None:
        yield f"{_where(path)} accepts only {has} now; it accepted any {_type(old)}"
    elif lost := [value for value in had if value not in has]:
        yield f"{_where(path)} no longer accepts {', '.join(map(repr, lost))}; keep every value that was ever sent"


def _bounds_narrowed(old: Schema, new: Schema, path: str) -> Iterator[str]:
    if _enum(old) is not None:
        return
    for keywords, sign, verb in ((_LOWER_BOUNDS, 1, "raised"), (_UPPER_BOUNDS, -1, "lowered")):
        for keyword in keywords:
            if keyword in new and (keyword not in old or sign * new[keyword] > sign * old[keyword]):
                before = old.get(keyword, "none")
                yield f"{_where(path)}: `{keyword}` was {verb} from {before} to {new[keyword]}, which refuses what was valid"


def _presence_narrowed(old: Schema, new: Schema, name: str, path: str) -> Iterator[str]:
    was_required, is_required = name in old.get("required", []), name in new.get("required", [])
    if is_required and not was_required:
        yield f"{_where(path)} has become required; keep its default"
    if is_required or was_required:
        return
    before, after = (side["properties"][name].get("default", _MISSING) for side in (old, new))
    if before != after:
        yield f"{_where(path)} means something else when left out: {_default(before)} became {_default(after)}; take a new name"


def _default(value: object) -> str:
    return "no fixed default" if value is _MISSING else f"default {value!r}"
