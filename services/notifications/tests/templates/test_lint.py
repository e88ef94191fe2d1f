"""What the author of a draft is told beside the draft."""

from typing import Any, Final

import pytest

from shared.testing.service import ApiClient

PATH: Final = "/v1/templates/offer/versions"
DRAFT: Final[dict[str, Any]] = {
    "locale": "en",
    "subject": "An offer",
    "text": "Hello {{ who }}, {{ unsubscribe_url }}",
    "html": "<p>Hello {{ who }}, <a href='{{ unsubscribe_url }}'>unsubscribe</a></p>",
    "sms": "Hello {{ who }}",
    "variables": {"who": {"type": "string", "description": "Whom it greets."}},
    "sample_context": {"who": "Ann"},
}
Told = list[tuple[str, str | None]]


@pytest.fixture
def everybody(client: ApiClient) -> ApiClient:
    """Somebody of no organization, who may write the defaults."""
    return client.as_role("operator")


async def warned(api: ApiClient, **change: Any) -> list[dict[str, Any]]:
    """The warnings that a draft is answered with."""
    answer = await api.post(PATH, json=DRAFT | change)
    assert answer.status_code == 201, answer.text
    found: list[dict[str, Any]] = answer.json()["warnings"]
    return found


CASES: list[tuple[dict[str, Any], Told]] = [
    ({}, []),
    ({"category": "marketing"}, []),
    ({"variables": {}}, [("variable_undeclared", part) for part in ("text", "html", "sms")]),
    ({"variables": {"who": {"type": "string"}, "b": {"type": "list", "required": False}}}, [("variable_unused", None)]),
    (
        {"category": "marketing", "html": "<p>a</p>", "text": "b"},
        [("unsubscribe_missing", "html"), ("unsubscribe_missing", "text")],
    ),
    ({"category": "orders", "html": "<p>a</p>", "text": "b"}, []),
    ({"subject": "a" * 79}, [("subject_long", "subject")]),
    ({"subject": "a" * 78}, []),
    ({"text": "See http://e.com"}, [("link_insecure", "text")]),
    ({"html": "<a href='http://e.com'>{{ who }}</a>"}, [("link_insecure", "html")]),
    ({"html": "<img src='http://e.com/a.png' alt=''>{{ who }}"}, [("link_insecure", "html")]),
    ({"html": "<a href=''>a</a><a href='e.com'>b</a>"}, [("link_broken", "html")]),
    ({"html": "<a href='tel:+4912345'>a</a><a href='mailto:a@e.com'>b</a><a href='#c'>c</a>"}, []),
    ({"html": "<img src='https://e.com/a.png'>a"}, [("image_without_alt", "html")]),
    ({"sms": "{{ who }}" + "a" * 158}, [("sms_long", "sms")]),
    ({"sms": "{{ who }}" + "a" * 157}, []),
    ({"sms": "{{ who }} costs ₹5"}, [("sms_encoding", "sms")]),
    ({"sms": "{{ who }} " + "₹" * 67}, [("sms_encoding", "sms"), ("sms_long", "sms")]),
    ({"sms": "नमस्ते {{ who }} जी, आपका ऑर्डर रवाना हो गया है"}, []),
]


@pytest.mark.parametrize(("change", "told"), CASES)
async def test_draft_is_kept_and_its_author_told(everybody: ApiClient, change: dict[str, Any], told: Told) -> None:
    assert [(one["code"], one["part"]) for one in await warned(everybody, **change)] == told


async def test_warnings_say_what_to_mend(everybody: ApiClient) -> None:
    change = {
        "sms": "{{ who }} costs ₹5 “now”",
        "variables": {"b": {"type": "list", "required": False}},
        "text": "a",
        "html": None,
    }

    assert [one["message"] for one in await warned(everybody, **change)] == [
        "it uses who, which `variables` does not declare; who forgets them is told late",
        "no part uses b; remove what is not needed from `variables`",
        "₹ “ ” makes it UCS-2, of which 70 characters fit one segment and not 160",
    ]


async def test_script_is_refused_and_leaves_nothing(everybody: ApiClient) -> None:
    for html in ("<script>a</script>", "<p>{% if who == 'Bo' %}<form>{% endif %}</p>"):
        refused = await everybody.post(PATH, json=DRAFT | {"html": html})

        assert (refused.status_code, refused.json()["code"]) == (422, "template_unusable")
        assert "has no place in a mail" in refused.json()["detail"]
    assert (await everybody.get("/v1/templates/offer")).status_code == 404
