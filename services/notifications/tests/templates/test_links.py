"""Where links lead that values make."""

import time
from contextlib import suppress

import pytest

from services.notifications.templates.errors import TemplateUnusable
from services.notifications.templates.links import LinkUnusable, made_links
from services.notifications.templates.rendering import Renderer, TemplateSource

LINK = "<p>a</p><a class='b' href=\"{{ u }}\">c</a>"
REFUSED: list[tuple[str, str]] = [
    (LINK, "javascript:alert(1)"),
    (LINK, " java\tscript:alert(1)"),
    (LINK, "\x01JavaScript:alert(1)"),
    (LINK, "data:text/html,x"),
    (LINK, "vbscript:x"),
    (LINK, "ftp://e.com"),
    (LINK, "file:///etc/passwd"),
    (LINK, "/orders/1"),
    (LINK, "e.com"),
    (LINK, "//e.com"),
    ("<a href={{ u }}>a</a>", "javascript:x"),
    ("<a href='java{{ u }}'>a</a>", "script:x"),
    ("<a HREF = '{% if u %}{{ u }}{% endif %}'>a</a>", "javascript:x"),
    ("<img alt='' src='{{ u }}'>", "mailto:a@e.com"),
    ('<table background="{{ u }}"></table>', "javascript:x"),
]
LET_THROUGH: list[tuple[str, str]] = [
    *((LINK, value) for value in ("https://e.com/?a=1&b=2", "HTTP://e.com", "mailto:a@e.com", "tel:+4912345", "", "#a")),
    ("<a href='https://e.com/{{ u }}'>a</a>", "javascript:x"),
    ("<p>a</p><img alt='' src='{{ u }}'>", "cid:a"),
    ("<a href='https://e.com/{{ u }}' data-href='{{ u }}'>a</a>", "orders"),
    ("<a href='sms:1'>a</a><a href='orders'>b</a>{{ u }}", "<a href='javascript:x'>"),
    ("<p title=\"{{ u }}\" class='a'>a</p><a href='https://e.com' title='{{ u }}'>b</a>", "href=javascript:x"),
]


def render(html: str, value: str) -> str:
    made = Renderer().render(TemplateSource("t", 1, "en", "S", None, html), {"u": value}, locale="en", time_zone="UTC")
    return made.html or ""


@pytest.mark.parametrize(("html", "value"), REFUSED)
def test_link_that_a_value_makes_begins_with_what_a_mail_may_lead_to(html: str, value: str) -> None:
    with pytest.raises(TemplateUnusable, match="the html: a value makes a link") as refused:
        render(html, value)

    assert value.strip() not in refused.value.detail


@pytest.mark.parametrize(("html", "value"), LET_THROUGH)
def test_other_values_and_links_that_are_written_out_are_let_through(html: str, value: str) -> None:
    assert render(html, value)


@pytest.mark.parametrize("piece", ["<a ", "<a b='", '<a b="', "<a b='\"", "<a href=", "<a href='", "href="])
def test_markup_that_never_ends_is_looked_through_soon(piece: str) -> None:
    started_s = time.thread_time()
    made_links(piece * 20_000)
    for source in ('<a href="\ue000">', "<a href=\ue000>"):
        with suppress(LinkUnusable):
            made_links(source).check(piece * 20_000)

    assert time.thread_time() - started_s < 1
