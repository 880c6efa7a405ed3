"""What terms come to: docs/model.md, sections 3 to 7, in fractions."""

import datetime
import hashlib
import math
from fractions import Fraction

from _shapes import RATIOS, Refused, canonical, need
from _terms import constant_value, is_constant, operands_of, operation_of, tranches_of
from _units import DECIMALS, MINOR_END, amount_text, unit_text

COMPUTED_SIZE_MAX = 40000
INPUTS_MAX = 2000
NUMBER_END = 10**1000


class Source:
    """What precedes a settlement in the contract's chain."""

    def __init__(self):
        self.measured = {}  # (outcome, period) -> fields
        self.funded = {}  # by investor
        self.paid = {}  # by the line of the pay; what is paid in reverse counts negative
        self.earlier = {}  # by line

    def frozen(self):
        """The sums as they stand, and the measurements as they will be."""
        kept = Source()
        kept.measured = self.measured
        kept.funded, kept.paid, kept.earlier = dict(self.funded), dict(self.paid), dict(
            self.earlier)
        return kept


class Settled:
    """What a period was settled to (section 7.1)."""

    def __init__(self, source, position):
        self.source = source  # as it stood at the first settlement
        self.position = position  # of that settlement in the chain
        self.ids = []  # of all its settlements
        self.values = {}  # of the last one, by line
        self.pays = []  # of the last one, every `Owed`


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
# What a level is compared with, and how; one that holds is enough.
SIGNIFICANT = {"p_below": [("p_value", "below")], "p_at_most": [("p_value", "at_most")],
               "interval_above": [("low", "above")], "interval_below": [("high", "below")],
               "interval_excludes": [("low", "above"), ("high", "below")]}


# --- Days (section 4.9) ---

def days_later(date, days):
    """The calendar ends."""
    try:
        return date + datetime.timedelta(days=days)
    except OverflowError as error:
        raise Refused("a day after 9999-12-31", {("SETTLEMENT_NOT_COMPUTABLE", "")}) from error


def year_fraction(count, start, end):
    if count.startswith("act_"):
        return Fraction((end - start).days, int(count.removeprefix("act_")))
    d1, d2 = min(start.day, 30), end.day
    if count == "30e_360" or d1 == 30:
        d2 = min(d2, 30)
    return Fraction(360 * (end.year - start.year) + 30 * (end.month - start.month) + d2 - d1, 360)


# --- Lines (sections 3 to 5) ---

class Evaluation:
    """The values of all lines for one period."""

    def __init__(self, terms, period, source):
        self.terms = terms
        self.period = period
        self.first, self.last = (datetime.date.fromisoformat(terms.periods[period][key])
                                 for key in ("from", "to"))
        self.source = source
        self.values = {}
        for index, line in enumerate(terms.contract["lines"]):
            self.values[line["line"]] = self.value_of(index, line)

    def value_of(self, index, line):
        operation = operation_of(line)
        try:
            value = getattr(self, operation)(line, line[operation])
            need(abs(value.numerator) < NUMBER_END and value.denominator < NUMBER_END,
                 "a number too long", "SETTLEMENT_NOT_COMPUTABLE")
        except Refused as refusal:
            codes = {(code, f"/lines/{index}") for code, _ in refusal.codes | self.others(line)}
            raise Refused(f"line {line['line']}: {refusal}", codes) from refusal
        return value

    def others(self, line):
        """Why else the line may be refused: whatever operand a program looks at first."""
        found = set()
        for operand in operands_of(line):
            try:
                if "field" in operand:
                    self.of(operand)
            except Refused as refusal:
                found |= refusal.codes
        return found

    def of(self, operand):
        if is_constant(operand):
            return constant_value(operand)
        if isinstance(operand, str):
            need(operand != "not_published", "the result that applies is not published",
                 "TERMS_NOT_PUBLISHED")
            return self.values[operand]
        if "measured" in operand:
            return self.measured(operand, operand["field"])
        if "funded" in operand:
            return self.sum_of(self.source.funded, operand["funded"])
        if "paid" in operand:
            return self.sum_of(self.source.paid, operand["paid"])
        if "earlier" in operand:
            return self.source.earlier.get(operand["earlier"], Fraction(0))
        return Fraction((self.last - self.first).days + 1)

    @staticmethod
    def sum_of(amounts, name):
        if name == "total":
            return sum(amounts.values(), Fraction(0))
        return amounts.get(name, Fraction(0))

    def measured(self, operand, field):
        """Of an operand or a `significant`."""
        if field in RATIOS:
            group = field.removesuffix("ratio")
            over, under = (self.measured(operand, group + part)
                           for part in ("numerator", "denominator"))
            return over / under
        cell = (operand["measured"], operand.get("period", self.period))
        found = self.source.measured.get(cell, {}).get(field)
        need(found is not None, f"{cell} is not measured", "SETTLEMENT_NOT_MEASURED")
        return Fraction(found)

    def holds(self, condition):
        [(key, inside)] = condition.items()
        if key == "not":
            return not self.holds(inside)
        if key in ("all", "any"):
            verdicts = [self.holds(one) for one in inside]  # all of them are computed
            return all(verdicts) if key == "all" else any(verdicts)
        if key == "significant":
            [kind] = [one for one in inside if one in SIGNIFICANT]
            level = constant_value(inside[kind])
            return any([COMPARE[how](self.measured(inside, field), level)
                        for field, how in SIGNIFICANT[kind]])
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
        need(y != 0, "a division by zero", "SETTLEMENT_NOT_COMPUTABLE")
        return x / y

    def power(self, line, x):
        value = self.of(x)
        need(value != 0 or line["exponent"] >= 0, "zero to a negative power",
             "SETTLEMENT_NOT_COMPUTABLE")
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

    def brackets(self, line, x):
        value, whole = self.of(x), Fraction(0)
        froms = [constant_value(block["from"]) for block in line["blocks"]]
        ends = froms[1:] + [value]
        for block, start, end in zip(line["blocks"], froms, ends):
            if start < value:
                whole += (min(value, end) - start) * self.of(block["rate"])
        return whole

    def rate_card(self, _line, items):
        return sum(map(self.item, items), Fraction(0))

    def item(self, item):
        part = {key: self.of(one) for key, one in item.items() if key not in ("item", "label")}
        count = min([part[key] for key in ("count", "count_at_most") if key in part])
        amount = count * part["price"] * part.get("multiplier", 1)
        return min(amount, part.get("amount_at_most", amount))

    def by_period(self, line, rows):
        found = [row["then"] for row in rows if row["period"] == self.period]
        return self.of(found[0] if found else line["otherwise"])

    def interest(self, line, x):
        principal, rate = self.of(x), self.of(line["rate"])
        if "periods" in line:
            return principal * ((1 + rate) ** line["periods"] - 1)
        if "from" in line:
            start, end = (datetime.date.fromisoformat(line[key]) for key in ("from", "to"))
        else:
            start, end = self.first, days_later(self.last, 1)
        return principal * rate * year_fraction(line["count"], start, end)

    def index(self, line, x):
        value, base, current = self.of(x), self.of(line["base"]), self.of(line["current"])
        need(base != 0, "a base of zero", "SETTLEMENT_NOT_COMPUTABLE")
        return value * current / base

    def when(self, line, condition):
        return self.of(line["then"] if self.holds(condition) else line["otherwise"])

    def round(self, line, x):
        step = constant_value(line["to"])
        return ROUNDINGS[line["by"]](self.of(x) / step) * step


# --- Pays (section 6) ---

class Owed:
    """One amount of a settlement."""

    def __init__(self, place, minor, due, terms):
        self.place = place  # as the contract says, whoever owes whom
        self.pay, self.tranche, self.payer, self.receiver = place  # a tranche of None: it has none
        self.minor = minor
        self.due = due  # None: the pay does not say
        self.terms = terms  # that have the place
        [stated] = [one for one in terms.contract["pays"] if one["pay"] == self.pay]
        self.is_reversible = "negative" in stated
        self.is_reversed = False
        self.whole = minor  # of the period; less than zero if it is reversed
        self.carried_in = self.carried_out = 0

    def reverse(self):
        self.payer, self.receiver = self.receiver, self.payer
        self.is_reversed = not self.is_reversed

    def carry(self, difference, credit):
        """Owes the difference to what was settled before, less the credit (section 7.2)."""
        if self.is_reversed != (difference < 0 and self.is_reversible):
            self.reverse()
        self.minor = abs(difference)
        need(self.minor < MINOR_END, "a difference too large", "SETTLEMENT_NOT_COMPUTABLE",
             "/pays")
        if self.is_reversed:
            return
        if difference < 0:
            self.minor, self.carried_out = 0, self.minor
        self.carried_in = min(credit, self.minor)
        self.minor -= self.carried_in

    def to_json(self, currency):
        stated = {"pay": self.pay, "tranche": self.tranche, "from": self.payer,
                  "to": self.receiver, "due": self.due,
                  "amount": {"amount": amount_text(self.minor, currency), "currency": currency}}
        for key in ("carried_in", "carried_out"):
            minor = getattr(self, key)
            stated[key] = {"amount": amount_text(minor, currency),
                           "currency": currency} if minor else None
        return {key: one for key, one in stated.items() if one is not None}


def split(whole, weights):
    """Largest remainders; of equal ones the first."""
    if whole == 0:
        return [0] * len(weights)
    total = sum(weights)
    need(total > 0, "nobody funded what is shared by funding", "PAY_UNFUNDED")
    exact = [whole * Fraction(weight) / total for weight in weights]
    parts = [math.floor(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[:whole - sum(parts)]:
        parts[i] += 1
    return parts


def poured(whole, tranches, minor_of_line):
    """What each tranche of a pay gets."""
    parts = []
    for tranche in tranches:
        part = whole
        if "up_to" in tranche:
            limit = minor_of_line(tranche["up_to"])
            need(limit >= 0, "a tranche up to less than nothing", "PAY_NEGATIVE")
            part = min(whole, limit)
        parts.append(part)
        whole -= part
    return parts


def due_of(pay, last):
    due = pay.get("due")
    if due is None or "date" in due:
        return due and due["date"]
    return days_later(last, due["days_after_period"]).isoformat()


def pay_of(evaluation, pay):
    """What one pay comes to."""
    decimals, source = DECIMALS[evaluation.terms.currency], evaluation.source

    def minor_of_line(name):
        return int(evaluation.values[name] * 10**decimals)

    def weight(to):
        share = to.get("share", "1")
        return source.funded.get(to["party"], 0) if share == "funding" else Fraction(share)

    whole = minor_of_line(pay["pay"])
    is_reversed = whole < 0 and pay.get("negative") == "reverse"
    need(whole >= 0 or is_reversed, "a negative pay", "PAY_NEGATIVE")
    need(abs(whole) < MINOR_END, "a pay too large", "SETTLEMENT_NOT_COMPUTABLE")
    due, found = due_of(pay, evaluation.last), []
    tranches = tranches_of(pay)
    for tranche, part in zip(tranches, poured(abs(whole), tranches, minor_of_line)):
        parts = split(part, [weight(to) for to in tranche["to"]])
        found += [Owed((pay["pay"], tranche.get("tranche"), pay["from"], to["party"]), minor, due,
                       evaluation.terms) for to, minor in zip(tranche["to"], parts)]
    for owed in found:
        if is_reversed:
            owed.reverse()
            owed.whole = -owed.whole
    return found


def pays_of(evaluation):
    """Every `Owed` of the settlement, in the order of the contract."""
    found, codes, reasons = [], set(), []
    for index, pay in enumerate(evaluation.terms.contract["pays"]):
        try:
            found += pay_of(evaluation, pay)
        except Refused as refusal:
            codes |= {(code, f"/pays/{index}") for code, _ in refusal.codes}
            reasons.append(f"{pay['pay']}: {refusal}")
    if codes:
        raise Refused("; ".join(reasons), codes)
    return found


# --- Settlements (section 7) ---

def fraction_text(value):
    return str(Fraction(value))


def places_with_credit(statement):
    """Places of a settlement that a credit was carried out at; these are not reversed."""
    return {(one["pay"], one.get("tranche"), one["from"], one["to"])
            for one in statement["computed"]["pays"] if "carried_out" in one}


def inputs_of(terms, period, chain, settled, pays, amendment):
    """Ids of the statements that the form rests on; `chain` is [(id, statement, its period)]."""
    operands = [one for line in terms.contract["lines"] for one in operands_of(line)]
    cells = {(one["measured"], one.get("period", period)) for one in operands if "measured" in one}
    uses = {kind: any(key in one for one in operands)
            for kind, key in (("funding", "funded"), ("settlement", "earlier"),
                              ("payment", "paid"))}
    uses["funding"] = uses["funding"] or any(
        to.get("share") == "funding" for pay in terms.contract["pays"]
        for tranche in tranches_of(pay) for to in tranche["to"])
    end = len(chain) if settled is None else settled.position
    deducted = {one.place for one in pays if one.carried_in}
    found = []
    for position, (statement_id, statement, about) in enumerate(chain):
        kind = statement["kind"]
        if kind in ("measurement", "correction", "decision"):
            wanted = any((value["outcome"], about) in cells
                         for value in statement.get("values", []))
        else:
            wanted = kind == "contract" or statement_id == amendment or (
                uses.get(kind, False) and position < end)
        if kind == "settlement":
            wanted = wanted or about == period or bool(
                deducted & places_with_credit(statement))
        found += [statement_id] if wanted else []
    need(len(found) <= INPUTS_MAX, "too many inputs", "SETTLEMENT_NOT_COMPUTABLE")
    return found


def without_place(pays, settled):
    """What was owed before at places that the terms no longer have: nothing now (section 11.4)."""
    places = {one.place for one in pays}
    return [Owed(one.place, 0, one.due, one.terms) for one in settled.pays
            if one.whole != 0 and one.place not in places]


def carry(pays, settled, credits):
    """Leaves of each pay what it owes beyond what the period was settled to."""
    before = {} if settled is None else {one.place: one.whole for one in settled.pays}
    for one in pays:
        if settled is not None or not one.is_reversed:
            one.carry(one.whole - before.get(one.place, 0), credits.get(one.place, 0))


def computed_of(terms, period, source, chain, settled=None, credits=None, amendment=None):
    """The `computed` member, the evaluation, and the pays.

    `settled` is what the period was settled to before, if it was; `credits` are minor units by
    place; `amendment` is the id of the one that has the terms, if one has.
    """
    evaluation = Evaluation(terms, period, source if settled is None else settled.source)
    pays = pays_of(evaluation)
    if settled is not None:
        pays += without_place(pays, settled)
    carry(pays, settled, credits or {})
    computed = {
        "period": period,
        "inputs": inputs_of(terms, period, chain, settled, pays, amendment),
        "lines": [{"line": name, "unit": unit_text(terms.units[name]),
                   "value": fraction_text(value)} for name, value in evaluation.values.items()],
        "pays": [owed.to_json(terms.currency) for owed in pays],
    }
    if settled is not None:
        computed["supplements"] = settled.ids[-1]
    if amendment is not None:
        computed["terms"] = amendment
    if len(canonical(computed).encode()) > COMPUTED_SIZE_MAX:
        lines = canonical(computed.pop("lines")).encode()
        computed["lines_sha256"] = "sha256:" + hashlib.sha256(lines).hexdigest()
    return computed, evaluation, pays
