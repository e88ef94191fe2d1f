"""SMS and the in-app inbox: which text a reader gets, and what becomes of it."""

from typing import Any
from uuid import UUID

import pytest

from services.notifications.templates.errors import TemplateUnusable
from services.notifications.templates.models import Layer, TemplateSource, effective
from services.notifications.templates.rendering import Push, Renderer

OURS = UUID(int=5)


def layer(locale: str, organization_id: UUID | None = None, **parts: Any) -> Layer:
    """A version that has no part but these."""
    return Layer("t", organization_id, locale, 1, **{"subject": None, "text": None, "html": None, **parts})


def source(*layers: Layer, locale: str = "en") -> TemplateSource:
    """What a reader of our organization gets."""
    found = effective(layers, name="t", organization_id=OURS, locale=locale)
    assert found is not None
    return found


def sms(text: str, **context: Any) -> str:
    """The SMS that a text becomes."""
    return Renderer().render_sms(source(layer("en", sms=text)), context, locale="en-IN", time_zone="Asia/Kolkata")


def test_sms_and_push_fall_back_apart_from_the_mail_and_from_each_other() -> None:
    default = layer("en", subject="S", text="T", sms="M", push_title="P", push_body="B")
    found = source(default, layer("en", OURS, sms="ours"), layer("hi", push_body="हिन्दी", push_title="शीर्षक"), locale="hi")

    assert (found.sms, found.sms_locale, found.push_title, found.push_locale) == ("ours", "en", "शीर्षक", "hi")
    assert (found.subject, found.locale, found.channels) == ("S", "en", ("email", "sms", "in_app"))


def test_title_and_body_of_a_push_are_of_one_language() -> None:
    found = source(layer("hi", push_title="शीर्षक"), layer("en", push_title="P", push_body="B"), locale="hi")

    assert (found.push_title, found.push_body, found.push_locale) == ("P", "B", "en")


@pytest.mark.parametrize(
    ("parts", "channels"),
    [
        ({"sms": "M"}, ("sms",)),
        ({"push_title": "P", "push_body": "B"}, ("in_app",)),
        ({"subject": "S", "html": "H"}, ("email",)),
        ({"subject": "S", "sms": "M"}, ("sms",)),
    ],
)
def test_template_may_have_one_channel_only(parts: dict[str, Any], channels: tuple[str, ...]) -> None:
    assert source(layer("en", **parts)).channels == channels


def test_part_that_is_missing_is_named() -> None:
    renderer, bare = Renderer(), source(layer("en", sms="M"))
    for render, named in ((renderer.render, "subject"), (renderer.render_push, "push title")):
        with pytest.raises(TemplateUnusable, match=f"the {named}: there is none; publish a version that has it"):
            render(bare, {}, locale="en", time_zone="UTC")
    mail = source(layer("en", subject="S", text="T"))
    with pytest.raises(TemplateUnusable, match="the sms: there is none"):
        renderer.render_sms(mail, {}, locale="en", time_zone="UTC")


def test_sms_follows_the_language_of_its_own_text() -> None:
    found = source(layer("hi", sms="{{ day|date }}"), layer("en", subject="S", text="T"), locale="hi")

    assert Renderer().render_sms(found, {"day": "2026-03-02"}, locale="hi-IN", time_zone="UTC") == "2 मार्च 2026"


def test_sms_has_1_to_1600_characters() -> None:
    assert len(sms("{{ a }}", a="x" * 1600)) == 1600
    for text, length in (("x" * 1601, "1,601"), (" \n", "0")):
        with pytest.raises(TemplateUnusable, match=f"the sms: it becomes {length} characters; it may have 1 to 1,600"):
            sms("{{ a }}", a=text)


def test_filters_keep_a_latin_sms_within_its_alphabet_and_no_other() -> None:
    amount = {"amount_minor": 12345600, "currency": "INR"}

    assert sms("{{ a|money }} {{ b|truncate(6) }}", a=amount, b="abcdefgh") == "Rs 1,23,456.00 abc..."
    assert sms("राशि {{ a|money }} {{ b|truncate(6) }}", a=amount, b="abcdefgh") == "राशि ₹1,23,456.00 abcde…"


def test_push_has_a_title_of_one_line_and_a_body() -> None:
    found = source(layer("en", push_title="{{ a }}\nb", push_body="{{ a }}\n"))

    assert Renderer().render_push(found, {"a": "x\r\ny"}, locale="en", time_zone="UTC") == Push("x y b", "x\r\ny")
    with pytest.raises(TemplateUnusable, match="the push title: it becomes 202 characters; it may have 1 to 200"):
        Renderer().render_push(found, {"a": "x" * 200}, locale="en", time_zone="UTC")


def test_values_are_not_escaped_outside_of_html() -> None:
    assert sms("{{ a }}", a="R & D <b>") == "R & D <b>"
