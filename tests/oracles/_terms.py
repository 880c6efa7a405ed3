"""What the lines of a contract mean: docs/model.md, sections 1 to 7, in fractions.

Left out: the estimate of section 8, which refuses terms whose numbers could grow too large.
"""

import datetime
import hashlib
import math
import re
from fractions import Fraction

from _shapes import OPERATIONS, canonical, need

BASES_MAX, EXPONENT_MAX = 6, 9
# Decimals of the minor unit (ISO 4217), for the currencies that tests use.
DECIMALS = {"SEK": 2, "EUR": 2, "NOK": 2, "USD": 2, "GBP": 2, "JPY": 0, "KWD": 3, "ISK": 0}
COMPUTED_SIZE_MAX = 40000


# --- Units (section 2): {base: exponent}, without exponents of zero ---

def unit_product(a, b, sign=1):
    product = dict(a)
    for base, exponent in b.items():
        product[base] = product.get(base, 0) + sign * exponent
    return checked_unit({base: exponent for base, exponent in product.items() if exponent})


def checked_unit(unit):
    need(len(unit) <= BASES_MAX and all(abs(e) <= EXPONENT_MAX for e in unit.values()),
         "a unit beyond the limits")
    return unit


def unit_text(unit):
    over = [base for base in sorted(unit) for _ in range(unit[base]) if unit[base] > 0]
    under = [base for base in sorted(unit) for _ in range(-unit[base]) if unit[base] < 0]
    return "*".join(over or ["1"]) + "".join(f"/{base}" for base in under)


def read_unit(text):
    unit = {}
    for sign, base in re.findall(r"(^|[*/])([^*/]+)", text):
        if base != "1":
            unit[base] = unit.get(base, 0) + (-1 if sign == "/" else 1)
    unit = checked_unit({base: exponent for base, exponent in unit.items() if exponent})
    need(unit_text(unit) == text, f"another spelling of the unit {text}")
    return unit


NUMBER = {}


# --- Money (section 1) ---

def minor_of(money, currency):
    """Minor units of an amount; it must have exactly the currency's decimals."""
    need(money["currency"] == currency, "another currency")
    decimals = DECIMALS.get(currency)
    need(decimals is not None, f"the currency {currency}")
    whole, point, part = money["amount"].partition(".")
    need(len(part) == decimals and bool(point) == bool(decimals), "other decimals")
    minor = int(whole + part)
    need(abs(minor) < 10**18, "an amount too large")
    return minor


def amount_text(minor, currency):
    decimals = DECIMALS[currency]
    digits = str(minor).rjust(decimals + 1, "0")
    return digits[:-decimals] + "." + digits[-decimals:] if decimals else digits


class Terms:
    """The lines of a contract, checked as when it is signed."""

    def __init__(self, contract):
        self.contract = contract
        self.currency = contract["currency"]
        need(self.currency in DECIMALS, f"the currency {self.currency}")
        self.outcomes = {one["outcome"]: one for one in contract["outcomes"]}
        self.periods = {one["period"]: one for one in contract["periods"]}
        self.units = {}  # of the lines so far
        self.paid = {pay["pay"] for pay in contract["pays"]}
        for outcome in contract["outcomes"]:
            read_unit(outcome["unit"])
            read_unit(outcome.get("count_unit", "1"))
        for line in contract["lines"]:
            need(line["line"] not in self.units, "two lines of one name")
            self.units[line["line"]] = self.line_unit(line)
        for pay in contract["pays"]:
            self.check_pay(pay)

    # --- Units of lines (sections 3 and 4) ---

    def operand_unit(self, operand):
        if isinstance(operand, str):
            if re.match("[a-z]", operand):
                need(operand in self.units, f"there is no line {operand} before")
                return self.units[operand]
            return NUMBER
        if "value" in operand:
            return read_unit(operand["unit"])
        if "measured" in operand:
            need(operand["measured"] in self.outcomes, "an unknown outcome")
            need(operand.get("period") is None or operand["period"] in self.periods,
                 "an unknown period")
            return self.field_unit(self.outcomes[operand["measured"]], operand["field"])
        if "earlier" in operand:
            name = operand["earlier"]
            if name in self.paid and name not in self.units:
                need(any(line["line"] == name for line in self.contract["lines"]),
                     "there is no such line")
                return {self.currency: 1}  # check_pay refuses another unit
            need(name in self.units, f"there is no line {name} before")
            return self.units[name]
        return {"day": 1} if "period" in operand else {self.currency: 1}

    @staticmethod
    def field_unit(outcome, field):
        if field == "p_value":
            return NUMBER
        if field in ("count", "numerator", "denominator"):
            return read_unit(outcome.get("count_unit", "1"))
        return read_unit(outcome["unit"])

    def same(self, *operands):
        units = [self.operand_unit(operand) for operand in operands]
        need(all(unit == units[0] for unit in units), "units differ")
        return units[0]

    def results_unit(self, results):
        published = [one for one in results if one != "not_published"]
        need(published, "no result is published")
        return self.same(*published)

    def check_condition(self, condition):
        [(key, inside)] = condition.items()
        if key == "not":
            self.check_condition(inside)
        elif key in ("all", "any"):
            for one in inside:
                self.check_condition(one)
        else:
            self.same(*inside)

    def line_unit(self, line):
        [operation] = [key for key in line if key in OPERATIONS]
        return getattr(self, f"unit_{operation}")(line, line[operation])

    def unit_take(self, _line, x):
        return self.operand_unit(x)

    unit_negate = unit_take

    def unit_add(self, _line, xs):
        return self.same(*xs)

    unit_subtract = unit_minimum = unit_maximum = unit_add

    def unit_multiply(self, _line, xs):
        unit = NUMBER
        for x in xs:
            unit = unit_product(unit, self.operand_unit(x))
        return unit

    def unit_divide(self, _line, xs):
        need(not (is_constant(xs[1]) and constant_value(xs[1]) == 0), "a divisor of zero")
        return unit_product(self.operand_unit(xs[0]), self.operand_unit(xs[1]), -1)

    def unit_power(self, line, x):
        exponent = line["exponent"]
        need(not (exponent < 0 and is_constant(x) and constant_value(x) == 0), "zero to a negative")
        unit = self.operand_unit(x)
        return checked_unit({base: e * exponent for base, e in unit.items() if e * exponent})

    def unit_clamp(self, line, x):
        return self.same(x, *[line[key] for key in ("at_least", "at_most") if key in line])

    def unit_tiers(self, line, x):
        before = None
        for step in line["steps"]:
            kind = "at_least" if "at_least" in step else "above"
            self.same(x, step[kind])
            value = constant_value(step[kind])
            need(before is None or value > before[0] or
                 (value == before[0] and before[1] == "at_least" and kind == "above"),
                 "steps do not ascend")
            before = (value, kind)
        return self.results_unit([step["then"] for step in line["steps"]] + [line["otherwise"]])

    def unit_curve(self, line, x):
        xs, ys = zip(*line["points"])
        self.same(x, *xs)
        values = [constant_value(one) for one in xs]
        need(all(a < b for a, b in zip(values, values[1:])), "points do not ascend")
        return self.same(*ys)

    def unit_when(self, line, condition):
        self.check_condition(condition)
        return self.results_unit([line["then"], line["otherwise"]])

    def unit_round(self, line, x):
        need(constant_value(line["to"]) > 0, "a step that is not positive")
        return self.same(x, line["to"])

    def check_pay(self, pay):
        """Section 6, when the contract is signed."""
        lines = [line for line in self.contract["lines"] if line["line"] == pay["pay"]]
        need(lines and "round" in lines[0], "the line that is paid is no `round`")
        need(self.units[pay["pay"]] == {self.currency: 1}, "it is no money")
        step = constant_value(lines[0]["to"]) * 10 ** DECIMALS[self.currency]
        need(step.denominator == 1, "its step is no minor unit")
        shares = [to.get("share") for to in pay["to"]]
        if shares == [None]:
            return
        need(None not in shares, "a receiver without a share")
        by_funding = [share == "funding" for share in shares]
        need(all(by_funding) or not any(by_funding), "shares of two kinds")
        need(all(by_funding) or any(Fraction(share) for share in shares), "shares of nothing")


def is_constant(operand):
    return isinstance(operand, dict) and "value" in operand or (
        isinstance(operand, str) and not re.match("[a-z]", operand))


def constant_value(constant):
    return Fraction(constant if isinstance(constant, str) else constant["value"])


# --- Values (sections 3 to 5) ---

class Source:
    """What precedes a settlement in the contract's chain."""

    def __init__(self):
        self.measured = {}  # (outcome, period) -> fields
        self.funded = Fraction(0)
        self.funded_by = {}
        self.paid = Fraction(0)
        self.earlier = {}


ROUNDINGS = {
    "up": lambda q: math.ceil(q) if q > 0 else math.floor(q),
    "down": math.trunc,
    "ceiling": math.ceil,
    "floor": math.floor,
    "half_even": round,  # of a Fraction: half to even
    "half_up": lambda q: (math.floor(q + Fraction(1, 2)) if q >= 0
                          else math.ceil(q - Fraction(1, 2))),
}
COMPARE = {"at_least": lambda x, y: x >= y, "above": lambda x, y: x > y,
           "at_most": lambda x, y: x <= y, "below": lambda x, y: x < y,
           "equals": lambda x, y: x == y}


class Evaluation:
    """The values of all lines for one period."""

    def __init__(self, terms, period, source):
        self.terms = terms
        self.period = period
        self.source = source
        self.values = {}
        for line in terms.contract["lines"]:
            [operation] = [key for key in line if key in OPERATIONS]
            self.values[line["line"]] = getattr(self, operation)(line, line[operation])

    def of(self, operand):
        if is_constant(operand):
            return constant_value(operand)
        if isinstance(operand, str):
            need(operand != "not_published", "the result that applies is not published")
            return self.values[operand]
        if "measured" in operand:
            cell = (operand["measured"], operand.get("period", self.period))
            found = self.source.measured.get(cell, {}).get(operand["field"])
            need(found is not None, f"{cell} is not measured")
            return Fraction(found)
        if "funded" in operand:
            return self.source.funded
        if "paid" in operand:
            return self.source.paid
        if "earlier" in operand:
            return self.source.earlier.get(operand["earlier"], Fraction(0))
        period = self.terms.periods[self.period]
        first, last = (datetime.date.fromisoformat(period[key]) for key in ("from", "to"))
        return Fraction((last - first).days + 1)

    def holds(self, condition):
        [(key, inside)] = condition.items()
        if key == "not":
            return not self.holds(inside)
        if key in ("all", "any"):
            verdicts = [self.holds(one) for one in inside]  # all of them are computed
            return all(verdicts) if key == "all" else any(verdicts)
        return COMPARE[key](self.of(inside[0]), self.of(inside[1]))

    def take(self, _line, x):
        return self.of(x)

    def add(self, _line, xs):
        return sum(map(self.of, xs), Fraction(0))

    def subtract(self, _line, xs):
        return self.of(xs[0]) - self.of(xs[1])

    def multiply(self, _line, xs):
        return math.prod(map(self.of, xs), start=Fraction(1))

    def divide(self, _line, xs):
        x, y = self.of(xs[0]), self.of(xs[1])
        need(y != 0, "a division by zero")
        return x / y

    def power(self, line, x):
        value = self.of(x)
        need(value != 0 or line["exponent"] >= 0, "zero to a negative power")
        return value ** line["exponent"]

    def minimum(self, _line, xs):
        return min(map(self.of, xs))

    def maximum(self, _line, xs):
        return max(map(self.of, xs))

    def negate(self, _line, x):
        return -self.of(x)

    def clamp(self, line, x):
        value = self.of(x)
        least, most = (self.of(line[key]) if key in line else None
                       for key in ("at_least", "at_most"))
        value = value if least is None else max(value, least)
        return value if most is None else min(value, most)

    def tiers(self, line, x):
        value, chosen = self.of(x), line["otherwise"]
        for step in line["steps"]:
            if "at_least" in step and value >= constant_value(step["at_least"]) or (
                    "above" in step and value > constant_value(step["above"])):
                chosen = step["then"]
        return self.of(chosen)

    def curve(self, line, x):
        value = self.of(x)
        points = [(constant_value(a), constant_value(b)) for a, b in line["points"]]
        if value <= points[0][0]:
            return points[0][1]
        for (x0, y0), (x1, y1) in zip(points, points[1:]):
            if value <= x1:
                return y0 + (value - x0) * (y1 - y0) / (x1 - x0)
        return points[-1][1]

    def when(self, line, condition):
        return self.of(line["then"] if self.holds(condition) else line["otherwise"])

    def round(self, line, x):
        step = constant_value(line["to"])
        return ROUNDINGS[line["by"]](self.of(x) / step) * step


# --- Settlements (sections 6 and 7) ---

def fraction_text(value):
    value = Fraction(value)
    return str(value.numerator) if value.denominator == 1 else str(value)


def split(whole, weights):
    """Largest remainders; of equal ones the first."""
    if whole == 0:
        return [0] * len(weights)
    total = sum(weights)
    need(total > 0, "nobody funded what is shared by funding")
    exact = [whole * Fraction(weight) / total for weight in weights]
    parts = [math.floor(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[:whole - sum(parts)]:
        parts[i] += 1
    return parts


def pays_of(evaluation):
    """[(pay, from, to, minor units)] in the order of the contract."""
    terms, found = evaluation.terms, []
    for pay in terms.contract["pays"]:
        minor = evaluation.values[pay["pay"]] * 10 ** DECIMALS[terms.currency]
        need(minor >= 0, "a negative pay")
        need(minor < 10**18, "a pay too large")
        weights = []
        for to in pay["to"]:
            share = to.get("share", "1")
            weights.append(evaluation.source.funded_by.get(to["party"], 0)
                           if share == "funding" else Fraction(share))
        parts = split(int(minor), weights)
        found += [(pay["pay"], pay["from"], to["party"], part)
                  for to, part in zip(pay["to"], parts)]
    return found


def operands_in(value):
    """Every operand that is an object, wherever it stands in a line."""
    if isinstance(value, list):
        for one in value:
            yield from operands_in(one)
    elif isinstance(value, dict):
        if "measured" in value or "funded" in value or "paid" in value or "earlier" in value:
            yield value
        else:
            for one in value.values():
                yield from operands_in(one)


def inputs_of(terms, period, chain):
    """Ids of the statements that the form rests on; `chain` is [(id, statement)]."""
    operands = [one for line in terms.contract["lines"]
                for key, value in line.items() if key not in ("label", "note")
                for one in operands_in(value)]
    cells = {(one["measured"], one.get("period", period)) for one in operands if "measured" in one}
    uses = {kind: any(key in one for one in operands)
            for kind, key in (("funding", "funded"), ("settlement", "earlier"),
                              ("payment", "paid"))}
    uses["funding"] = uses["funding"] or any(
        to.get("share") == "funding" for pay in terms.contract["pays"] for to in pay["to"])
    found = []
    for statement_id, statement in chain:
        kind = statement["kind"]
        if kind == "measurement":
            wanted = any((value["outcome"], statement["period"]) in cells
                         for value in statement["values"])
        else:
            wanted = kind == "contract" or uses[kind]
        found += [statement_id] if wanted else []
    need(len(found) <= 2000, "too many inputs")
    return found


def computed_of(terms, period, source, chain):
    """The `computed` member, the evaluation and the pays."""
    evaluation = Evaluation(terms, period, source)
    pays = pays_of(evaluation)
    computed = {
        "period": period,
        "inputs": inputs_of(terms, period, chain),
        "lines": [{"line": name, "unit": unit_text(terms.units[name]),
                   "value": fraction_text(value)} for name, value in evaluation.values.items()],
        "pays": [{"pay": name, "from": payer, "to": receiver,
                  "amount": {"amount": amount_text(minor, terms.currency),
                             "currency": terms.currency}}
                 for name, payer, receiver, minor in pays],
    }
    if len(canonical(computed).encode()) > COMPUTED_SIZE_MAX:
        lines = canonical(computed.pop("lines")).encode()
        computed["lines_sha256"] = "sha256:" + hashlib.sha256(lines).hexdigest()
    return computed, evaluation, pays
