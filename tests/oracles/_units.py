"""Units and money: docs/model.md, sections 1 and 2."""

import re

from _shapes import need

BASES_MAX, EXPONENT_MAX = 6, 9
# Decimals of the minor unit (ISO 4217), for the currencies that tests use.
DECIMALS = {"SEK": 2, "EUR": 2, "NOK": 2, "USD": 2, "GBP": 2, "JPY": 0, "KWD": 3, "ISK": 0, "AUD": 2,
            "ARS": 2, "CHF": 2}
MINOR_END = 10**18

NUMBER = {}
DAY = {"day": 1}


# --- Units: {base: exponent}, without exponents of zero ---

def is_unit(unit):
    return len(unit) <= BASES_MAX and all(abs(e) <= EXPONENT_MAX for e in unit.values())


def unit_product(a, b, sign=1):
    """The product, or the quotient; it may lie beyond the limits."""
    product = dict(a)
    for base, exponent in b.items():
        product[base] = product.get(base, 0) + sign * exponent
    return {base: exponent for base, exponent in product.items() if exponent}


def unit_power(unit, exponent):
    return {base: e * exponent for base, e in unit.items() if e * exponent}


def unit_text(unit):
    over = [base for base in sorted(unit) for _ in range(unit[base]) if unit[base] > 0]
    under = [base for base in sorted(unit) for _ in range(-unit[base]) if unit[base] < 0]
    return "*".join(over or ["1"]) + "".join(f"/{base}" for base in under)


def read_unit(text):
    """The unit, or None: it has one spelling."""
    unit = {}
    for sign, base in re.findall(r"(^|[*/])([^*/]+)", text):
        if base != "1":
            unit[base] = unit.get(base, 0) + (-1 if sign == "/" else 1)
    unit = {base: exponent for base, exponent in unit.items() if exponent}
    return unit if is_unit(unit) and unit_text(unit) == text else None


# --- Money ---

def minor_of(money, currency):
    """Minor units of an amount; it must have exactly the currency's decimals."""
    need(money["currency"] == currency, "another currency", "CURRENCY_OTHER")
    decimals = DECIMALS[currency]
    whole, point, part = money["amount"].partition(".")
    need(len(part) == decimals and bool(point) == bool(decimals), "other decimals",
         "AMOUNT_MALFORMED")
    minor = int(whole + part)
    need(abs(minor) < MINOR_END, "an amount too large", "AMOUNT_MALFORMED")
    return minor


def amount_text(minor, currency):
    decimals = DECIMALS[currency]
    digits = str(minor).rjust(decimals + 1, "0")
    return digits[:-decimals] + "." + digits[-decimals:] if decimals else digits
