"""Whether terms can be signed: docs/model.md, sections 3 to 6 and 8, and formats.md, 8.4.

Every refusal that a contract deserves is found, not only the first: which of them a program names
is its own business.
"""

import contextlib
import functools
import re
from fractions import Fraction

import _bounds
from _bounds import LineBound
from _shapes import OPERATIONS, RATIOS, Refused
from _units import (DAY, DECIMALS, NUMBER, is_unit, minor_of, read_unit, unit_power, unit_product)

COUNTS = ("count", "numerator", "denominator", "control_count", "control_numerator",
          "control_denominator")


def is_name(operand):
    return isinstance(operand, str) and re.match("[a-z]", operand) is not None


def is_constant(operand):
    return isinstance(operand, dict) and "value" in operand or (
        isinstance(operand, str) and not is_name(operand))


number_of = functools.lru_cache(maxsize=100000)(Fraction)


def constant_value(constant):
    return number_of(constant if isinstance(constant, str) else constant["value"])


def operation_of(line):
    [operation] = [key for key in line if key in OPERATIONS]
    return operation


def signers_of(further):
    """(parties, how many of them must sign) of a member of `signatures`."""
    if isinstance(further, dict):
        return further["parties"], further["at_least"]
    return further, len(further)


def tranches_of(pay):
    """The layers of a pay; one that is no waterfall has one, without a name."""
    return pay.get("waterfall") or [{"to": pay["to"]}]


def objects_in(value):
    """Every operand that is an object, and every `significant`, wherever it stands in a line."""
    if isinstance(value, list):
        for one in value:
            yield from objects_in(one)
    elif isinstance(value, dict):
        if any(key in value for key in ("measured", "funded", "paid", "earlier")):
            yield value
        else:
            for one in value.values():
                yield from objects_in(one)


def operands_of(line):
    for key, value in line.items():
        if key not in ("label", "note"):
            yield from objects_in(value)


NOT_OPERANDS = ("line", "label", "note", "actor", "basis", "baseline", "by", "item", "period")


def names_in(value):
    """Every operand that is a name, wherever it stands below the members of a line."""
    if isinstance(value, list):
        return [name for one in value for name in names_in(one)]
    if isinstance(value, dict):
        if any(key in value for key in ("value", "measured", "funded", "paid", "earlier")):
            return []
        return [name for key, one in value.items() if key not in NOT_OPERANDS
                for name in names_in(one)]
    return [value] if is_name(value) and value != "not_published" else []


def lines_read_by(line):
    """Names of the lines that a line rests on."""
    words = ("count",) if "interest" in line else ()  # a day count there, not an operand
    return names_in({key: one for key, one in line.items() if key not in words})


class Hidden(Exception):
    """A bound that cannot be known, since a line that it rests on is refused."""


class Terms:
    """The lines of a contract, checked as when it is signed."""

    def __init__(self, contract):
        self.contract = contract
        self.currency = contract["currency"]
        self.outcomes = {one["outcome"]: one for one in contract["outcomes"]}
        self.periods = {one["period"]: one for one in contract["periods"]}
        self.lines = {one["line"]: one for one in contract["lines"]}
        self.paid = {pay["pay"] for pay in contract["pays"]}
        self.units = {}  # of the lines so far; None where a refusal hides it
        self.bounds = {}  # the same
        self.refusals = set()
        self.reasons = []
        self.where = ""
        self.check()
        if self.refusals:
            raise Refused("; ".join(self.reasons), self.refusals)

    def require(self, condition, code, what):
        if not condition:
            self.refusals.add((code, self.where))
            self.reasons.append(f"{self.where}: {what}")
        return condition

    @contextlib.contextmanager
    def at(self, where):
        before, self.where = self.where, self.where + where
        yield
        self.where = before

    def each(self, key, check):
        for index, one in enumerate(self.contract.get(key, [])):
            with self.at(f"/{key}/{index}"):
                check(one)

    def different(self, names, what):
        self.require(len(set(names)) == len(names), "NAME_REPEATED", f"{what} twice")

    def check(self):
        with self.at("/currency"):
            if not self.require(self.currency in DECIMALS, "CURRENCY_UNKNOWN", self.currency):
                return
        for key, name in (("outcomes", "outcome"), ("periods", "period"), ("lines", "line"),
                          ("pays", "pay"), ("annexes", "name"), ("baselines", "baseline")):
            with self.at(f"/{key}"):
                self.different([one[name] for one in self.contract.get(key, [])], name)
        self.each("outcomes", self.check_outcome)
        self.each("periods", self.check_period)
        self.each("lines", self.check_line)
        self.each("pays", self.check_pay)
        self.each("baselines", self.check_baseline)
        self.each("lines", self.check_gain)
        self.check_roles()
        self.check_allotments()

    # --- Outcomes and periods (section 3.3; formats.md, 7.5) ---

    def unit(self, text):
        unit = read_unit(text)
        self.require(unit is not None, "UNIT_UNKNOWN", f"the unit {text}")
        return unit

    def check_outcome(self, outcome):
        self.unit(outcome["unit"])
        self.unit(outcome.get("count_unit", "1"))
        for key in ("range", "count_range"):
            ends = {end: Fraction(one) for end, one in outcome.get(key, {}).items()}
            self.require(len(ends) < 2 or ends["at_least"] <= ends["at_most"], "RANGE_ORDER", key)
            self.require(key == "range" or ends.get("at_most", 0) >= 0, "RANGE_ORDER",
                         "no count is below zero")

    def check_period(self, period):
        self.require(period["from"] <= period["to"], "PERIOD_ORDER", "it ends before it begins")
        self.require(period["due"] == "not_published" or period["due"] >= period["to"],
                     "PERIOD_ORDER", "due too soon")

    # --- Gains (section 3.5) ---

    def check_baseline(self, baseline):
        first = min(one["from"] for one in self.contract["periods"])
        self.require(baseline["date"] <= first, "BASELINE_LATE", "fixed too late")

    def check_gain(self, line):
        names = {one["baseline"] for one in self.contract.get("baselines", [])}
        unit = self.units.get(line["line"])
        with self.at("/basis"):
            self.require("basis" not in line or unit in (None, {self.currency: 1}),
                         "UNITS_DIFFER", "a gain that is no money")
        with self.at("/baseline"):
            self.require(line.get("baseline") is None or line["baseline"] in names,
                         "BASELINE_UNKNOWN", f"the baseline {line.get('baseline')}")

    # --- Operands (section 3.2) ---

    def operand_unit(self, operand):
        if isinstance(operand, str):
            if not is_name(operand):
                return NUMBER
            self.require(operand in self.units, "LINE_UNKNOWN", f"no line {operand} before")
            return self.units.get(operand)
        if "value" in operand:
            return self.unit(operand["unit"])
        if "measured" in operand:
            outcome = self.outcome_of(operand)
            return outcome and self.field_unit(outcome, operand["field"])
        if "earlier" in operand:
            return self.earlier_unit(operand["earlier"])
        if "paid" in operand:
            name = operand["paid"]
            self.require(name == "total" or (name in self.paid and name in self.lines),
                         "LINE_UNKNOWN", f"{name} is no line that is paid")
        return DAY if "period" in operand else {self.currency: 1}

    def outcome_of(self, measured):
        """Of an operand or a `significant`."""
        self.require(measured["measured"] in self.outcomes, "OUTCOME_UNKNOWN",
                     f"the outcome {measured['measured']}")
        self.require(measured.get("period") is None or measured["period"] in self.periods,
                     "PERIOD_UNKNOWN", f"the period {measured.get('period')}")
        return self.outcomes.get(measured["measured"])

    @staticmethod
    def field_unit(outcome, field):
        if field == "p_value" or field in RATIOS:
            return NUMBER
        return read_unit(outcome.get("count_unit", "1") if field in COUNTS else outcome["unit"])

    def earlier_unit(self, name):
        if name in self.paid:
            self.require(name in self.lines, "LINE_UNKNOWN", f"there is no line {name}")
            return {self.currency: 1}  # check_paid_line refuses another unit
        self.require(name in self.units, "LINE_UNKNOWN", f"no line {name} before")
        return self.units.get(name)

    def operand_bound(self, operand):
        if is_constant(operand):
            return _bounds.of_constant(constant_value(operand))
        if isinstance(operand, str):
            return (_bounds.NOTHING if operand == "not_published"
                    else self.bound_of_line(operand))
        if "measured" in operand:
            return _bounds.of_ratio() if operand["field"] in RATIOS else _bounds.MEASURED
        if "earlier" in operand:
            if operand["earlier"] in self.paid:
                return _bounds.of_earlier_pay(self.currency)
            return _bounds.of_earlier(self.bound_of_line(operand["earlier"]))
        return _bounds.DAYS if "period" in operand else _bounds.of_money(self.currency)

    # --- Units that must meet ---

    def agree(self, units):
        """The one unit of all, as far as they are known."""
        known = [unit for unit in units if unit is not None]
        self.require(all(unit == known[0] for unit in known), "UNITS_DIFFER", "units differ")
        return known[0] if known else None

    def same(self, *operands):
        return self.agree([self.operand_unit(operand) for operand in operands])

    def results_unit(self, results):
        published = [one for one in results if one != "not_published"]
        if not self.require(published, "UNITS_DIFFER", "no result is published"):
            return None
        return self.same(*published)

    def limited(self, unit):
        self.require(unit is None or is_unit(unit), "TERMS_TOO_LARGE", "a unit beyond the limits")
        return unit

    def times(self, a, b, sign=1):
        return None if a is None or b is None else self.limited(unit_product(a, b, sign))

    def pure(self, *operands):
        self.agree([NUMBER, *map(self.operand_unit, operands)])

    def ascending(self, constants):
        values = [constant_value(one) for one in constants]
        self.require(all(a < b for a, b in zip(values, values[1:])), "TABLE_ORDER",
                     "they do not ascend")

    def divisor(self, operand):
        self.require(not (is_constant(operand) and constant_value(operand) == 0), "DIVISOR_ZERO",
                     "a divisor of zero")

    # --- Lines (sections 4, 5 and 8) ---

    def check_line(self, line):
        self.require(line["line"] != "not_published", "NAME_REPEATED", "a line of that name")
        operation = operation_of(line)
        before = len(self.refusals)
        unit = getattr(self, f"unit_{operation}")(line, line[operation])
        if line["line"] in self.units:
            return  # NAME_REPEATED
        self.units[line["line"]] = unit
        if len(self.refusals) == before:
            with contextlib.suppress(Hidden):
                self.check_bound(line, operation)

    def bound_of_line(self, name):
        if name not in self.bounds:
            raise Hidden
        return self.bounds[name]

    def check_bound(self, line, operation):
        found = LineBound(line, operation, self.operand_bound,
                          lambda one: constant_value(one) if is_constant(one) else None)
        earlier = [self.operand_bound(one) for one in operands_of(line) if "earlier" in one]
        if self.require(found.passes() and all(map(_bounds.passes, earlier)), "TERMS_TOO_LARGE",
                        "it could grow too large"):
            self.bounds[line["line"]] = found.bound

    def check_condition(self, condition):
        [(key, inside)] = condition.items()
        if key == "not":
            self.check_condition(inside)
        elif key in ("all", "any"):
            for one in inside:
                self.check_condition(one)
        elif key == "significant":
            self.check_significant(inside)
        else:
            self.same(*inside)

    def check_significant(self, effect):
        outcome = self.outcome_of(effect)
        [level] = [key for key in effect if key not in ("measured", "period")]
        unit = self.operand_unit(effect[level])
        if outcome is not None:
            self.agree([unit, NUMBER if level.startswith("p_") else read_unit(outcome["unit"])])

    def unit_take(self, _line, x):
        return self.operand_unit(x)

    unit_negate = unit_take

    def unit_add(self, _line, xs):
        return self.same(*xs)

    unit_subtract = unit_minimum = unit_maximum = unit_add

    def unit_multiply(self, _line, xs):
        unit = NUMBER
        for x in xs:
            unit = self.times(unit, self.operand_unit(x))
        return unit

    def unit_divide(self, _line, xs):
        self.divisor(xs[1])
        return self.times(self.operand_unit(xs[0]), self.operand_unit(xs[1]), -1)

    def unit_power(self, line, x):
        if line["exponent"] < 0:
            self.divisor(x)
        unit = self.operand_unit(x)
        return None if unit is None else self.limited(unit_power(unit, line["exponent"]))

    def unit_clamp(self, line, x):
        return self.same(x, *[line[key] for key in ("at_least", "at_most") if key in line])

    def unit_tiers(self, line, x):
        before = None
        for step in line["steps"]:
            kind = "at_least" if "at_least" in step else "above"
            self.same(x, step[kind])
            value = constant_value(step[kind])
            self.require(before is None or value > before[0] or
                         (value == before[0] and before[1] == "at_least" and kind == "above"),
                         "TABLE_ORDER", "steps do not ascend")
            before = (value, kind)
        return self.results_unit([step["then"] for step in line["steps"]] + [line["otherwise"]])

    def unit_curve(self, line, x):
        xs, ys = zip(*line["points"])
        self.same(x, *xs)
        self.ascending(xs)
        return self.same(*ys)

    def unit_brackets(self, line, x):
        froms = [block["from"] for block in line["blocks"]]
        self.ascending(froms)
        return self.times(self.same(x, *froms),
                          self.results_unit([block["rate"] for block in line["blocks"]]))

    def unit_rate_card(self, _line, items):
        self.different([item["item"] for item in items], "an item")
        units = []
        for item in items:
            count = self.same(*[item[key] for key in ("count", "count_at_most") if key in item])
            self.pure(*[item[key] for key in ("multiplier",) if key in item])
            units.append(self.times(count, self.operand_unit(item["price"])))
            units += [self.operand_unit(item[key]) for key in ("amount_at_most",) if key in item]
        return self.agree(units)

    def unit_by_period(self, line, rows):
        named = [row["period"] for row in rows]
        self.different(named, "a period")
        for name in named:
            self.require(name in self.periods, "PERIOD_UNKNOWN", f"the period {name}")
        self.require("otherwise" in line or set(self.periods) <= set(named), "TABLE_INCOMPLETE",
                     "a period without a row")
        return self.results_unit([row["then"] for row in rows] +
                                 [line[key] for key in ("otherwise",) if key in line])

    def unit_interest(self, line, x):
        self.pure(line["rate"])
        self.require("from" not in line or line["from"] < line["to"], "PERIOD_ORDER",
                     "interest over no days")
        return self.operand_unit(x)

    def unit_index(self, line, x):
        self.divisor(line["base"])
        self.same(line["base"], line["current"])
        return self.operand_unit(x)

    def unit_when(self, line, condition):
        self.check_condition(condition)
        return self.results_unit([line["then"], line["otherwise"]])

    def unit_round(self, line, x):
        self.require(constant_value(line["to"]) > 0, "ROUND_STEP", "a step that is not positive")
        return self.same(x, line["to"])

    # --- Pays (section 6.1) ---

    def check_paid_line(self, name):
        line = self.lines.get(name)
        if not self.require(line is not None, "LINE_UNKNOWN", f"there is no line {name}"):
            return
        if not self.require("round" in line, "PAY_NOT_ROUNDED", "it is no `round`"):
            return
        step = constant_value(line["to"]) * 10 ** DECIMALS[self.currency]
        self.require(self.units[name] in (None, {self.currency: 1}), "PAY_NOT_ROUNDED", "no money")
        self.require(step.denominator == 1, "PAY_NOT_ROUNDED", "its step is no minor unit")

    def check_pay(self, pay):
        self.check_paid_line(pay["pay"])
        tranches = tranches_of(pay)
        if "waterfall" in pay:
            self.require("negative" not in pay, "PAY_TRANCHES", "a waterfall that is reversed")
            self.different([one["tranche"] for one in tranches], "a tranche")
            limited = ["up_to" in one for one in tranches]
            self.require(all(limited[:-1]) and not limited[-1], "PAY_TRANCHES",
                         "all but the last have up_to")
        for tranche in tranches:
            if "up_to" in tranche:
                self.check_paid_line(tranche["up_to"])
            self.check_shares([to.get("share") for to in tranche["to"]])

    def check_shares(self, shares):
        if shares == [None]:
            return
        by_funding = [share == "funding" for share in shares]
        fixed = [share for share in shares if share not in (None, "funding")]
        self.require(None not in shares, "PAY_SHARES", "a receiver without a share")
        self.require(all(by_funding) or not any(by_funding), "PAY_SHARES", "shares of two kinds")
        self.require(any(by_funding) or any(map(Fraction, fixed)), "PAY_SHARES",
                     "shares of nothing")

    # --- Roles (formats.md, 8.4) ---

    def parties(self, *roles):
        return [party for role in roles for party in self.contract["roles"].get(role, [])]

    def everyone(self):
        return {party for role in self.contract["roles"].values() for party in role}

    def have_roles(self, parties, allowed):
        self.require(set(parties) <= set(allowed), "ROLE_PARTY", f"{parties}: another role")

    def check_funded(self, line):
        named = [one["funded"] for one in operands_of(line) if "funded" in one]
        self.have_roles(named, ("total", *self.parties("investor")))

    def check_roles(self):
        body, everyone = self.contract, self.everyone()
        self.each("lines", self.check_funded)
        for role in body["roles"].values():
            self.different(role, "a party in a role")
        self.have_roles([one["evaluator"] for one in body["outcomes"]], self.parties("evaluator"))
        for pay in body["pays"]:
            self.have_roles([pay["from"]], self.parties("payer", "guarantor"))
            for tranche in tranches_of(pay):
                receivers = [to["party"] for to in tranche["to"]]
                self.have_roles(receivers, everyone)
                self.different(receivers, "a receiver")
        for key, role in (("commitments", "investor"), ("caps", "payer")):
            named = [one["party"] for one in body.get(key, [])]
            self.have_roles(named, self.parties(role))
            self.different(named, f"a party in {key}")
        quorums = [signers_of(one) for one in body.get("signatures", {}).values()]
        for parties, least in quorums:
            self.require(least <= len(parties), "QUORUM_TOO_LARGE", "more than there are")
        for named in [one["parties"] for one in body.get("conflicts", [])] + [
                parties for parties, _ in quorums] + [body.get("termination", {}).get("by", [])]:
            self.have_roles(named, everyone)
            self.different(named, "a party in a list")

    def check_allotments(self):
        for one in self.contract.get("commitments", []) + self.contract.get("caps", []):
            try:
                minor_of(one["amount"], self.currency)
            except Refused as refusal:
                self.refusals |= refusal.codes
                self.reasons.append(str(refusal))
