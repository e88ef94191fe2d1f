"""The plain text of an HTML mail, for readers and programs that show no HTML (RFC 2046 §5.1.4)."""

import re
from html.parser import HTMLParser
from typing import Final

MAX_UNFINISHED_CHARS: Final = 20_000
_CHUNK: Final = 2000
_BLOCKS: Final = frozenset(
    (
        *("address", "blockquote", "div", "dl", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
        *("hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul"),
    )
)
_SPACED: Final = frozenset((*("blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "table", "ul"),))
_CELLS: Final = frozenset({"td", "th"})
_UNSEEN: Final = frozenset({"head", "script", "style", "title", "template"})
_SPACES: Final = re.compile(r"[ \t\r\n\f\v]+")


class UnfinishedHtml(Exception):
    """A tag or a comment that does not end."""


def text_of(html: str) -> str:
    """What a reader of the HTML sees, a block to a line, with the targets of links. Raises UnfinishedHtml."""
    parser = _TextParser()
    feed(parser, html)
    return parser.text()


def feed(parser: HTMLParser, html: str) -> None:
    """Give a parser the whole HTML. Raises UnfinishedHtml.

    The parser begins an unfinished tag anew with each chunk that it is fed, so what is unfinished has a bound.
    """
    for start in range(0, len(html), _CHUNK):
        parser.feed(html[start : start + _CHUNK])
        if len(parser.rawdata) > MAX_UNFINISHED_CHARS:
            raise UnfinishedHtml
    parser.close()


class _TextParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[list[str]] = [[]]
        self._unseen = 0
        self._href: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "br":
            self._end_line()
        elif tag in _BLOCKS:
            self._end_line(spaced=tag in _SPACED)
            if tag == "li":
                self._lines[-1].append("- ")
        elif tag in _CELLS:
            self._lines[-1].append(" ")
        elif tag == "a":
            self._href = dict(attrs).get("href")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS:
            self._end_line(spaced=tag in _SPACED)
        elif tag == "a" and self._href and self._href.startswith(("http://", "https://")):
            self._lines[-1].append(f" ({self._href})")
            self._href = None

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._lines[-1].append(data)

    def text(self) -> str:
        """The lines so far, never two empty ones in a row."""
        lines: list[str] = []
        for parts in self._lines:
            line = _SPACES.sub(" ", "".join(parts)).strip()
            if line or (lines and lines[-1]):
                lines.append(line)
        return "\n".join(lines).strip()

    def _end_line(self, *, spaced: bool = False) -> None:
        if self._lines[-1]:
            self._lines.append([])
        if spaced and len(self._lines) > 1 and self._lines[-2]:
            self._lines.insert(-1, [])
