"""Styles of a `<style>` element written into the elements that they are for, since Gmail and others drop the element.

Rules in `@media` stay where they are; mail programs that know them read them there. An element that needs no inlining says so
with `data-css-inline="ignore"`, which saves the work on every mail.
"""

import re
from typing import Final

from css_inline import CSSInliner, InlineError

MAX_ELEMENTS: Final = 3_000
"""The library calls itself for each level of nesting, and a stack that overflows ends the process: 8 MB last for 8,000."""
MAX_CLONES: Final = 500_000
"""A formatting element that is not closed is repeated in each paragraph that follows (HTML, 13.2.4.3)."""
MAX_MATCHES: Final = 400_000
"""Selectors times elements, each of which is tried with each."""

_STYLE: Final = re.compile(
    r"""<style(?![^>]{0,200}data-css-inline=["']?ignore)[^>]{0,500}>(.*?)(?:</style|$)""",
    re.IGNORECASE | re.DOTALL,
)
_ELEMENT: Final = re.compile(r"<[A-Za-z]")
_FORMATTING: Final = re.compile(
    r"<(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_inliner: Final = CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)


class StylesUnusable(Exception):
    """The styles cannot be read, or are too many; its text says which."""


def inlined(html: str) -> str:
    """The HTML with its styles inlined; as it is where there are none. Loads nothing. Raises StylesUnusable."""
    styles = _STYLE.findall(html)
    if not any(style.strip() for style in styles):
        return html
    elements = len(_ELEMENT.findall(html))
    selectors = sum(style.count("{") + style.count(",") for style in styles)
    if elements > MAX_ELEMENTS or selectors * elements > MAX_MATCHES or len(_FORMATTING.findall(html)) * elements > MAX_CLONES:
        raise StylesUnusable("it has too many elements or rules for a <style> element; write style attributes in its place")
    try:
        return _inliner.inline(html)
    except (InlineError, ValueError):
        raise StylesUnusable("a <style> element cannot be read as CSS") from None
