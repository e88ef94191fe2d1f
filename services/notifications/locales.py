"""Language tags (BCP 47): their canonical form, and what a reader of one understands."""

import re
from typing import Final

FALLBACK: Final = "en"
_TAG: Final = re.compile(
    r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?((?:[-_](?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*)"
)


def canonical(tag: str) -> str | None:
    """`de-AT` of `de_at`; None for what is no tag of language, script, region and variants."""
    match = _TAG.fullmatch(tag)
    if match is None:
        return None
    language, script, region, variants = match.groups()
    parts = (language.lower(), script and script.title(), region and region.upper())
    return "-".join(filter(None, parts)) + variants.lower().replace("_", "-")


def understood(tag: str) -> str:
    """The canonical form of what a message names, which nobody has checked; the fallback for what is no tag."""
    return canonical(tag) or FALLBACK


def primary(tag: str) -> str:
    """The language alone: `de` of `de-AT`."""
    return tag.replace("_", "-").partition("-")[0].lower()


def chain(tag: str) -> tuple[str, ...]:
    """What to look for, best first: `de-AT`, `de`, `en`."""
    parts = understood(tag).split("-")
    tags = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return tuple(dict.fromkeys([*tags, FALLBACK]))
