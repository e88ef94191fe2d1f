"""Which text a reader gets."""

from typing import Any
from uuid import UUID

import pytest

from services.notifications.locales import canonical, chain
from services.notifications.templates.models import Layer, TemplateSource, effective
from services.notifications.templates.version_models import VersionUse

OURS = UUID(int=5)
THEIRS = UUID(int=6)


def layer(locale: str, organization_id: UUID | None = None, *, version: int = 1, **parts: Any) -> Layer:
    """A layer whose parts say where they come from."""
    mark = f"{locale}{organization_id.int if organization_id else ''}"
    usual: dict[str, Any] = {"subject": f"S {mark}", "text": f"T {mark}", "html": f"H {mark}"}
    return Layer("t", organization_id, locale, version, **(usual | parts))


def parts(locale: str, *layers: Layer, organization_id: UUID | None = OURS) -> tuple[str | None, str | None, str | None]:
    """(subject, text, html) that a reader gets."""
    found = effective(layers, name="t", organization_id=organization_id, locale=locale)
    assert found is not None
    return found.subject, found.text, found.html


@pytest.mark.parametrize(
    ("locale", "there", "gets"),
    [
        ("de-AT", ["de-AT", "de", "en"], "de-AT"),
        ("de-AT", ["de", "en"], "de"),
        ("de_at", ["de-AT", "en"], "de-AT"),
        ("de", ["de-AT", "en"], "en"),
        ("fr", ["de", "en"], "en"),
        ("not a locale", ["en"], "en"),
    ],
)
def test_reader_gets_the_nearest_language(locale: str, there: list[str], gets: str) -> None:
    assert parts(locale, *map(layer, there)) == (f"S {gets}", f"T {gets}", f"H {gets}")


def test_override_counts_before_the_default_and_only_for_its_organization() -> None:
    both = (layer("en"), layer("en", OURS, version=9))

    assert parts("en", *both) == ("S en5", "T en5", "H en5")
    assert parts("en", *both, organization_id=THEIRS) == ("S en", "T en", "H en")
    assert parts("en", *both, organization_id=None) == ("S en", "T en", "H en")


def test_what_an_override_leaves_out_comes_from_the_default() -> None:
    assert parts("en", layer("en"), layer("en", OURS, subject=None, html=None)) == ("S en", "T en5", "H en")


def test_own_language_counts_before_the_own_organization() -> None:
    assert parts("de", layer("de"), layer("en", OURS)) == ("S de", "T de", "H de")


def test_text_and_html_are_never_of_two_languages() -> None:
    german = layer("de", OURS, html=None)

    assert parts("de", german, layer("en")) == ("S de5", "T de5", None)
    assert parts("de-AT", layer("de-AT", html=None, subject=None), layer("de")) == ("S de", "T de-AT", "H de")


def test_subject_may_be_of_another_language_than_the_body_which_gives_the_locale() -> None:
    found = effective(
        [layer("de", OURS, text=None, html=None, version=4), layer("en")], name="t", organization_id=OURS, locale="de"
    )

    used = (VersionUse(OURS, "de", 4, ("subject",)), VersionUse(None, "en", 1, ("text", "html")))
    assert found == TemplateSource("t", 4, "en", "S de5", "T en", "H en", OURS, made_of=used)


@pytest.mark.parametrize(
    "layers", [[], [layer("en", subject=None)], [layer("en", text=None, html=None)], [layer("de")], [layer("en", THEIRS)]]
)
def test_nothing_comes_of_what_is_not_whole(layers: list[Layer]) -> None:
    assert effective(layers, name="t", organization_id=OURS, locale="en") is None


@pytest.mark.parametrize(
    ("tag", "form"),
    [
        ("DE_at", "de-AT"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("sl-ROZAJ", "sl-rozaj"),
        ("e", None),
        ("de-", None),
        ("de-AT\n", None),
    ],
)
def test_tags_have_one_form(tag: str, form: str | None) -> None:
    assert canonical(tag) == form


def test_chain_ends_in_english() -> None:
    assert chain("zh-hant-tw") == ("zh-Hant-TW", "zh-Hant", "zh", "en")
