#!/usr/bin/python3
"""utfall simulate: rows, grids, comparisons, thresholds and charts, through the program.

What Norrköping's contract pays by each reading is compared with the table of test points that was
worked out by hand from the published sources. Charts are read back as XML: every point of a curve
is turned into numbers again, and compared with the rows.
"""

import copy
import csv
import io
import json
import os
import re
import sys
import xml.etree.ElementTree as xml
from fractions import Fraction

from _cli import CONTRACT, FALSE, GOOD, ROOT, TROUBLE, WITH_LOG, Folder, Tap, Town

EXAMPLES = os.path.join(ROOT, "examples", "norrkoping")
SAVING = "social_service_saving"
SVG = "{http://www.w3.org/2000/svg}"

# Saving, school results improved, then what is paid: 10 million RISE, 10 INDIGO, 7.5 RISE, 7.5
# INDIGO; in millions.
READINGS = ("rise-committed", "indigo-committed", "rise-spent", "indigo-spent")
POINTS = [
    ("-1", 1, ("4", "4", "3", "3")),
    ("0", 1, ("4", "4", "3", "3")),
    ("2.5", 1, ("5.5", "4", "4.5", "3")),
    ("4", 1, ("6.4", "4", "5.4", "4")),
    ("5", 1, ("7", "5", "6", "5")),
    ("7.5", 1, ("8.5", "7.5", "7.5", "7.5")),
    ("10", 1, ("10", "10", "9", "9")),
    ("11", 0, ("10", "10", "7.5", "7.5")),
    ("11", 1, ("11", "11", "9", "9")),
    ("12", 1, ("12", "12", "9", "9")),
    ("20", 1, ("12", "12", "9", "9")),
]


def example(reading):
    return os.path.join(EXAMPLES, f"contract-{reading}.json")


def rows_of(result):
    return list(csv.DictReader(io.StringIO(result.out)))


def millions(text):
    return Fraction(text) * 1000000


def decimal(value):
    """A Fraction of millions as the program writes decimals."""
    return format(float(value), "f").rstrip("0").rstrip(".")


# --- Contracts that the tests make ---

def money(value):
    return {"value": value, "unit": "SEK"}


def outcome(name, unit, **more):
    return {"outcome": name, "label": {"en": name.capitalize(), "sv": "Utfallet " + name},
            "unit": unit, "class": "paying", "evaluator": "evaluator.example",
            "source": "not_published", "missing_data": "not_published", **more}


def line(name, **operation):
    return {"line": name, "label": {"en": f"The {name}", "sv": f"Raden {name}"}, **operation}


def rounded(name, of):
    return line(name, round=of, to=money("0.01"), by="half_even")


def measured(name, field="value", **more):
    return {"measured": name, "field": field, **more}


def contract(name, outcomes, lines, pays=None, **more):
    made = copy.deepcopy(CONTRACT)
    made.update(contract=name, outcomes=outcomes, lines=lines, **more)
    made["title"] = {"en": f"Contract {name} <&>", "sv": f"Kontraktet {name}"}
    if pays is not None:
        made["pays"] = pays
    return made


def steps():
    """Tiers with both kinds of boundary, a part that nobody published, and a cap."""
    return contract("steps", [outcome("restored", "1", count_unit="person")], [
        line("rate", take=measured("restored", "ratio")),
        line("amount", tiers="rate", otherwise=money("0"), steps=[
            {"at_least": "0.3", "then": money("100000")},
            {"above": "0.65", "then": money("400000")},
            {"above": "0.9", "then": "not_published"}]),
        rounded("payout", "amount"),
    ], caps=[{"party": "town.example", "amount": {"amount": "450000.00", "currency": "SEK"}}])


def curve():
    return contract("curve", [outcome("restored", "1", count_unit="person")], [
        line("rate", take=measured("restored", "ratio")),
        line("amount", curve="rate", points=[["0", money("0")], ["0.8", money("400000")]]),
        rounded("payout", "amount"),
    ])


def two_pays():
    """Two payers, of whom one pays by the difference to what was paid before."""
    return contract("pays", [outcome("saving", "SEK"), outcome("graduates", "person")], [
        line("saving", take=measured("saving")),
        line("due", subtract=["saving", {"earlier": "first"}]),
        line("total_funded", take={"funded": "total"}),
        line("less_paid", subtract=["total_funded", {"paid": "second"}]),
        line("per_head", multiply=[measured("graduates"), {"value": "100", "unit": "SEK/person"}]),
        line("both", add=["per_head", "less_paid"]),
        rounded("first", "due"),
        rounded("second", "both"),
    ], pays=[{"pay": "first", "from": "town.example", "to": [{"party": "investor.example"}]},
             {"pay": "second", "from": "region.example", "to": [{"party": "investor.example"}]}],
        roles={"payer": ["town.example", "region.example"], "investor": ["investor.example"],
               "evaluator": ["evaluator.example"]},
        commitments=[{"party": "investor.example",
                      "amount": {"amount": "5000.00", "currency": "SEK"}}])


# --- Norrköping ---

def test_norrkoping(tap, folder):
    for index, reading in enumerate(READINGS):
        placed = "leksellsocialventures.com=" + ("7500000" if "spent" in reading else "10000000")
        wrong = []
        for saving, school, paid in POINTS:
            result = folder.run("simulate", example(reading), "--format", "csv", "--set",
                                "activity=1", "--set", f"school_results={school}", "--set",
                                f"{SAVING}={decimal(millions(saving))}", "--funded", placed)
            rows = rows_of(result)
            if len(rows) != 1 or rows[0]["refused"] or \
                    Fraction(rows[0]["payout"] or -1) != millions(paid[index]):
                wrong.append(f"{saving} million, school {school}, should pay {paid[index]}: {result}")
        tap.check(f"{reading} pays what was worked out by hand", *wrong)

    varied = folder.run("simulate", example("rise-committed"), "--format", "csv", "--set",
                        "activity=1", "--set", "school_results=1", "--vary",
                        f"{SAVING}=-1000000:20000000:500000")
    found = {Fraction(row[SAVING]): Fraction(row["payout"]) for row in rows_of(varied)}
    wrong = [f"{saving}: {found.get(millions(saving))}" for saving, school, paid in POINTS
             if school and found.get(millions(saving)) != millions(paid[0])]
    tap.check("varying gives the same as setting", varied.ended(GOOD), *wrong)
    unpublished = folder.run("simulate", example("rise-committed"), "--format", "csv", "--set",
                             "activity=0", "--set", "school_results=1", "--set", f"{SAVING}=0")
    tap.check("a row that the terms do not publish has its refusal", unpublished.ended(GOOD),
              unpublished.prints("payout,refused\n,TERMS_NOT_PUBLISHED\n"))


def test_readings(tap, folder):
    """The two readings of Norrköping's rule, side by side."""
    words = ("simulate", example("rise-committed"), example("indigo-committed"), "--set",
             "activity=1", "--set", "school_results=1", "--vary", f"{SAVING}=0:12000000:1000000")
    table = folder.run(*words)
    tap.check("readings differ from 0 to 10 million, by at most 2.4 million at 4 million",
              table.ended(GOOD), table.prints(
                  "above SEK 0.00 to below SEK 10,000,000.00: B is less, by at most SEK "
                  "2,400,000.00, at SEK 4,000,000.00", "A and B differ in 9 of 13 rows"))
    marked = re.findall(r"^ +SEK ([\d,]+)\.00 .*\*$", table.out, re.MULTILINE)
    tap.check("exactly the rows between are marked",
              "" if marked == [f"{i},000,000" for i in range(1, 10)] else f"{marked}\n{table}")
    answer = folder.run(*words, "--json")
    ranges = answer.json.get("differences")
    wanted = [{"from": "0", "from_included": False, "to": "10000000", "to_included": False,
               "refused": False, "least": "-2400000", "least_at": "4000000", "least_reached": True}]
    tap.check("--json tells the same range", answer.coded("OK"),
              "" if ranges and len(ranges) == 1 and wanted[0].items() <= ranges[0].items()
              else f"{ranges}")
    rows = rows_of(folder.run(*words, "--format", "csv"))
    wrong = [row for row in rows
             if Fraction(row["B total"]) - Fraction(row["A total"]) != Fraction(row["B-A total"])
             or (row["differs"] == "*") != (Fraction(row["B-A total"]) != 0)]
    tap.check("CSV holds A, B, B-A and the mark", "" if rows and not wrong else f"{wrong or rows}")
    alike = folder.run("simulate", example("rise-committed"), example("rise-committed"), *words[3:])
    tap.check("a contract does not differ from itself", alike.ended(GOOD),
              alike.prints("A and B differ in 0 of 13 rows", "the same total"))
    swedish = folder.run(*words, "--lang", "sv")
    tap.check("a comparison in Swedish", swedish.prints(
        "över 0,00\xa0kr till under 10\xa0000\xa0000,00\xa0kr: B ger mindre, högst "
        "2\xa0400\xa0000,00\xa0kr mindre, vid 4\xa0000\xa0000,00\xa0kr"))


# --- Thresholds ---

def test_thresholds(tap, folder):
    folder.write_json("steps.json", steps())
    answer = folder.run("simulate", "steps.json", "--json", "--set", "restored.denominator=200",
                        "--vary", "restored.ratio=0:1:0.25")
    made = answer.json.get("contracts", [{}])[0]
    found = [(each["at"], each["course"], each["causes"][0]["kind"], each["causes"][0]["line"])
             for each in made.get("thresholds", [])]
    wanted = [("3/10", "jump", "threshold", "amount"), ("13/20", "jump", "threshold", "amount"),
              ("9/10", "edge", "threshold", "amount")]
    tap.check("thresholds are found where no row stands", answer.coded("OK"),
              "" if found == wanted else f"{found}")
    sides = [[each[side].get("values", [each[side].get("refused")])[0]
              for side in ("before", "value", "after")] for each in made.get("thresholds", [])]
    wanted = [["0", "100000", "100000"], ["100000", "100000", "400000"],
              ["400000", "400000", "TERMS_NOT_PUBLISHED"]]
    tap.check("each has its value and both its sides", "" if sides == wanted else f"{sides}")
    tap.check("the table tells them in words", folder.run(
        "simulate", "steps.json", "--set", "restored.denominator=200", "--vary",
        "restored.ratio=0:1:0.25").prints(
            "0.65, payout SEK 100,000.00, just above SEK 400,000.00: The amount: the tier above 0.65"))


# --- Charts ---

class Chart:
    """A chart that was read back."""

    def __init__(self, text):
        self.text = text
        self.root = xml.fromstring(text)
        self.plot = self.root.find(f".//{SVG}g[@id='plot']")

    def value(self, axis, place):
        """What a place in pixels means."""
        data = {name: Fraction(self.plot.get(f"data-{name}")) for name in
                ("x-low", "x-high", "y-low", "y-high", "left", "right", "top", "bottom")}
        if axis == "x":
            part = (Fraction(place) - data["left"]) / (data["right"] - data["left"])
            return data["x-low"] + part * (data["x-high"] - data["x-low"])
        part = (data["bottom"] - Fraction(place)) / (data["bottom"] - data["top"])
        return data["y-low"] + part * (data["y-high"] - data["y-low"])

    def pixel(self, axis):
        """What one pixel is worth."""
        return abs(self.value(axis, "1") - self.value(axis, "0"))

    def curves(self):
        """Each curve as a list of unbroken runs of (x, y)."""
        for path in self.plot.iter(f"{SVG}path"):
            yield [[(self.value("x", x), self.value("y", y))
                    for x, y in re.findall(r"[ML](\S+) ([^ML]+)", run)]
                   for run in re.findall(r"M[^M]+", path.get("d"))]

    def dots(self, kind):
        return sorted((self.value("x", dot.get("cx")), self.value("y", dot.get("cy")))
                      for dot in self.plot.iter(f"{SVG}circle") if dot.get("class") == kind)

    def words(self):
        return [text.text or "" for text in self.root.iter(f"{SVG}text")]

    def is_near(self, found, wanted):
        return abs(found[0] - wanted[0]) <= self.pixel("x") / 10 and \
            abs(found[1] - wanted[1]) <= self.pixel("y") / 10


def draw(folder, *words):
    """Returns (result, chart)."""
    result = folder.run("simulate", *words, "--chart", "chart.svg", "--force")
    return result, Chart(folder.read("chart.svg").decode())


def complaints_of_form(chart):
    """What every chart has, and what none may have."""
    root = chart.root
    names = {element.tag.removeprefix(SVG) for element in root.iter()}
    sizes = [float(element.get("font-size")) for element in root.iter() if element.get("font-size")]
    dashes = [path.get("stroke-dasharray") for path in chart.plot.iter(f"{SVG}path")]
    return [
        "" if root.get("role") == "img" else "no role",
        "" if root.find(f"{SVG}title").text and root.find(f"{SVG}desc").text else "no words for it",
        "" if not names & {"script", "image", "foreignObject", "use", "a"} else f"{names}",
        "" if not re.search(r"(?:href|src|@import|@font-face|url\((?!#))", chart.text) else "a link",
        "" if "http" not in chart.text.replace(SVG[1:-1], "") else "an address",
        "" if min(sizes) >= 12 else f"letters of {min(sizes)}",
        "" if root.get("viewBox").startswith("0 0 900 ") and float(root.get("height")) >= 560 else
        root.get("viewBox"),
        "" if len(set(dashes)) == len(dashes) else f"curves that look alike: {dashes}",
    ]


def at(runs, x):
    """What a curve is worth at x, by the runs that hold it."""
    found = []
    for run in runs:
        for (x1, y1), (x2, y2) in zip(run, run[1:]):
            if x1 <= x <= x2 and x1 < x2:
                found.append(y1 + (y2 - y1) * (x - x1) / (x2 - x1))
    return found


def test_chart(tap, folder):
    words = (example("rise-committed"), "--set", "activity=1", "--set", "school_results=1", "--vary",
             f"{SAVING}=-1000000:14000000:250000")
    result, chart = draw(folder, *words, "--format", "csv")
    tap.check("a chart is well formed and stands alone", result.ended(GOOD),
              *complaints_of_form(chart))
    runs = next(chart.curves())
    wrong = []
    for row in rows_of(result):
        x, y = Fraction(row[SAVING]), Fraction(row["payout"])
        if not any(abs(found - y) <= chart.pixel("y") / 5 for found in at(runs, x)):
            wrong.append(f"at {x} it draws {[float(found) for found in at(runs, x)]}, not {y}")
    tap.check("the curve runs through every row", "" if len(runs) == 1 else f"{len(runs)} runs",
              *wrong)
    marks = [Fraction(mark.get("data-x")) for mark in chart.plot.iter(f"{SVG}g")
             if mark.get("class") == "mark"]
    tap.check("thresholds are marked, and explained by their numbers",
              "" if marks == [0, 10000000, 12000000] else f"{marks}",
              *(f"no {number}" for number in ("1", "2", "3") if chart.words().count(number) != 2))
    caps = [chart.value("y", cap.get("y1")) for cap in chart.plot.iter(f"{SVG}line")
            if cap.get("class") == "cap"]
    tap.check("the cap is a line with its name", "" if len(caps) == 1 and
              abs(caps[0] - 12000000) <= chart.pixel("y") / 10 else f"{caps}",
              "" if "Cap of norrkoping.se: SEK 12,000,000.00" in chart.words() else "not named")
    tap.check("axes have titles with units, and numbers in groups",
              *(f"no '{text}' in {chart.words()}" for text in
                ("Payout, SEK", "Saving in social services costs, SEK", "10\u2009000\u2009000")
                if text not in chart.words()))
    _, swedish = draw(folder, *words, "--lang", "sv")
    tap.check("a chart in Swedish", *complaints_of_form(swedish),
              "" if swedish.root.get("lang") == "sv" else "not marked as Swedish",
              *(f"no '{text}' in {swedish.words()}" for text in
                ("Utbetalning, kr", "Besparing i socialtjänstens kostnader, kr",
                 "Tak för norrkoping.se: 12\xa0000\xa0000,00\xa0kr")
                if text not in swedish.words()))


def test_chart_steps(tap, folder):
    folder.write_json("steps.json", steps())
    words = ("steps.json", "--set", "restored.denominator=200", "--vary", "restored.ratio=0:1:0.1")
    result, chart = draw(folder, *words)
    runs = next(chart.curves())
    slanting = [run for run in runs for a, b in zip(run, run[1:])
                if abs(a[1] - b[1]) > chart.pixel("y") / 10]
    tap.check("steps are drawn as steps", result.ended(GOOD), *complaints_of_form(chart),
              "" if len(runs) == 3 and not slanting else f"{len(runs)} runs, slanting {slanting}")
    for kind, wanted in (("filled", [(0.3, 100000), (0.65, 100000), (0.9, 400000)]),
                         ("open", [(0.3, 0), (0.65, 400000)])):
        found = chart.dots(kind)
        tap.check(f"{kind} dots are where the value {'is' if kind == 'filled' else 'is not'}",
                  "" if len(found) == len(wanted) and
                  all(chart.is_near(a, b) for a, b in zip(found, wanted)) else
                  f"{[(float(x), float(y)) for x, y in found]}")
    hatched = [(rect.get("data-from"), rect.get("data-to")) for rect in chart.plot.iter(f"{SVG}rect")
               if rect.get("class") == "refused"]
    tap.check("what cannot be settled is hatched, and said",
              "" if hatched == [("0.9", "1")] else f"{hatched}",
              "" if any("TERMS_NOT_PUBLISHED" in text for text in chart.words()) else "not said")
    tap.check("a title with marks of XML is kept",
              "" if "Contract steps <&>" in chart.words() else f"{chart.words()}")

    folder.write_json("curve.json", curve())
    result, chart = draw(folder, "steps.json", "curve.json", *words[1:])
    bars = [(rect.get("data-from"), rect.get("data-to")) for rect in chart.plot.iter(f"{SVG}rect")
            if rect.get("class") == "difference"]
    tap.check("two contracts have two curves, and bars where they differ", result.ended(GOOD),
              *complaints_of_form(chart),
              "" if len(list(chart.curves())) == 2 else "not two curves",
              "" if bars and bars[0] == ("0", "0.65") else f"{bars}")
    several, chart = draw(folder, *words, "--line", "amount")
    tap.check("a line asked for is drawn, too", several.ended(GOOD), *complaints_of_form(chart),
              "" if len(list(chart.curves())) == 2 else "one curve")


# --- Rows, grids and columns ---

def test_columns(tap, folder):
    folder.write_json("pays.json", two_pays())
    words = ("simulate", "pays.json", "--set", "saving=2000", "--vary", "graduates=0:20:10")
    rows = rows_of(folder.run(*words, "--format", "csv", "--line", "per_head"))
    wanted = {"graduates": "10", "total": "8000.00", "first": "2000.00", "second": "6000.00",
              "town.example": "2000.00", "region.example": "6000.00", "per_head": "1000",
              "refused": ""}
    tap.check("each pay, each payer, the total and the lines asked for have a column",
              "" if len(rows) == 3 and rows[1] == wanted else f"{rows}")
    supposed = rows_of(folder.run(*words, "--format", "csv", "--earlier", "first=500", "--funded",
                                  "investor.example=100", "--paid", "second=40"))
    tap.check("earlier settlements, fundings and payments can be supposed",
              "" if [row["first"] + " " + row["second"] for row in supposed] ==
              ["1500.00 60.00", "1500.00 1060.00", "1500.00 2060.00"] else f"{supposed}")
    negative = folder.run(*words, "--earlier", "first=2000.01")
    tap.check("a refused row shows its code, and why", negative.ended(GOOD),
              negative.prints("PAY_NEGATIVE      -  ", "\nPAY_NEGATIVE: "))
    grid = folder.run("simulate", "pays.json", "--vary", "saving=0:2000:1000", "--vary",
                      "graduates=0:20:10")
    found = [re.split(r"  +", row.strip()) for row in grid.out.splitlines() if row.startswith("  ")]
    tap.check("two numbers varied make a grid", grid.ended(GOOD), grid.prints(
        "saving \\ graduates", "SEK 7,000.00", "SEK 9,000.00"),
              "" if ["SEK 1,000.00", "SEK 6,000.00", "SEK 7,000.00", "SEK 8,000.00"] in found
              else f"{found}")
    long = rows_of(folder.run("simulate", "pays.json", "--vary", "saving=0:2000:1000", "--vary",
                              "graduates=0:20:10", "--format", "csv"))
    tap.check("and in CSV one row each, the last number running fastest",
              "" if [(row["saving"], row["graduates"]) for row in long][:4] ==
              [("0", "0"), ("0", "10"), ("0", "20"), ("1000", "0")] and len(long) == 9
              else f"{long}")
    both = folder.run("simulate", "pays.json", "pays.json", "--vary", "saving=0:2000:1000",
                      "--vary", "graduates=0:20:10")
    tap.check("two contracts make three grids", both.ended(GOOD),
              both.prints("A: total\n", "B: total\n", "B - A: total\n"))


def test_two_contracts(tap, folder):
    """Outcomes and investors that only one of them has."""
    folder.write_json("pays.json", two_pays())
    small = folder.write_json("small.json", {**CONTRACT, "contract": "small"})
    words = ("simulate", small, "pays.json", "--vary", "saving=0:10:5", "--format", "csv")
    known = folder.run(*words, "--set", "graduates=1")
    tap.check("an outcome that only one has changes nothing in the other", known.ended(GOOD),
              "" if [row["A total"] for row in rows_of(known)] == ["0.00", "2.50", "5.00"]
              else f"{known}")
    unknown = folder.run(*words, "--set", "graduates=1", "--set", "nothing=1")
    tap.check("one that neither has is refused", unknown.ended(FALSE),
              unknown.says("OUTCOME_UNKNOWN", "small has no outcome nothing"))
    lacking = folder.run(*words)
    tap.check("what one of them still needs is named with its file", lacking.ended(FALSE),
              lacking.says("pays.json", "SETTLEMENT_NOT_MEASURED", "graduates"))
    euro = copy.deepcopy(CONTRACT)
    euro.update(currency="EUR", contract="euro", outcomes=[outcome("saving", "EUR")])
    euro["lines"][2]["to"] = {"value": "0.01", "unit": "EUR"}
    folder.write_json("euro.json", euro)
    tap.check("two currencies are not compared", folder.run(
        "simulate", small, "euro.json", "--vary", "saving=0:10:5").says("SEK", "EUR"))


# --- What is refused ---

USAGE = [  # words, what the message says
    (["--vary", "saving=0:10:0"], "above zero"),
    (["--vary", "saving=0:10:-1"], "above zero"),
    (["--vary", "saving=10:0:1"], "FROM is above TO"),
    (["--vary", "saving=0:10"], "FROM:TO:STEP"),
    (["--vary", "saving=0:1e6:1"], "decimal"),
    (["--vary", "saving=0:1000000:1"], "larger step"),
    (["--vary", "saving=0:999:1", "--vary", "saving@1y=0:999:1"], "once"),
    (["--vary", "saving=0:999:1", "--vary", "saving.count=0:999:1"], "larger steps"),
    (["--vary", "saving.size=0:10:1"], "'size' is no field"),
    (["--set", "saving"], "NAME=VALUE"),
    (["--set", "saving=one"], "'one'"),
    (["--set", "saving=1", "--set", "saving=2"], "once"),
    (["--set", "saving=1", "--paid", "much"], "'much'"),
    (["--set", "saving=1", "--chart", "c.svg"], "exactly one --vary"),
    (["--vary", "saving=1:1:1", "--chart", "c.svg"], "exactly one --vary"),
    (["--set", "saving=1", "--format", "xml"], "--format"),
    (["--set", "saving=1", "--set", "saving.ratio=0.5"], "denominator"),
    (["--vary", "saving=1:2:1", "--vary", "saving.count=1:2:1", "--vary", "saving.low=1:2:1"],
     "--format csv"),
]
REFUSED = [  # words, code, what the message says
    (["--set", "savings=1"], "OUTCOME_UNKNOWN", "it has saving"),
    (["--vary", "saving@9y=0:1:1"], "PERIOD_UNKNOWN", "it has 1y"),
    (["--set", "saving=1", "--period", "9y"], "PERIOD_UNKNOWN", "9y"),
    (["--set", "saving=1", "--line", "quarter"], "LINE_UNKNOWN", "saving, half, payout"),
    (["--set", "saving=1", "--funded", "town.example=1"], "ROLE_PARTY", "town.example"),
    (["--set", "saving=1", "--funded", "investor.example=-1"], "AMOUNT_MALFORMED", "below zero"),
    (["--set", "saving=1", "--paid", "half=1"], "LINE_UNKNOWN", "half"),
    (["--set", "saving=1", "--earlier", "quarter=1"], "LINE_UNKNOWN", "quarter"),
    (["--set", "saving.count=-1", "--set", "saving=1"], "MEASUREMENT_RANGE", "zero"),
    ([], "SETTLEMENT_NOT_MEASURED", "saving"),
]


def test_refused(tap, folder):
    folder.write_json("small.json", CONTRACT)
    for words, says in USAGE:
        result = folder.run("simulate", "small.json", *words)
        coded = folder.run("simulate", "small.json", "--json", *words)
        tap.check(f"`{' '.join(words)}` is refused as usage", result.ended(TROUBLE),
                  result.is_silent(), result.says(says),
                  "" if "saving.low" in " ".join(words) else coded.coded("USAGE"))
    for words, code, says in REFUSED:
        result = folder.run("simulate", "small.json", *words)
        coded = folder.run("simulate", "small.json", "--json", *words)
        tap.check(f"`{' '.join(words)}` is refused as {code}", result.ended(FALSE),
                  result.is_silent(), result.says(code, says), coded.coded(code))
    folder.write("broken.json", "{")
    folder.write_json("party.json", {"kind": "party", "party": "a.example", "legal_name": "A",
                                     "version": 1, "registration": "not_published"})
    tap.check("a draft that breaks a rule is refused by it",
              folder.run("simulate", "broken.json", "--json").coded("JSON_INVALID"),
              folder.run("simulate", "party.json", "--json").coded("KIND_UNKNOWN"),
              folder.run("simulate", "missing.json", "--json").coded("NOT_FOUND"))
    needed = folder.run("simulate", example("rise-committed"), "--lang", "sv")
    tap.check("every number that is needed is named, in Swedish too", needed.ended(FALSE),
              needed.says(f"{SAVING}, activity, school_results", "behöver ett värde"))


# --- Files and formats ---

def test_output(tap, folder):
    folder.write_json("small.json", CONTRACT)
    words = ("simulate", "small.json", "--vary", "saving=0:4:2")
    shown = folder.run(*words)
    written = folder.run(*words, "-o", "rows.txt")
    again = folder.run(*words, "-o", "rows.txt")
    forced = folder.run(*words, "-o", "rows.txt", "--force")
    tap.check("-o writes what is shown", written.ended(GOOD), written.is_silent(), forced.ended(GOOD),
              "" if folder.read("rows.txt").decode() == shown.out else "something else")
    tap.check("a file is not overwritten without --force", again.ended(FALSE), again.says("rows.txt"))
    data = folder.run(*words, "--json")
    tap.check("--format json is --json", "" if folder.run(*words, "--format", "json").out == data.out
              else "another answer")
    told = folder.run(*words, "--json", "-o", "rows.json")
    tap.check("--json with -o names the file, which holds the object", told.coded("OK"),
              "" if told.json.get("file") == "rows.json" and
              json.loads(folder.read("rows.json")) == data.json else f"{told}")
    piped = folder.run("simulate", "-", "--vary", "saving=0:4:2",
                       stdin=folder.read("small.json"))
    tap.check("- is standard input", "" if piped.out == shown.out else f"{piped}")
    chart = folder.run(*words, "--chart", "rows.txt")
    tap.check("a chart does not overwrite either", chart.ended(FALSE), chart.says("rows.txt"))
    third = contract("third", [outcome("saving", "SEK")], [
        line("third", divide=[measured("saving"), "3"]), rounded("payout", "third")])
    folder.write_json("third.json", third)
    rows = rows_of(folder.run("simulate", "third.json", "--set", "saving=1", "--line", "third",
                              "--format", "csv"))
    tap.check("CSV rounds nothing that it does not have to",
              "" if rows and rows[0]["third"] == "1/3" and rows[0]["payout"] == "0.33" else f"{rows}")
    many = folder.run("simulate", "small.json", "--vary", "saving=0:99999:1", "--format", "csv")
    tap.check("100,000 rows are computed", many.ended(GOOD),
              "" if many.out.count("\n") == 100001 else "not all of them")


def test_ledger(tap, town):
    """What the ledger knows of a contract counts, where nothing else is set."""
    unmeasured = town.run("simulate", "small")
    tap.check("a contract of the ledger that was not measured", unmeasured.ended(FALSE),
              unmeasured.says("SETTLEMENT_NOT_MEASURED", "saving"))
    town.settle_and_pay()
    known = town.run("simulate", "small", "--format", "csv")
    tap.check("one that was, and was settled since, is seen as before its settlement",
              known.ended(GOOD), known.prints("payout,refused\n1.50,\n"))
    other = town.run("simulate", "small", "--vary", "saving=2:4:1", "--format", "csv")
    tap.check("what is varied counts in place of what was measured", other.ended(GOOD),
              other.prints("2,1.00,\n3,1.50,\n4,2.00,\n"))
    size = town.size()
    drafted = town.run("simulate", "small", "contract.json", "--vary", "saving=2:4:1")
    tap.check("a ledger's contract is laid beside a draft", drafted.ended(GOOD),
              drafted.prints("A and B differ in 0 of 3 rows"))
    tap.check("nothing is written", "" if town.size() == size else "the ledger grew")
    cumulative = copy.deepcopy(CONTRACT)
    cumulative["contract"] = "second"
    cumulative["periods"].append({"period": "2y", "from": "2027-01-01", "to": "2027-12-31",
                                  "due": "not_published", "binding": True})
    cumulative["lines"][1] = {"line": "half", "label": {"en": "More than before"},
                              "subtract": ["saving", {"earlier": "payout"}]}
    town.write_json("second.json", cumulative)
    town.write("measured.json", town.read("measurement.json").replace(b'"small"', b'"second"'))
    for draft, signers in (("second", ("town", "investor", "evaluator")),
                           ("measured", ("evaluator",)), ("settled", ("town", "evaluator"))):
        if draft == "settled":
            town.good("settle", "second", "1y", "-o", "settled.json")
        town.sign(f"{draft}.json", f"{draft}.note", *signers)
        town.good("submit", f"{draft}.note", *WITH_LOG)
    later = town.run("simulate", "second", "--vary", "saving=5:5:1", "--format", "csv")
    tap.check("the period that is not settled yet is looked at, after the earlier one",
              later.ended(GOOD), later.prints("5,2.00,\n"))
    first = town.run("simulate", "second", "--period", "1y", "--set", "saving=5", "--format", "csv")
    tap.check("the settled one as before its settlement", first.prints("5.00,\n"))


def main():
    tap = Tap()
    with Folder() as folder:
        test_norrkoping(tap, folder)
        test_readings(tap, folder)
        test_thresholds(tap, folder)
        test_chart(tap, folder)
        test_chart_steps(tap, folder)
        test_columns(tap, folder)
        test_two_contracts(tap, folder)
        test_refused(tap, folder)
        test_output(tap, folder)
    with Town() as town:
        test_ledger(tap, town)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
