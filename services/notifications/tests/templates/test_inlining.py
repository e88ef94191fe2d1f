"""Styles of a `<style>` element."""

import pytest

from services.notifications.templates.errors import TemplateUnusable
from services.notifications.templates.inlining import MAX_ELEMENTS, StylesUnusable, inlined
from services.notifications.templates.rendering import Renderer, TemplateSource

STYLE = "<style>p { color: red } @media (max-width: 480px) { p { color: blue } }</style>"


def test_rules_go_into_their_elements_and_media_queries_stay() -> None:
    made = inlined(f"<html><head>{STYLE}</head><body><p>a</p></body></html>")

    assert '<p style="color: red;">a</p>' in made
    assert "@media (max-width: 480px)" in made
    assert made.count("color: red") == 1


@pytest.mark.parametrize(
    "html", ["<p>a", "<style> </style><p>a", STYLE.replace("<style", '<style data-css-inline="ignore"') + "<p>a"]
)
def test_html_without_styles_to_inline_stays_as_it_is(html: str) -> None:
    assert inlined(html) == html


def test_nothing_is_loaded() -> None:
    html = f'<link rel="stylesheet" href="/etc/hostname"><link rel="stylesheet" href="http://127.0.0.1:1/a.css">{STYLE}<p>a</p>'

    assert '<p style="color: red;">a</p>' in inlined(html)


HOSTILE = {
    "nesting that would overflow the stack": STYLE + "<div>" * MAX_ELEMENTS,
    "formatting that is repeated in each paragraph": STYLE + "<p>" + "<b>" * 1000 + "</p><p>a" * 1000,
    "many rules for many elements": "<style>" + "p{color:red}" * 1000 + "</style>" + "<p>a" * 1000,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_would_end_the_process_or_take_long_is_refused(case: str) -> None:
    with pytest.raises(StylesUnusable, match="too many elements or rules"):
        inlined(HOSTILE[case])


def test_opening_style_tags_without_end_take_no_time() -> None:
    assert inlined("<style" * 30_000) == "<style" * 30_000


def test_mail_is_inlined_after_its_rendering() -> None:
    source = TemplateSource("t", 1, "en", "S", None, STYLE + "{% for a in xs %}<p>{{ a }}</p>{% endfor %}")
    content = Renderer().render(source, {"xs": ["<1>", "2"]}, locale="en", time_zone="UTC")

    assert (content.html or "").endswith('<p style="color: red;">&lt;1&gt;</p><p style="color: red;">2</p></body></html>')
    assert content.text == "<1>\n\n2"
    with pytest.raises(TemplateUnusable, match="the html: it has too many elements or rules"):
        Renderer().render(source, {"xs": ["a"] * MAX_ELEMENTS}, locale="en", time_zone="UTC")
