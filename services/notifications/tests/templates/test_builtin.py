"""The texts that Waybill brings along."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text

from services.notifications.email.mime import Content
from services.notifications.templates.rendering import Renderer
from services.notifications.templates.repository import TemplateKey, TemplateReader
from shared.runtime.db import Session

BUILTIN: Final = Path(__file__).parents[2] / "templates" / "builtin"
SEED: Final = text("SELECT seed_template('shipment_alert', 'en', :subject, 'T', 'H', '{}')")


async def content(session: Session, name: str, locale: str, **changed: Any) -> Content:
    """A built-in template with its sample context, changed."""
    key = TemplateKey(name, None, locale)
    source = (await TemplateReader(session).effective([key]))[key]
    context = json.loads((BUILTIN / name / "sample.json").read_text()) | changed
    return Renderer().render(source, context, locale=locale, time_zone="UTC")


@pytest.mark.parametrize(
    ("locale", "changed", "subject"),
    [
        ("en", {}, "Critical: shipment MAEU1234567 is 7 days late"),
        ("fr", {"severity": "info", "days_late": 1}, "Info: shipment MAEU1234567 is 1 day late"),
        ("de-AT", {"severity": "high"}, "Hoch: Sendung MAEU1234567 ist 7 Tage verspätet"),
        ("hi-IN", {}, "गंभीर: शिपमेंट MAEU1234567 7 दिन देर से है"),
    ],
)
async def test_alert_names_shipment_and_lateness(session: Session, locale: str, changed: dict[str, Any], subject: str) -> None:
    made = await content(session, "shipment_alert", locale, **changed)

    assert made.subject == subject
    assert made.text.startswith(subject)


async def test_alert_tells_what_is_known_and_nothing_of_what_is_not(session: Session) -> None:
    full = await content(session, "shipment_alert", "en")
    bare: dict[str, Any] = {
        "mode": None,
        "original_eta": "2026-11-17",
        "last_free_day": None,
        "missing_documents": [],
        "holds": [],
        "earlier": 0,
    }
    least = await content(session, "shipment_alert", "en", **bare, customer="<b>R & D</b>")

    for told in ("Mode: sea", "First promised: 10 November 2026", "Last free day: 26 November 2026", "2 earlier alerts"):
        assert told in full.text
    assert "Hold: customs since 18 November 2026, fee EUR 180.00\nHold: document since 19 November 2026\n" in full.text
    assert "&lt;b&gt;R &amp; D&lt;/b&gt;" in (least.html or "")
    for untold in ("Mode", "First promised", "Last free day", "Missing", "Holds", "earlier"):
        assert untold not in least.text
        assert untold not in (least.html or "")


@pytest.mark.parametrize(
    ("counts", "subject"),
    [
        ({"critical": 3, "high": 20, "warning": 94, "info": 0}, "117 shipments are late: 3 critical, 20 high, 94 warning"),
        ({"critical": 0, "high": 0, "warning": 0, "info": 117}, "117 shipments are late: 117 info"),
        ({"critical": 1, "high": 0, "warning": 116, "info": 0}, "117 shipments are late: 1 critical, 116 warning"),
    ],
)
async def test_digest_counts_only_the_kinds_that_there_are(session: Session, counts: dict[str, int], subject: str) -> None:
    assert (await content(session, "shipment_alert_digest", "en", counts=counts)).subject == subject


async def test_digest_of_150_alerts_fits_a_mail(session: Session) -> None:
    alerts = json.loads((BUILTIN / "shipment_alert_digest" / "sample.json").read_text())["alerts"]
    made = await content(session, "shipment_alert_digest", "de", alerts=alerts * 50, more=0)

    assert made.text.count("MAEU1234567") == 50
    assert "weitere" not in made.text
    # Above about 102 KB, Gmail cuts a mail off.
    assert len((made.html or "").encode()) < 102_000


async def test_seeding_twice_changes_nothing_and_leaves_an_operators_text_published(session: Session) -> None:
    versions = text(
        "SELECT number, subject, state FROM template_versions JOIN templates ON templates.id = template_id"
        " WHERE name = 'shipment_alert' AND locale = 'en' ORDER BY number"
    )
    first = (await session.execute(versions)).all()[-1]
    for subject in ("New", "New"):
        await session.execute(SEED, {"subject": subject})
    seeded = [tuple(row)[1:] for row in await session.execute(versions)]
    await session.execute(text("UPDATE template_versions SET state = 'retired' WHERE subject = 'New'"))
    await session.execute(
        text(
            "INSERT INTO template_versions (template_id, number, locale, subject, created_by, state, published_at)"
            " SELECT id, 90, 'en', 'Operator', 'ann', 'published', now() FROM templates WHERE name = 'shipment_alert'"
        )
    )
    await session.execute(SEED, {"subject": "Newer"})

    assert seeded[-2:] == [(first.subject, "retired"), ("New", "published")]
    assert sum(subject == "New" for subject, _ in seeded) == 1
    assert [tuple(row)[1:] for row in await session.execute(versions)][-2:] == [("Operator", "published"), ("Newer", "draft")]
