#!/usr/bin/python3
"""Records, computed again from docs/formats.md 7.7 and docs/model.md 10: roots, values, refusals.

Contracts and tables are made at random; `utfall measure` and this file must say the same about each
of them. The table is read by Python's csv module, sums are Fractions, the tree is recursive: nothing
is shared with the program. Prints TAP; run from anywhere.
"""

import base64
import csv
import datetime
import hashlib
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
from fractions import Fraction

ROOT = pathlib.Path(__file__).resolve().parents[2]
UTFALL = os.environ.get("UTFALL") or str(ROOT / "build" / "release" / "utfall")
ROUNDS = 150
FROM, TO = datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)


class Refused(Exception):
    """With the name of the rule."""


# --- Reading: model.md 10.1 ---

def decimal_of(text, comma):
    """The value and its one spelling."""
    if comma:
        if "." in text:
            raise Refused("RECORDS_MALFORMED")
        text = text.replace(",", ".", 1)
    if "." in text:
        text = text.rstrip("0")
        if text.endswith("."):
            text = text[:-1]
    return Fraction(text), "0" if text == "-0" else text


def records_of(table, contract, separator, comma):
    form = contract["records"]
    rows = list(csv.reader(io.StringIO(table, newline=""), delimiter=separator, strict=True))
    header, records = rows[0], []
    for row in rows[1:]:
        texts, values, complete = {}, {}, True
        for column in form["columns"]:
            name = column["column"]
            text = row[header.index(name)]
            if text == "":
                if name == form["person"]:
                    raise Refused("RECORDS_INCOMPLETE")
                if not column.get("optional", False):
                    if form["missing"] == "refuse":
                        raise Refused("RECORDS_INCOMPLETE")
                    complete = False
                texts[name], values[name] = "", None
            elif column["type"] == "decimal":
                values[name], texts[name] = decimal_of(text, comma)
            elif column["type"] == "date":
                values[name], texts[name] = datetime.date.fromisoformat(text), text
            else:
                values[name], texts[name] = text, text
        records.append((texts, values, complete))
    return records


# --- Commitment: formats.md 7.7 ---

def leaf_of(salt, texts):
    text = json.dumps(texts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(b"\0" + salt + text.encode()).digest()


def root_of(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


# --- Aggregates: model.md 10.2 ---

COMPARE = {
    "equals": lambda a, b: a == b, "not_equals": lambda a, b: a != b,
    "at_least": lambda a, b: a >= b, "at_most": lambda a, b: a <= b,
    "above": lambda a, b: a > b, "below": lambda a, b: a < b,
}


def holds(test, values, types):
    value = values[test["column"]]
    if value is None:
        return False
    (name, wanted), = [(name, test[name]) for name in COMPARE if name in test]
    kind = types[test["column"]]
    if kind == "decimal":
        wanted = Fraction(wanted)
    elif kind == "date":
        wanted = datetime.date.fromisoformat(wanted)
    return COMPARE[name](value, wanted)


def all_hold(where, values, types):
    return all(holds(test, values, types) for test in where)


class Number:
    """A value or a quotient, and the groups of people that it is about."""

    def __init__(self, value, divisor=None, *groups, counts=()):
        self.value, self.divisor = Fraction(value), divisor
        self.sizes = [len(set(group)) for group in groups] + list(counts)


def aggregate(what, records, types, person):
    chosen = []
    for _, values, complete in records:
        within = values[what["within"]] if "within" in what else FROM
        if complete and within is not None and FROM <= within <= TO and \
                all_hold(what.get("where", []), values, types):
            chosen.append(values)
    who = lambda rows: [row[person] for row in rows]  # noqa: E731
    if "count" in what:
        return Number(len(chosen), None, who(chosen))
    for name in ("distinct", "sum", "mean"):
        if name in what:
            rows = [row for row in chosen if row[what[name]] is not None]
            cells = [row[what[name]] for row in rows]
            if name == "distinct":
                return Number(len(set(cells)), None, who(rows), counts=[len(set(cells))])
            return Number(sum(cells, Fraction(0)), len(rows) if name == "mean" else None, who(rows))
    if "share" in what:
        some = [row for row in chosen if all_hold(what["share"]["where"], row, types)]
        return Number(len(some), len(chosen), who(chosen), who(some))
    sums = {}
    for row in chosen:
        prices = [Fraction(price["price"]) for price in what["per_person"]["prices"]
                  if all_hold(price["where"], row, types)]
        if prices:
            sums[row[person]] = sums.get(row[person], Fraction(0)) + sum(prices)
    most = Fraction(what["per_person"]["at_most"])
    return Number(sum((min(value, most) for value in sums.values()), Fraction(0)), None, sums)


def write_decimal(value):
    """None when it is none of at most 18 and 12 digits."""
    scaled = value * 10 ** 12
    if scaled.denominator != 1 or abs(value) >= 10 ** 18:
        return None
    sign = "-" if scaled < 0 else ""
    digits = str(abs(scaled.numerator)).rjust(13, "0")
    text = sign + digits[:-12] + "." + digits[-12:]
    text = text.rstrip("0")
    return text[:-1] if text.endswith(".") else text


def state(stated, field, number):
    if number.divisor is None:
        text = write_decimal(number.value)
        if text is None or (number.value < 0 and field not in ("value", "control_value")):
            raise Refused("MEASUREMENT_RANGE")
        stated[field] = text
        return
    if number.divisor == 0:
        raise Refused("RECORDS_EMPTY")
    text = write_decimal(number.value / number.divisor)
    if text is not None:
        stated[field] = text
        return
    prefix = "control_" if field == "control_value" else ""
    for part, value in (("numerator", number.value), ("denominator", Fraction(number.divisor))):
        text = write_decimal(value)
        if text is None or value < 0:
            raise Refused("MEASUREMENT_RANGE")
        stated[prefix + part] = text


FIELDS = ["value", "count", "numerator", "denominator", "control_value", "control_count",
          "control_numerator", "control_denominator"]


def measure(contract, table, separator, comma, salts):
    form = contract["records"]
    types = {column["column"]: column["type"] for column in form["columns"]}
    person, minimum = form["person"], form["minimum_cell"]
    records = records_of(table, contract, separator, comma)
    people = {values[person] for _, values, _ in records}
    missing = {values[person] for _, values, complete in records if not complete}
    if 0 < len(people) < minimum:
        raise Refused("RECORDS_CELL_TOO_SMALL")
    values = []
    for outcome in contract["outcomes"]:
        stated = {"outcome": outcome["outcome"]}
        for field in FIELDS:
            if field in outcome["aggregation"]:
                number = aggregate(outcome["aggregation"][field], records, types, person)
                if any(0 < size < minimum for size in number.sizes):
                    raise Refused("RECORDS_CELL_TOO_SMALL")
                state(stated, field, number)
        values.append(stated)
    if any("0" in (stated.get("denominator"), stated.get("control_denominator"))
           for stated in values):
        raise Refused("MEASUREMENT_RANGE")
    draft = {"kind": "measurement", "version": 1, "contract": contract["contract"], "period": "1y",
             "evaluator": "evaluator.example", "values": values,
             "records": {"count": len(records), "root": "sha256:" + root_of(
                 [leaf_of(salt, texts) for salt, (texts, _, _) in zip(salts, records)]).hex()}}
    if not 0 < len(missing) < minimum:
        draft["cohort"] = {"count": len(people), "missing": len(missing)}
    return draft


# --- Contracts and tables at random ---

COLUMNS = [("who", "text"), ("days", "decimal"), ("left", "date"), ("school", "text"),
           ("cost", "decimal")]
TEXTS = ["Åsa", "a,b", 'say "so"', "two\nlines", "b;c", "x", "é\tq", "\U0001f600", "back\\slash"]


def random_decimal(dice):
    value = Fraction(dice.randint(-2000, 20000), dice.choice([1, 1, 2, 10, 1000]))
    return write_decimal(value)


def random_test(dice):
    name, kind = dice.choice(COLUMNS[1:])
    if kind == "text":
        return {"column": name, dice.choice(["equals", "not_equals"]): dice.choice(TEXTS)}
    value = random_decimal(dice) if kind == "decimal" else random_date(dice)
    return {"column": name, dice.choice(list(COMPARE)): value}


def random_date(dice):
    return str(datetime.date(2025, 11, 1) + datetime.timedelta(days=dice.randint(0, 450)))


def random_where(dice, least=1):
    return [random_test(dice) for _ in range(dice.randint(least, 2))]


def random_aggregate(dice, quotient):
    kinds = [{"count": "rows"}, {"distinct": dice.choice(["who", "school", "left", "days"])},
             {"sum": dice.choice(["days", "cost"])}]
    kinds.append({"per_person": {"at_most": write_decimal(Fraction(dice.randint(0, 9000), 4)),
                                 "prices": [{"where": random_where(dice),
                                             "price": write_decimal(Fraction(dice.randint(0, 4000), 8))}
                                            for _ in range(dice.randint(1, 3))]}})
    if quotient:
        kinds += [{"mean": dice.choice(["days", "cost"])}, {"share": {"where": random_where(dice)}}] * 2
    what = dice.choice(kinds)
    if dice.random() < 0.4:
        what["where"] = random_where(dice)
    if dice.random() < 0.3:
        what["within"] = "left"
    return what


def random_contract(dice):
    outcomes = []
    for name in ("one", "two")[:dice.randint(1, 2)]:
        fields = dice.choice([["value"], ["value", "count"], ["count"], ["value", "control_value"],
                              ["numerator", "denominator"]])
        outcomes.append({
            "outcome": name, "label": {"en": name}, "unit": "SEK", "class": "paying",
            "evaluator": "evaluator.example", "source": "not_published",
            "missing_data": "not_published",
            "aggregation": {field: random_aggregate(dice, "value" in field) for field in fields}})
    columns = [{"column": name, "type": kind} for name, kind in COLUMNS]
    for column in columns[1:]:
        if dice.random() < 0.4:
            column["optional"] = dice.random() < 0.8
    dice.shuffle(columns)
    return {
        "kind": "contract", "version": 1, "date": "2026-01-15", "contract": "small",
        "title": {"en": "Small"}, "agreed_on": "not_published",
        "roles": {"payer": ["town.example"], "investor": ["investor.example"],
                  "evaluator": ["evaluator.example"]},
        "cohort": {"description": {"en": "Everyone"}, "size": 100}, "currency": "SEK",
        "outcomes": outcomes, "lines": [{"line": "none", "label": {"en": "None"}, "take": "0"}],
        "periods": [{"period": "1y", "from": str(FROM), "to": str(TO), "due": "not_published",
                     "binding": True}],
        "pays": [], "dispute": "not_published", "legal_basis": "not_published",
        "records": {"columns": columns, "person": "who", "minimum_cell": dice.choice([2, 2, 3, 5]),
                    "missing": dice.choice(["count_as_missing", "count_as_missing", "refuse"])}}


def random_cell(dice, name, kind, comma):
    if name == "who":
        return f"person {dice.randint(1, 25)}"
    if dice.random() < 0.01:
        return ""
    if kind == "text":
        return dice.choice(TEXTS)
    if kind == "date":
        return random_date(dice)
    text = random_decimal(dice)
    if dice.random() < 0.2:
        text += "0" if "." in text else ".00"
    return text.replace(".", ",") if comma else text


def random_table(dice, separator, comma):
    columns = COLUMNS + [("other", "text")] * dice.randint(0, 1)
    dice.shuffle(columns)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=dice.choice(["\n", "\r\n"]),
                        quoting=dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer.writerow([name for name, _ in columns])
    for _ in range(dice.choice([0, 1, 2, 3, 7, 8, 40, 100, 129, 300])):
        writer.writerow([random_cell(dice, name, kind, comma) for name, kind in columns])
    table = text.getvalue()
    return table[:-1] if dice.random() < 0.2 and table.endswith("\n") and \
        not table.endswith("\r\n") else table


# --- The comparison ---

class Round:
    def __init__(self, folder, dice):
        self.folder = folder
        self.contract = random_contract(dice)
        self.separator = dice.choice([",", ";", "\t"])
        self.comma = self.separator != "," and dice.random() < 0.5
        self.mark = dice.random() < 0.3
        self.table = random_table(dice, self.separator, self.comma)

    def run(self):
        """What the program says: a draft, or the name of a rule."""
        (self.folder / "contract.json").write_text(json.dumps(self.contract))
        data = self.table.encode()
        (self.folder / "table.csv").write_bytes((b"\xef\xbb\xbf" if self.mark else b"") + data)
        salts = self.folder / "salts"
        salts.unlink(missing_ok=True)
        words = ["measure", "contract.json", "1y", "--records", "table.csv", "--salts", "salts",
                 "--json", "--separator", "tab" if self.separator == "\t" else self.separator]
        words += ["--decimal-comma"] if self.comma else []
        done = subprocess.run([UTFALL, *words], cwd=self.folder, capture_output=True, timeout=60,
                              check=False)
        answer = json.loads(done.stdout)
        self.salts = []
        if answer["ok"]:
            assert salts.stat().st_mode & 0o777 == 0o600, "others can read the salts"
            self.salts = [base64.b64decode(line, validate=True)
                          for line in salts.read_text().splitlines()]
        else:
            assert not salts.exists(), "salts were left behind"
        return answer.get("draft", answer["code"])

    def oracle(self, count):
        salts = self.salts or [bytes(32)] * count
        try:
            return measure(self.contract, self.table, self.separator, self.comma, salts)
        except Refused as refused:
            return str(refused)


def main():
    dice = random.Random(4711)
    seen = {}
    failed = 0
    with tempfile.TemporaryDirectory(prefix="utfall-records-") as name:
        for number in range(1, ROUNDS + 1):
            one = Round(pathlib.Path(name), dice)
            found = one.run()
            expected = one.oracle(1000)
            kind = found if isinstance(found, str) else "measured"
            seen[kind] = seen.get(kind, 0) + 1
            distinct = len(set(one.salts)) == len(one.salts)
            good = found == expected and distinct
            failed += not good
            print(f"{'ok' if good else 'not ok'} {number} - {kind}: "
                  f"{one.table.count(chr(10))} lines")
            if not good:
                print(f"# expected {json.dumps(expected)}\n# found    {json.dumps(found)}")
                print(f"# contract {json.dumps(one.contract)}"[:3000])
    enough = seen.get("measured", 0) >= ROUNDS // 4 and len(seen) >= 4
    print(f"{'ok' if enough else 'not ok'} {ROUNDS + 1} - every kind of answer was seen: {seen}")
    print(f"1..{ROUNDS + 1}")
    return 0 if enough and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
