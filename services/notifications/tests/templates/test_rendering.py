"""What templates say, and what they say no with."""

from typing import Any

import pytest

from services.notifications.templates.errors import TemplateUnusable
from services.notifications.templates.rendering import Renderer, TemplateSource


def rendered(text: str, *, locale: str = "en", time_zone: str = "UTC", language: str = "en", **context: Any) -> str:
    """The text of a template."""
    source = TemplateSource("t", 1, language, "S", text, None)
    return Renderer().render(source, context, locale=locale, time_zone=time_zone).text


SAID: list[tuple[str, dict[str, Any], str]] = [
    ("{{ day|date }}", {"day": "2026-11-20"}, "20 November 2026"),
    ("{{ day|date }}", {"day": "2026-03-02", "language": "de", "locale": "de-AT"}, "2. März 2026"),
    ("{{ day|date }}", {"day": "2026-03-02", "language": "hi", "locale": "hi"}, "2 मार्च 2026"),
    ("{{ day|date }}", {"day": "2026-03-02", "language": "en", "locale": "fr"}, "2 March 2026"),
    ("{{ at|datetime }}", {"at": "2026-11-20T23:05:00Z", "time_zone": "Asia/Kolkata"}, "21 November 2026, 04:35 IST"),
    ("{{ at|datetime }}", {"at": "2026-07-01T12:00:00+05:30", "time_zone": "Europe/Berlin"}, "1 July 2026, 08:30 CEST"),
    ("{{ n|plural('day', 'days') }}", {"n": 1}, "1 day"),
    ("{{ n|plural('day', 'days') }}", {"n": 0}, "0 days"),
    ("{{ n|plural('दिन', 'दिनों') }}", {"n": 0, "language": "hi", "locale": "hi"}, "0 दिन"),
    ("{{ n|number }}", {"n": 1234567}, "1,234,567"),
    ("{{ n|number }}", {"n": -1234567, "locale": "en-IN"}, "-12,34,567"),
    ("{{ n|number }}", {"n": 1234567, "language": "de", "locale": "de"}, "1.234.567"),
    ("{{ a|join('; ') }}", {"a": ["x", 2]}, "x; 2"),
    ("{{ a|truncate(5) }}", {"a": "abcdefgh"}, "abcd…"),
    ("{{ a|default('-') }}{{ b|default('-') }}{{ c|default('-', true) }}", {"b": None, "c": ""}, "---"),
    ("{{ a|urlencode }}", {"a": "a b/c"}, "a%20b%2Fc"),
    ("{% for k, v in d|items %}{{ loop.index }}{{ k }}={{ v }} {% endfor %}", {"d": {"a": 1, "b": 2}}, "1a=1 2b=2 "),
    ("{% for a in xs if a > 1 %}{{ a }}{% if not loop.last %}, {% endif %}{% else %}none{% endfor %}", {"xs": [1, 2, 3]}, "2, 3"),
    ("{{ d.items }}{{ d.list[-1] }}", {"d": {"items": 7, "list": [1, 2]}}, "72"),
    ("{{ 7 // 2 }}{{ 'a' + 'b' }}{{ 'a' ~ 1 }}{{ 'x' if n in ['a', 'b'] else 'y' }}", {"n": "b"}, "3aba1x"),
    ("{% if a %}\n  b\n{% endif %}\nc", {"a": 1}, "  b\nc"),
]


@pytest.mark.parametrize(("text", "context", "said"), SAID)
def test_templates_say(text: str, context: dict[str, Any], said: str) -> None:
    assert rendered(text, **context) == said


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("Hello\n{{ nme }}", {}, "the text, line 2: 'nme' is undefined"),
    ("{{ a.nme }}", {"a": {}}, "the text, line 1: there is no 'nme' in it"),
    ("{{ a.b.c }}", {"a": {}}, "the text, line 1: there is no 'b' in it"),
    ("{{ a|date }}", {"a": "20.11.2026"}, "the text, line 1: date takes a date like 2026-11-20"),
    ("{{ a|datetime }}", {"a": "2026-11-20T10:00:00"}, "the text, line 1: datetime takes a time with its offset"),
    ("{{ a|datetime }}", {"a": "9999-12-31T23:59:59Z", "time_zone": "Asia/Kolkata"}, "datetime takes a time"),
    ("{{ a|plural('x', 'y') }}", {"a": "3"}, "plural takes a whole number"),
    ("{% if a < 3 %}{% endif %}", {"a": "secret"}, "not of the kind that it is used as (TypeError)"),
    (" \n ", {}, "the text: it becomes empty"),
    ("a", {"time_zone": "Mars/Olympus"}, "time zone is not known"),
    ("a", {"time_zone": "../../etc/passwd"}, "time zone is not known"),
]


@pytest.mark.parametrize(("text", "context", "said"), REFUSED)
def test_what_cannot_be_rendered_says_where_and_why_and_quotes_no_value(text: str, context: dict[str, Any], said: str) -> None:
    with pytest.raises(TemplateUnusable) as refused:
        rendered(text, **context)

    assert said in refused.value.detail
    assert "secret" not in refused.value.detail


def test_subject_is_one_line_of_at_most_500_characters() -> None:
    renderer = Renderer()
    one_line = renderer.render(
        TemplateSource("t", 1, "en", "{{ a }}\nb", "t", None), {"a": "x\r\nBcc: y"}, locale="en", time_zone="UTC"
    )

    assert one_line.subject == "x Bcc: y b"
    for subject in ("{{ a }}", "{{ a|trim }}" * 2):
        with pytest.raises(TemplateUnusable, match="a subject has 1 to 500"):
            renderer.render(
                TemplateSource("t", 1, "en", subject, "t", None),
                {"a": " " if subject == "{{ a }}" else "x" * 251},
                locale="en",
                time_zone="UTC",
            )


def test_text_is_made_of_the_html_where_there_is_none() -> None:
    html = (
        "<head><title>T</title><style>p {}</style></head><h1>{{ a }}</h1><p>One<br>two <a href='https://e.com/?a=1&amp;b'>here</a>"
        "</p><ul><li>x</li><li>y</li></ul><table><tr><td>Ref</td><td>M1</td></tr><tr><td>To</td><td>B</td></tr></table>"
    )
    content = Renderer().render(TemplateSource("t", 1, "en", "S", None, html), {"a": "R & D"}, locale="en", time_zone="UTC")

    assert content.text == "R & D\n\nOne\ntwo here (https://e.com/?a=1&b)\n\n- x\n- y\n\nRef M1\nTo B"


FOLLOWS_THE_READER = [
    ("{{ '2026-12-24T18:00:00Z'|datetime }}", "24 December 2026, 18:00 UTC", "24 December 2026, 23:30 IST"),
    ("{{ '2026-12-24T20:00:00Z'|datetime|upper }}", "24 DECEMBER 2026, 20:00 UTC", "25 DECEMBER 2026, 01:30 IST"),
    ("{{ 1234567|number }}", "1,234,567", "12,34,567"),
    ("{{ 1234567|plural('day', 'days') }}", "1,234,567 days", "12,34,567 days"),
]


@pytest.mark.parametrize(("text", "first", "second"), FOLLOWS_THE_READER)
def test_constants_follow_each_reader_of_one_renderer(text: str, first: str, second: str) -> None:
    renderer, source = Renderer(), TemplateSource("t", 1, "en", "S", text, None)
    said = [
        renderer.render(source, {}, locale=locale, time_zone=time_zone).text
        for locale, time_zone in [("en", "UTC"), ("en-IN", "Asia/Kolkata"), ("en", "UTC")]
    ]

    assert said == [first, second, first]


def test_date_of_a_constant_is_in_the_language_of_each_template() -> None:
    renderer, text = Renderer(), "{{ '2026-03-02'|date }}"
    said = [
        renderer.render(TemplateSource("t", 1, language, "S", text, None), {}, locale=language, time_zone="UTC").text
        for language in ("en", "de")
    ]

    assert said == ["2 March 2026", "2. März 2026"]


class Broken(dict[str, Any]):
    """A value that fails in a way that nobody has foreseen."""

    def __len__(self) -> int:
        raise RuntimeError("secret")


def test_whatever_goes_wrong_in_a_rendering_is_the_templates_and_quotes_no_value() -> None:
    with pytest.raises(TemplateUnusable, match=r"the text, line 1: .*\(RuntimeError\)$") as refused:
        rendered("{{ a|length }}", a=Broken())

    assert "secret" not in refused.value.detail
