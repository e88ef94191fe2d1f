"""What must not be in a mail."""

import pytest

from services.notifications.templates.errors import TemplateUnusable
from services.notifications.templates.markup import links_of, refuse_unsafe
from services.notifications.templates.rendering import Renderer

REFUSED: list[tuple[str, str]] = [
    ("<p>a</p>\n<script>x</script>", "line 2: <script> has no place"),
    ("<SCRIPT src=x>", "<script> has no place"),
    ("<form action='https://e.com'><input name=a></form>", "<form> has no place"),
    ("<iframe src='https://e.com'>", "<iframe> has no place"),
    ("{% if a %}<object data=x>{% endif %}", "<object> has no place"),
    ("{# a #}<button>b</button>", "<button> has no place"),
    ("<svg onload=x>", "<svg> has no place"),
    ("<base href='https://e.com'>", "<base> has no place"),
    ("<link rel=stylesheet href='https://e.com/a.css'>", "<link> has no place"),
    ("<meta http-equiv=refresh content='0;url=https://e.com'>", "<meta http-equiv> has no place"),
    ("<META {% if a %}HTTP-EQUIV{% endif %}='{{ a }}'>", "<meta http-equiv> has no place"),
    ("<p>a</p>\n<p title={{ a }}>", "line 2: an output in a tag stands in quotes"),
    ("<p title=a{{ a }}>", "an output in a tag stands in quotes"),
    ("<p {{ a }}>", "an output in a tag stands in quotes"),
    ("<a href='https://e.com'title={{ a }} class='b'>", "an output in a tag stands in quotes"),
    ("<p onclick='x'>", "attributes such as onclick"),
    ("<p {% if a %}onclick='x'{% endif %}>", "attributes such as onclick"),
    ("<img src=x OnError=y>", "attributes such as onclick"),
    ("<a href='javascript:x'>", "a link leads to"),
    ("<a href=' jAvaScript :x'>", "a link leads to"),
    ("<a href='&#106;avascript:x'>", "a link leads to"),
    ("<a href='data:text/html,x'>", "a link leads to"),
    ("<{{ a }}>", "must be written out"),
    ("<{% if a %}script{% endif %}>", "must be written out"),
    ("<{# a #}script>", "must be written out"),
    ("<scr{{ a }}ipt>", "must be written out"),
    ("<scrip{{ a }}>", "must be written out"),
    ("<scr{% if a %}{% endif %}ipt>", "must be written out"),
    ("<scr{# a #}ipt>", "must be written out"),
    ("</{{ a }}>", "must be written out"),
]
LET_THROUGH = [
    '<meta charset="utf-8"><meta name=viewport content="{{ a }}">',
    "<p title=\"{{ a }}'\" class='{{ a }}\"'{% if a %} id=b{% endif %}>{{ a }}</p>",
    "<table><tr><td{% if a %} class='b'{% endif %}>{{ a }}</td></tr></table>",
    "<a href='{{ a }}'>b</a><a href=\"mailto:a@e.com\">c</a><img src='cid:a' alt=''>",
    "{% if a < 3 and a > 1 %}1 < 2 & b{% endif %}",
    "<p style=\"color:{{ '#c53030' if a == 'b' else '#fff' }}\">{{ '<script>' }}</p>",
    "{% raw %}{{ a }}{% endraw %}<p>x</p>",
    "<style>p { color: red }</style><p>javascript: is a language</p>",
]


@pytest.mark.parametrize(("html", "said"), REFUSED)
def test_what_runs_or_asks_for_input_is_refused(html: str, said: str) -> None:
    renderer = Renderer()
    renderer.check("html", html)

    with pytest.raises(TemplateUnusable, match=said):
        refuse_unsafe(renderer.skeleton(html))


@pytest.mark.parametrize("html", LET_THROUGH)
def test_ordinary_mails_are_let_through(html: str) -> None:
    renderer = Renderer()
    renderer.check("html", html)
    refuse_unsafe(renderer.skeleton(html))


def test_links_and_pictures_are_found() -> None:
    links = links_of("<a href=' https://e.com/?a=1&amp;b=2 '>a</a><a name=b><a href>c</a><img src=d><img src=e alt=''>")

    assert (links.targets, links.sources, links.undescribed) == (["https://e.com/?a=1&b=2", ""], ["d", "e"], 1)
