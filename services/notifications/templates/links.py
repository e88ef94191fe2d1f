"""Where the links of a mail may lead that a value has made: whoever sends a message chooses it, and not who wrote the text.

Looked at in each mail, so without a parser. Which attributes are links, and how they are spelled, stands in the source, because
values are escaped: they hold neither quotes nor brackets, and can add no attribute (`markup.py`).
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.notifications.templates.sandbox import BLOCK, OUTPUT

LINKS: Final = frozenset(
    {"href", "src", "action", "background", "poster", "formaction", "xlink:href", "cite", "longdesc", "ping"}
)
SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})
PICTURE_SCHEMES: Final = frozenset({"http", "https", "cid"})
_PICTURES: Final = frozenset({"src", "background", "poster"})

_TAG: Final = re.compile(r"""<[A-Za-z](?:[^<>"']++|"[^"]*"|'[^']*')*+>""")
_ATTRIBUTE: Final = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_QUOTED_VALUE: Final = r"""(?:"([^"]*)"|'([^']*)')"""
_ANY_VALUE: Final = r"""(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"""
# Where a name begins, as in _ATTRIBUTE: that of `data-href` only ends like a link's.
_BEGINNING: Final = r"""(?<![^\s"'<>/=])"""
# What browsers take away before they read an address (WHATWG URL, 4.4).
_UNSEEN: Final = re.compile(r"[\t\n\r]")
_BLANKS: Final = "".join(map(chr, range(33)))
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


class LinkUnusable(Exception):
    """A value makes a link that leads nowhere a mail may lead; its text says so without the value."""


@dataclass(frozen=True, slots=True)
class MadeLinks:
    """The links of a source that values have a part in. pattern: finds all that are spelled alike; None where there are none.

    known: those that are written out, which were looked at with the draft.
    """

    pattern: re.Pattern[str] | None
    known: frozenset[str]

    def check(self, made: str) -> None:
        """Raises LinkUnusable. made: a mail's HTML of this source."""
        for found in self.pattern.finditer(made) if self.pattern is not None else ():
            value = found[found.lastindex or 0]
            if value not in self.known:
                _check(found[1].lower(), value)


def made_links(skeleton: str) -> MadeLinks:
    """Of a source's skeleton; see `sandbox.py`."""
    spelled, known, quotes = set(), set(), True
    for name, quoted, value in _links_in(skeleton):
        if OUTPUT in value or BLOCK in value:
            spelled.add(name)
            quotes = quotes and quoted
        else:
            known.add(value)
    if not spelled:
        return MadeLinks(None, frozenset())
    names = "|".join(re.escape(name) for name in sorted(spelled))
    # Only published texts that are older than the rule have outputs without quotes.
    pattern = re.compile(rf"{_BEGINNING}({names})\s*=\s*{_QUOTED_VALUE if quotes else _ANY_VALUE}")
    return MadeLinks(pattern, frozenset(known))


def _check(name: str, value: str) -> None:
    address = _UNSEEN.sub("", html.unescape(value)).strip(_BLANKS)
    # Of a value that is not there, or a place in the mail itself.
    if not address or address.startswith("#"):
        return
    allowed = PICTURE_SCHEMES if name in _PICTURES else SCHEMES
    scheme = _SCHEME.match(address)
    if scheme is None or scheme[1].lower() not in allowed:
        raise LinkUnusable(f"a value makes a link ({name}) that does not begin with {', '.join(sorted(allowed))}")


def _links_in(skeleton: str) -> Iterator[tuple[str, bool, str]]:
    """Name as it is spelled, whether there are quotes, and value."""
    for tag in _TAG.findall(skeleton):
        for name, *values in _ATTRIBUTE.findall(tag):
            spelled = name.replace(BLOCK, "")
            if spelled.lower() in LINKS:
                yield spelled, not values[2], "".join(values)
