"""The currencies of ISO 4217 and how many decimal places the minor unit of each stands for.

From list one of the standard's maintenance agency (SIX Group, list-one.xml, published 2026-01-01): all codes that have a
minor unit. Those without one (gold, special drawing rights, test codes) are no currency that anybody pays in.
"""

from typing import Final

from services.payments.money.errors import UnknownCurrency

MAX_AMOUNT_MINOR: Final = 10**15
"""The largest amount that anybody may ask for: ten lakh crore rupees. Sums of thousands of them still fit a bigint."""

_BY_EXPONENT: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU
        CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
        KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR
        NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
        TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

EXPONENTS: Final[dict[str, int]] = {code: exponent for exponent, codes in _BY_EXPONENT.items() for code in codes.split()}
"""Decimal places by code: INR 2, JPY 0, KWD 3."""


def exponent_of(currency: str) -> int:
    """How many decimal places the minor unit stands for; INR: 2, because 100 paise are a rupee. Raises UnknownCurrency."""
    exponent = EXPONENTS.get(currency)
    if exponent is None:
        raise UnknownCurrency("the currency is not a code of ISO 4217 that has a minor unit; send one such as INR")
    return exponent
