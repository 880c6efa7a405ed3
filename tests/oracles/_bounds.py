"""How large the numbers of terms could grow: docs/model.md, section 8.

A bound is (z, n, s, o), of values p/q: |p/q| <= 10^z, |p| <= 10^n, and q divides 10^s · D for some
D <= 10^o.
"""

import math
from collections import namedtuple

from _units import DECIMALS

DIGITS_MAX = 999
SCALE_MAX = 32  # of a constant

Bound = namedtuple("Bound", "z n s o")
NOTHING = Bound(0, 0, 0, 0)
ONE = Bound(1, 1, 0, 0)
MEASURED = Bound(18, 30, 12, 0)
DAYS = Bound(7, 7, 0, 0)
YEARS = Bound(5, 7, 0, 3)


def passes(bound):
    return bound.n <= DIGITS_MAX and bound.s + bound.o <= DIGITS_MAX


def holds(bound, value):
    """Whether it is true of a value."""
    p, q = abs(value.numerator), value.denominator
    rest = q // math.gcd(q, 10**bound.s)
    return (p * 10**max(-bound.z, 0) <= q * 10**max(bound.z, 0) and p <= 10**bound.n
            and rest <= 10**bound.o)


def tighten(z, n, s, o):
    return Bound(z, min(n, max(z + s + o, 0)), s, o)


def either(*bounds):
    return Bound(*map(max, zip(*bounds)))


def total(a, b, c):
    """sum(a, b, c) of the section."""
    return tighten(max(a.z, b.z) + c, math.inf, max(a.s, b.s), a.o + b.o)


def product(a, b):
    return tighten(a.z + b.z, a.n + b.n, a.s + b.s, a.o + b.o)


def inverse(a):
    return Bound(a.s + a.o, a.s + a.o, 0, a.n)


def power(a, exponent):
    base, t = (a, exponent) if exponent >= 0 else (inverse(a), -exponent)
    return tighten(*(t * one for one in base))


def digits(number):
    return len(str(abs(number)))


def of_constant(value):
    p, q = value.numerator, value.denominator
    scale = next((k for k in range(SCALE_MAX + 1) if 10**k % q == 0), None)
    s, o = (scale, 0) if scale is not None else (0, digits(q))
    return Bound(digits(p) - digits(q) + 1, digits(p), s, o)


class LineBound:
    """The bound of one line, and the steps on the way to it."""

    def __init__(self, line, operation, operand_bound, constant_value):
        self.line = line
        self.of = operand_bound  # of an operand, as far as lines are known
        self.constant_value = constant_value  # of an operand, or None when it is no constant
        self.steps = []
        self.bound = getattr(self, operation)(line[operation])

    def step(self, bound):
        self.steps.append(bound)
        return bound

    def passes(self):
        return all(map(passes, [*self.steps, self.bound]))

    def inverse_of(self, operand):
        """A constant is inverted as it is."""
        value = self.constant_value(operand)
        return inverse(self.of(operand)) if value is None else of_constant(1 / value)

    def take(self, x):
        return self.of(x)

    negate = take

    def minimum(self, xs):
        return either(*map(self.of, xs))

    maximum = minimum

    def add(self, xs):
        first, *rest = map(self.of, xs)
        so_far = first
        for one in rest:
            so_far = total(so_far, one, 0)
        if not rest:
            return so_far
        return total(so_far, Bound(so_far.z, 0, 0, 0), 1 if len(xs) <= 10 else 2)

    subtract = add

    def summed(self, parts):
        """The sum of blocks or items, each partial one a step."""
        so_far = parts[0]
        for one in parts[1:]:
            so_far = self.step(total(so_far, one, 0))
        if len(parts) > 1:
            more = 1 if len(parts) <= 10 else 2 if len(parts) <= 100 else 3
            so_far = total(so_far, Bound(so_far.z, 0, 0, 0), more)
        return self.step(so_far)

    def multiply(self, xs):
        so_far = self.of(xs[0])
        for one in xs[1:]:
            so_far = self.step(product(so_far, self.of(one)))
        return so_far

    def divide(self, xs):
        return product(self.of(xs[0]), self.inverse_of(xs[1]))

    def power(self, x):
        return power(self.of(x), self.line["exponent"])

    def clamp(self, x):
        limits = [self.of(self.line[key]) for key in ("at_least", "at_most") if key in self.line]
        bound = either(self.of(x), *limits)
        if len(limits) == 2:
            bound = bound._replace(z=max(one.z for one in limits))
        return tighten(*bound)

    def results(self, results):
        return either(*map(self.of, results))

    def tiers(self, _x):
        return self.results([one["then"] for one in self.line["steps"]] + [self.line["otherwise"]])

    def when(self, _condition):
        return self.results([self.line["then"], self.line["otherwise"]])

    def by_period(self, rows):
        found = [row["then"] for row in rows]
        return self.results(found + [self.line[key] for key in ("otherwise",) if key in self.line])

    def round(self, x):
        to = self.of(self.line["to"])
        return tighten(max(self.of(x).z, to.z) + 1, math.inf, to.s, to.o)

    def index(self, x):
        risen = self.step(product(self.of(x), self.of(self.line["current"])))
        return self.step(product(risen, self.inverse_of(self.line["base"])))

    def interest(self, x):
        rate = self.of(self.line["rate"])
        if "count" in self.line:
            return self.step(product(self.step(product(self.of(x), rate)), YEARS))
        factor = self.step(power(self.step(total(rate, ONE, 1)), self.line["periods"]))
        return self.step(product(self.of(x), self.step(total(factor, ONE, 1))))

    def curve(self, x):
        xs = either(*[self.of(point[0]) for point in self.line["points"]])
        ys = either(*[self.of(point[1]) for point in self.line["points"]])
        width, height = self.step(total(xs, xs, 1)), self.step(total(ys, ys, 1))
        bound = self.step(total(self.of(x), xs, 1))
        bound = self.step(product(bound, height))
        bound = self.step(product(bound, inverse(width)))
        bound = self.step(total(bound, ys, 1))
        return tighten(*bound._replace(z=ys.z))

    def brackets(self, x):
        blocks = self.line["blocks"]
        froms = either(*[self.of(block["from"]) for block in blocks])
        rates = [self.of(block["rate"]) for block in blocks]
        width = self.step(total(froms, froms, 1))
        full = self.summed([self.step(product(width, rate)) for rate in rates])
        part = self.step(total(self.of(x), froms, 1))
        part = self.step(product(part, either(*rates)))
        return self.step(total(full, part, 1))

    def rate_card(self, items):
        return self.summed([self.item(item) for item in items])

    def item(self, item):
        count = self.of(item["count"])
        if "count_at_most" in item:
            count = either(count, self.of(item["count_at_most"]))
        amount = self.step(product(count, self.of(item["price"])))
        if "multiplier" in item:
            amount = self.step(product(amount, self.of(item["multiplier"])))
        if "amount_at_most" in item:
            amount = either(amount, self.of(item["amount_at_most"]))
        return amount


def of_money(currency):
    """Of what was funded or paid."""
    decimals = DECIMALS[currency]
    return Bound(18 - decimals, 18, decimals, 0)


def of_earlier_pay(currency):
    decimals = DECIMALS[currency]
    return Bound(21 - decimals, 21, decimals, 0)


def of_earlier(bound):
    """Of a line that is not paid, over at most a thousand settlements."""
    return tighten(bound.z + 3, math.inf, bound.s, 1000 * bound.o)


def of_ratio():
    return product(MEASURED, inverse(MEASURED))
