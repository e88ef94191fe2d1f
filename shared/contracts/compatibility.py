"""Whether a contract only grew: compares the committed form of a message with today's and names each break.

A break is a change after which something that was valid is refused, or means something else: messages that wait
in an outbox, travel in the broker or come from a sender that has not been deployed yet were written by the old
form. Everything else is growth. The comparison is structural and errs on the side of a break: a keyword that it
does not know may only stay as it was.

A widened enum is growth for a command: its one consumer is the owner, who is deployed before anybody sends the new
value. For an event it is a break: the owner is the sender, nobody deploys all subscribers before it, and each of them
refuses a value that it does not know.
"""

from collections.abc import Iterator
from typing import Any, Final

from shared.contracts.hints import DEFAULT_FACTORY, VALIDATORS

Schema = dict[str, Any]

CONTRACT: Final = "x-contract"
"""The keyword of a committed schema for what JSON Schema has no word for: kind, lanes, batch size, retry policy, answer."""

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
    VALIDATORS,
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
    DEFAULT_FACTORY,
}
_JSON_TYPES: Final[dict[type, set[str]]] = {
    str: {"string"},
    bool: {"boolean"},
    int: {"integer", "number"},
    float: {"number"},
    type(None): {"null"},
}
_MISSING: Final = object()


def breaks(old: Schema, new: Schema) -> list[str]:
    """A sentence for every break between two committed forms of one message; empty when it only grew."""
    return [*_contract_breaks(old[CONTRACT], new[CONTRACT]), *_Comparison(old, new).narrowed(old, new, "")]


def growth(old: Schema, new: Schema) -> str:
    """A few words on what a compatible change added."""
    added = [f"`{name}`" for name in new.get("properties", {}) if name not in old.get("properties", {})]
    rules = [f"`{rule}`" for rule, value in new[CONTRACT].items() if old[CONTRACT].get(rule, _MISSING) != value]
    said = [f"has new optional fields ({', '.join(added)})"] if added else []
    said += [f"has other delivery rules ({', '.join(rules)})"] if rules else []
    return " and ".join(said) or "has changed compatibly"


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
    yield from _answer_breaks(old.get("answer"), new.get("answer"))


def _answer_breaks(old: Schema | None, new: Schema | None) -> Iterator[str]:
    """How long an answer is kept and repeated is as much a promise to whoever waits for it as that there is one."""
    if old and not new:
        yield "it no longer answers, and senders wait for its result; keep the answer"
        return
    kept_s, keeps_s = (old["keep_s"], new["keep_s"]) if old and new else (0, 0)
    if keeps_s < kept_s:
        yield f"its answer is kept for {keeps_s} s and was for {kept_s} s; senders may ask for it later than that"
    cached_s, caches_s = (side["cache_s"] if side else 0 for side in (old, new))
    if caches_s > cached_s:
        yield f"its answer may be {caches_s} s old and was at most {cached_s} s old; senders expect it fresher"


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


class _Comparison:
    """One walk over two schemas at the same time. Knows their `$defs`, and the pairs of them it has already entered."""

    def __init__(self, old_root: Schema, new_root: Schema) -> None:
        self._old_root = old_root
        self._new_root = new_root
        self._entered: set[tuple[str, str]] = set()
        self._is_event = new_root[CONTRACT]["kind"] == "event"

    def narrowed(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        """A sentence for each way in which `new` refuses what `old` accepts."""
        pair = (str(old.get("$ref")), str(new.get("$ref")))
        if "$ref" in old and "$ref" in new:
            if pair in self._entered:
                return
            self._entered.add(pair)
        choices, before = _choices(new, self._new_root), _choices(old, self._old_root)
        if self._is_event:
            yield from _enum_widened(before, choices, path)
        for choice in before:
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
        yield from _validators_added(old, new, path)
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


def _enum_widened(old: list[Schema], new: list[Schema], path: str) -> Iterator[str]:
    """What a field that had listed values may be today besides. old, new: the field's alternatives."""
    known = [value for choice in old for value in _enum(choice) or []]
    unlisted = [choice for choice in old if _enum(choice) is None]
    types = {_type(choice) for choice in unlisted}
    for choice in new if known else []:
        values = _enum(choice)
        if values is not None:
            added = [repr(value) for value in values if value not in known and not _JSON_TYPES.get(type(value), set()) & types]
        else:
            added = [] if any(_same_type(choice, other) for other in unlisted) else [f"any {_type(choice)}"]
        if added:
            yield f"{_where(path)} may be {', '.join(added)} now, which subscribers of the old form refuse; take a new name"


def _validators_added(old: Schema, new: Schema, path: str) -> Iterator[str]:
    if added := [name for name in new.get(VALIDATORS, []) if name not in old.get(VALIDATORS, [])]:
        yield f"{_where(path)} is checked by {', '.join(added)} now, which may refuse what was valid; take a new name"


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
    before, after = (_left_out(side["properties"][name]) for side in (old, new))
    if before != after:
        was, now = (f"{kind} {value!r}" if kind else "no fixed default" for kind, value in (before, after))
        yield f"{_where(path)} means something else when left out: {was} became {now}; take a new name"


def _left_out(schema: Schema) -> tuple[str, Any]:
    """What a field is when it is left out: a word and the value, or what makes the value."""
    if "default" in schema:
        return "default", schema["default"]
    return ("default of", schema[DEFAULT_FACTORY]) if DEFAULT_FACTORY in schema else ("", None)
