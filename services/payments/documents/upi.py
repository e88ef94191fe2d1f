"""UPI payment links, which phones in India read off a code (NPCI, UPI linking specification 1.6)."""

from urllib.parse import quote, urlencode

from services.payments.money.currencies import exponent_of

MAX_NOTE_CHARS = 50


def pay_link(payee: str, name: str, amount_minor: int, currency: str, reference: str, note: str) -> str:
    """A `upi://pay` link for an exact amount. reference: comes back with the payment, at most 35 letters and digits."""
    places = exponent_of(currency)
    whole, rest = divmod(amount_minor, 10**places)
    amount = f"{whole}.{rest:0{places}}" if places else str(whole)
    fields = {"pa": payee, "pn": name, "am": amount, "cu": currency, "tr": reference, "tn": note[:MAX_NOTE_CHARS]}
    return f"upi://pay?{urlencode(fields, quote_via=quote, safe='@')}"
