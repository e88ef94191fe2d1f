"""The texts that Waybill brings along for notices: e-mail, SMS and the in-app inbox, in English and Hindi."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, get_args

import pytest

from services.notifications.sms import segments
from services.notifications.templates.errors import TemplateUnusable
from services.notifications.templates.lint import warnings
from services.notifications.templates.markup import refuse_unsafe
from services.notifications.templates.models import PARTS, Layer, TemplateSource, complete
from services.notifications.templates.rendering import Renderer
from services.notifications.templates.repository import TemplateKey, TemplateReader
from services.notifications.templates.seeding import BUILTIN, Builtin, builtins
from services.notifications.templates.trials import EXAMPLE_LINKS, tried
from services.notifications.templates.variables import ALWAYS, Variable
from shared.contracts import notifications as contracts
from shared.contracts.notifications import Notice
from shared.runtime.db import Session

EMAIL, SMS, IN_APP = "email", "sms", "in_app"
CHANNELS: Final[Mapping[str, tuple[str, ...]]] = {
    "campaign_newsletter": (EMAIL,),
    "cart_abandoned": (EMAIL,),
    "daily_digest": (EMAIL,),
    "hourly_digest": (EMAIL,),
    "invoice": (EMAIL,),
    "invoice_due": (EMAIL,),
    "invoice_overdue": (EMAIL, SMS),
    "order_confirmation": (EMAIL, SMS),
    "order_reminder": (EMAIL,),
    "order_shipped": (EMAIL, SMS),
    "order_status": (EMAIL,),
    "payment_failed": (EMAIL, SMS),
    "payment_reminder": (SMS,),
    "shipment_alert": (EMAIL,),
    "shipment_alert_digest": (EMAIL,),
    "subscription_renewal_reminder": (EMAIL, SMS),
    "trip_assignment": (EMAIL, SMS, IN_APP),
    "trip_update": (EMAIL, SMS, IN_APP),
    "welcome": (EMAIL,),
}
ALERTS: Final = ("shipment_alert", "shipment_alert_digest")
"""They are there in German as well."""
CONTRACTS: Final[Mapping[str, type[Notice]]] = {
    "invoice": contracts.SendInvoiceEmail,
    "invoice_overdue": contracts.SendInvoiceOverdue,
    "order_confirmation": contracts.SendOrderConfirmation,
    "order_reminder": contracts.SendOrderReminder,
    "order_shipped": contracts.SendOrderShipped,
    "order_status": contracts.SendOrderStatus,
    "payment_failed": contracts.SendPaymentFailed,
    "payment_reminder": contracts.SendPaymentReminderSms,
    "subscription_renewal_reminder": contracts.SendSubscriptionRenewalReminder,
    "trip_assignment": contracts.SendTripAssignmentNotification,
    "welcome": contracts.SendWelcomeEmail,
}
LINKS: Final = re.compile(r"(order|payment|subscription|invoice|trip|dashboard)_url")
TEXTS: Final = {(one.name, one.locale): one for one in builtins(list(CHANNELS))}
RENDERER: Final = Renderer()


def layer_of(one: Builtin) -> Layer:
    """A built-in text as a version."""
    parts = {part: getattr(one, part) for part in PARTS}
    return Layer(one.name, None, one.locale, 1, **parts, variables=json.loads(one.variables))


def source_of(one: Builtin) -> TemplateSource:
    """A built-in text alone, without another language below it."""
    found = complete([layer_of(one)])
    assert found is not None
    return found


def reader_of(one: Builtin) -> dict[str, str]:
    """Somebody in India who reads the language."""
    return {"locale": f"{one.locale}-IN", "time_zone": "Asia/Kolkata"}


def test_every_folder_is_known_here() -> None:
    assert {path.name for path in BUILTIN.iterdir() if path.is_dir()} == set(CHANNELS)
    assert set(TEXTS) == {
        *((name, locale) for name in CHANNELS for locale in ("en", "hi")),
        *((name, "de") for name in ALERTS),
    }


@pytest.mark.parametrize("name", CHANNELS)
async def test_each_notice_is_published_in_both_languages(session: Session, name: str) -> None:
    keys = [TemplateKey(name, None, locale) for locale in ("en", "hi-IN", "fr")]
    found = await TemplateReader(session).effective(keys)

    assert [found[key].channels for key in keys] == [CHANNELS[name]] * 3
    assert [found[key].sms_locale or found[key].locale for key in keys] == ["en", "hi", "en"]


@pytest.mark.parametrize(("name", "locale"), TEXTS)
async def test_text_renders_with_its_sample_and_has_nothing_to_mend(name: str, locale: str) -> None:
    one = TEXTS[name, locale]
    source, context = source_of(one), {**EXAMPLE_LINKS, **json.loads(one.sample)}
    made = await tried(RENDERER, source, context, **reader_of(one))

    assert source.channels == CHANNELS[name]
    told = [warned.code for warned in warnings(RENDERER, layer_of(one), source, made, None)]
    # Hindi is written in UCS-2, of which a link alone takes a segment. Ids are declared, and may be used by overrides.
    usual = {"sms_long", "variable_unused"} if locale == "hi" else {"variable_unused"}
    assert set(told) <= usual
    if made.content is not None:
        html = made.content.html or ""
        refuse_unsafe(html)
        assert re.search(rf'<html lang="{locale}">', html)
        assert "[[" not in html + made.content.text
        # Above about 102 KB, Gmail cuts a mail off.
        assert len(html.encode()) < 20_000
        assert "max-width:600px" in html
        assert "prefers-color-scheme: dark" in html
        # Inherited by all cells: a word without blanks must not make the mail wider than a phone.
        assert "overflow-wrap:anywhere;word-break:break-word" in html
        # Whatever has a colour of its own has another one in the dark.
        colours = re.findall(r'<(?!body)(\w+)(?![^>]*class="[a-z])[^>]* style="[^"]*(?<!-)color:#(?!ffffff)', html)
        assert colours == []
        headings = re.findall(r"<h2[^>]*>(.*?)</h2>", html)
        assert len(headings) == len(set(headings))
        assert not re.search(r"\n\n\n", made.content.text)


@pytest.mark.parametrize("name", [name for name, channels in CHANNELS.items() if SMS in channels])
def test_english_sms_is_one_segment(name: str) -> None:
    one = TEXTS[name, "en"]
    counted = segments.count(RENDERER.render_sms(source_of(one), json.loads(one.sample), **reader_of(one)))

    assert (counted.encoding, counted.segments) == ("gsm7", 1)


@pytest.mark.parametrize(("name", "locale"), TEXTS)
async def test_text_needs_nothing_but_what_is_required(name: str, locale: str) -> None:
    one = TEXTS[name, locale]
    variables = {key: Variable.model_validate(value) for key, value in json.loads(one.variables).items()}
    least = {key: value for key, value in json.loads(one.sample).items() if key in variables and variables[key].required}
    made = await tried(RENDERER, source_of(one), least, **reader_of(one))

    said = f"{made.sms or ''} {made.content.subject + made.content.text if made.content is not None else ''}"
    assert "None" not in said
    assert "https://" not in said
    for missing in least:
        with pytest.raises(TemplateUnusable, match=f"the context lacks {missing}$"):
            await tried(RENDERER, source_of(one), {**least, missing: None}, **reader_of(one))


@pytest.mark.parametrize("name", CONTRACTS)
def test_variables_are_the_fields_of_the_contract_and_links(name: str) -> None:
    own = CONTRACTS[name].model_fields.keys() - Notice.model_fields.keys()
    variables = json.loads(TEXTS[name, "en"].variables)

    assert {key for key in variables if not LINKS.fullmatch(key)} == own
    assert set(get_args(Variable.model_fields["type"].annotation)) >= {one["type"] for one in variables.values()}
    for field in own:
        assert variables[field]["required"] == CONTRACTS[name].model_fields[field].is_required()


@pytest.mark.parametrize("locale", ["en", "hi"])
async def test_footer_offers_what_the_reader_may_decline_and_only_then(locale: str) -> None:
    one = TEXTS["campaign_newsletter", locale]
    sample = {key: value for key, value in json.loads(one.sample).items() if key not in ALWAYS}
    for url in ("unsubscribe_url", "preferences_url"):
        made = await tried(RENDERER, source_of(one), {**sample, url: "https://e.com/t/abc"}, **reader_of(one))
        assert made.content is not None
        assert '<a href="https://e.com/t/abc"' in (made.content.html or "")
        assert "https://e.com/t/abc" in made.content.text
    bare = await tried(RENDERER, source_of(one), sample, **reader_of(one))
    assert bare.content is not None
    assert "-- " not in bare.content.text


SAID: Final[list[tuple[str, str, str, dict[str, Any], str]]] = [
    ("payment_reminder", "en", SMS, {"days_left": 1}, "Fleet Plus ends tomorrow, 24 November 2026. Renew for Rs 4,999.00:"),
    ("payment_reminder", "en", SMS, {"days_left": 0}, "Fleet Plus ends today, 24 November 2026."),
    ("payment_reminder", "hi", SMS, {"days_left": 5}, "Fleet Plus 5 दिन बाद, 24 नवंबर 2026 को समाप्त हो रहा है। ₹4,999.00"),
    ("order_shipped", "en", SMS, {"tracking_url": None}, "Delivery by 27 November 2026. https://app.example.com/orders/"),
    ("payment_failed", "en", SMS, {"failure": "x" * 300}, f"failed: {'x' * 37}.... Pay here"),
    ("payment_failed", "en", EMAIL, {"next_attempt_at": None}, "Please pay again, or choose another way to pay."),
    ("invoice_overdue", "en", EMAIL, {"days_overdue": 0}, "Was due on: 7 November 2026\n\nIf you"),
    ("daily_digest", "en", EMAIL, {"trips": None, "completed": None}, "21 November 2026.\n\nOrders\n- Order WB-10482"),
    ("daily_digest", "en", EMAIL, {"more": 1234567}, "And 12,34,567 more."),
    ("daily_digest", "hi", EMAIL, {"more": 1}, "और 1 सूचना।"),
    ("daily_digest", "en", EMAIL, {"with_week": True}, "This is your day, 21 November 2026, and what the past week brought.\n"),
    ("daily_digest", "hi", EMAIL, {"with_week": True}, "आपका दिन और पिछला सप्ताह: 21 नवंबर 2026\n"),
    ("hourly_digest", "en", EMAIL, {}, "This is what came since 21 November 2026, 10:30 IST.\n\nOrders\n- Order WB-10482"),
    ("hourly_digest", "en", EMAIL, {"more": 1234567}, "And 12,34,567 more."),
    ("hourly_digest", "hi", EMAIL, {"more": 1}, "और 1 सूचना।"),
    ("order_confirmation", "en", EMAIL, {"lines": None}, "on its way.\n\nTotal: ₹1,23,456.00"),
]


@pytest.mark.parametrize(("name", "locale", "channel", "change", "said"), SAID)
async def test_notices_say(name: str, locale: str, channel: str, change: dict[str, Any], said: str) -> None:
    one = TEXTS[name, locale]
    made = await tried(RENDERER, source_of(one), json.loads(one.sample) | change, **reader_of(one))

    assert said in ((made.content.text if made.content else "") if channel == EMAIL else (made.sms or ""))
