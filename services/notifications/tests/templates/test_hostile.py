"""Templates that try to hang, to fill the memory, or to reach what they must not."""

import time
from typing import Any, Final

import pytest

from services.notifications.templates.errors import TemplateUnusable
from services.notifications.templates.html_text import MAX_UNFINISHED_CHARS
from services.notifications.templates.rendering import Renderer, TemplateSource

CONTEXT: Final[dict[str, Any]] = {
    "x": "a" * 60_000,
    "xs": list(range(20_000)),
    "ys": list(range(20_000)),
    "y": "a" * 60_000,
    "d": {"items": 1, "list": [1, 2], "deep": [[1] * 100] * 100},
    "huge": 10**400,
    "nothing": None,
    "half": "\ud800",
}
DOUBLED: Final = "{% set a = x %}" + "{% set a = a + a %}" * 2500 + "{{ a }}"

HOSTILE: dict[str, tuple[str, str]] = {
    "a range": ("{% for i in range(10**9) %}{% endfor %}", "do not offer"),
    "nested loops": ("{% for i in xs %}{% for j in xs %}{% endfor %}{% endfor %}", "more than 100,000 steps"),
    "a repeated text": ("{{ 'a' * 1000000000 }}", "* takes two numbers"),
    "a repeated list": ("{{ [1] * 1000000000 }}", "* takes two numbers"),
    "a padded text": ("{{ '%1000000000d' % 1 }}", "% takes two numbers"),
    "a padding test": ("{{ '%1000000000d' is odd }}", "there is no 'odd'"),
    "a power": ("{{ 9**9**9 }}", "a power"),
    "a method that pads": ("{{ 'a'.center(1000000000) }}", "a call"),
    "format": ("{{ '{:1000000000d}'.format(1) }}", "a call"),
    "a filter that pads": ("{{ 'a'|center(1000000000) }}", "there is no 'center'"),
    "a macro": ("{% macro a() %}{{ a() }}{% endmacro %}", "do not offer"),
    "a call block": ("{% call x() %}{% endcall %}", "a call block"),
    "a filter block": ("{% filter upper %}a{% endfilter %}", "a filter block"),
    "a set block": ("{% set a %}{{ x }}{{ x }}{% endset %}", "a set block"),
    "a recursive loop": ("{% for i in xs recursive %}{% endfor %}", "a recursive loop"),
    "an include": ("{% include 'a' %}", "an include"),
    "an import": ("{% import 'a' as b %}", "an import"),
    "an extends": ("{% extends 'a' %}", "an extends"),
    "autoescape": ("{% autoescape false %}{% endautoescape %}", "an autoescape block"),
    "a class": ("{{ ''.__class__.__mro__ }}", "no '__class__'"),
    "a class by key": ("{{ x['__class__'] }}", "no '__class__'"),
    "globals": ("{{ self.__init__.__globals__ }}", "no '__init__'"),
    "the template itself": ("{{ self }}", "cannot be shown"),
    "the environment": ("{{ environment }}", "'environment' is undefined"),
    "lipsum": ("{{ lipsum(n=100000) }}", "a call"),
    "our own filters": ("{{ xs|_counted }}", "there is no '_counted'"),
    "unpacked arguments": ("{{ x|join(*xs) }}", "one by one"),
    "a doubled text": (DOUBLED, "more than 200,000 characters"),
    "a doubled text, joined": (DOUBLED.replace("+", "~"), "more than 200,000 characters"),
    "hoarded texts": ("".join(f"{{% set a{number} = x ~ x %}}" for number in range(1800)), "1,000,000 in all"),
    "doubled lists": ("{% set a = [xs] %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}", "constants only"),
    "replace": ("{{ x|replace('a', x) }}", "more than 200,000 characters"),
    "join": ("{{ xs|join(x) }}", "more than 200,000 characters"),
    "much output": ("{% for i in xs %}" + "a" * 1000 + "{% endfor %}", "more than 200,000 characters"),
    "many comparisons": ("{% for i in xs %}{% for j in xs if x in x %}{% endfor %}{% endfor %}", "takes"),
    "compared lists": ("{% for i in xs %}{% if xs == ys %}{% endif %}{% endfor %}", "more than 100,000 steps"),
    "lists compared on the right": ("{% for i in xs %}{% if 1 in ys %}{% endif %}{% endfor %}", "more than 100,000 steps"),
    "lists within lists": ("{% for i in xs %}{% if d.deep == d.deep %}{% endif %}{% endfor %}", "more than 100,000 steps"),
    "compared texts": ("{% for i in xs %}{% if x == y %}{% endif %}{% endfor %}", "more than 100,000 steps"),
    "filtered texts": ("{% for i in xs %}{% set a = x|upper %}{% endfor %}", "1,000,000 in all"),
    "deep brackets": ("{{ " + "(" * 9000 + "1" + ")" * 9000 + " }}", "nested too deeply"),
    "a long sum": ("{{ 1" + "+1" * 15_000 + " }}", "nested deeper"),
    "a long path": ("{{ x" + ".a" * 15_000 + " }}", "nested deeper"),
    "many branches": ("{% if 0 %}" + "{% elif 0 %}" * 3_500 + "{% endif %}", "nested too deeply"),
    "many parts": ("{% if 1 in [" + "1," * 22_000 + "] %}{% endif %}", "over 20,000 parts"),
    "a huge number": ("{{ huge }}", "too large"),
    "a huge sum": ("{{ huge + huge }}", "15 digits"),
    "a huge literal": ("{{ " + "9" * 40_000 + " }}", "more digits"),
    "an infinite literal": ("{{ 1e400 }}", "line 1: it holds a number that is too large"),
    "an infinite literal in a list": ("a\n{{ [1, 1e999]|join }}", "line 2: it holds a number that is too large"),
    "a division": ("{{ 1 / 0 }}", "ZeroDivisionError"),
    "half a character": ("{{ half }}", "UnicodeEncodeError"),
    "too long": ("a" * 48_001, "more than 48,000 characters"),
    "an unended block": ("{% if x %}", "end of template"),
    "nothing shown": ("{{ nothing }}", "null cannot be shown"),
    "a list shown": ("{{ xs }}", "a list cannot be shown"),
    "an object shown": ("{{ d }}", "an object cannot be shown"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_template_ends_as_unusable_and_soon(case: str) -> None:
    source, said = HOSTILE[case]
    started_s = time.thread_time()

    with pytest.raises(TemplateUnusable) as refused:
        Renderer().render(TemplateSource("t", 3, "en", "S", source, None), CONTEXT, locale="en", time_zone="UTC")

    assert said in refused.value.detail
    assert refused.value.detail.startswith("template t (en, version 3): the text")
    assert time.thread_time() - started_s < 2


UNFINISHED = ["<a ", "<!--", "<![CDATA[", "&lt", '<a b="', "</a", "<?", "<style>"]


@pytest.mark.parametrize("piece", UNFINISHED)
def test_html_that_never_ends_a_tag_is_unusable_and_soon(piece: str) -> None:
    source = TemplateSource("t", 1, "en", "S", None, "{% for i in xs %}" + piece + "{% endfor %}")
    started_s = time.thread_time()

    with pytest.raises(TemplateUnusable, match=r"does not end|characters|becomes empty|too many elements"):
        Renderer().render(source, {"xs": list(range(MAX_UNFINISHED_CHARS))}, locale="en", time_zone="UTC")

    assert time.thread_time() - started_s < 2


def test_values_of_the_context_never_become_markup_and_are_never_rendered() -> None:
    source = TemplateSource("t", 1, "en", "{{ a }}", "{{ a }}", '<p title="{{ a }}">{{ a|upper }} {{ a ~ a }}</p>')
    content = Renderer().render(source, {"a": '<b a="{{ x }}">&'}, locale="en", time_zone="UTC")

    escaped = "&lt;b a=&#34;{{ x }}&#34;&gt;&amp;"
    assert content.subject == '<b a="{{ x }}">&'
    assert content.html == f'<p title="{escaped}">{escaped.replace("b a", "B A").replace("x", "X")} {escaped}{escaped}</p>'
