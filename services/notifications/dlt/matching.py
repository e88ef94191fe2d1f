"""Whether a text is one that is registered, and what it has in the places of the placeholders.

The operators compare letter by letter and let 30 characters stand for a `{#var#}`. A regular expression would say the same, and
take time without end for a registered text with many placeholders side by side; this takes at most text × 30 × placeholders.
"""

from dataclasses import dataclass
from typing import Final

PLACEHOLDER: Final = "{#var#}"
MAX_VARIABLE_CHARS: Final = 30


@dataclass(frozen=True, slots=True)
class _Step:
    """How a position was reached: from where the variable began, and where it ended."""

    begin: int
    end: int


def values(registered: str, text: str, limit: int = MAX_VARIABLE_CHARS) -> tuple[str, ...] | None:
    """What stands for each placeholder, in their order; None where the text is another one. Line ends are all the same, and
    blanks around the whole do not count."""
    parts, plain = plain_text(registered).split(PLACEHOLDER), plain_text(text)
    if not plain.startswith(parts[0]) or not plain.endswith(parts[-1]):
        return None
    if len(parts) == 1:
        return () if plain == parts[0] else None
    reached: list[dict[int, _Step]] = [{len(parts[0]): _Step(0, 0)}]
    for number, part in enumerate(parts[1:], 1):
        is_last = number == len(parts) - 1
        reached.append(_after(reached[-1], part, plain, limit, is_last=is_last))
    return _walk_back(reached, plain)


def too_long(registered: str, names: tuple[str, ...], text: str) -> str | None:
    """The name of the first variable that is longer than the operators allow, where the text fits but for that; else None.

    Each part of the registered text is taken at its first occurrence, which is good enough for a sentence to a person.
    """
    parts, plain = plain_text(registered).split(PLACEHOLDER), plain_text(text)
    if not plain.startswith(parts[0]) or not plain.endswith(parts[-1]):
        return None
    position, longest = len(parts[0]), None
    for name, part, is_last in zip(names, parts[1:], [*[False] * (len(parts) - 2), True], strict=True):
        found = len(plain) - len(part) if is_last else plain.find(part, position)
        if found < position:
            return None
        if longest is None and found - position > MAX_VARIABLE_CHARS:
            longest = name
        position = found + len(part)
    return longest


def plain_text(text: str) -> str:
    """The text as it is compared."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _after(reached: dict[int, _Step], part: str, text: str, limit: int, *, is_last: bool) -> dict[int, _Step]:
    """The positions after the next variable and the part behind it."""
    found: dict[int, _Step] = {}
    for begin in reached:
        if is_last:
            end = len(text) - len(part)
            if begin <= end <= begin + limit:
                found.setdefault(len(text), _Step(begin, end))
            continue
        for end in range(begin, min(begin + limit, len(text)) + 1):
            if text.startswith(part, end):
                found.setdefault(end + len(part), _Step(begin, end))
    return found


def _walk_back(reached: list[dict[int, _Step]], text: str) -> tuple[str, ...] | None:
    if not reached[-1]:
        return None
    position, found = len(text), []
    for steps in reversed(reached[1:]):
        step = steps[position]
        found.append(text[step.begin : step.end])
        position = step.begin
    return tuple(reversed(found))
