#!/usr/bin/python3
"""Random line programs: the program and a second implementation agree on every value and refusal.

    tests/oracles/line_programs.py [--seed SEED] [--programs COUNT] [--only NUMBER]

The second implementation (_terms.py, _bounds.py, _values.py) is in Python's fractions and was
written from docs/model.md alone. The first is asked in bulk through tests/programs/evaluator.c.
Each program is one from _random_terms.py, filled in for every period with measured values that
often lie exactly on its thresholds, and copies of it with something wrong. Where a contract or a
form deserves several refusals, the program names one of them, at the line or pay where it is.

A program follows from the seed and its number alone: --only shows what is asked and answered about
one of them.
"""

import argparse
import collections
import itertools
import json
import pathlib
import random
import re
import subprocess
import sys
import time
from fractions import Fraction

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "faults"))
import _bounds  # noqa: E402
import _random_terms  # noqa: E402
from _replay import check_value  # noqa: E402
from _shapes import OPERATIONS, Refused, statement as check_shape  # noqa: E402
from _terms import Terms, operation_of  # noqa: E402
from _values import Source, computed_of, fraction_text  # noqa: E402
from _units import unit_text  # noqa: E402
from _world import ORIGIN, PROGRAMS, Tap, draft  # noqa: E402

EVALUATOR = PROGRAMS / "evaluator"
SEED = 20161101
PROGRAM_COUNT = 1000
BATCH = 100
SPOILED_EACH = 3
SLOWEST_MS = 100  # a form at the limits takes a few; the machine may be busy
UNIT_SIZE_MAX = 64  # of one that is written in a contract
DIGEST = "sha256:" + "0" * 64

# Every refusal that depends on terms, measured values and sums alone.
CODES = """CURRENCY_UNKNOWN NAME_REPEATED UNIT_UNKNOWN PERIOD_ORDER LINE_UNKNOWN OUTCOME_UNKNOWN
PERIOD_UNKNOWN UNITS_DIFFER TABLE_ORDER TABLE_INCOMPLETE RANGE_ORDER DIVISOR_ZERO ROUND_STEP
TERMS_TOO_LARGE PAY_NOT_ROUNDED PAY_SHARES PAY_TRANCHES ROLE_PARTY MEASUREMENT_RANGE
MEASUREMENT_RATIO SETTLEMENT_NOT_MEASURED SETTLEMENT_NOT_COMPUTABLE TERMS_NOT_PUBLISHED PAY_NEGATIVE
PAY_UNFUNDED FIELD_MISSING FIELD_MALFORMED FIELD_UNKNOWN""".split()
SHAPE = {("FIELD_MISSING", ""), ("FIELD_MALFORMED", ""), ("FIELD_UNKNOWN", "")}


# --- What the second implementation says: None for ok, a form, or the refusals ---

def judged(judge):
    """What `judge` gives, or the set of refusals. A refusal without a code is one of shape."""
    try:
        return judge()
    except Refused as refusal:
        return refusal.codes or SHAPE


def terms_of(contract):
    check_shape(contract)
    return Terms(contract)


def source_of(measurements, form):
    source = Source()
    for one in measurements:
        for value in one["values"]:
            source.measured[value["outcome"], one["period"]] = value
    for kind in ("funded", "paid", "earlier"):
        setattr(source, kind, {name: Fraction(one) for name, one in form[kind].items()})
    return source


def check_measurement(terms, measurement):
    for value in measurement["values"]:
        check_value(value, terms.outcomes[value["outcome"]])


# --- What is asked: (request, what the second implementation says) ---

class Questions:
    """About one program: it, its forms, and what is wrong with copies of it."""

    def __init__(self, source, template, number):
        self.source = source
        self.asked = []
        self.used = collections.Counter()  # operations that were computed
        self.broken = []  # lines whose value is beyond its bound
        contract = _random_terms.contract(source, template, f"program-{number}")
        self.ask_contract(contract, [one["period"] for one in contract["periods"]])
        for _ in range(SPOILED_EACH):
            self.ask_contract(_random_terms.spoiled(source, contract), ["2y"])

    def ask_contract(self, contract, periods):
        verdict = judged(lambda: terms_of(contract))
        if isinstance(verdict, set):
            self.asked.append((contract, verdict))
            return
        self.asked.append((contract, None))
        earlier = {}
        for period in periods:
            if period in verdict.periods:
                self.ask_form(verdict, period, earlier)
        for lines in at_the_digits(verdict, self.source.choice(list(verdict.lines)),
                                   self.source.random() < 0.5):
            probe = dict(contract, lines=contract["lines"] + lines)
            refused = judged(lambda: Terms(probe))
            self.asked.append((probe, refused if isinstance(refused, set) else None))

    def ask_form(self, terms, period, earlier):
        """Afterwards the values, if there are any, are among the earlier ones."""
        measurements = []
        for one in terms.periods:
            measurement = self.measurement(terms, one)
            refused = judged(lambda: check_measurement(terms, measurement))
            self.asked.append((measurement, refused))
            if refused is None:
                measurements.append(measurement)
        form = self.form(terms, period, earlier)
        source = source_of(measurements, form)
        found = judged(lambda: computed_of(terms, period, source, []))
        if isinstance(found, set):
            self.asked.append((form, found))
            return
        computed, evaluation, *_ = found
        self.asked.append((form, computed))
        self.used.update(operation_of(line) for line in terms.contract["lines"])
        for name, value in evaluation.values.items():
            earlier[name] = earlier.get(name, Fraction(0)) + value
            if not _bounds.holds(terms.bounds[name], value):
                self.broken.append(f"{name} = {str(value)[:200]}, {terms.bounds[name]}")

    def measurement(self, terms, period):
        made = (_random_terms.spoiled_values if self.source.random() < 0.05
                else _random_terms.values)(self.source, terms.contract)
        return {"kind": "measurement", "version": 1, "ledger": ORIGIN, "date": "2026-11-23",
                "after": DIGEST, "contract": terms.contract["contract"], "period": period,
                "evaluator": _random_terms.EVALUATOR,
                "values": made or [{"outcome": "saving", "value": "0"}]}

    def form(self, terms, period, earlier):
        chance = self.source.random
        funded = {one: fraction_text(Fraction(self.source.choice((1, 5000, 123457, 10**17)), 100))
                  for one in _random_terms.INVESTORS if chance() < 0.8}
        paid = {one: fraction_text(Fraction(self.source.choice((0, 1, -5000, 123457)), 100))
                for one in sorted(terms.paid) if chance() < 0.5}
        return {"period": period, "funded": funded, "paid": paid,
                "earlier": {name: fraction_text(one) for name, one in earlier.items()}}


def line(name, **members):
    return {"line": name, "label": {"en": "x"}, **members}


def at_the_digits(terms, name, by_numerator):
    """
    Lines that need as many digits as there may be, and lines that need one more.

    They rest on a line of the terms, whose bound is told so exactly: a power of it as high as can
    be, times constants that fill up the numerator or the denominator.
    """
    unit = unit_text(terms.units[name])
    if len(unit) > UNIT_SIZE_MAX:
        return
    bound = _bounds.product(terms.bounds[name], _bounds.ONE)  # of the line as a pure number
    exponent = highest_power(bound)
    power = _bounds.power(bound, exponent)
    room = _bounds.DIGITS_MAX - (power.n if by_numerator else power.s + power.o)
    for digits in (room, room + 1):
        yield [line("probe_pure", divide=[name, {"value": "1", "unit": unit}]),
               line("probe_power", power="probe_pure", exponent=exponent),
               line("probe_full", multiply=["probe_power", *fillers(digits, by_numerator)][:100])]


def highest_power(bound):
    """The highest one that passes, and at least 1."""
    exponent = 1
    while exponent < 400 and _bounds.passes(_bounds.power(bound, exponent + 1)):
        exponent += 1
    return exponent


def fillers(digits, by_numerator):
    """Constants of so many digits, or with so many decimals, together."""
    size = 18 if by_numerator else 12
    parts = [size] * (digits // size) + ([digits % size] if digits % size else [])
    return ["1" + "0" * (part - 1) if by_numerator else "0." + "0" * (part - 1) + "1"
            for part in parts]


# --- What is answered ---

def ask(requests):
    """The evaluator's answer to each, and how long it took."""
    began = time.monotonic()
    text = "".join(f"{json.dumps(one)}\n" for one in requests)
    done = subprocess.run([str(EVALUATOR)], input=text, capture_output=True, text=True,
                          check=False, timeout=600)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode != 0 or len(answers) != len(requests):
        print(f"Bail out! {EVALUATOR} exits {done.returncode} after {len(answers)} answers to "
              f"{len(requests)} questions: {done.stderr[-500:]}")
        sys.exit(2)
    return answers, time.monotonic() - began


def is_refusal_among(answer, refusals):
    """One that is deserved, at the line or pay where it is."""
    if (answer["code"], "") in refusals:
        return True
    return any(answer["code"] == code and re.match(f"{where}(/|$)", answer["at"])
               for code, where in refusals)


def agrees(answer, expected):
    if isinstance(expected, set):
        return "code" in answer and is_refusal_among(answer, expected)
    return answer == ({"ok": True} if expected is None else expected)


def difference(answer, expected):
    """The first thing that differs, for a person."""
    if isinstance(expected, set):
        return f"here {sorted(expected)}, there {json.dumps(answer)[:300]}"
    if expected is None or "code" in answer:
        return f"here accepted, there {json.dumps(answer)[:300]}"
    for key in ("lines", "pays"):
        for ours, theirs in zip(expected.get(key, []), answer.get(key, [])):
            if ours != theirs:
                return f"here {json.dumps(ours)[:300]}, there {json.dumps(theirs)[:300]}"
    return f"here {json.dumps(expected)[:300]}, there {json.dumps(answer)[:300]}"


class Result:
    """What came of all programs."""

    def __init__(self):
        self.bad = []
        self.broken = []
        self.codes = collections.Counter()
        self.used = collections.Counter()
        self.contracts = self.signed = self.forms = self.computed = 0

    def compare(self, number, request, expected, answer):
        kind = request.get("kind", "form")
        if not agrees(answer, expected):
            self.bad.append(f"program {number}, {kind}: {difference(answer, expected)}")
        accepted = "code" not in answer
        self.contracts += kind == "contract"
        self.signed += kind == "contract" and accepted
        self.forms += kind == "form"
        self.computed += kind == "form" and accepted
        if not accepted:
            self.codes[answer["code"]] += 1


def questions_of(seed, template, number):
    return Questions(random.Random(f"{seed}/{number}"), template, number)


def template():
    return dict(draft("contract-rise-spent"), ledger=ORIGIN)


def test_programs(tap, seed, count):
    result, made = Result(), template()
    for first in range(0, count, BATCH):
        batch = [(number, questions_of(seed, made, number))
                 for number in range(first, min(first + BATCH, count))]
        for number, questions in batch:
            result.used.update(questions.used)
            result.broken += [f"program {number}: {one}" for one in questions.broken]
        asked = [(number, *one) for number, questions in batch for one in questions.asked]
        answers, _ = ask([request for _, request, _ in asked])
        for (number, request, expected), answer in zip(asked, answers):
            result.compare(number, request, expected, answer)
    tap.ok(not result.bad, f"seed {seed}: {result.contracts} line programs are judged alike, "
           f"{result.signed} accepted; and {result.forms} forms of them, {result.computed} computed",
           result.bad)
    tap.ok(not result.broken, "no value is beyond the bound of its line", result.broken)
    return result


def test_coverage(tap, result):
    unused = sorted(set(OPERATIONS) - {name for name, count in result.used.items() if count >= 100})
    tap.ok(not unused, "every operation was computed at least a hundred times", unused)
    absent = [code for code in CODES if result.codes[code] == 0]
    tap.ok(not absent, f"each of {len(CODES)} refusals was met", absent)


# --- At the limits ---

def limited(made, lines):
    outcome = _random_terms.outcome(random.Random(0), "share", {})
    outcome.pop("range", None)
    return dict(made, contract="limits", lines=lines, pays=[], outcomes=[outcome])


def large_lines():
    """500 lines, tables of 1,000 rows, decimals of 30 digits: nearly all that a draft can hold."""
    wide = [str(10**17 + 7 * i) + ".123456789012" for i in range(1000)]
    lines = [line("wide", take={"measured": "share", "field": "value"})]
    for i in range(2):
        lines += [
            line(f"tiers_{i}", tiers="wide", otherwise="0",
                 steps=[{"at_least": one, "then": one} for one in wide]),
            line(f"curve_{i}", curve="wide", points=[[one, one] for one in wide]),
            line(f"brackets_{i}", brackets="wide",
                 blocks=[{"from": one, "rate": "0.999999999999"} for one in wide]),
            line(f"card_{i}", rate_card=[
                {"item": f"item_{k}", "label": {"en": "x"}, "count": "wide", "price": "0.000001",
                 "count_at_most": one} for k, one in enumerate(wide)])]
    return lines + [line(f"sum_{i}", add=[f"card_{i % 2}"] * 30) for i in range(500 - len(lines))]


def test_limits(tap):
    """However the tables are met: below, at their ends, in the middle, above."""
    contract = limited(template(), large_lines())
    asked, expected, terms = [contract], [None], Terms(contract)
    for value in ("100000000000000000.123456789012", "999999999999999999.999999999999",
                  "100000000000003500.5", "100000000000006993.123456789012", "-1"):
        measurement = {"kind": "measurement", "version": 1, "ledger": ORIGIN, "date": "2026-11-23",
                       "after": DIGEST, "contract": "limits", "period": "2y",
                       "evaluator": _random_terms.EVALUATOR,
                       "values": [{"outcome": "share", "value": value}]}
        form = {"period": "2y", "funded": {}, "paid": {}, "earlier": {}}
        asked += [measurement, form]
        expected += [None, computed_of(terms, "2y", source_of([measurement], form), [])[0]]
    answers, _ = ask(asked)
    _, reading = ask([contract])
    _, whole = ask([contract] + 20 * asked[1:3])
    bad = [difference(answer, one) for answer, one in zip(answers, expected)
           if not agrees(answer, one)]
    each = 1000 * (whole - reading) / 20
    tap.ok(not bad, f"500 lines and tables of 1,000 rows are computed alike: {each:.1f} ms each",
           bad)
    tap.ok(each < SLOWEST_MS, f"and in less than {SLOWEST_MS} ms", [f"{each:.1f} ms"])


def line_of_parts(operation, count):
    """A line that adds so many measured values up, one way or another."""
    value = {"measured": "share", "field": "value"}
    if operation == "add":
        return line("parts", add=[value] * count)
    if operation == "brackets":
        return line("parts", brackets=value,
                    blocks=[{"from": str(i), "rate": value} for i in range(count)])
    return line("parts", rate_card=[{"item": f"item_{i}", "label": {"en": "x"}, "count": value,
                                     "price": value} for i in range(count)])


def test_parts(tap):
    """The bound of a sum changes where it gets more than 1, 10 and 100 parts."""
    asked, expected, made = [], [], template()
    for operation, count in itertools.product(("add", "brackets", "rate_card"),
                                              (1, 2, 9, 10, 11, 99, 100, 101)):
        if operation == "add" and count > 100:
            continue
        contract = limited(made, [line_of_parts(operation, count)])
        for by_numerator in (False, True):
            for lines in at_the_digits(Terms(contract), "parts", by_numerator):
                probe = dict(contract, lines=contract["lines"] + lines)
                asked.append(probe)
                refused = judged(lambda one=probe: Terms(one))
                expected.append(refused if isinstance(refused, set) else None)
    answers, _ = ask(asked)
    bad = [f"{operation_of(request['lines'][0])}: {difference(answer, one)}"
           for request, answer, one in zip(asked, answers, expected) if not agrees(answer, one)]
    both = {one is None for one in expected}
    tap.ok(not bad and len(both) == 2, f"{len(asked)} lines of many parts, with as many digits as "
           "there may be or one more, are judged alike", bad)


def test_rows(tap):
    """20,000 rows of tables, and one more."""
    steps = [{"above": str(i), "then": "1"} for i in range(1000)]
    lines = [line(f"line_{i}", tiers="1", steps=steps, otherwise="0") for i in range(20)]
    more = [*lines, line("more", rate_card=[{"item": "one", "label": {"en": "x"}, "count": "1",
                                             "price": "1"}])]
    made = template()
    answers, _ = ask([limited(made, lines), limited(made, more)])
    here = [judged(lambda: terms_of(limited(made, one))) for one in (lines, more)]
    tap.ok(answers[0] == {"ok": True} and isinstance(here[0], Terms) and
           answers[1].get("code") == "TERMS_TOO_LARGE" and is_refusal_among(answers[1], here[1]),
           "20,000 rows of tables are accepted by both, one more is refused by both",
           [str(answers), str(here)[:300]])


def show(seed, number):
    asked = questions_of(seed, template(), number).asked
    answers, _ = ask([request for request, _ in asked])
    for (request, expected), answer in zip(asked, answers):
        if not agrees(answer, expected):
            print(f"# {difference(answer, expected)}")
        print(json.dumps(request))
        print(json.dumps(answer))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--programs", type=int, default=PROGRAM_COUNT)
    parser.add_argument("--only", type=int, metavar="NUMBER")
    options = parser.parse_args()
    if options.only is not None:
        show(options.seed, options.only)
        return 0
    tap = Tap()
    test_coverage(tap, test_programs(tap, options.seed, options.programs))
    test_limits(tap)
    test_parts(tap)
    test_rows(tap)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
