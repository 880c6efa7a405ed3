#!/usr/bin/python3
"""explain: what each operation reads like, and that its parts are those of the value."""

import sys
from fractions import Fraction

from _cli import CONTRACT, FALSE, GOOD, WITH_LOG, Tap, Town

SEK, PERSON, EACH = "SEK", "person", "SEK/person"


def amount(value, unit=SEK):
    return {"value": value, "unit": unit}


def label(english, swedish):
    return {"en": english, "sv": swedish}


def line(name, **operation):
    return {"line": name, "label": label(f"The {name}", f"Raden {name}"), **operation}


def measured(outcome, field="value"):
    return {"measured": outcome, "field": field}


def outcome(name, unit="1"):
    return {"outcome": name, "label": label(f"Outcome {name}", f"Utfall {name}"), "unit": unit,
            "count_unit": PERSON, "class": "paying", "evaluator": "evaluator.example",
            "source": "not_published", "missing_data": "not_published"}


def period(name, first, last):
    return {"period": name, "from": first, "to": last, "due": "not_published", "binding": True}


ITEMS = [
    {"item": "school", "label": label("Back in school", "Åter i skolan"),
     "count": measured("jobs", "count"), "price": amount("700", EACH),
     "count_at_most": amount("100", PERSON)},
    {"item": "exam",
     "label": label("Passed an exam that has a name which is far too long for one line",
                    "Godkänt prov"),
     "count": measured("exams", "count"), "price": amount("10", EACH), "multiplier": "1.5",
     "amount_at_most": amount("200")},
]

LINES = [
    line("marginal", brackets=measured("jobs", "count"), blocks=[
        {"from": amount("0", PERSON), "rate": amount("11", EACH)},
        {"from": amount("50", PERSON), "rate": amount("10", EACH)},
        {"from": amount("150", PERSON), "rate": amount("9", EACH)},
        {"from": amount("250", PERSON), "rate": "not_published"}]),
    line("card", rate_card=ITEMS),
    line("ceiling", by_period=[{"period": "1y", "then": amount("0")}], otherwise=amount("5")),
    line("simple", interest=amount("36000"), rate="0.025", count="30_360"),
    line("compound", interest=amount("1000"), rate="0.1", periods=3),
    line("indexed", index=amount("1000"), base="104", current=measured("index")),
    line("share", take=measured("jobs", "ratio")),
    line("sure", when={"significant": {"measured": "effect", "interval_excludes": "0"}},
         then=amount("1"), otherwise=amount("0")),
    line("none", brackets={"value": "5", "unit": PERSON},
         blocks=[{"from": amount("5", PERSON), "rate": amount("1", EACH)}]),
    line("payout", round=amount("1000"), to=amount("0.01"), by="half_even"),
    line("first", round=amount("600"), to=amount("1"), by="down"),
    line("back", round=amount("-7"), to=amount("1"), by="down"),
]

PAYS = [
    {"pay": "payout", "from": "town.example", "due": {"days_after_period": 31}, "waterfall": [
        {"tranche": "senior", "label": label("Senior loan", "Prioriterat lån"), "up_to": "first",
         "to": [{"party": "investor.example"}]},
        {"tranche": "rest", "to": [{"party": "investor.example", "share": "3"},
                                   {"party": "evaluator.example", "share": "1"}]}]},
    {"pay": "back", "from": "town.example", "negative": "reverse", "due": {"date": "2027-06-30"},
     "to": [{"party": "investor.example"}]},
]

VALUES = [
    {"outcome": "jobs", "count": "151", "numerator": "151", "denominator": "200"},
    {"outcome": "exams", "count": "20"},
    {"outcome": "effect", "low": "-0.5", "high": "-0.1"},
    {"outcome": "index", "value": "117"},
]


def mechanisms():
    """A town whose contract uses every operation that is explained by its parts."""
    town = Town(contract=False)
    town.write_json("contract.json", {
        **CONTRACT, "lines": LINES, "pays": PAYS,
        "outcomes": [outcome(value["outcome"]) for value in VALUES],
        "periods": [period("1y", "2026-01-01", "2026-12-31"),
                    period("2y", "2027-01-01", "2027-12-31")]})
    town.sign("contract.json", "contract.note", "town", "investor", "evaluator")
    town.good("submit", "contract.note", *WITH_LOG)
    town.write_json("measurement.json", {
        "kind": "measurement", "version": 1, "date": "2026-01-15", "contract": "small",
        "period": "1y", "evaluator": "evaluator.example", "values": VALUES})
    town.sign("measurement.json", "measurement.note", "evaluator")
    town.good("submit", "measurement.note", *WITH_LOG)
    return town


def rows(result):
    """The lines that were printed, with single spaces; a broken paragraph stays broken."""
    return [" ".join(row.split()) for row in result.out.splitlines()]


def reads(result, phrase):
    """'' when the phrase was printed, however its lines were broken."""
    text = " ".join(result.out.split())
    return "" if phrase in text else f"expected {phrase!r}\n{result.out}"


def has_rows(result, wanted):
    """'' when each wanted row was printed as a whole."""
    printed = rows(result)
    missing = [row for row in wanted if row not in printed]
    return f"expected the rows {missing}\n{result.out}" if missing else ""


def test_english(tap, town):
    result = town.run("explain", "small", "1y")
    tap.check("brackets show each block that is reached, and the next", has_rows(result, [
        "block from to lies in it at the rate comes to",
        "1 0 person 50 person 50 person SEK 11.00/person SEK 550.00",
        "2 50 person 150 person 100 person SEK 10.00/person SEK 1,000.00",
        "→ 3 150 person 250 person 1 person SEK 9.00/person SEK 9.00",
        "4 250 person no end", "not reached", "the value ends in block 3"]))
    tap.check("brackets of which none is reached say so", has_rows(result, [
        "1 5 person no end", "not above the beginning of the first block, 5 person",
        "zero because: it reaches no block that has a rate"]))
    tap.check("a rate card is a table of its items", has_rows(result, [
        "item counted paid count price times comes to",
        "Back in school 151 person 100 person SEK 700.00/person SEK 70,000.00",
        "held at most 100 person", "Passed an exam that has a",
        "for one line 20 person SEK 10.00/person 1.5 SEK 200.00", "held at most SEK 200.00"]))
    tap.check("by_period names the row", has_rows(result, [
        "row 1 is that of period 1y → SEK 0.00", "zero because: the row that applies says zero"]))
    tap.check("interest tells its rate and its days", reads(
        result, "SEK 36,000.00 × 0.025 (2.5% a year) × 360/360, from 2026-01-01 up to but not "
        "including 2027-01-01 (months counted as 30 days, a year as 360: 30/360)"), reads(
            result, "SEK 1,000.00 × ((1 + 0.1)^3 − 1) (10% for each of 3 periods, "
            "with interest on interest)"))
    tap.check("an index tells its two values", reads(
        result, '"Outcome index", measured: 117 (the index now) / 104 (the index at the base)'))
    tap.check("a ratio tells its two counts", reads(
        result, '"Outcome jobs" (ratio), measured: 0.755 = 151 person / 200 person'))
    tap.check("significance tells what was compared", reads(
        result, 'the effect is significant: "Outcome effect" (low), measured: -0.5 > 0 or '
        '"Outcome effect" (high), measured: -0.1 < 0 (yes)'))
    tap.check("no row is wider than the terminal, or ends in a space",
              [row for row in result.out.splitlines() if len(row) > 100 or row != row.rstrip()])


def test_owed(tap, town):
    result = town.run("explain", "small", "1y")
    tap.check("a waterfall tells what each tranche gets, and what it leaves", has_rows(result, [
        "The payout [10], SEK 1,000.00, is shared out in turn:",
        "1. Senior loan, filled up to SEK 600.00 [11], gets SEK 600.00; left: SEK 400.00",
        "town.example to investor.example: SEK 600.00, due 2027-01-31",
        "2. rest gets what is left: SEK 400.00",
        "town.example to investor.example: SEK 300.00, due 2027-01-31",
        "town.example to evaluator.example: SEK 100.00, due 2027-01-31"]))
    tap.check("a reversed pay tells who owes whom, and why", reads(
        result, 'investor.example to town.example: SEK 7.00, due 2027-06-30, '
        'owed back since "back" is below zero'))


def test_swedish(tap, town):
    result = town.run("--lang", "sv", "explain", "small", "1y")
    tap.check("in Swedish", has_rows(result, [
        "→ 3 150 person 250 person 1 person 9,00 kr/person 9,00 kr",
        "Åter i skolan 151 person 100 person 700,00 kr/person 70 000,00 kr",
        "begränsat till högst 100 person", "rad 1 är den för period 1y → 0,00 kr",
        "1. Prioriterat lån, fylls upp till 600,00 kr [11], får 600,00 kr; kvar: 400,00 kr"]))


def parts_of(lines, name):
    """A line's object."""
    return next(row for row in lines if row["line"] == name)


def test_json(tap, town):
    answer = town.run("explain", "small", "1y", "--json")
    lines = answer.json.get("lines", [])
    tap.check("--json answers", answer.coded("OK"))
    blocks = parts_of(lines, "marginal")["blocks"]
    tap.check("the blocks that are reached add up to the value",
              sum(Fraction(block["amount"]) for block in blocks) != 1559 and blocks,
              [block for block in blocks
               if Fraction(block["width"]) * Fraction(block["rate"]) != Fraction(block["amount"])],
              [block["width"] for block in blocks] != ["50", "100", "1"] and blocks)
    tap.check("no block is reached: none is told", parts_of(lines, "none")["blocks"])
    items = parts_of(lines, "card")["items"]
    tap.check("the items add up to the value, and tell what was held", items != [
        {"item": "school", "counted": "151", "paid": "100", "price": "700", "count_at_most": "100",
         "amount": "70000", "count_held": True, "amount_held": False},
        {"item": "exam", "counted": "20", "paid": "20", "price": "10", "multiplier": "3/2",
         "amount_at_most": "200", "amount": "200", "count_held": False, "amount_held": True}]
        and items, parts_of(lines, "card")["value"] != "70200" and lines)
    found = {name: parts_of(lines, name).get(member) for name, member in (
        ("ceiling", "row"), ("simple", "interest"), ("compound", "interest"), ("indexed", "index"))}
    tap.check("rows, interest and index are told", found != {
        "ceiling": "1y",
        "simple": {"principal": "36000", "rate": "1/40", "count": "30_360", "from": "2026-01-01",
                   "to": "2027-01-01", "days": 360, "basis": 360},
        "compound": {"principal": "1000", "rate": "1/10", "periods": 3},
        "indexed": {"base": "104", "current": "117"}} and found)
    tranches = [{"tranche": "senior", "up_to": "first", "amount": "600.00", "left": "400.00"},
                {"tranche": "rest", "amount": "400.00"}]
    tap.check("waterfalls are told", answer.json.get("waterfalls") != [
        {"pay": "payout", "tranches": tranches}] and answer)


def test_refused(tap, town):
    result = town.run("explain", "small", "2y")
    tap.check("what was not measured is named",
              result.ended(FALSE), result.says('outcome "jobs" has no count for period "2y"'))


def test_settled(tap, town):
    """What is owed is told in the story too, by tranche and date."""
    town.good("settle", "small", "1y", "-o", "settlement.json")
    town.sign("settlement.json", "settlement.note", "town", "evaluator")
    town.good("submit", "settlement.note", *WITH_LOG)
    story = town.run("show", "small")
    tap.check("show tells tranche, due date and direction", story.ended(GOOD), has_rows(story, [
        "town.example owes investor.example SEK 600.00, tranche senior, due 2027-01-31",
        ]), reads(story, 'investor.example owes town.example SEK 7.00, due 2027-06-30, '
                         'owed back since "back" is below zero'))
    dues = town.run("show", "small", "--json").json.get("dues", [])
    tap.check("dues have them too", [(due.get("tranche"), due.get("due"), due["settled"])
                                     for due in dues] != [
        ("senior", "2027-01-31", "600.00"), ("rest", "2027-01-31", "300.00"),
        ("rest", "2027-01-31", "100.00"), (None, "2027-06-30", "7.00")] and dues)


def main():
    tap = Tap()
    with mechanisms() as town:
        for test in (test_english, test_owed, test_swedish, test_json, test_refused, test_settled):
            test(tap, town)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
