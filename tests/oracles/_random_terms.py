"""Contracts of random lines, from a seed: units fit, names exist, some divisors may be zero."""

LABEL = {"en": "x"}
SEK = {"SEK": 1}
ROUNDINGS = ("half_even", "half_up", "up", "down", "ceiling", "floor")
FIELDS = ("value", "count", "numerator", "denominator", "control_value", "low", "high", "p_value")


def unit_text(unit):
    over = [base for base in sorted(unit) for _ in range(unit[base])]
    under = [base for base in sorted(unit) for _ in range(-unit[base])]
    return "*".join(over or ["1"]) + "".join(f"/{base}" for base in under)


def decimal(source, digits=3):
    """A decimal string, often of a round number."""
    value = source.choice((0, 1, 2, 5, 10, 100, source.randrange(10**digits)))
    part = source.choice(("", "", ".5", ".25", f".{source.randrange(1, 1000):03d}".rstrip("0")))
    sign = "-" if source.random() < 0.2 and (value or part) else ""
    return f"{sign}{value}{part}"


class Writer:
    """Writes the lines of one contract."""

    def __init__(self, source):
        self.source = source
        self.lines = []
        self.units = []  # (operand, unit) that later lines may use
        for outcome, unit in (("saving", SEK), ("share", {}), ("care", {"day": 1})):
            for field in ("value", "control_value", "low"):
                self.units.append(({"measured": outcome, "field": field}, unit))
            self.units.append(({"measured": outcome, "field": "count"}, {"person": 1}))
            self.units.append(({"measured": outcome, "field": "p_value"}, {}))
            self.units.append(({"measured": outcome, "field": "value", "period": "2y"}, unit))
        self.units += [({"funded": "total"}, SEK), ({"paid": "total"}, SEK),
                       ({"period": "days"}, {"day": 1})]

    def constant(self, unit, positive=False):
        value = decimal(self.source)
        value = value.lstrip("-") if positive else value
        value = "1" if positive and not value.strip("0.") else value
        if not unit and self.source.random() < 0.7:
            return value
        return {"value": value, "unit": unit_text(unit)}

    def operand(self, unit=None):
        """An operand, of this unit if one is given; with its unit."""
        fitting = [one for one in self.units if unit is None or one[1] == unit]
        if unit is not None and (not fitting or self.source.random() < 0.25):
            return self.constant(unit), unit
        return self.source.choice(fitting)

    def result(self, unit):
        return "not_published" if self.source.random() < 0.02 else self.operand(unit)[0]

    def condition(self, depth=1):
        kind = self.source.random()
        if depth < 4 and kind < 0.3:
            return {self.source.choice(("all", "any")): [
                self.condition(depth + 1) for _ in range(self.source.randint(1, 3))]}
        if depth < 4 and kind < 0.4:
            return {"not": self.condition(depth + 1)}
        x, unit = self.operand()
        return {self.source.choice(("at_least", "above", "at_most", "below", "equals")):
                [x, self.operand(unit)[0]]}

    def ascending(self, count, unit):
        values = sorted(self.source.sample(range(-50, 200), count))
        return [{"value": str(value), "unit": unit_text(unit)} for value in values]

    def operation(self):
        """(members, unit) of a random line."""
        source = self.source
        x, unit = self.operand()
        name = source.choice(("take", "add", "subtract", "multiply", "divide", "power", "minimum",
                              "maximum", "negate", "clamp", "tiers", "curve", "when", "round"))
        if name in ("take", "negate"):
            return {name: x}, unit
        if name in ("add", "minimum", "maximum"):
            return {name: [x] + [self.operand(unit)[0] for _ in range(source.randint(0, 3))]}, unit
        if name == "subtract":
            return {name: [x, self.operand(unit)[0]]}, unit
        if name in ("multiply", "divide"):
            # By a pure number, or by the same unit: so that units do not run away.
            y, other = self.operand({}) if source.random() < 0.7 else self.operand(unit)
            if name == "divide":
                return {name: [x, y]}, unit if not other else {}
            return ({name: [x, y]}, unit) if not other else ({name: [x]}, unit)
        if name == "power":
            return {name: self.operand({})[0], "exponent": source.randint(-3, 4)}, {}
        if name == "clamp":
            limits = source.choice((("at_least",), ("at_most",), ("at_least", "at_most")))
            return {name: x, **{limit: self.operand(unit)[0] for limit in limits}}, unit
        if name == "round":
            return {name: x, "to": self.constant(unit, positive=True),
                    "by": source.choice(ROUNDINGS)}, unit
        other = self.operand()[1]
        if name == "when":
            return {name: self.condition(), "then": self.operand(other)[0],
                    "otherwise": self.result(other)}, other
        steps = self.ascending(source.randint(2, 5), unit)
        if name == "curve":
            return {name: x, "points": [[a, self.constant(other)] for a in steps]}, other
        made = []
        for at in steps:
            kind = source.choice(("at_least", "above"))
            made.append({kind: at, "then": self.result(other)})
            if kind == "at_least" and source.random() < 0.3:
                made.append({"above": at, "then": self.operand(other)[0]})
        return {name: x, "steps": made, "otherwise": self.operand(other)[0]}, other

    def add(self, name, members):
        self.lines.append({"line": name, "label": LABEL, **members})


def contract(source, template, name):
    """A contract like the template, with other outcomes, lines and pays."""
    writer = Writer(source)
    made = source.randint(3, 14)
    for number in range(made):
        members, unit = writer.operation()
        writer.add(f"line_{number}", members)
        writer.units += [(f"line_{number}", unit)] * 3
        if source.random() < 0.2:
            writer.units.append(({"earlier": f"line_{number}"}, unit))
    pays = []
    receivers = ["leksellsocialventures.com", "nystart.norrkoping.se", "uppdragpsykiskhalsa.se"]
    for number in range(source.randint(1, 2)):
        owed = f"owed_{number}"
        writer.add(f"amount_{number}", {"clamp": writer.operand(SEK)[0],
                                        "at_least": {"value": "0", "unit": "SEK"},
                                        "at_most": {"value": "90000000", "unit": "SEK"}})
        writer.add(owed, {"round": f"amount_{number}", "by": source.choice(ROUNDINGS), "to": {
            "value": source.choice(("0.01", "0.05", "1", "2.5", "100")), "unit": "SEK"}})
        to = source.sample(receivers, source.randint(1, 3))
        by_funding = source.random() < 0.3
        shares = [{"party": one, "share": "funding" if by_funding else
                   source.choice(("1", "2", "0.5", "3.333"))} for one in to]
        pays.append({"pay": owed, "from": "norrkoping.se", "to": shares})
    evaluator = {"class": "paying", "evaluator": "lumell.se", "source": "not_published",
                 "missing_data": "not_published", "count_unit": "person", "label": LABEL}
    outcomes = [{"outcome": one, "unit": unit, **evaluator}
                for one, unit in (("saving", "SEK"), ("share", "1"), ("care", "day"))]
    periods = [dict(one, binding=True) for one in template["periods"]]
    kept = {key: one for key, one in template.items()
            if key not in ("caps", "commitments", "signatures", "annexes", "notes", "sources")}
    return dict(kept, contract=name, outcomes=outcomes, lines=writer.lines, pays=pays,
                periods=periods)


def values(source, field_chance=0.97):
    """What is measured for a period: a few fields are missing."""
    found = []
    for outcome in ("saving", "share", "care"):
        low, high = sorted((source.randint(-20, 90), source.randint(-20, 90)))
        whole = {"value": decimal(source, 6 if outcome == "saving" else 2),
                 "control_value": decimal(source), "low": str(low), "high": str(high),
                 "count": str(source.randint(0, 60)), "numerator": str(source.randint(0, 60)),
                 "denominator": str(source.randint(1, 60)),
                 "p_value": source.choice(("0", "0.01", "0.05", "1"))}
        kept = {key: one for key, one in whole.items() if source.random() < field_chance}
        found.append({"outcome": outcome, **(kept or {"count": "1"})})
    return found
