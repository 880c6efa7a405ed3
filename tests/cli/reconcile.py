#!/usr/bin/python3
"""reconcile: what matches, differs and cannot be computed; what is refused; drafts and the ledger."""

import copy
import json
import os
import re
import sys

from _cli import CONTRACT, FALSE, GOOD, MEASUREMENT, ROOT, TROUBLE, WITH_LOG, Folder, Tap, Town

INCOMPLETE = 3


def label(text):
    return {"en": text}


def outcome(name, unit="1", **more):
    return {"outcome": name, "label": label(name.capitalize()), "unit": unit, "class": "paying",
            "evaluator": "evaluator.example", "source": "not_published",
            "missing_data": "not_published", **more}


def line(name, **operation):
    return {"line": name, "label": label(name.capitalize().replace("_", " ")), **operation}


def measured(name, field="value"):
    return {"measured": name, "field": field}


def sek(value):
    return {"value": value, "unit": "SEK"}


def rounded(name, of):
    return line(name, round=of, to=sek("0.01"), by="half_even")


# Two binding years, a ratio, a rate card, sums over what came before, a waterfall, a reversed pay.
RICH = {
    **CONTRACT, "contract": "rich",
    "roles": {"payer": ["town.example"], "investor": ["a.example", "b.example"],
              "evaluator": ["evaluator.example"]},
    "outcomes": [outcome("share", count_unit="person", range={"at_least": "0", "at_most": "1"}),
                 outcome("visits", "visit", count_unit="visit"), outcome("gain", "SEK"),
                 outcome("later", "SEK")],
    "periods": [{"period": "1y", "from": "2026-01-01", "to": "2026-12-31", "due": "not_published",
                 "binding": True},
                {"period": "2y", "from": "2027-01-01", "to": "2027-12-31", "due": "not_published",
                 "binding": True}],
    "lines": [
        line("ratio", take=measured("share", "ratio")),
        line("stated", take=measured("share")),
        line("card", rate_card=[
            {"item": "visit", "label": label("Visit"), "count": measured("visits", "count"),
             "price": {"value": "10", "unit": "SEK/visit"}},
            {"item": "fixed", "label": label("Fixed"), "count": "1", "price": sek("5")}]),
        line("gain", take=measured("gain")),
        rounded("balance", "gain"),
        rounded("visits_paid", "card"),
        line("third", divide=["card", "3"]),
        line("earlier_visits", take={"earlier": "visits_paid"}),
        line("paid_visits", take={"paid": "visits_paid"}),
        line("placed", take={"funded": "total"}),
        line("later", take=measured("later")),
        rounded("later_paid", "later"),
    ],
    "pays": [
        {"pay": "balance", "from": "town.example", "to": [{"party": "a.example"}],
         "negative": "reverse"},
        {"pay": "visits_paid", "from": "town.example", "waterfall": [
            {"tranche": "senior", "up_to": "balance", "to": [{"party": "a.example"}]},
            {"tranche": "junior", "to": [{"party": "a.example", "share": "1"},
                                         {"party": "b.example", "share": "1"}]}]},
        {"pay": "later_paid", "from": "town.example", "to": [{"party": "a.example"}]},
    ],
    "caps": [{"party": "town.example", "amount": {"amount": "1000.00", "currency": "SEK"}}],
}

INPUTS = {"share": {"numerator": "13", "denominator": "155", "value": "0.084", "rounded_to": "0.001"},
          "visits": {"count": "4"}, "gain": {"value": "20"}, "later": {"value": "1"}}
FUNDED = [{"party": "a.example", "amount": "100"}, {"party": "b.example", "amount": "50.00"}]


def period(name, claims, inputs=None, **more):
    stated = INPUTS if inputs is None else inputs
    place = {"period": name, "claims": claims, **more}
    if stated:
        place["inputs"] = [{"outcome": outcome_name, **fields}
                           for outcome_name, fields in stated.items()]
    if not claims:
        del place["claims"]
    return place


def published(*periods, contract="rich", **more):
    return {"kind": "published", "version": 1, "contract": contract, "sources": ["made up"],
            "periods": list(periods), **more}


def figure(text, **more):
    return {"published": text, **more}


class Rich(Folder):
    """The rich contract, and what is published about it."""

    def __init__(self):
        super().__init__()
        self.write_json("rich.json", RICH)

    def reconcile(self, *periods, contract="rich.json", **more):
        self.write_json("published.json", published(*periods, **more))
        return self.run("--json", "reconcile", contract, "published.json")


def verdicts(result, about="claim"):
    return [found["verdict"] for found in result.json.get("findings", ())
            if found["about"] == about]


def said(result, *wanted, about="claim"):
    found = verdicts(result, about)
    return "" if found == list(wanted) else f"{found} is not {list(wanted)}\n{result}"


def field(result, name, *wanted, about="claim"):
    found = [each.get(name) for each in result.json.get("findings", ()) if each["about"] == about]
    return "" if found == list(wanted) else f"{name} {found} is not {list(wanted)}\n{result}"


# --- Figures ---

# A figure for the line "third", which is 45/3 = 15, or for card = 45, ratio = 13/155 = 0.0838...
FIGURES = [
    ("the figure itself", {"line": "card", **figure("45")}, "MATCHES", None),
    ("with zeros at the end", {"line": "card", **figure("45.00")}, "MATCHES", None),
    ("one minor unit more", {"line": "card", **figure("45.01")}, "DIFFERS", None),
    ("one minor unit less", {"line": "card", **figure("44.99")}, "DIFFERS", None),
    ("rounded to ten, a tie upwards", {"line": "card", **figure("50", rounded_to="10")}, "MATCHES",
     "half_up"),
    ("rounded to ten, a tie to even", {"line": "card", **figure("40", rounded_to="10")}, "MATCHES",
     "half_even"),
    ("rounded to ten, by name", {"line": "card", **figure("50", rounded_to="10", rounded_by="up")},
     "MATCHES", "up"),
    ("rounded otherwise than it says",
     {"line": "card", **figure("50", rounded_to="10", rounded_by="down")}, "DIFFERS", "half_up"),
    ("not to the nearest", {"line": "ratio", **figure("8.3", unit="percent", rounded_to="0.1")},
     "DIFFERS", "down"),
    ("rounded too far", {"line": "card", **figure("60", rounded_to="10")}, "DIFFERS", None),
    ("a share in percent", {"line": "ratio", **figure("8.4", unit="percent", rounded_to="0.1")},
     "MATCHES", "half_up"),
    ("a share as a number", {"line": "ratio", **figure("0.08", rounded_to="0.01")}, "MATCHES",
     "half_up"),
    ("a share that was rounded without a word", {"line": "ratio", **figure("8.4", unit="percent")},
     "DIFFERS", None),
    ("a ratio of an outcome",
     {"outcome": "share", "field": "ratio", **figure("8.39", unit="percent", rounded_to="0.01")},
     "MATCHES", "half_up"),
    ("a count of an outcome", {"outcome": "visits", "field": "count", **figure("5")}, "DIFFERS", None),
    ("a number that nobody stated", {"outcome": "visits", "field": "low", **figure("5")},
     "NOT_COMPUTABLE", None),
    ("an item of the rate card", {"line": "card", "item": "visit", **figure("40")}, "MATCHES", None),
    ("in the line's unit", {"line": "card", **figure("45", unit="SEK")}, "MATCHES", None),
    ("a figure that is not known", {"line": "card", **figure("not_published")}, "NOT_PUBLISHED", None),
    ("a pay in all", {"pay": "visits_paid", **figure("45")}, "MATCHES", None),
    ("a tranche", {"pay": "visits_paid", "tranche": "senior", **figure("20")}, "MATCHES", None),
    ("the rest", {"pay": "visits_paid", "tranche": "junior", **figure("25")}, "MATCHES", None),
    ("a receiver of a tranche",
     {"pay": "visits_paid", "tranche": "junior", "to": "b.example", **figure("12.50")}, "MATCHES",
     None),
    ("a receiver of every tranche", {"pay": "visits_paid", "to": "a.example", **figure("32.50")},
     "MATCHES", None),
    ("a refusal that does not happen", {"refused": "PAY_NEGATIVE"}, "DIFFERS", None),
]


def test_figures(tap, folder):
    exits = {"MATCHES": GOOD, "DIFFERS": FALSE, "NOT_COMPUTABLE": INCOMPLETE,
             "NOT_PUBLISHED": INCOMPLETE}
    for title, claim, verdict, rounding in FIGURES:
        result = folder.reconcile(period("1y", [claim], funded=FUNDED))
        tap.check(f"a figure: {title}", said(result, verdict), result.ended(exits[verdict]),
                  field(result, "rounding", rounding))
    result = folder.reconcile(period("1y", [claim for _, claim, verdict, _ in FIGURES
                                            if verdict == "MATCHES"], funded=FUNDED))
    tap.check("all that match make a match of the whole", result.coded("OK"), result.ended(GOOD))
    differs = folder.reconcile(period("1y", [{"line": "card", **figure("46.50")}]))
    tap.check("a difference is told in size and as a share of what was recomputed",
              field(differs, "difference", "3/2"), field(differs, "share", "1/30"),
              field(differs, "computed", "45"), field(differs, "published", "93/2"),
              differs.coded("DIFFERS"))
    percent = folder.reconcile(period("1y", [{"line": "ratio", **figure("9", unit="percent")}]))
    tap.check("percentages are compared as such", field(percent, "difference", "19/31"),
              field(percent, "unit", "percent"))


# --- Inputs ---


def test_inputs(tap, folder):
    result = folder.reconcile(period("1y", [{"line": "stated", **figure("8.4", unit="percent")}]))
    tap.check("a ratio is compared with its counts, which are what is computed from",
              said(result, "MATCHES", about="ratio"), field(result, "rounding", "half_up", about="ratio"),
              said(result, "DIFFERS"), field(result, "computed", "260/31"))
    wrong = {**INPUTS, "share": {**INPUTS["share"], "value": "0.085"}}
    result = folder.reconcile(period("1y", [{"line": "card", **figure("45")}], wrong))
    tap.check("a ratio that is not that of its counts differs",
              said(result, "DIFFERS", about="ratio"), result.ended(FALSE))
    words = {**INPUTS, "visits": {"published": "about four"}}
    result = folder.reconcile(period("1y", [{"line": "ratio", **figure("0")},
                                            {"line": "card", **figure("45")},
                                            {"line": "card", "item": "fixed", **figure("5")},
                                            {"line": "gain", **figure("20")},
                                            {"pay": "balance", **figure("20")},
                                            {"refused": "SETTLEMENT_NOT_MEASURED"}], words))
    tap.check("words are no number: lines from there on cannot be computed, and say why",
              said(result, "TAKEN", about="words"),
              said(result, "DIFFERS", "NOT_COMPUTABLE", "MATCHES", "NOT_COMPUTABLE",
                   "NOT_COMPUTABLE", "MATCHES"),
              field(result, "at", None, "/lines/2", None, "/lines/2", "/lines/2", "/lines/2"))
    derived = {**INPUTS, "visits": {"count": "4", "value": "4", "derived": ["count"]}}
    claims = [{"line": "ratio", **figure("8", unit="percent", rounded_to="1")},
              {"line": "card", **figure("45")}, {"line": "card", "item": "visit", **figure("40")},
              {"line": "card", "item": "fixed", **figure("5")}, {"line": "third", **figure("15")},
              {"pay": "visits_paid", **figure("45")}, {"pay": "balance", **figure("20")},
              {"outcome": "visits", "field": "value", **figure("4")},
              {"outcome": "visits", "field": "count", **figure("4")}]
    result = folder.reconcile(period("1y", claims, derived, funded=FUNDED))
    tap.check("what rests on a derived number is circular, and nothing else",
              field(result, "circular", False, True, True, False, True, True, False, False, True),
              "" if result.json["summary"]["circular"] == 5 else str(result), result.ended(GOOD))
    result = folder.reconcile(period("1y", [{"line": "card", **figure("45", circular=True)}]))
    tap.check("a figure can be called circular by its author", field(result, "circular", True))


# --- What came before ---


def test_sums(tap, folder):
    lines = ["earlier_visits", "paid_visits", "placed"]
    claims = [{"line": name, **figure("0")} for name in lines]
    first = folder.reconcile(period("1y", claims, funded=FUNDED))
    tap.check("before the first settlement nothing was settled or paid",
              said(first, "MATCHES", "MATCHES", "DIFFERS"), field(first, "computed", "0", "0", "150"))
    unfunded = folder.reconcile(period("1y", claims))
    tap.check("what was placed is not guessed", said(unfunded, "MATCHES", "MATCHES", "NOT_COMPUTABLE"),
              field(unfunded, "code", None, None, "SETTLEMENT_NOT_MEASURED"))
    half = folder.reconcile(period("1y", claims, funded=FUNDED[:1]))
    tap.check("nor what one of two investors placed", field(half, "code", None, None,
                                                            "SETTLEMENT_NOT_MEASURED"))
    alone = folder.reconcile(period("2y", claims, funded=FUNDED))
    tap.check("nor what was settled before a later period",
              said(alone, "NOT_COMPUTABLE", "NOT_COMPUTABLE", "NOT_COMPUTABLE"))
    both = folder.reconcile(period("1y", [], funded=FUNDED), period("2y", claims))
    tap.check("a period before is settled first, and what was placed stays",
              said(both, "DIFFERS", "NOT_COMPUTABLE", "NOT_COMPUTABLE"),
              field(both, "computed", "45", None, None))
    told = folder.reconcile(period("2y", claims, funded=FUNDED,
                                   earlier=[{"line": "visits_paid", "amount": "40.00"}],
                                   paid=[{"pay": "visits_paid", "amount": "30"}]))
    tap.check("what the file says counts", field(told, "computed", "40", "30", "150"),
              said(told, "TAKEN", "TAKEN", "TAKEN", "TAKEN", about="sum"))
    broken = {**INPUTS, "later": {"published": "not_published"}}
    after = folder.reconcile(period("1y", [], broken, funded=FUNDED), period("2y", claims))
    tap.check("after a period that could not be settled, its sums are not known",
              said(after, "NOT_COMPUTABLE", "NOT_COMPUTABLE", "NOT_COMPUTABLE"))
    many = {**INPUTS, "visits": {"count": "50"}}
    capped = folder.reconcile(
        period("1y", [{"pay": "visits_paid", **figure("505")}], many, funded=FUNDED),
        period("2y", [{"line": "card", **figure("505")}, {"pay": "visits_paid", **figure("505")},
                      {"refused": "PAY_ABOVE_CAP"}], many, paid=[{"pay": "visits_paid",
                                                                  "amount": "505"}]))
    tap.check("a cap counts what earlier periods owe",
              said(capped, "MATCHES", "MATCHES", "NOT_COMPUTABLE", "MATCHES"))


def test_reverse(tap, folder):
    below = {**INPUTS, "gain": {"value": "-7.50"}}
    result = folder.reconcile(period("1y", [{"pay": "balance", **figure("-7.50")},
                                            {"pay": "balance", "to": "town.example", **figure("7.50")},
                                            {"pay": "balance", "to": "a.example", **figure("0")}],
                                     {**below, "visits": {"count": "0"}}, funded=FUNDED))
    tap.check("a reversed pay is below zero, and has its payer as receiver",
              said(result, "NOT_COMPUTABLE", "NOT_COMPUTABLE", "NOT_COMPUTABLE"),
              field(result, "code", *["PAY_NEGATIVE"] * 3))
    plain = copy.deepcopy(RICH)
    plain["pays"] = plain["pays"][:1]
    plain["lines"] = plain["lines"][:5]
    plain["contract"] = "plain"
    folder.write_json("plain.json", plain)
    result = folder.reconcile(period("1y", [{"pay": "balance", **figure("-7.50")},
                                            {"pay": "balance", "to": "town.example", **figure("7.50")},
                                            {"pay": "balance", "to": "a.example", **figure("0")}],
                                     below), contract="plain.json")
    tap.check("another contract's file is refused", result.ended(FALSE), result.coded("INVALID"),
              "" if result.json["at"] == "/contract" else str(result))
    folder.write_json("published.json", published(
        period("1y", [{"pay": "balance", **figure("-7.50")},
                      {"pay": "balance", "to": "town.example", **figure("7.50")},
                      {"pay": "balance", "to": "a.example", **figure("0")}], below),
        contract="plain"))
    result = folder.run("--json", "reconcile", "plain.json", "published.json")
    tap.check("a reversed pay counts below zero, and its payer receives it",
              said(result, "MATCHES", "MATCHES", "MATCHES"))


# --- Totals ---


def test_totals(tap, folder):
    parts = [{"period": "1y", "pay": "visits_paid"}, {"period": "2y", "line": "card"}, "10.00"]
    rows = [
        ("a sum over periods and parts", {"published": "100"}, ["MATCHES"], GOOD),
        ("one minor unit off", {"published": "100.01"}, ["DIFFERS"], FALSE),
        ("rounded", {"published": "0", "rounded_to": "1000"}, ["MATCHES"], GOOD),
        ("at most as much", {"at_most": "100"}, ["MATCHES"], GOOD),
        ("above what it can be", {"at_most": "99.99"}, ["DIFFERS"], FALSE),
        ("both", {"published": "100", "at_most": "99"}, ["MATCHES", "DIFFERS"], FALSE),
        ("not known", {"published": "not_published"}, ["NOT_PUBLISHED"], INCOMPLETE),
    ]
    for title, comparison, wanted, status in rows:
        result = folder.reconcile(
            period("1y", [], funded=FUNDED), period("2y", []),
            totals=[{"label": label("In all"), "sum_of": parts, **comparison}])
        found = [each["verdict"] for each in result.json.get("findings", ())
                 if each["about"] in ("total", "bound")]
        tap.check(f"a total: {title}", "" if found == wanted else f"{found}\n{result}",
                  result.ended(status))
    result = folder.reconcile(period("1y", [], {}),
                              totals=[{"label": label("In all"), "published": "1", "at_most": "2",
                                       "sum_of": [{"period": "1y", "line": "card"}]}])
    tap.check("a total of what cannot be computed", said(result, "NOT_COMPUTABLE", about="total"),
              said(result, "NOT_COMPUTABLE", about="bound"), result.ended(INCOMPLETE))


# --- What is refused ---

BASE = published(period("1y", [{"line": "card", "published": "45"}], funded=FUNDED),
                 totals=[{"label": label("All"), "published": "1",
                          "sum_of": [{"period": "1y", "line": "card"}]}])
REFUSED = [  # where, the new value, the code, the place
    (("contract",), "poor", "INVALID", "/contract"),
    (("periods", 0, "period"), "9y", "PERIOD_UNKNOWN", "/periods/0/period"),
    (("periods", 0, "claims", 0, "line"), "cart", "INVALID", "/periods/0/claims/0/line"),
    (("periods", 0, "claims", 0), {"line": "card", "item": "x", "published": "1"}, "INVALID",
     "/periods/0/claims/0/item"),
    (("periods", 0, "claims", 0), {"pay": "card", "published": "1"}, "INVALID",
     "/periods/0/claims/0/pay"),
    (("periods", 0, "claims", 0), {"pay": "visits_paid", "tranche": "x", "published": "1"}, "INVALID",
     "/periods/0/claims/0/tranche"),
    (("periods", 0, "claims", 0), {"pay": "visits_paid", "to": "c.example", "published": "1"},
     "ROLE_PARTY", "/periods/0/claims/0/to"),
    (("periods", 0, "claims", 0),
     {"pay": "visits_paid", "tranche": "senior", "to": "b.example", "published": "1"},
     "ROLE_PARTY", "/periods/0/claims/0/to"),
    (("periods", 0, "claims", 0), {"outcome": "x", "field": "value", "published": "1"},
     "OUTCOME_UNKNOWN", "/periods/0/claims/0/outcome"),
    (("periods", 0, "claims", 0, "unit"), "EUR", "UNITS_DIFFER", "/periods/0/claims/0/unit"),
    (("periods", 0, "claims", 0, "unit"), "percent", "UNITS_DIFFER", "/periods/0/claims/0/unit"),
    (("periods", 0, "claims", 0, "unit"), "b*a", "UNIT_UNKNOWN", "/periods/0/claims/0/unit"),
    (("periods", 0, "claims", 0, "rounded_to"), "0", "ROUND_STEP",
     "/periods/0/claims/0/rounded_to"),
    (("periods", 0, "claims", 0, "rounded_to"), "10", "INVALID", "/periods/0/claims/0/published"),
    (("periods", 0, "claims", 0, "published"), "45,00", "FIELD_MALFORMED",
     "/periods/0/claims/0/published"),
    (("periods", 0, "claims", 0, "published"), "1e3", "FIELD_MALFORMED",
     "/periods/0/claims/0/published"),
    (("periods", 0, "claims", 0, "colour"), "x", "FIELD_UNKNOWN", "/periods/0/claims/0/colour"),
    (("periods", 0, "inputs", 0, "outcome"), "x", "OUTCOME_UNKNOWN", "/periods/0/inputs/0/outcome"),
    (("periods", 0, "inputs", 1, "outcome"), "share", "NAME_REPEATED", "/periods/0/inputs/1/outcome"),
    (("periods", 0, "inputs", 0, "numerator"), "156", "MEASUREMENT_RANGE", None),
    (("periods", 0, "inputs", 0, "denominator"), "0", "MEASUREMENT_RANGE",
     "/periods/0/inputs/0/denominator"),
    (("periods", 0, "inputs", 1, "count"), "-1", "FIELD_MALFORMED", "/periods/0/inputs/1/count"),
    (("periods", 0, "inputs", 1, "derived"), ["value"], "INVALID", "/periods/0/inputs/1/derived"),
    (("periods", 0, "funded", 1, "party"), "town.example", "ROLE_PARTY", "/periods/0/funded/1/party"),
    (("periods", 0, "funded", 1, "amount"), "0.001", "AMOUNT_MALFORMED",
     "/periods/0/funded/1/amount"),
    (("periods", 0, "paid"), [{"pay": "card", "amount": "1"}], "INVALID", "/periods/0/paid/0/pay"),
    (("periods", 0, "earlier"), [{"line": "x", "amount": "1"}], "INVALID",
     "/periods/0/earlier/0/line"),
    (("totals", 0, "sum_of", 0, "period"), "2y", "PERIOD_UNKNOWN", "/totals/0/sum_of/0/period"),
    (("totals", 0, "sum_of", 0, "line"), "x", "INVALID", "/totals/0/sum_of/0/line"),
    (("totals", 0, "sum_of"), [{"period": "1y", "line": "card"}, {"period": "1y", "line": "ratio"}],
     "UNITS_DIFFER", "/totals/0/sum_of/1"),
    (("version",), 2, "VERSION_UNKNOWN", "/version"),
    (("kind",), "measurement", "KIND_UNKNOWN", "/kind"),
]


def test_refused(tap, folder):
    for where, value, code, place in REFUSED:
        file = copy.deepcopy(BASE)
        node = file
        for step in where[:-1]:
            node = node[step]
        node[where[-1]] = value
        folder.write_json("published.json", file)
        result = folder.run("--json", "reconcile", "rich.json", "published.json")
        told = folder.run("reconcile", "rich.json", "published.json")
        tap.check(f"{'/'.join(map(str, where))} as {json.dumps(value)[:50]} is refused",
                  result.coded(code), result.ended(FALSE), told.says("published.json"),
                  "" if place is None or result.json.get("at") == place else str(result))
    folder.write_json("published.json", published(period("2y", []), period("1y", [])))
    order = folder.run("--json", "reconcile", "rich.json", "published.json")
    tap.check("periods stand in the order of the contract", order.coded("INVALID"))
    folder.write("published.json", json.dumps(BASE)[:-1])
    tap.check("JSON that ends too early is refused",
              folder.run("--json", "reconcile", "rich.json", "published.json").coded("JSON_INVALID"))
    folder.write_json("published.json", BASE)
    folder.write_json("bad.json", {**RICH, "currency": "XYZ"})
    folder.write_json("measurement.json", {**MEASUREMENT, "contract": "rich"})
    tap.check("a contract that check refuses is refused here",
              folder.run("--json", "reconcile", "bad.json", "published.json").coded("CURRENCY_UNKNOWN"))
    tap.check("a draft of another kind is none",
              folder.run("--json", "reconcile", "measurement.json", "published.json")
              .coded("KIND_UNKNOWN"))
    for words in (("missing.json", "published.json"), ("rich.json", "missing.json")):
        missing = folder.run("--json", "reconcile", *words)
        tap.check(f"{words} cannot be read", missing.coded("NOT_FOUND"), missing.ended(TROUBLE))


# --- For people ---


def reads(result, *phrases):
    """As people read: where lines break and which spaces stand between words does not matter."""
    text = " ".join(result.out.split())
    missing = [phrase for phrase in phrases if phrase not in text]
    return f"expected output with {missing}\n{result}" if missing else ""


def test_texts(tap, folder):
    file = published(period("1y", [{"line": "card", "published": "46.50", "note": label("Page 3")},
                                   {"line": "ratio", **figure("8.4", unit="percent",
                                                              rounded_to="0.1")},
                                   {"line": "placed", "published": "1"},
                                   {"line": "third", "published": "15"}],
                            {**INPUTS, "visits": {"count": "4", "derived": ["count"]}}))
    folder.write_json("published.json", file)
    english = folder.run("reconcile", "rich.json", "published.json")
    tap.check("people read what is what", english.ended(FALSE), english.is_quiet(), reads(english,
        "SEK 46.50 published, SEK 45.00 recomputed", "higher by SEK 1.50 (3.33 %)", "Page 3",
        "rounded to 0.1 % (the nearest)", "[10] Placed", "SETTLEMENT_NOT_MEASURED", "Circular:",
        "Matches: 3 (circular: 1). Differs: 1. Not computable: 1. Not published: 0."))
    swedish = folder.run("reconcile", "rich.json", "published.json", "--lang", "sv")
    tap.check("in Swedish too", swedish.ended(FALSE), reads(swedish,
        "46,50 kr publicerat", "45,00 kr omräknat", "Cirkulärt:", "Stämmer: 3 (cirkulärt: 1)."))
    from_input = folder.run("reconcile", "-", "published.json",
                            stdin=folder.read("rich.json"))
    tap.check("the contract may come from standard input",
              "" if from_input.out == english.out else str(from_input))
    folder.write_json("good.json", published(period("1y", [{"line": "card", "published": "45"}])))
    quiet = folder.run("reconcile", "rich.json", "good.json", "--quiet")
    tap.check("--quiet says nothing when all matches", quiet.ended(GOOD), quiet.is_silent())


def test_document(tap, folder):
    """The worked example of docs/published.md is what it says."""
    with open(os.path.join(ROOT, "docs", "published.md"), encoding="utf-8") as file:
        text = file.read()
    contract, figures = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    command, shown = re.search(r"^```\n\$ utfall (.*?)\n(.*?)^```$", text,
                               re.MULTILINE | re.DOTALL).groups()
    folder.write("contract.json", contract)
    folder.write("published.json", figures)
    checked = folder.run("check", "contract.json")
    result = folder.run(*command.split())
    tap.check("the example of docs/published.md passes check", checked.ended(GOOD))
    tap.check("and is reconciled as it says", result.ended(FALSE),
              "" if result.out == shown else str(result))


# --- A contract of the ledger ---


def test_ledger(tap):
    with Town() as town:
        def reconcile(claims, *inputs, **more):
            town.write_json("published.json", published(
                {"period": "1y", "claims": claims, **({"inputs": list(inputs)} if inputs else {}),
                 **more}, contract="small"))
            return town.run("--json", "reconcile", "small", "published.json")

        before = reconcile([{"pay": "payout", "published": "1.50"}])
        tap.check("before anything is measured, nothing can be computed",
                  said(before, "NOT_COMPUTABLE"), before.ended(INCOMPLETE))
        supposed = reconcile([{"pay": "payout", "published": "2"}], {"outcome": "saving", "value": "4"})
        tap.check("a published input stands in for a measurement that is not there",
                  said(supposed, "MATCHES"), said(supposed, "TAKEN", about="input"))
        town.settle_and_pay()
        settled = reconcile([{"pay": "payout", "to": "investor.example", "published": "1.50"}])
        tap.check("a settled period is computed from the ledger", said(settled, "MATCHES"),
                  settled.ended(GOOD))
        same = reconcile([{"pay": "payout", "published": "1.50"}], {"outcome": "saving", "value": "3"})
        tap.check("a published input that was measured matches", said(same, "MATCHES", about="input"),
                  same.ended(GOOD))
        other = reconcile([{"pay": "payout", "published": "1.50"}], {"outcome": "saving", "value": "4"})
        tap.check("another one differs, and the ledger's is computed from",
                  said(other, "DIFFERS", about="input"), said(other, "MATCHES"), other.ended(FALSE),
                  field(other, "difference", "1", about="input"))
        funded = reconcile([{"pay": "payout", "published": "1.50"}],
                           funded=[{"party": "investor.example", "amount": "10"}])
        tap.check("what was placed is compared with the ledger's",
                  said(funded, "DIFFERS", about="sum"), field(funded, "computed", "0", about="sum"))
        paid = reconcile([{"pay": "payout", "published": "1.50"}],
                         paid=[{"pay": "payout", "amount": "0"}])
        tap.check("what was paid is what was paid before the settlement",
                  said(paid, "MATCHES", about="sum"))
        unknown = town.run("--json", "reconcile", "large", "published.json")
        tap.check("a contract that the ledger does not have", unknown.coded("CONTRACT_UNKNOWN"))
        no_ledger = town.run("--json", "reconcile", "small", "published.json", "--ledger", "none.ledger")
        tap.check("a ledger that is not there", no_ledger.coded("NOT_FOUND"), no_ledger.ended(TROUBLE))
        cumulative(tap, town)


def cumulative(tap, town):
    """A contract that subtracts what was settled before: the ledger knows it, period by period."""
    contract = copy.deepcopy(CONTRACT)
    contract["contract"] = "sums"
    contract["periods"].append({"period": "2y", "from": "2026-01-01", "to": "2027-12-31",
                                "due": "not_published", "binding": True})
    contract["lines"][1:] = [
        line("before", take={"earlier": "payout"}),
        line("more", subtract=["saving", "before"]),
        {**line("payout", round="more", to=sek("0.01"), by="half_even")}]
    town.write_json("sums.json", contract)
    town.sign("sums.json", "sums.note", "town", "investor", "evaluator")
    town.good("submit", "sums.note", *WITH_LOG)
    for name, value in (("1y", "3"), ("2y", "10")):
        town.write_json("m.json", {**MEASUREMENT, "contract": "sums", "period": name,
                                   "values": [{"outcome": "saving", "value": value}]})
        town.sign("m.json", "m.note", "evaluator", force=True)
        town.good("submit", "m.note", *WITH_LOG)
        town.good("settle", "sums", name, "-o", "s.json", "--force")
        town.sign("s.json", "s.note", "town", "evaluator", force=True)
        town.good("submit", "s.note", *WITH_LOG)
    town.write_json("published.json", published(
        {"period": "1y", "claims": [{"line": "before", "published": "0"},
                                    {"pay": "payout", "published": "3"}]},
        {"period": "2y", "claims": [{"line": "before", "published": "3"},
                                    {"pay": "payout", "published": "7"}],
         "earlier": [{"line": "payout", "amount": "3.00"}]},
        contract="sums",
        totals=[{"label": label("Both"), "published": "10",
                 "sum_of": [{"period": "1y", "pay": "payout"}, {"period": "2y", "pay": "payout"}]}]))
    by_ledger = town.run("--json", "reconcile", "sums", "published.json")
    by_draft = town.run("--json", "reconcile", "sums.json", "published.json")
    tap.check("each period of the ledger is computed from what stood before its settlement",
              said(by_ledger, *["MATCHES"] * 4), said(by_ledger, "MATCHES", about="total"),
              said(by_ledger, "MATCHES", about="sum"), by_ledger.ended(GOOD))
    tap.check("its draft knows no measurement", by_draft.ended(INCOMPLETE))
    amended(tap, town, contract)


def amended(tap, town, contract):
    """From 2028 on half of it is paid, by lines in another order: each period by its own terms."""
    terms = copy.deepcopy(contract)
    terms.update(kind="amendment", why={"en": "Half is enough."})
    terms["from"] = "3y"
    terms["periods"].append({"period": "3y", "from": "2028-01-01", "to": "2028-12-31",
                             "due": "not_published", "binding": True})
    terms["lines"] = [line("before", take={"earlier": "payout"}), terms["lines"][0],
                      line("more", subtract=["saving", "before"]),
                      line("half", multiply=["0.5", "more"]),
                      {**line("payout", round="half", to=sek("0.01"), by="half_even")}]
    town.write_json("amendment.json", terms)
    town.sign("amendment.json", "a.note", "town", "investor", "evaluator")
    town.good("submit", "a.note", *WITH_LOG)

    def paid(amount):
        return [{"pay": "payout", "published": amount}]

    totals = [{"label": label("All"), "published": "15",
               "sum_of": [{"period": name, "pay": "payout"} for name in ("1y", "2y", "3y")]}]
    town.write_json("published.json", published(
        {"period": "2y", "claims": [{"line": "more", "published": "7"},
                                    {"pay": "payout", "published": "7"}]},
        {"period": "3y", "inputs": [{"outcome": "saving", "value": "20"}],
         "claims": [{"line": "before", "published": "10"}, {"line": "half", "published": "5"},
                    {"pay": "payout", "published": "5"}]},
        contract="sums"))
    split = town.run("--json", "reconcile", "sums", "published.json")
    tap.check("each period is computed by the terms that govern it", said(split, *["MATCHES"] * 5),
              said(split, "TAKEN", about="input"), split.ended(GOOD))
    told = town.run("reconcile", "sums", "published.json")
    tap.check("and told by their lines", told.ended(GOOD), reads(told, "Period 2y", "Period 3y"))
    town.write_json("published.json", published(
        {"period": "1y", "claims": paid("3")}, {"period": "2y", "claims": paid("7")},
        {"period": "3y", "inputs": [{"outcome": "saving", "value": "20"}], "claims": paid("5")},
        contract="sums", totals=totals))
    summed = town.run("--json", "reconcile", "sums", "published.json")
    tap.check("a total adds up periods of different terms",
              said(summed, "MATCHES", about="total"), summed.ended(GOOD))
    town.write_json("published.json", published(
        {"period": "2y", "claims": [{"line": "half", "published": "3.5"}]}, contract="sums"))
    absent = town.run("--json", "reconcile", "sums", "published.json")
    tap.check("a line that only other terms have is not there", absent.ended(FALSE),
              absent.json.get("at") != "/periods/0/claims/0/line" and absent.json)
    town.write_json("published.json", published(
        {"period": "3y", "claims": paid("5")}, {"period": "2y", "claims": paid("7")}, contract="sums"))
    order = town.run("--json", "reconcile", "sums", "published.json")
    tap.check("periods stand in the order of the newest terms",
              order.json.get("at") != "/periods/1/period" and order.json)


def main():
    tap = Tap()
    with Rich() as folder:
        test_figures(tap, folder)
        test_inputs(tap, folder)
        test_sums(tap, folder)
        test_reverse(tap, folder)
        test_totals(tap, folder)
        test_refused(tap, folder)
        test_texts(tap, folder)
        test_document(tap, folder)
    test_ledger(tap)
    return tap.end()


sys.exit(main())
