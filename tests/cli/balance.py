#!/usr/bin/python3
"""balance: a ledger with a fund, two contracts, a dispute and a part paid; sums made here again.

The ledger is played by the language of tests/scenarios. What the program says is compared with sums
over the statements that were accepted, made from docs/model.md alone.
"""

import csv
import io
import os
import subprocess
import sys
import tempfile

from _cli import FALSE, GOOD, TROUBLE, Result, Tap

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "scenarios"))

from _language import read_scenarios  # noqa: E402
from _steps import Player  # noqa: E402
from _world import UTFALL, LogKey, World  # noqa: E402

TOWN, FUND, OTHER, PROVIDER = (f"{name}.example" for name in
                               ("town", "investor", "partner", "provider"))
FUND_OF = ('{"owner": "<town>", "reserve": {"amount": "%s", "currency": "SEK"}, '
           '"rules": {"en": "Prevention"}, "repayment": {"en": "Half of the saving"}}')
BASELINE = ('[{"baseline": "before", "source": {"en": "The accounts"}, "method": {"en": "A mean"}, '
            '"version": "2", "date": "2025-12-31"}]')

LIFE = f"""
title: A fund, two contracts, a dispute, a part paid
start town
party investor
  change fund to {FUND_OF % "100.00"}
  change date to 2026-01-20
party investor
  change fund to {FUND_OF % "150.00"}
  change date to 2027-02-01
contract small
  change outcomes[0].range to {{"at_least": "0", "at_most": "1000"}}
  change lines[0].actor to <town>
  change lines[0].basis to measured
  change lines[0].baseline to before
  change lines[1].actor to region.example
  change lines[1].basis to modelled
  change baselines to {BASELINE}
contract both
  remove pays[0].negative
  change outcomes[0].range to {{"at_least": "0", "at_most": "100"}}
funding of small from investor: 120.00
funding of both from investor: 60.00
  change date to 2027-03-01
funding of both from partner: 20.00
measure 1y of small: saving = 30
measure 1y of both: saving = 40
settle 1y of small
settle 1y of both
pay payout for 1y of small to investor: 5.00
  change date to 2027-04-15
pay share for 1y of both to investor: 1.50
dispute 1y of both by investor: saving
"""


# Each period owes what is saved beyond what was settled before; from 2y on, half of it.
SUMS = """[{"line": "saving", "label": {"en": "Saving"},
  "take": {"measured": "saving", "field": "value"}},
 {"line": "before", "label": {"en": "Before"}, "take": {"earlier": "payout"}},
 {"line": "more", "label": {"en": "More"}, "subtract": ["saving", "before"]},
 {"line": "part", "label": {"en": "Part"}, "multiply": ["%s", "more"]},
 {"line": "payout", "label": {"en": "Payout"}, "round": "part",
  "to": {"value": "0.01", "unit": "SEK"}, "by": "half_even"}]""".replace("\n", "")
AMENDED = f"""
title: Forecasts of two contracts whose terms were amended
start town
contract small
  change outcomes[0].range to {{"at_least": "0", "at_most": "100"}}
  change periods[1].from to 2027-01-01
  change periods[2].from to 2028-01-01
  change periods[2].binding to true
  change lines to {SUMS % "1"}
measure 1y of small: saving = 30
settle 1y of small
amend small from 2y
  change lines to {SUMS % "0.5"}
contract both
  change outcomes[0].range to {{"at_least": "0", "at_most": "100"}}
  change lines to {SUMS % "1"}
  change pays to [{{"pay": "payout", "from": "<town>", "to": [{{"party": "<investor>"}}]}}]
amend both from 2y
  change lines to {SUMS % "0.5"}
"""


# What can be settled now is expected to be, before what comes later.
KNOWN = """measure 1y of both: saving = 40
correct 1y of small: saving = 50
"""


def play(folder, log_key, life):
    path = os.path.join(folder, "life.scenario")
    with open(path, "w", encoding="utf-8") as file:
        file.write(life)
    world = World(folder, log_key)
    Player(world).play(read_scenarios(path, "life")[0])
    return world


class Sums:
    """Amounts by (role, party, year, column), in öre."""

    def __init__(self):
        self.amounts = {}

    def add(self, role, party, year, column, amount):
        for when in {year, "all"}:
            key = (role, party, when, column)
            self.amounts[key] = self.amounts.get(key, 0) + amount

    def both(self, pay, year, column, amount):
        self.add("payer", pay["from"], year, column, amount)
        self.add("receiver", pay["to"], year, column, amount)


def ore(money):
    whole, _, part = money["amount"].partition(".")
    return int(whole) * 100 + int(part)


def year_of(pay, period):
    due = period["due"] if period["due"] != "not_published" else period["to"]
    return int(pay.get("due", due)[:4])


def sum_up(statements, held):
    """From accepted statements; `held` are the (contract, pay) that the dispute holds."""
    sums, contracts, settled, paid = Sums(), {}, {}, {}
    for identity, body in statements:
        year = int(body["date"][:4])
        if body["kind"] == "contract":
            contracts[body["contract"]] = body
            for one in body.get("commitments", []):
                sums.add("investor", one["party"], "all", "committed", ore(one["amount"]))
            for one in body.get("caps", []):
                sums.add("payer", one["party"], "all", "committed", ore(one["amount"]))
        if body["kind"] == "funding":
            sums.add("investor", body["investor"], year, "funded", ore(body["amount"]))
            sums.add("receiver", body["receiver"], year, "funded", ore(body["amount"]))
        if body["kind"] == "settlement":
            settled[identity] = body
        if body["kind"] == "payment":
            sums.both(body, year, "paid", ore(body["amount"]))
            key = (body["settlement"], body["pay"], body["to"])
            paid[key] = paid.get(key, 0) + ore(body["amount"])
    for identity, body in settled.items():
        periods = {one["period"]: one for one in contracts[body["contract"]]["periods"]}
        period = periods[body["computed"]["period"]]
        for pay in body["computed"]["pays"]:
            year = year_of(pay, period)
            left = ore(pay["amount"]) - paid.get((identity, pay["pay"], pay["to"]), 0)
            sums.both(pay, year, "settled", ore(pay["amount"]))
            sums.both(pay, year, "outstanding", left)
            if (body["contract"], pay["pay"]) in held:
                sums.both(pay, year, "held", left)
    return {key: amount for key, amount in sums.amounts.items() if amount != 0}


COLUMNS = ("committed", "funded", "settled", "held", "paid", "outstanding")


def found_in(rows, name="party"):
    return {(row["role"], row[name], row["year"], column): int(row[column].replace(".", ""))
            for row in rows for column in COLUMNS if int(row[column].replace(".", "")) != 0}


def differ(found, wanted):
    wrong = {key: (found.get(key), wanted.get(key)) for key in {*found, *wanted}
             if found.get(key) != wanted.get(key)}
    return f"found, wanted: {wrong}" if wrong else ""


def statements_of(run):
    indices = [entry["index"] for entry in run("log").json["entries"]]
    shown = [run("show", str(index)).json for index in indices]
    return [(one["id"], one["statement"]) for one in shown]


def of_contract(statements, name):
    return [one for one in statements if one[1].get("contract") == name]


def test_sums(tap, run, statements):
    held = {("both", "share")}
    whole = run("balance")
    tap.check("the ledger's sums are those of its statements", whole.coded("OK"),
              differ(found_in(whole.json.get("accounts", [])), sum_up(statements, held)))
    for name in ("small", "both"):
        one = run("balance", name)
        tap.check(f"the sums of {name}", one.coded("OK"),
                  differ(found_in(one.json.get("accounts", [])),
                         sum_up(of_contract(statements, name), held)))
    for party in (TOWN, FUND, OTHER, PROVIDER):
        wanted = {}
        for name in ("small", "both"):
            for (role, who, year, column), amount in sum_up(of_contract(statements, name),
                                                            held).items():
                if who == party:
                    wanted[role, name, year, column] = amount
        one = run("balance", party)
        tap.check(f"the sums of {party}, by contract", one.coded("OK"),
                  differ(found_in(one.json.get("accounts", []), "contract"), wanted))


def test_invariants(tap, run):
    totals = {}
    for row in run("balance").json["accounts"]:
        for column in COLUMNS:
            if row["year"] == "all":
                amount = int(row[column].replace(".", ""))
                key = row["role"], column
                totals[key] = totals.get(key, 0) + amount
            tap.check(f"{row['role']} {row['party']} {row['year']}: {column} is not below zero",
                      row[column].startswith("-") and row[column])
    tap.check("settled is paid and outstanding",
              totals["payer", "settled"] != totals["payer", "paid"] + totals["payer", "outstanding"]
              and totals)
    tap.check("what is owed is owed to somebody",
              any(totals["payer", one] != totals["receiver", one]
                  for one in ("settled", "paid", "outstanding", "held")) and totals)
    tap.check("what is placed is placed with somebody",
              totals["investor", "funded"] != totals["receiver", "funded"] and totals)
    tap.check("some of it is held", totals["payer", "held"] == 0 and totals)


def test_fund(tap, run):
    fund = run("balance", FUND).json.get("fund", {})
    years = {row["year"]: row for row in fund.get("years", [])}
    wanted = {  # reserve, placed, repaid, left at the end of the year
        2026: ("100.00", "120.00", "1.50", "-18.50"),
        2027: ("150.00", "60.00", "5.00", "-23.50"),
        "all": ("150.00", "180.00", "6.50", "-23.50"),
    }
    found = {year: tuple(row[key] for key in ("reserve", "placed", "repaid", "left"))
             for year, row in years.items()}
    tap.check("the fund's years", found != wanted and found)
    tap.check("whose it is, and that it has placed more than it holds",
              (fund.get("owner"), fund.get("over_reserve")) != (TOWN, True) and fund)
    tap.check("who is no fund has none", "fund" in run("balance", TOWN).json and "fund")
    told = run("balance", FUND, json_wanted=False)
    tap.check("people are told so", told.ended(GOOD), told.is_quiet(),
              told.prints("The fund of town.example, SEK", "-23.50", "More has been placed"))
    tap.check("what it committed stands in its total alone",
              years["all"].get("committed") != "1000000.00" and years,
              any("committed" in years[year] for year in (2026, 2027)) and years,
              told.prints("committed"))


def test_forecast(tap, run):
    small = {row["year"]: row for row in run("balance", "small").json["forecast"]}
    # Half of a saving from 0 to 1000; 1y was settled, 3y does not bind, 2y is due when it ends.
    tap.check("least and greatest of what is open",
              {year: (row["least"], row["greatest"], "expected" in row)
               for year, row in small.items()} != {2027: ("0.00", "500.00", False)} and small)
    expected = run("balance", "small", "--set", "saving=70").json["forecast"]
    tap.check("expected", [row.get("expected") for row in expected] != ["35.00"] and expected)
    # The cap of 130.00 leaves 80.00 of the 50.00 that were settled; each year has the fee of 10.
    both = run("balance", "both").json["forecast"]
    found = {row["year"]: (row["least"], row["greatest"]) for row in both}
    tap.check("a cap bounds it, the fee is the least",
              found.get(2027) != ("10.00", "80.00") and both)
    wrong = run("balance", "small", "--set", "savings=70")
    tap.check("an outcome that it does not have", wrong.coded("OUTCOME_UNKNOWN"))
    wrong = run("balance", "--set", "saving=70")
    tap.check("what is expected is of one contract", wrong.ended(TROUBLE) and wrong.ended(FALSE))


def outlook(run, *words):
    rows = run("balance", *words).json.get("forecast", [])
    return {row["year"]: (row["least"], row.get("greatest"), row.get("expected")) for row in rows}


def test_amended(tap, run):
    """Of saving S in 2y, (S - what 1y was settled at by other terms) / 2 is owed."""
    found = outlook(run, "small")
    tap.check("what was settled counts as it was settled, not by the terms of now",
              found != {2027: ("0.00", "35.00", None), 2028: ("0.00", "35.00", None)} and found)
    found = outlook(run, "small", "--set", "saving=70")
    tap.check("expected: 70 less 30, and less 50", {year: row[2] for year, row in found.items()} !=
              {2027: "20.00", 2028: "10.00"} and found)
    found = outlook(run, "both")
    tap.check("what other terms are still to settle is at least nothing", found != {
        2026: ("0.00", "100.00", None), 2027: ("0.00", "50.00", None),
        2028: ("0.00", "50.00", None)} and found)
    found = outlook(run, "both", "--set", "saving@1y=40", "--set", "saving@2y=90",
                    "--set", "saving@3y=0")
    tap.check("periods of both terms are expected; one that would be refused is not",
              {year: row[2] for year, row in found.items()} !=
              {2026: "40.00", 2027: "25.00", 2028: None} and found)
    wrong = run("balance", "both", "--set", "saving@9y=1")
    tap.check("a period that no terms have", wrong.coded("PERIOD_UNKNOWN"))


def test_known(tap, run):
    found = outlook(run, "both", "--set", "saving=90")
    tap.check("what can be settled now is settled before what is expected", found != {
        2026: ("40.00", "40.00", "40.00"), 2027: ("0.00", "50.00", "25.00"),
        2028: ("0.00", "50.00", "12.50")} and found)
    # 20 more are owed by 1y, which is due in 2027; (70 - 50) / 2 and (70 - 60) / 2 follow.
    found = outlook(run, "small", "--set", "saving=70")
    tap.check("so is the difference of what was corrected", found != {
        2027: ("20.00", "55.00", "30.00"), 2028: ("0.00", "35.00", "5.00")} and found)


def test_gains(tap, run):
    gains = run("balance", "small").json["gains"]
    found = {(row["actor"], row["year"]): (row.get("measured"), row.get("modelled"))
             for row in gains}
    wanted = {(TOWN, 2027): ("30", None), ("region.example", 2027): (None, "15")}
    tap.check("who gains, measured and modelled apart", found != wanted and found)
    told = run("balance", "small", "--gains", json_wanted=False)
    tap.check("the table", told.ended(GOOD), told.is_quiet(),
              told.prints("gain, measured", "gain, modelled", "30.00", "15.00", "cost, settled"))
    told = run("balance", "small", "--gains", json_wanted=False)
    answer = run("balance", "small").json
    lines = [(line["actor"], line["basis"], line.get("baseline"), line["settled"], line["gain"])
             for line in answer["gain_lines"]]
    tap.check("the lines behind the sums", lines != [
        (TOWN, "measured", "before", True, "30"),
        ("region.example", "modelled", None, True, "15")] and lines)
    tap.check("and the baseline that they are compared with",
              told.prints("before, version 2, fixed on 2025-12-31", "source: The accounts",
                          "method: A mean"),
              [one["baseline"] for one in answer["baselines"]] != ["before"] and answer)
    none = run("balance", "both", "--gains", json_wanted=False)
    tap.check("a contract without gains says so", none.prints("No line says"))


def test_year_and_csv(tap, run):
    rows = run("balance", "--year", "2026").json
    years = {row["year"] for part in ("accounts", "forecast", "gains") for row in rows[part]}
    tap.check("one year", years != {2026} and years)
    for year in ("0", "x", "10000"):
        wrong = run("balance", "--year", year)
        tap.check(f"{year} is no year", wrong.json.get("ok") is not False and wrong)
    answer = run("balance", "--format", "csv", json_wanted=False)
    table = list(csv.DictReader(io.StringIO(answer.out)))
    rows = [row for row in table if row["role"] != "forecast"]
    for row in rows:
        row["year"] = row["year"] if row["year"] == "all" else int(row["year"])
    tap.check("CSV says the same as JSON", answer.is_quiet(),
              differ(found_in(rows), found_in(run("balance").json["accounts"])))
    tap.check("the forecast is in it",
              [row["greatest"] for row in table if row["role"] == "forecast"] !=
              [row.get("greatest", "") for row in run("balance").json["forecast"]] and answer)


def test_words(tap, run):
    english = run("balance", json_wanted=False)
    swedish = run("balance", "--lang", "sv", json_wanted=False)
    tap.check("English", english.ended(GOOD), english.is_quiet(),
              english.prints("The ledger: 2 contracts", "Payers", "Receivers", "Investors",
                             "Still to be settled"))
    tap.check("Swedish", swedish.ended(GOOD), swedish.is_quiet(),
              swedish.prints("Liggaren: 2 kontrakt", "Betalare", "Mottagare", "Finansiärer"))
    wide = [line for line in (english.out + swedish.out).splitlines() if len(line) > 100]
    tap.check("no line is too wide", wide and "\n".join(wide))
    unknown = run("balance", "nobody")
    tap.check("a name that the ledger does not have", unknown.coded("NOT_FOUND"))
    many = run("balance", "a", "b")
    tap.check("two names are usage", many.coded("USAGE"))
    other = run("balance", "--format", "xml")
    tap.check("another format is usage", other.coded("USAGE"))


def runner(world):
    def run(*words, json_wanted=True):
        words = [*words, "--ledger", world.path("utfall.ledger"),
                 *(["--json"] if json_wanted else [])]
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("UTFALL", "LC_", "LANG"))}
        environment.update(LC_ALL="C.UTF-8")
        process = subprocess.run([UTFALL, *words], capture_output=True, timeout=60,
                                 env=environment, check=False)
        return Result(words, process)

    return run


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="utfall-balance-") as folder:
        lives = [os.path.join(folder, name) for name in ("fund", "amended", "known")]
        for path in lives:  # the first one's setup is used again
            os.mkdir(path)
        log_key = LogKey(folder)
        run = runner(play(lives[0], log_key, LIFE))
        statements = statements_of(run)
        test_sums(tap, run, statements)
        test_invariants(tap, run)
        test_fund(tap, run)
        test_forecast(tap, run)
        test_gains(tap, run)
        test_year_and_csv(tap, run)
        test_words(tap, run)
        test_amended(tap, runner(play(lives[1], log_key, AMENDED)))
        test_known(tap, runner(play(lives[2], log_key, AMENDED + KNOWN)))
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
