"""What the public pages say, in English and in Hindi."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.notifications.locales import primary

LANGUAGES: Final = ("en", "hi")

TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "invalid_title": "This link does not work",
        "invalid": "It was altered or cut short on its way. Please open it from the message again.",
        "ask_title": "Unsubscribe?",
        "ask": "You get “{category}” {over} from {organization}. Do you want to stop that?",
        "unsubscribe": "Unsubscribe",
        "done_title": "You are unsubscribed",
        "done": "You will not get “{category}” {over} from {organization} any more.",
        "resubscribe": "Subscribe again",
        "locked_title": "This cannot be switched off",
        "locked": "“{category}” is about what you have ordered or own, so {organization} has to send it.",
        "all_preferences": "Choose everything that you get",
        "title": "What you want to get",
        "intro": "Choose what {organization} sends you, and over which way.",
        "saved": "Your choices are saved.",
        "always": "Always sent, because they are about what you have ordered or own:",
        "email": "E-mail",
        "sms": "SMS",
        "in_app": "In the app",
        "over_email": "by e-mail",
        "over_sms": "by SMS",
        "over_in_app": "in the app",
        "on": "On",
        "off": "Off",
        "hourly": "Once an hour",
        "daily": "Once a day",
        "weekly": "Once a week",
        "times": "When nothing is sent",
        "times_intro": "It is sent afterwards instead. Urgent messages and those about your account come at any time.",
        "quiet": "Quiet hours",
        "quiet_organization": "As {organization} has set them: {hours}",
        "quiet_none": "None",
        "quiet_own": "My own",
        "no_hours": "none",
        "from": "From",
        "until": "Until",
        "days": "On these days",
        "pause": "Send nothing before this day",
        "pause_hint": "Leave it empty for no pause. At most {days} days ahead.",
        "zone": "Times are in {zone}.",
        "save": "Save",
        "error_title": "Nothing was saved",
        "error_days": "Choose at least one day for your quiet hours, and when they begin and end.",
        "error_endless": "Quiet hours that never end would hold everything for ever. Leave out a day, or let them end.",
        "error_pause": "The pause must end after today and at most {days} days from now.",
        "error_form": "The form was not understood. Please open the page again.",
        "mon": "Mon",
        "tue": "Tue",
        "wed": "Wed",
        "thu": "Thu",
        "fri": "Fri",
        "sat": "Sat",
        "sun": "Sun",
        "every_day": "every day",
        "sender": "the sender",
    },
    "hi": {
        "invalid_title": "यह लिंक काम नहीं करता",
        "invalid": "यह लिंक रास्ते में बदल गया या अधूरा रह गया। कृपया इसे संदेश से फिर से खोलें।",
        "ask_title": "सदस्यता समाप्त करें?",
        "ask": "आपको {organization} से {over} “{category}” मिलते हैं। क्या आप इन्हें बंद करना चाहते हैं?",
        "unsubscribe": "सदस्यता समाप्त करें",
        "done_title": "सदस्यता समाप्त हो गई",
        "done": "अब आपको {organization} से {over} “{category}” नहीं भेजे जाएँगे।",
        "resubscribe": "फिर से सदस्यता लें",
        "locked_title": "इसे बंद नहीं किया जा सकता",
        "locked": "“{category}” आपके ऑर्डर या खाते से जुड़ी सूचनाएँ हैं, इसलिए {organization} को इन्हें भेजना ही होता है।",
        "all_preferences": "आपको क्या-क्या मिले, यह चुनें",
        "title": "आप क्या पाना चाहते हैं",
        "intro": "चुनें कि {organization} आपको क्या और किस माध्यम से भेजे।",
        "saved": "आपकी पसंद सहेज ली गई है।",
        "always": "ये हमेशा भेजे जाते हैं, क्योंकि ये आपके ऑर्डर या खाते से जुड़े हैं:",
        "email": "ई-मेल",
        "sms": "SMS",
        "in_app": "ऐप में",
        "over_email": "ई-मेल से",
        "over_sms": "SMS से",
        "over_in_app": "ऐप में",
        "on": "चालू",
        "off": "बंद",
        "hourly": "घंटे में एक बार",
        "daily": "दिन में एक बार",
        "weekly": "सप्ताह में एक बार",
        "times": "कब कुछ न भेजा जाए",
        "times_intro": "इस बीच के संदेश बाद में भेजे जाते हैं। अत्यावश्यक संदेश और आपके खाते से जुड़े संदेश कभी भी आ सकते हैं।",
        "quiet": "शांत समय",
        "quiet_organization": "जैसा {organization} ने तय किया है: {hours}",
        "quiet_none": "कोई नहीं",
        "quiet_own": "मेरा अपना",
        "no_hours": "कोई नहीं",
        "from": "कब से",
        "until": "कब तक",
        "days": "इन दिनों",
        "pause": "इस दिन से पहले कुछ न भेजें",
        "pause_hint": "रोक न चाहिए तो खाली छोड़ दें। अधिकतम {days} दिन आगे तक।",
        "zone": "समय {zone} के अनुसार है।",
        "save": "सहेजें",
        "error_title": "कुछ भी सहेजा नहीं गया",
        "error_days": "अपने शांत समय के लिए कम से कम एक दिन चुनें, और बताएँ कि वह कब शुरू और कब समाप्त हो।",
        "error_endless": "जो शांत समय कभी समाप्त न हो, वह सब कुछ हमेशा के लिए रोक देगा। कोई दिन छोड़ दें या समाप्ति का समय बदलें।",
        "error_pause": "रोक आज के बाद और अधिकतम {days} दिनों के भीतर समाप्त होनी चाहिए।",
        "error_form": "फ़ॉर्म समझ में नहीं आया। कृपया पेज फिर से खोलें।",
        "mon": "सोम",
        "tue": "मंगल",
        "wed": "बुध",
        "thu": "गुरु",
        "fri": "शुक्र",
        "sat": "शनि",
        "sun": "रवि",
        "every_day": "हर दिन",
        "sender": "भेजने वाले",
    },
}


def language_of(*tags: str | None) -> str:
    """The first of these language tags that the pages are written in, else English."""
    spoken = (primary(tag) for tag in tags if tag)
    return next((language for language in spoken if language in LANGUAGES), "en")


def accepted(header: str | None) -> Sequence[str]:
    """The tags of an Accept-Language header, the most wanted first (RFC 9110 §12.5.4); what is no tag is left out."""
    weighted: list[tuple[float, str]] = []
    for part in (header or "")[:500].split(",")[:20]:
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if tag and quality > 0:
            weighted.append((-quality, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda one: one[0])]
