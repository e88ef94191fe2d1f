"""What a template declares, and what it says of a context that does not have it."""

from typing import Any

import pytest

from services.notifications.templates.errors import TemplateUnusable
from services.notifications.templates.models import Layer, complete
from services.notifications.templates.rendering import Renderer, TemplateSource
from services.notifications.templates.variables import check_context

MONEY = {"amount_minor": 1250, "currency": "INR"}


def declaring(variables: dict[str, Any], text: str = "T") -> TemplateSource:
    """A template that takes these."""
    return TemplateSource("t", 1, "en", "S", text, None, variables=variables)


def one(kind: str, *, required: bool = True) -> dict[str, Any]:
    """The schema of one variable, `v`."""
    return {"v": {"type": kind, "required": required, "description": ""}}


GOOD: list[tuple[str, Any]] = [
    ("string", ""),
    ("integer", 0),
    ("number", 0.5),
    ("number", 3),
    ("boolean", False),
    ("money", MONEY),
    ("date", "2026-11-21"),
    ("datetime", "2026-11-21T10:00:00Z"),
    ("list", []),
    ("object", {}),
]
BAD: list[tuple[str, Any, str]] = [
    ("string", 1, "a text"),
    ("integer", "secret", "a whole number"),
    ("integer", True, "a whole number"),
    ("integer", 1.0, "a whole number"),
    ("number", True, "a number"),
    ("boolean", 0, "true or false"),
    ("money", {"amount_minor": 12.5, "currency": "INR"}, "money, such as"),
    ("money", {"amount_minor": 12, "currency": "inr"}, "money, such as"),
    ("money", 1250, "money, such as"),
    ("date", "21.11.2026", "a date, such as 2026-11-20"),
    ("date", "2026-11-31", "a date, such as 2026-11-20"),
    ("datetime", "2026-11-21T10:00:00", "a time with its offset"),
    ("list", {}, "a list"),
    ("object", [], "an object"),
]


@pytest.mark.parametrize(("kind", "value"), GOOD)
def test_values_of_their_types_pass(kind: str, value: Any) -> None:
    check_context(declaring(one(kind)), {"v": value, "undeclared": 1})


@pytest.mark.parametrize(("kind", "value", "words"), BAD)
def test_values_of_other_types_are_named_without_the_value(kind: str, value: Any, words: str) -> None:
    with pytest.raises(TemplateUnusable, match=r"^template t \(en, version 1\): v must be ") as refused:
        check_context(declaring(one(kind)), {"v": value})

    assert words in refused.value.detail
    assert "secret" not in refused.value.detail


def test_all_that_is_missing_or_wrong_is_named_at_once() -> None:
    variables = {name: {"type": "integer", "required": name != "d", "description": ""} for name in "abcd"}

    with pytest.raises(TemplateUnusable, match=r"the context lacks a, b; c must be a whole number$"):
        check_context(declaring(variables), {"b": None, "c": "x"})


def test_rendering_asks_before_it_renders() -> None:
    with pytest.raises(TemplateUnusable, match="the context lacks v"):
        Renderer().render(declaring(one("string"), "nothing of it"), {}, locale="en", time_zone="UTC")


def test_optional_variables_and_links_are_there_when_nobody_sends_them() -> None:
    text = "{% if v %}v{% endif %}{% if not unsubscribe_url %}-{% endif %}{{ organization_name }}{{ frontend_url }}"
    rendered = Renderer().render(
        declaring(one("string", required=False), text), {"frontend_url": "https://e.com"}, locale="en", time_zone="UTC"
    )

    assert rendered.text == "-https://e.com"


def test_override_adds_to_what_the_default_declares_and_says_it_last() -> None:
    default = Layer("t", None, "en", 1, "S", "T", None, variables={**one("string"), "a": one("list")["v"]})
    found = complete([Layer("t", None, "hi", 2, None, None, None, sms="M", variables=one("integer")), default])

    assert found is not None
    assert {name: variable["type"] for name, variable in found.variables.items()} == {"v": "integer", "a": "list"}
