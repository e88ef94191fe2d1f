"""What the rows of a source look like, and how that differs from what they looked like before.

Names and values come from outside, so both are shortened and counted no further than to a limit.
"""

from collections.abc import Iterable
from typing import Any, Final

from services.analytics.sync_runs.models import Drift, Shape, Unmapped

MOST_FIELDS: Final = 200
MOST_VALUES: Final = 20
MOST_CHARS: Final = 100
OTHERS: Final = "(others)"
_TYPES: Final = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}


def shape_of(rows: Iterable[Any]) -> Shape:
    """The fields of rows. What is no object has none, and is no row in this sense."""
    counts: dict[str, int] = {}
    types: dict[str, set[str]] = {}
    objects = [row for row in rows if isinstance(row, dict)]
    for row in objects:
        for told, value in row.items():
            name = plain(told)
            if name in types or len(types) < MOST_FIELDS:
                counts[name] = counts.get(name, 0) + 1
                types.setdefault(name, set()).add(_TYPES.get(type(value), "null"))
    return {name: {"types": sorted(types[name]), "always": counts[name] == len(objects)} for name in sorted(types)}


def merged(one: Shape, other: Shape) -> Shape:
    """The fields of the rows of both. An empty one is of no rows."""
    if not one or not other:
        return one or other
    return {
        name: {
            "types": sorted({*one.get(name, {}).get("types", ()), *other.get(name, {}).get("types", ())}),
            "always": all(shape.get(name, {}).get("always", False) for shape in (one, other)),
        }
        for name in sorted({*one, *other})[:MOST_FIELDS]
    }


def drift(before: Shape | None, now: Shape, unmapped: Unmapped) -> Drift:
    """before: None for a source that has never been read; of such nothing can differ."""
    if before is None or not now:
        return Drift(unmapped=unmapped)
    known = {name: set(before[name]["types"]) for name in now if name in before}
    changed = {name: types for name, types in known.items() if set(now[name]["types"]) - types}
    return Drift(
        appeared={name: now[name]["types"] for name in now if name not in before},
        vanished=[name for name in before if name not in now and before[name]["always"]],
        changed={name: {"before": sorted(types), "now": now[name]["types"]} for name, types in changed.items()},
        unmapped=unmapped,
    )


def learned(before: Shape | None, now: Shape) -> Shape | None:
    """What the next run is held against: what was told once is not told again."""
    if before is None or not now:
        return now or before
    rare = {name: shape for name, shape in before.items() if name not in now and not shape["always"]}
    both = {name: merged({name: before[name]}, {name: now[name]})[name] for name in now if name in before}
    return {**rare, **now, **both}


def counted(unmapped: Unmapped, field: str, value: Any) -> None:
    """Count a value that nothing of ours stands for."""
    values, name = unmapped.setdefault(field, {}), plain(value)
    name = name if name in values or len(values) < MOST_VALUES else OTHERS
    values[name] = values.get(name, 0) + 1


def added(one: Unmapped, other: Unmapped) -> Unmapped:
    """Both together."""
    total = {field: dict(values) for field, values in one.items()}
    for field, values in other.items():
        known = total.setdefault(field, {})
        for value, count in values.items():
            name = value if value in known or len(known) < MOST_VALUES else OTHERS
            known[name] = known.get(name, 0) + count
    return total


def plain(value: Any) -> str:
    """A text from outside as any column and any terminal holds it."""
    return ascii(str(value)[:MOST_CHARS])[1:-1]
