"""What an HTML part must not hold, whoever writes it: what runs, what asks for input, and what loads other pages.

Mail programs drop most of it, and filters of mail servers drop the mail that has it. The source is looked at when a draft is
written. What values make of it afterwards is text and values of quoted attributes, because both are escaped; of these, links are
looked at by `links.py` in each mail.
"""

import re
from html.parser import HTMLParser
from typing import Final

from services.notifications.templates.errors import TemplateUnusable
from services.notifications.templates.html_text import UnfinishedHtml, feed
from services.notifications.templates.links import LINKS
from services.notifications.templates.sandbox import BLOCK, OUTPUT

_REFUSED: Final = frozenset(
    (
        *("script", "form", "input", "button", "select", "textarea", "iframe", "frame", "frameset", "object", "embed", "applet"),
        *("base", "link", "svg", "math", "audio", "video", "portal", "dialog"),
    )
)
_SCHEMES: Final = re.compile(r"[\x00-\x20]*(javascript|vbscript|data)[\x00-\x20]*:", re.IGNORECASE)
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_HIDDEN_NAME: Final = re.compile(rf"</?[{OUTPUT}{BLOCK}]")
_TAG_NAME: Final = re.compile(rf"[a-z][a-z0-9:-]*{BLOCK}*")


def refuse_unsafe(html: str) -> None:
    """Raises TemplateUnusable, naming the tag or attribute. html: rendered, or the skeleton of a source.

    In a skeleton, the name of a tag has to be written out: what it is must not depend on what is sent.
    """
    if _HIDDEN_NAME.search(html):
        raise TemplateUnusable("the html: the name of a tag must be written out, not made by an output or a block")
    try:
        feed(_Refusing(), html)
    except UnfinishedHtml:
        raise TemplateUnusable("the html: a tag or a comment does not end") from None


class _Refusing(HTMLParser):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not _TAG_NAME.fullmatch(tag):
            raise TemplateUnusable("the html: the name of a tag must be written out: letters, digits and hyphens")
        if tag.rstrip(BLOCK) in _REFUSED:
            raise TemplateUnusable(f"the html, line {self.getpos()[0]}: <{tag.rstrip(BLOCK)}> has no place in a mail; remove it")
        if OUTPUT in _QUOTED.sub("", self.get_starttag_text() or ""):
            # Without quotes a blank in the value ends it, and what follows is an attribute of the value's own.
            raise TemplateUnusable(f'the html, line {self.getpos()[0]}: an output in a tag stands in quotes: title="{{{{ … }}}}"')
        for name, value in attrs:
            if tag.rstrip(BLOCK) == "meta" and name.strip(BLOCK) == "http-equiv":
                said = "<meta http-equiv> has no place in a mail, which has headers of its own; remove it"
                raise TemplateUnusable(f"the html, line {self.getpos()[0]}: {said}")
            if name.strip(BLOCK).startswith("on"):
                raise TemplateUnusable(f"the html, line {self.getpos()[0]}: attributes such as onclick have no place in a mail")
            if name.strip(BLOCK) in LINKS and value is not None and _SCHEMES.match(value):
                raise TemplateUnusable(f"the html, line {self.getpos()[0]}: a link leads to https:, mailto: or tel:")


class Links(HTMLParser):
    """Collects the links and pictures of rendered HTML.

    targets: of links. sources: of pictures. undescribed: how many pictures have no `alt`.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.targets: list[str] = []
        self.sources: list[str] = []
        self.undescribed = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and "href" in given:
            self.targets.append((given["href"] or "").strip())
        if tag == "img":
            self.sources.append((given.get("src") or "").strip())
            self.undescribed += "alt" not in given


def links_of(html: str) -> Links:
    """The links and pictures of rendered HTML, which `refuse_unsafe` has let through."""
    links = Links()
    feed(links, html)
    return links
