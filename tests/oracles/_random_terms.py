"""Contracts of random lines and pays, from a seed: units fit, names exist, and much stands on edge.

`contract` is one that should be accepted, unless its numbers could grow too large; `spoiled` is one
with something wrong. `values` are measured values for a contract: often exactly those that its
tables and comparisons divide at. None of this says what is right: the second implementation does.
"""

import copy
from fractions import Fraction

LABEL = {"en": "x"}
SEK, PERSON, DAY, POINT = {"SEK": 1}, {"person": 1}, {"day": 1}, {"point": 1}
EACH, DAILY = {"SEK": 1, "person": -1}, {"SEK": 1, "day": -1}
ROUNDINGS = ("half_even", "half_up", "up", "down", "ceiling", "floor")
COMPARISONS = ("at_least", "above", "at_most", "below", "equals")
LEVELS = ("p_below", "p_at_most", "interval_above", "interval_below", "interval_excludes")
DAY_COUNTS = ("act_365", "act_360", "30_360", "30e_360")
DATES = ("2015-12-31", "2016-01-30", "2016-01-31", "2016-02-28", "2016-02-29", "2016-03-01",
         "2017-02-28", "2017-03-31", "2019-05-31", "2020-02-29", "2020-08-30", "2024-12-31")
PAYER, EVALUATOR = "norrkoping.se", "lumell.se"
INVESTORS = ("leksellsocialventures.com", "uppdragpsykiskhalsa.se")
RECEIVERS = (*INVESTORS, "nystart.norrkoping.se")
OUTCOMES = {"saving": SEK, "share": {}, "care": DAY, "prices": POINT}
VALUES = ("value", "control_value", "low", "high")
COUNTS = ("count", "numerator", "denominator", "control_count", "control_numerator",
          "control_denominator")
# The first two are those that a test settles; the rest is for tables and for the calendar's ends.
PERIODS = (("2y", "2016-08-01", "2018-07-31"), ("3y", "2016-08-01", "2019-07-31"),
           ("leap", "2020-01-31", "2020-02-29"), ("month", "2017-12-31", "2018-01-30"),
           ("day", "2016-02-29", "2016-02-29"), ("late", "9900-01-31", "9999-12-30"),
           ("last", "9999-11-30", "9999-12-31"))
TINY = Fraction(1, 10**12)
HUGE = 10**18 - TINY


# --- Numbers ---

def unit_text(unit):
    over = [base for base in sorted(unit) for _ in range(unit[base])]
    under = [base for base in sorted(unit) for _ in range(-unit[base])]
    return "*".join(over or ["1"]) + "".join(f"/{base}" for base in under)


def decimal_text(value):
    """Of a number with at most twelve decimals."""
    whole, part = divmod(abs(value) * 10**12, 10**12)
    point = f".{int(part):012d}".rstrip("0").rstrip(".")
    return ("-" if value < 0 else "") + str(int(whole)) + point


def number(source, digits=3):
    """Often a round one, sometimes one at the edge of what a decimal can be."""
    kind = source.random()
    if kind < 0.03:
        return source.choice((HUGE, -HUGE, TINY, -TINY, Fraction(10**17), Fraction(1, 512)))
    value = source.choice((0, 1, 2, 5, 10, 100, source.randrange(10**digits)))
    part = source.choice((0, 0, 500, 250, source.randrange(1000)))
    return Fraction(1000 * value + part, 1000) * (-1 if kind < 0.2 else 1)


class Writer:
    """Writes the lines of one contract."""

    def __init__(self, source, periods):
        self.source = source
        self.periods = periods
        self.lines = []
        self.units = []  # (operand, unit) that later lines may use
        self.paid = []  # lines that will be paid
        for outcome, unit in OUTCOMES.items():
            fields = [(field, unit) for field in VALUES] + [(field, PERSON) for field in COUNTS]
            fields += [("p_value", {}), ("ratio", {}), ("control_ratio", {})]
            for field, measured in fields:
                self.units.append(({"measured": outcome, "field": field}, measured))
            self.units.append(({"measured": outcome, "field": "value", "period": "2y"}, unit))
        self.units += [({"funded": one}, SEK) for one in ("total", *INVESTORS)]
        self.units += [({"paid": "total"}, SEK), ({"period": "days"}, DAY)] * 2

    def constant(self, unit, positive=False):
        value = number(self.source)
        if positive:
            value = abs(value) or 1
        text = decimal_text(value)
        if not unit and self.source.random() < 0.7:
            return text
        return {"value": text, "unit": unit_text(unit)}

    def operand(self, unit=None):
        """An operand, of this unit if one is given; with its unit."""
        if self.lines and self.source.random() < 0.4:
            recent = [one for one in self.units[-20:] if unit is None or one[1] == unit]
            if recent:
                return self.source.choice(recent)
        fitting = [one for one in self.units if unit is None or one[1] == unit]
        if unit is not None and (not fitting or self.source.random() < 0.25):
            return self.constant(unit), unit
        return self.source.choice(fitting)

    def of(self, unit):
        return self.operand(unit)[0]

    def result(self, unit):
        return "not_published" if self.source.random() < 0.02 else self.of(unit)

    def unit(self):
        return self.source.choice((SEK, SEK, {}, PERSON, DAY, POINT, EACH, DAILY))

    # --- Conditions ---

    def condition(self, depth=1):
        kind = self.source.random()
        if depth < 4 and kind < 0.3:
            return {self.source.choice(("all", "any")): [
                self.condition(depth + 1) for _ in range(self.source.randint(1, 3))]}
        if depth < 4 and kind < 0.4:
            return {"not": self.condition(depth + 1)}
        if kind < 0.6:
            return {"significant": self.significant()}
        x, unit = self.operand()
        return {self.source.choice(COMPARISONS): [x, self.of(unit)]}

    def significant(self):
        outcome, level = self.source.choice(list(OUTCOMES)), self.source.choice(LEVELS)
        effect = {"measured": outcome}
        if self.source.random() < 0.3:
            effect["period"] = "2y"
        if level.startswith("p_"):
            effect[level] = self.source.choice(("0.05", "0.01", "0", "1"))
        else:
            effect[level] = self.constant(OUTCOMES[outcome])
        return effect

    # --- Operations: each gives (members, unit) ---

    def ascending(self, count, unit):
        steps = self.source.choice((1, 4, 1000))
        values = sorted(self.source.sample(range(-20 * steps, 100 * steps), count))
        if self.source.random() < 0.03:
            return [{"value": decimal_text(one), "unit": unit_text(unit)} for one in sorted(
                self.source.sample([-HUGE, -TINY, TINY, HUGE, Fraction(0)], min(count, 5)))]
        return [{"value": decimal_text(Fraction(value, steps)), "unit": unit_text(unit)}
                for value in values]

    def take(self):
        x, unit = self.operand()
        return {self.source.choice(("take", "negate")): x}, unit

    def several(self):
        x, unit = self.operand()
        more = [self.of(unit) for _ in range(self.source.choice((0, 1, 1, 2, 3, 9, 10)))]
        return {self.source.choice(("add", "minimum", "maximum")): [x, *more]}, unit

    def subtract(self):
        x, unit = self.operand()
        return {"subtract": [x, self.of(unit)]}, unit

    def product(self):
        """By a pure number, by the same unit, or of a count and a price: units do not run away."""
        kind, (x, unit) = self.source.random(), self.operand()
        if kind < 0.2:
            pair = self.source.choice(((PERSON, EACH), (DAY, DAILY)))
            return {"multiply": [self.of(one) for one in pair]}, SEK
        if kind < 0.35:
            return {"divide": [self.of(SEK), self.of(PERSON)]}, EACH
        if kind < 0.6:
            return {"divide": [x, self.of(unit)]}, {}
        if kind < 0.8:
            return {"divide": [x, self.of({})]}, unit
        return {"multiply": [x] + [self.of({}) for _ in range(self.source.randint(0, 3))]}, unit

    def power(self):
        exponent = self.source.choice((-3, -1, 0, 1, 2, 3, 4, 12, -7, 30))
        return {"power": self.of({}), "exponent": exponent}, {}

    def clamp(self):
        x, unit = self.operand()
        limits = self.source.choice((("at_least",), ("at_most",), ("at_least", "at_most")))
        return {"clamp": x, **{limit: self.of(unit) for limit in limits}}, unit

    def tiers(self):
        (x, unit), other, made = self.operand(), self.unit(), []
        for at in self.ascending(self.source.randint(1, 5), unit):
            kind = self.source.choice(("at_least", "above"))
            made.append({kind: at, "then": self.result(other)})
            if kind == "at_least" and self.source.random() < 0.3:
                made.append({"above": at, "then": self.of(other)})
        return {"tiers": x, "steps": made, "otherwise": self.of(other)}, other

    def curve(self):
        (x, unit), other = self.operand(), self.unit()
        points = [[at, self.constant(other)]
                  for at in self.ascending(self.source.randint(2, 5), unit)]
        return {"curve": x, "points": points}, other

    def brackets(self):
        unit, per = self.source.choice(((PERSON, EACH), (DAY, DAILY), (SEK, {}), ({}, SEK)))
        blocks = [{"from": at, "rate": self.of(per)}
                  for at in self.ascending(self.source.choice((1, 2, 2, 3, 3, 5, 10, 11)), unit)]
        if self.source.random() < 0.1:
            blocks[-1]["rate"] = "not_published"
            blocks[0]["rate"] = self.of(per)
        return {"brackets": self.of(unit), "blocks": blocks}, SEK

    def item(self, name):
        unit, per = self.source.choice(((PERSON, EACH), (DAY, DAILY), ({}, SEK)))
        item = {"item": name, "label": LABEL, "count": self.of(unit), "price": self.of(per)}
        for key, one in (("multiplier", {}), ("count_at_most", unit), ("amount_at_most", SEK)):
            if self.source.random() < 0.4:
                item[key] = self.of(one)
        return item

    def rate_card(self):
        count = self.source.choice((1, 1, 2, 2, 3, 4, 10, 11))
        return {"rate_card": [self.item(f"item_{i}") for i in range(count)]}, SEK

    def by_period(self):
        unit, names = self.unit(), [one["period"] for one in self.periods]
        if self.source.random() < 0.3:
            self.source.shuffle(names)
            return {"by_period": [{"period": one, "then": self.of(unit)} for one in names]}, unit
        chosen = self.source.sample(names, self.source.randint(1, len(names)))
        return {"by_period": [{"period": one, "then": self.result(unit)} for one in chosen],
                "otherwise": self.of(unit)}, unit

    def interest(self):
        x, unit = self.operand(SEK) if self.source.random() < 0.7 else self.operand()
        rate = self.source.choice(("0.02", "0.075", "-0.005", "0", "-1", self.of({})))
        if self.source.random() < 0.4:
            return {"interest": x, "rate": rate,
                    "periods": self.source.choice((0, 1, 2, 3, 4, 12, 25))}, unit
        members = {"interest": x, "rate": rate, "count": self.source.choice(DAY_COUNTS)}
        if self.source.random() < 0.5:
            start, end = sorted(self.source.sample(DATES, 2))
            members.update({"from": start, "to": end})
        return members, unit

    def index(self):
        x, unit = self.operand()
        prices = self.source.choice((POINT, POINT, {}, SEK))
        return {"index": x, "base": self.of(prices), "current": self.of(prices)}, unit

    def when(self):
        unit = self.unit()
        return {"when": self.condition(), "then": self.of(unit),
                "otherwise": self.result(unit)}, unit

    def round(self):
        x, unit = self.operand()
        return {"round": x, "to": self.constant(unit, positive=True),
                "by": self.source.choice(ROUNDINGS)}, unit

    def operation(self):
        return self.source.choice((
            self.take, self.several, self.subtract, self.product, self.product, self.power,
            self.clamp, self.tiers, self.curve, self.brackets, self.rate_card, self.by_period,
            self.interest, self.index, self.when, self.when, self.round))()

    def add(self, name, members):
        self.lines.append({"line": name, "label": LABEL, **members})

    # --- Pays ---

    def rounded(self, name, operand):
        self.add(name, {"round": operand, "by": self.source.choice(ROUNDINGS), "to": {
            "value": self.source.choice(("0.01", "0.05", "1", "2.5", "100")), "unit": "SEK"}})

    def amount(self, number_, may_be_negative):
        """An operand of what is owed, mostly one that can be paid."""
        if self.source.random() < (0.8 if may_be_negative else 0.1):
            return self.of(SEK)
        self.add(f"amount_{number_}", {"clamp": self.of(SEK),
                                       "at_least": {"value": "0", "unit": "SEK"},
                                       "at_most": {"value": "90000000", "unit": "SEK"}})
        return f"amount_{number_}"

    def receivers(self):
        chosen = self.source.sample(RECEIVERS, self.source.randint(1, 3))
        if len(chosen) == 1 and self.source.random() < 0.5:
            return [{"party": chosen[0]}]
        by_funding = self.source.random() < 0.35
        shares = ["1", *[self.source.choice(("1", "2", "0.5", "3.333", "0")) for _ in chosen[1:]]]
        return [{"party": one, "share": "funding" if by_funding else share}
                for one, share in zip(chosen, shares)]

    def waterfall(self, number_, owed):
        tranches = []
        for i in range(self.source.randint(1, 3)):
            limit = f"limit_{number_}_{i}"
            if self.source.random() < 0.1:
                limit = owed
            elif self.source.random() < 0.5:
                self.rounded(limit, self.of(SEK))
            else:
                self.rounded(limit, {"value": self.source.choice(("0", "100", "2500.5", "1000000")),
                                     "unit": "SEK"})
            tranches.append({"tranche": f"tranche_{i}", "up_to": limit, "to": self.receivers()})
        return [*tranches, {"tranche": "rest", "to": self.receivers()}]

    def pay(self, number_):
        owed, kind = f"owed_{number_}", self.source.random()
        self.rounded(owed, self.amount(number_, may_be_negative=kind < 0.3))
        pay = {"pay": owed, "from": PAYER}
        if kind < 0.6:
            pay["to"] = self.receivers()
        else:
            pay["waterfall"] = self.waterfall(number_, owed)
        if kind < 0.3:
            pay["negative"] = "reverse"
        if self.source.random() < 0.3:
            pay["due"] = self.source.choice(({"date": "2030-02-28"}, {"days_after_period": 0},
                                             {"days_after_period": 90},
                                             {"days_after_period": 36525}))
        self.units += [(owed, SEK)] * 2
        return pay


def outcome(source, name, unit):
    made = {"outcome": name, "unit": unit_text(unit), "class": "paying", "evaluator": EVALUATOR,
            "source": "not_published", "missing_data": "not_published", "count_unit": "person",
            "label": LABEL}
    if source.random() < 0.3:
        made["range"] = source.choice(({"at_least": "0"}, {"at_most": "1"},
                                       {"at_least": "-5", "at_most": "0.75"}, {"at_least": "-1"}))
    if source.random() < 0.3:
        made["count_range"] = source.choice(({"at_most": "50"}, {"at_least": "1"},
                                             {"at_least": "-3", "at_most": "4"}))
    return made


def contract(source, template, name, size=14):
    """A contract like the template, with other outcomes, periods, lines and pays."""
    periods = [{"period": one, "from": first, "to": last, "due": "not_published", "binding": True}
               for one, first, last in PERIODS]
    periods = periods[:2] + source.sample(periods[2:], source.randint(0, 3))
    writer, pays = Writer(source, periods), []
    paid = source.randint(1, 3)
    # What is paid may be read before the line stands.
    for number_ in range(paid):
        writer.units += [({"paid": f"owed_{number_}"}, SEK), ({"earlier": f"owed_{number_}"}, SEK)]
    for number_ in range(source.randint(3, size)):
        members, unit = writer.operation()
        writer.add(f"line_{number_}", members)
        writer.units += [(f"line_{number_}", unit)] * 3
        if source.random() < 0.2:
            writer.units.append(({"earlier": f"line_{number_}"}, unit))
    for number_ in range(paid):
        pays.append(writer.pay(number_))
    kept = {key: one for key, one in template.items()
            if key not in ("caps", "commitments", "signatures", "annexes", "notes", "sources")}
    made = dict(kept, contract=name, lines=writer.lines, pays=pays, periods=periods,
                outcomes=[outcome(source, one, unit) for one, unit in OUTCOMES.items()],
                roles=dict(template["roles"], investor=list(INVESTORS)))
    if source.random() < 0.3:
        made["caps"] = [{"party": PAYER, "amount": {
            "amount": source.choice(("1000.00", "2000000.00")), "currency": "SEK"}}]
    return made


# --- Measured values ---

def thresholds(terms):
    """{unit: numbers that stand in the contract}, most of them where something changes."""
    found = {}

    def walk(value):
        if isinstance(value, dict) and set(value) == {"value", "unit"}:
            found.setdefault(value["unit"], []).append(Fraction(value["value"]))
        elif isinstance(value, (dict, list)):
            for one in value.values() if isinstance(value, dict) else value:
                walk(one)
        elif isinstance(value, str) and value[:1] in "-0123456789" and value.count("-") < 2:
            try:
                found.setdefault("1", []).append(Fraction(value))
            except ValueError:
                pass
    for line in terms["lines"]:
        walk({key: one for key, one in line.items() if key not in ("label", "from", "to")})
    return found


def inside(source, value, ends):
    """The number, or the end of the range that it exceeds, or a number near that end."""
    least, most = (Fraction(ends[key]) if key in ends else None for key in ("at_least", "at_most"))
    if least is not None and value < least:
        value = least + source.choice((0, 0, 1, TINY))
    if most is not None and value > most:
        value = most
    return value


def measured(source, edges, unit, ends):
    value = number(source, 6 if unit == "SEK" else 2)
    if edges.get(unit) and source.random() < 0.5:
        value = source.choice(edges[unit]) + source.choice((0, 0, 0, TINY, -TINY, 1))
    value = max(min(value, HUGE), -HUGE)
    return inside(source, value, ends)


def counted(source, edges, ends, least):
    value = measured(source, edges, "person", {**ends, "at_least": str(max(
        Fraction(ends.get("at_least", least)), least))})
    return value if source.random() < 0.2 else inside(source, Fraction(int(value)), ends)


def values_of(source, made, edges, field_chance):
    ends, counts = made.get("range", {}), made.get("count_range", {})
    unit = made["unit"]
    low, high = sorted(measured(source, edges, unit, ends) for _ in range(2))
    found = {"low": low, "high": high, "value": measured(source, edges, unit, ends),
             "control_value": measured(source, edges, unit, ends)}
    found.update({field: counted(source, edges, counts, 1 if "denominator" in field else 0)
                  for field in COUNTS})
    found["p_value"] = source.choice((0, Fraction("0.01"), Fraction("0.05"), TINY, 1,
                                      Fraction("0.049999999999"), Fraction("0.050000000001")))
    kept = {key: one for key, one in found.items() if source.random() < field_chance
            and not ("denominator" in key and one == 0)}
    for group, value in (("", "value"), ("control_", "control_value")):
        fit_ratio(kept, made, value, group + "numerator", group + "denominator")
    return {key: decimal_text(one) for key, one in kept.items()} or {
        "count": decimal_text(found["count"])}


def fit_ratio(found, made, value, over, under):
    """Leaves out what could not be stated together."""
    if made["unit"] != "1" or over not in found or under not in found:
        return
    ratio, ends = found[over] / found[under], made.get("range", {})
    if inside_exactly(ratio, ends):
        if value in found and ratio < 10**18 and (ratio * 10**12).denominator == 1:
            found[value] = ratio
        else:
            found.pop(value, None)
    else:
        del found[under]


def inside_exactly(value, ends):
    return Fraction(ends.get("at_least", value)) <= value <= Fraction(ends.get("at_most", value))


def values(source, terms, field_chance=0.99):
    """What is measured for a period: a few fields are missing, and now and then an outcome."""
    edges = thresholds(terms)
    return [{"outcome": made["outcome"], **values_of(source, made, edges, field_chance)}
            for made in terms["outcomes"] if source.random() < field_chance]


def spoiled_values(source, terms):
    """As values, with figures that stand in the wrong place."""
    found = values(source, terms, 1)
    chosen = source.choice(found)
    fields = [key for key in chosen if key != "outcome"]
    one, other = source.sample(fields, 2)
    chosen[one] = source.choice((chosen[other], "0", "1", "0.5", "2", "1000000"))
    if one in (*COUNTS, "p_value"):
        chosen[one] = chosen[one].lstrip("-")
    return found


# --- Something wrong ---

def places(value, path=()):
    """Every place of a draft that is about terms."""
    yield path
    if isinstance(value, (dict, list)):
        for key in sorted(value) if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


STRANGE = ("0", "-1", "1", "0.001", "not_published", "line_0", "line_1", "owed_0", "amount_0",
           "nothing", "saving", "share", "2y", "3y", "total", "SEK", "1/person", "person*day",
           "SEK*1", "SEK/person", "point", "QQQ", "EUR", PAYER, EVALUATOR, INVESTORS[0],
           "nobody.example", "funding", "2016-02-29", "0001-01-01", {"value": "0", "unit": "SEK"},
           {"value": "1", "unit": "m*m*m*m*m*m*m*m*m"}, {"measured": "share", "field": "ratio"},
           {"earlier": "line_0"}, {"paid": "line_0"}, {"paid": "owed_0"}, {"funded": PAYER},
           {"funded": INVESTORS[1]}, {"period": "days"}, 0, 1, 400, -400)


def spoil_anything(source, made):
    """Replaces, removes, repeats or reverses something."""
    parts = {key: made[key] for key in ("lines", "pays", "outcomes", "periods", "currency")}
    path = source.choice([path for path in places(parts) if path and "label" not in path])
    *above, key = path
    holder, kind = at(made, above), source.random()
    if kind < 0.1:
        del holder[key]
    elif kind < 0.25 and isinstance(holder, list):
        holder.insert(source.randint(0, len(holder)), copy.deepcopy(holder[key]))
    elif kind < 0.35 and isinstance(holder, list):
        holder.reverse()
    elif kind < 0.6:
        same = [one for one in places(parts) if one and "label" not in one
                and type(at(made, one)) is type(holder[key]) and one[:len(path)] != path
                and path[:len(one)] != one]
        holder[key] = copy.deepcopy(at(made, source.choice(same))) if same else "1"
    else:
        holder[key] = copy.deepcopy(source.choice(STRANGE))


def lines_with(made, *keys):
    return [line for line in made["lines"] if any(key in line for key in keys)]


def spoil_table(source, made):
    for line in lines_with(made, "steps", "points", "blocks"):
        [table] = [line[key] for key in ("steps", "points", "blocks") if key in line]
        i = source.randrange(len(table))
        table.insert(source.randint(0, len(table)), copy.deepcopy(table[i]))
        return


def spoil_names(source, made):
    lists = [made["outcomes"], made["periods"], made["lines"], made["pays"]]
    lists += [line[key] for key in ("rate_card", "by_period") for line in lines_with(made, key)]
    lists += [pay["waterfall"] for pay in made["pays"] if "waterfall" in pay]
    lists = [one for one in lists if len(one) > 1]
    chosen = source.choice(lists)
    first, second = source.sample(chosen, 2)
    for key in ("outcome", "line", "pay", "item", "tranche", "period"):
        if key in first:
            second[key] = first[key]
            return


def spoil_cases(source, made):
    for line in lines_with(made, "by_period"):
        line.pop("otherwise", None)
        if source.random() < 0.5 and len(line["by_period"]) > 1:
            line["by_period"].pop()


def spoil_dates(source, made):
    for holder in (*lines_with(made, "interest"), *made["periods"]):
        if "from" in holder and source.random() < 0.6:
            holder["from"], holder["to"] = source.choice((
                (holder["to"], holder["from"]), (holder["to"], holder["to"]),
                ("2016-02-29", "2016-02-28")))
    if source.random() < 0.3:
        made["periods"][0]["due"] = source.choice(("2018-07-30", "2018-07-31", "2018-08-01"))


def spoil_ranges(source, made):
    chosen = source.choice(made["outcomes"])
    chosen[source.choice(("range", "count_range"))] = source.choice((
        {"at_least": "1", "at_most": "0.999"}, {"at_least": "1", "at_most": "1"},
        {"at_most": "-0.000000000001"}, {"at_most": "0"}, {"at_least": "-2", "at_most": "-1"}))


def spoil_divisors(source, made):
    zero = source.choice(("0", {"value": "0", "unit": "SEK"}, {"value": "0", "unit": "point"}))
    for line in lines_with(made, "divide", "index", "power", "round"):
        if "divide" in line:
            line["divide"][1] = zero
        elif "index" in line:
            line["base"] = zero
        elif "power" in line:
            line["power"], line["exponent"] = "0", source.choice((-1, 0, 1))
        elif source.random() < 0.3:
            line["to"] = dict(line["to"], value=source.choice(("0", "-0.01"))) if isinstance(
                line["to"], dict) else "0"


def spoil_pays(source, made):
    pay = source.choice(made["pays"])
    tranche = source.choice(pay.get("waterfall", [pay]))
    kind = source.randrange(9)
    if kind == 0:
        pay["negative"] = "reverse"
    elif kind == 1:
        tranche.pop("up_to", None)
    elif kind == 2 and "waterfall" in pay:
        tranche["up_to"] = source.choice(made["lines"])["line"]
    elif kind == 3:
        pay["pay"] = source.choice(made["lines"])["line"]
    elif kind == 4:
        pay["from"] = source.choice((EVALUATOR, PAYER, "nobody.example"))
    elif kind == 5:
        tranche["to"][0]["party"] = source.choice((EVALUATOR, PAYER, "nobody.example"))
    elif kind == 6:
        tranche["to"].append({"party": source.choice(RECEIVERS)})
    elif kind == 7:
        tranche["to"] = [{"party": one, "share": source.choice(("funding", "0", "0", "1"))}
                         for one in RECEIVERS]
    else:
        source.choice(lines_with(made, "round"))["to"] = {
            "value": source.choice(("0.005", "0.01", "0.03")), "unit": "SEK"}


def spoil_results(source, made):
    """No result of a line is published, or all but one."""
    for line in lines_with(made, "otherwise", "blocks"):
        rows = line.get("steps", []) + line.get("blocks", []) + line.get("by_period", [])
        for row in rows[source.randint(0, 1):]:
            row["rate" if "rate" in row else "then"] = "not_published"
        for key in ("then", "otherwise"):
            if key in line:
                line[key] = "not_published"
        if source.random() < 0.5:
            return


def spoil_size(source, made):
    """Numbers that could grow too large, or nearly."""
    for line in lines_with(made, "power", "periods", "multiply"):
        if "power" in line:
            line["exponent"] = source.choice((20, 24, 30, 33, 55, 83, 400, -20, -33, -400))
        elif "periods" in line:
            line["periods"] = source.choice((20, 33, 76, 83, 400))
        else:
            line["multiply"] = line["multiply"][:1] + [
                source.choice((line["multiply"][-1], "1.01", str(10**17)))
                for _ in range(source.choice((10, 24, 33, 50, 99)))]


def spoil_words(source, made):
    """A word that means nothing, or is spelled otherwise."""
    kind = source.randrange(5)
    if kind == 0:
        made["currency"] = source.choice(("QQQ", "EUR", "JPY"))
    elif kind == 1:
        source.choice(made["outcomes"])["unit"] = source.choice(("SEK*1", "person*day", "SEK/SEK"))
    else:
        path = source.choice([path for path in places(made["lines"]) if path
                              and path[-1] in ("measured", "period", "item", "unit")])
        at(made["lines"], path[:-1])[path[-1]] = source.choice(("nothing", "x", "share", "3y"))


SPOILERS = (spoil_anything, spoil_anything, spoil_anything, spoil_words, spoil_table,
            spoil_names, spoil_cases,
            spoil_dates, spoil_ranges, spoil_divisors, spoil_pays, spoil_pays, spoil_results,
            spoil_size)


def spoiled(source, made):
    """A copy with something wrong, mostly; sometimes it is still right."""
    other = copy.deepcopy(made)
    source.choice(SPOILERS)(source, other)
    return other
