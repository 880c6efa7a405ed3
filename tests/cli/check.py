#!/usr/bin/python3
"""`utfall check` as a reviewer: the mistakes that negotiators make, each found by its name in the
contract that has it, and in no other; and what each party can come to owe."""

import copy
import os
import re
import sys

from _cli import FALSE, GOOD, ROOT, Folder, Tap

FINDINGS = os.path.join(ROOT, "contracts", "analysis", "findings.def")
PAGE = os.path.join(ROOT, "docs", "check.md")


def label(text):
    return {"en": text, "sv": text}


def sek(value):
    return {"value": value, "unit": "SEK"}


def measured(outcome, field="value", **more):
    return {"measured": outcome, "field": field, **more}


def line(name, text=None, **operation):
    return {"line": name, "label": label(text or name), **operation}


def rounded(name, of, step="0.01"):
    return line(name, round=of, to=sek(step), by="half_even")


def outcome(name, unit, kind, **more):
    return {"outcome": name, "label": label(name), "unit": unit, "class": kind,
            "evaluator": "evaluator.example", "source": label("the register"),
            "missing_data": label("who is missing counts as not reached"), **more}


def money(amount):
    return {"amount": amount, "currency": "SEK"}


# A contract that nothing can be said about: two years, a rate for attendance, a share of a saving, a
# price for every person, a senior and a junior investor, a guarantee.
GOOD_CONTRACT = {
    "kind": "contract", "version": 1, "date": "2026-11-23", "contract": "school",
    "title": label("School attendance"), "agreed_on": "2026-11-20",
    "roles": {"payer": ["town.example"], "investor": ["fund.example", "bank.example"],
              "provider": ["school.example"], "evaluator": ["evaluator.example"],
              "guarantor": ["guarantor.example"]},
    "cohort": {"description": label("pupils"), "size": 500}, "currency": "SEK",
    "outcomes": [
        outcome("attendance", "1", "paying", count_unit="person",
                range={"at_least": "0", "at_most": "1"},
                count_range={"at_least": "1", "at_most": "500"}),
        outcome("cost", "SEK", "paying", baseline=label("the schools of two other towns"),
                range={"at_least": "100000", "at_most": "5000000"}),
        outcome("running", "1", "condition", range={"at_least": "0", "at_most": "1"}),
        outcome("satisfaction", "1", "reported"),
    ],
    "periods": [
        {"period": "y1", "from": "2027-01-01", "to": "2027-12-31", "due": "2028-03-31",
         "binding": True},
        {"period": "y2", "from": "2028-01-01", "to": "2028-12-31", "due": "2029-03-31",
         "binding": True},
    ],
    "lines": [
        line("rate", tiers=measured("attendance", "ratio"), otherwise="0",
             steps=[{"at_least": "0.6", "then": "0.5"}, {"at_least": "0.8", "then": "1"}]),
        line("whole", take=sek("2000000")),
        line("earned", multiply=["rate", "whole"]),
        line("saving", subtract=[measured("cost", "control_value"), measured("cost")]),
        line("saving_limit", take=sek("1000000")),
        line("saving_counted", clamp="saving", at_least=sek("0"), at_most="saving_limit"),
        line("share", "40 % of the saving", multiply=["0.4", "saving_counted"]),
        line("bonus", when={"at_least": [measured("running"), "1"]}, then="share",
             otherwise=sek("0")),
        line("quality", curve=measured("attendance", "ratio"),
             points=[["0.5", "0"], ["0.9", "1"]]),
        line("reward", multiply=["quality", sek("50000")]),
        line("places", brackets=measured("attendance", "numerator"),
             blocks=[{"from": {"value": "0", "unit": "person"},
                      "rate": {"value": "120", "unit": "SEK/person"}},
                     {"from": {"value": "200", "unit": "person"},
                      "rate": {"value": "80", "unit": "SEK/person"}}]),
        line("sum", add=["earned", "bonus", "reward", "places"]),
        rounded("payout", "sum"),
        line("interest", interest="whole", rate="0.02", periods=1),
        rounded("senior", "interest"),
        line("cost_change", divide=["saving", measured("cost", "control_value")]),
        line("worse", negate="cost_change"),
        line("worse_counted", clamp="worse", at_least="0", at_most="0.5"),
        line("lost", multiply=["worse_counted", sek("300000")]),
        rounded("guarantee", "lost"),
    ],
    "pays": [
        {"pay": "payout", "from": "town.example", "waterfall": [
            {"tranche": "senior", "up_to": "senior", "to": [{"party": "bank.example"}]},
            {"tranche": "junior", "to": [{"party": "fund.example", "share": "0.7"},
                                         {"party": "school.example", "share": "0.3"}]}]},
        {"pay": "guarantee", "from": "guarantor.example",
         "to": [{"party": "fund.example", "share": "funding"},
                {"party": "bank.example", "share": "funding"}]},
    ],
    "commitments": [{"party": "fund.example", "amount": money("3000000.00")},
                    {"party": "bank.example", "amount": money("1000000.00")}],
    "caps": [{"party": "town.example", "amount": money("4996000.00")}],
    "dispute": label("the district court"), "legal_basis": label("the local government act"),
}


class Draft:
    """A copy of the good contract, to be spoiled."""

    def __init__(self):
        self.contract = copy.deepcopy(GOOD_CONTRACT)

    def __getitem__(self, name):
        return self.contract[name]

    def line(self, name):
        return next(each for each in self.contract["lines"] if each["line"] == name)

    def outcome(self, name):
        return next(each for each in self.contract["outcomes"] if each["outcome"] == name)

    def place(self, name):
        return next(i for i, each in enumerate(self.contract["lines"]) if each["line"] == name)

    def insert(self, before, *lines):
        place = self.place(before)
        self.contract["lines"][place:place] = lines


# --- The mistakes: a name for the test, what is done, the finding, its place ---

MISTAKES = []


def mistake(title, code, at):
    def note(spoil):
        MISTAKES.append((title, code, at, spoil))
        return spoil
    return note


@mistake("a threshold in per cent, where the ratio goes to 1", "STEP_UNREACHABLE",
         "/lines/0/steps/1")
def _(draft):
    draft.line("rate")["steps"][1] = {"at_least": "80", "then": "1"}


@mistake("a curve whose upper points lie beyond what can be measured", "POINT_UNREACHABLE",
         "/lines/8/points/3")
def _(draft):
    draft.line("quality")["points"] += [["1.5", "2"], ["2", "3"]]


@mistake("a block for more persons than there can be", "BLOCK_UNREACHABLE", "/lines/10/blocks/2")
def _(draft):
    draft.line("places")["blocks"].append({"from": {"value": "600", "unit": "person"},
                                           "rate": {"value": "40", "unit": "SEK/person"}})


@mistake("a table that falls after it rose", "TIERS_UNEVEN", "/lines/0/steps/2")
def _(draft):
    draft.line("rate")["steps"].append({"at_least": "0.9", "then": "0.9"})


@mistake("0.8 itself counts as reached in one line and not in another", "BOUNDARY_SIDES",
         "/lines/7/when")
def _(draft):
    draft.line("bonus")["when"] = {"all": [{"at_least": [measured("running"), "1"]},
                                           {"above": [measured("attendance", "ratio"), "0.8"]}]}


@mistake("a condition that holds whatever happens", "CONDITION_ALWAYS", "/lines/7/when")
def _(draft):
    draft.line("bonus")["when"] = {"at_least": [measured("running"), "0"]}


@mistake("a condition that nothing satisfies", "CONDITION_NEVER", "/lines/7/when/all/1")
def _(draft):
    draft.line("bonus")["when"] = {"all": [{"at_least": [measured("running"), "1"]},
                                           {"above": [measured("attendance", "ratio"), "1"]}]}


@mistake("a threshold for a p-value in per cent", "CONDITION_ALWAYS", "/lines/7/when")
def _(draft):
    draft.line("bonus")["when"] = {"significant": {"measured": "cost", "p_below": "5"}}


@mistake("equality with a measured ratio", "EQUALS_FRACTION", "/lines/7/when")
def _(draft):
    draft.line("bonus")["when"] = {"equals": [measured("attendance", "ratio"), "0.75"]}


@mistake("maximum where minimum was meant: a limit that is a floor", "LINE_CONSTANT", "/lines/3")
def _(draft):
    draft.insert("saving", line("earned_limited", maximum=["earned", sek("2000000")]))
    draft.line("sum")["add"][0] = "earned_limited"


@mistake("a limit above all that it limits", "LIMIT_IDLE", "/lines/3/minimum/1")
def _(draft):
    draft.insert("saving", line("earned_limited", minimum=["earned", sek("9000000")]))
    draft.line("sum")["add"][0] = "earned_limited"


@mistake("a clamp whose limits cross", "CLAMP_CROSSED", "/lines/5")
def _(draft):
    draft.line("saving_counted")["at_least"] = sek("3000000")


@mistake("a line that was written and never used", "LINE_UNUSED", "/lines/11")
def _(draft):
    draft.line("sum")["add"].remove("places")
    draft.insert("sum", line("places_limited", minimum=["places", sek("30000")]))


@mistake("40 for 40 per cent", "PERCENT_AS_NUMBER", "/lines/6/multiply/0")
def _(draft):
    draft.line("share")["multiply"][0] = "40"


@mistake("2 for an interest rate of 2 per cent", "RATE_ABOVE_ONE", "/lines/13/rate")
def _(draft):
    draft.line("interest")["rate"] = "2"


@mistake("an amount that is written in two lines", "CONSTANT_REPEATED", "/lines/5")
def _(draft):
    draft.line("whole")["take"] = sek("1000000")
    draft.line("saving_limit")["take"] = sek("900000")
    draft.line("saving_counted")["at_most"] = sek("1000000")


@mistake("a comparison with a control group that may have cost nothing", "DIVISION_BY_ZERO",
         "/lines/15")
def _(draft):
    draft.outcome("cost")["range"]["at_least"] = "0"


@mistake("the last year's result is asked for in the first year", "MEASURED_LATER", "/lines/3")
def _(draft):
    draft.line("saving")["subtract"][1] = measured("cost", period="y2")


@mistake("what was settled earlier is taken off where there is no earlier", "EARLIER_ALWAYS_ZERO",
         "/lines/12")
def _(draft):
    del draft["periods"][1]
    draft.insert("payout", line("net", subtract=["sum", {"earlier": "payout"}]),
                 line("net_counted", clamp="net", at_least=sek("0")))
    draft.line("payout")["round"] = "net_counted"


@mistake("what happens below the first threshold is not agreed", "RESULT_NOT_PUBLISHED",
         "/lines/0/otherwise")
def _(draft):
    draft.line("rate")["otherwise"] = "not_published"


@mistake("a year that can never be settled", "PERIOD_REFUSED", "/lines/1")
def _(draft):
    draft["lines"][1] = line("whole", by_period=[{"period": "y2", "then": "not_published"}],
                             otherwise=sek("2000000"))


@mistake("nothing keeps the payout from going below zero", "PAY_NEGATIVE_POSSIBLE", "/pays/0")
def _(draft):
    draft.line("share")["multiply"][1] = "saving"


@mistake("a pay that is always zero", "PAY_ALWAYS_ZERO", "/pays/1")
def _(draft):
    draft.line("worse_counted")["at_most"] = "0"


@mistake("a payer that pays itself", "PAY_TO_ITSELF", "/pays/0")
def _(draft):
    draft["pays"][0]["waterfall"][1]["to"][1]["party"] = "town.example"


@mistake("shares that do not come to the whole", "SHARES_SUM", "/pays/0")
def _(draft):
    draft["pays"][0]["waterfall"][1]["to"][1]["share"] = "0.2"


@mistake("a share by funding for a party that places nothing", "SHARE_UNFUNDED", "/pays/1")
def _(draft):
    draft["pays"][1]["to"][1]["party"] = "school.example"


@mistake("a junior tranche for which nothing is left", "TRANCHE_EMPTY", "/pays/0/waterfall/1")
def _(draft):
    draft.line("interest")["rate"] = "0.99"
    draft.line("interest")["periods"] = 2


@mistake("rounding to more than it can matter", "ROUND_COARSE", "/lines/19/to")
def _(draft):
    draft.line("guarantee")["to"] = sek("10000")


@mistake("a date before the result can be known", "DUE_TOO_EARLY", "/pays/0/due/date")
def _(draft):
    draft["pays"][0]["due"] = {"date": "2028-06-30"}


@mistake("no pay at all", "PAY_NONE", "/pays")
def _(draft):
    draft.contract["pays"] = []


@mistake("an outcome without a range: no limit to what is owed", "LIABILITY_UNBOUNDED", "/pays/0")
def _(draft):
    draft.line("sum")["add"].append("saving")
    del draft.outcome("cost")["range"]


@mistake("a price for every person, and no limit to their number", "LIABILITY_UNBOUNDED",
         "/pays/0")
def _(draft):
    del draft.outcome("attendance")["count_range"]


@mistake("a cap below what the lines give", "CAP_EXCEEDED", "/caps/0")
def _(draft):
    draft["caps"][0]["amount"] = money("4000000.00")


@mistake("a cap above all that can be owed", "CAP_NEVER_REACHED", "/caps/0")
def _(draft):
    draft["caps"][0]["amount"] = money("9000000.00")


@mistake("shares by funding, and no commitment", "COMMITMENT_MISSING", "/roles/investor/1")
def _(draft):
    del draft["commitments"][1]


@mistake("an outcome that was bargained for and pays nothing", "OUTCOME_UNUSED", "/outcomes/2")
def _(draft):
    draft.line("bonus")["when"] = {"at_least": [measured("attendance", "ratio"), "0.5"]}


@mistake("an outcome for the report only, that pays", "OUTCOME_REPORTED_COUNTS",
         "/outcomes/2/class")
def _(draft):
    draft.outcome("running")["class"] = "reported"


@mistake("a range in per cent beside a ratio", "RATIO_RANGE", "/outcomes/0/range")
def _(draft):
    draft.outcome("attendance")["range"]["at_most"] = "100"


@mistake("a rounded share where the counts are there", "RATIO_NOT_USED", "/outcomes/0")
def _(draft):
    draft.line("rate")["tiers"] = measured("attendance")
    draft.line("quality")["curve"] = measured("attendance")
    draft.line("places")["brackets"] = measured("attendance", "count")


@mistake("nobody says where the numbers come from", "SOURCE_NOT_PUBLISHED", "/outcomes/1/source")
def _(draft):
    draft.outcome("cost")["source"] = "not_published"


@mistake("nobody says what happens when data are missing", "MISSING_DATA_NOT_PUBLISHED",
         "/outcomes/0/missing_data")
def _(draft):
    draft.outcome("attendance")["missing_data"] = "not_published"


@mistake("a control group that nobody describes", "BASELINE_MISSING", "/outcomes/1")
def _(draft):
    del draft.outcome("cost")["baseline"]


@mistake("months between two years that belong to none", "PERIOD_GAP", "/periods/1/from")
def _(draft):
    draft["periods"][1]["from"] = "2028-04-01"


@mistake("months that are paid twice", "PERIOD_OVERLAP", "/periods/1")
def _(draft):
    draft["periods"][1]["from"] = "2027-11-01"


@mistake("no period binds payment", "PERIOD_NONE_BINDING", "/periods")
def _(draft):
    for period in draft["periods"]:
        period["binding"] = False


@mistake("nobody says when to pay", "DUE_NOT_PUBLISHED", "/periods/0/due")
def _(draft):
    draft["periods"][0]["due"] = "not_published"


@mistake("a guarantor that guarantees nothing", "GUARANTOR_IDLE", "/roles/guarantor/0")
def _(draft):
    draft["pays"][1]["from"] = "town.example"


@mistake("a second payer that pays nothing", "PAYER_IDLE", "/roles/payer/1")
def _(draft):
    draft["roles"]["payer"].append("region.example")


@mistake("an investor that gets nothing back", "INVESTOR_UNPAID", "/roles/investor/2")
def _(draft):
    draft["roles"]["investor"].append("third.example")


@mistake("the provider measures its own result", "EVALUATOR_INVOLVED", "/outcomes/0/evaluator")
def _(draft):
    draft["roles"]["evaluator"].append("school.example")
    draft.outcome("attendance")["evaluator"] = "school.example"


@mistake("nobody says what happens in a dispute", "DISPUTE_NOT_PUBLISHED", "/dispute")
def _(draft):
    draft.contract["dispute"] = "not_published"


def unproven(draft):
    """The next two need rules that nothing but a person can see through."""
    draft.insert("sum", line("odd", subtract=[measured("running"), "0.5"]),
                 line("square", multiply=["odd", "odd"]))
    return draft


@mistake("a square, of which it is not seen that it is never negative", "PAY_NEGATIVE_UNPROVEN",
         "/pays/1")
def _(draft):
    unproven(draft).insert("lost", line("lost_share", multiply=["square", sek("300000")]))
    draft.line("guarantee")["round"] = "lost_share"


@mistake("a division by one more than a square", "DIVISION_UNPROVEN", "/lines/14")
def _(draft):
    unproven(draft).insert("sum", line("more", add=["square", "0.1"]),
                           line("part", divide=["0.01", "more"]))
    draft.line("share")["multiply"][0] = "0.3"
    draft.insert("sum", line("extra", multiply=["part", sek("10000")]))
    draft.line("sum")["add"].append("extra")


@mistake("a cap that a product of three shares never comes to", "CAP_UNPROVEN", "/caps/0")
def _(draft):
    draft.insert("sum", line("rest", subtract=["1", measured("running")]),
                 line("product", multiply=[measured("running"), measured("running"), "rest"]),
                 line("extra", multiply=["product", sek("1000003")]))
    draft.line("sum")["add"] = ["earned", "reward", "places", "extra"]
    draft["caps"][0]["amount"] = money("4492298.00")


# --- Looking ---

def check(folder, contract, *words):
    folder.write_json("contract.json", contract)
    return folder.run("check", "contract.json", *words)


def findings(result):
    files = result.json.get("files", [{}])
    return files[0].get("findings", [{"code": f"none: {result}"}])


def test_good(tap, folder):
    result = check(folder, GOOD_CONTRACT, "--json")
    told = [f"{each['code']} {each.get('at')}: {each.get('reason')}" for each in findings(result)]
    tap.check("there is nothing to say about a good contract", result.ended(GOOD), "\n".join(told))
    strict = check(folder, GOOD_CONTRACT, "--strict")
    tap.check("a good contract passes --strict", strict.ended(GOOD))


def test_mistakes(tap, folder):
    for title, code, at, spoil in MISTAKES:
        draft = Draft()
        spoil(draft)
        result = check(folder, draft.contract, "--json")
        found = [(each["code"], each.get("at")) for each in findings(result)]
        swedish = check(folder, draft.contract, "--lang", "sv")
        english = check(folder, draft.contract)
        tap.check(f"{code}: {title}", result.ended(GOOD),
                  "" if (code, at) in found else f"found {found}\n{result}",
                  english.prints(code, at), swedish.prints(code, at),
                  "a place in a sentence is left" if re.search(r"[{}]", english.out + swedish.out)
                  else "", "" if english.out != swedish.out else "Swedish is English")


def test_list(tap):
    with open(FINDINGS, encoding="utf-8") as file:
        listed = re.findall(r"^FINDING\((\w+), (WARNING|NOTE)", file.read(), re.MULTILINE)
    made = {code for _, code, _, _ in MISTAKES}
    tap.check("every finding is provoked", f"{sorted({code for code, _ in listed} ^ made)}"
              if {code for code, _ in listed} != made else "")
    with open(PAGE, encoding="utf-8") as file:
        rows = set(re.findall(r"^\| `(\w+)` \| (\w+) \|", file.read(), re.MULTILINE))
    wanted = {(code, severity.lower()) for code, severity in listed}
    tap.check("docs/check.md lists every finding", f"{sorted(rows ^ wanted)}"
              if rows != wanted else "")


def test_strict(tap, folder):
    draft = Draft()
    draft["caps"][0]["amount"] = money("4000000.00")
    plain = check(folder, draft.contract)
    strict = check(folder, draft.contract, "--strict")
    coded = check(folder, draft.contract, "--strict", "--json")
    quiet = check(folder, draft.contract, "--quiet")
    tap.check("warnings let a contract pass", plain.ended(GOOD), quiet.ended(GOOD),
              quiet.is_silent())
    tap.check("--strict does not", strict.ended(FALSE), strict.prints("CAP_EXCEEDED"),
              coded.coded("WARNINGS"))
    noted = Draft()
    noted.contract["dispute"] = "not_published"
    tap.check("notes pass --strict", check(folder, noted.contract, "--strict").ended(GOOD))
    shape = check(folder, draft.contract, "--shape")
    tap.check("--shape looks at the form alone", "WARNING" in shape.out and "it reviews")


def ends(folder, contract, payer):
    result = check(folder, contract, "--json")
    party = next(each for each in result.json["files"][0]["liability"] if each["payer"] == payer)
    return result, party


def test_liability(tap, folder):
    _, town = ends(folder, GOOD_CONTRACT, "town.example")
    years = [(each["period"], each["least"]["bound"], each["greatest"]["bound"])
             for each in town["periods"]]
    tap.check("least and greatest of every period", "" if years ==
              [("y1", "120", "2498000"), ("y2", "120", "2498000")] else f"{years}")
    tap.check("both ends are exact, and sum up", "" if
              town["least"]["exact"] and town["greatest"]["exact"] and
              town["greatest"]["bound"] == "4996000" and town["least"]["bound"] == "240" and
              town["cap"] == "4996000.00" else f"{town}")
    when = {(each["measured"], each["field"]): each["value"]
            for each in town["periods"][0]["greatest"]["when"]}
    tap.check("which numbers bring it about", "" if when[("attendance", "numerator")] == "500" and
              when[("running", "value")] == "1" else f"{when}")

    cumulative = Draft()
    cumulative.insert("payout", line("target", minimum=["sum", sek("1500000")]),
                      line("net", subtract=["target", {"earlier": "payout"}]),
                      line("net_counted", clamp="net", at_least=sek("0")))
    cumulative.line("payout")["round"] = "net_counted"
    _, town = ends(folder, cumulative.contract, "town.example")
    tap.check("what was settled earlier is taken off what all periods can come to", "" if
              town["greatest"]["exact"] and town["greatest"]["bound"] == "1500000" else f"{town}")

    unlimited = Draft()
    del unlimited.outcome("attendance")["count_range"]
    result, town = ends(folder, unlimited.contract, "town.example")
    tap.check("no limit is called unbounded", "" if town["greatest"]["bound"] == "unbounded" and
              not town["greatest"]["exact"] else f"{town}",
              "" if any("attendance.numerator" in each["reason"] for each in findings(result)
                        if each["code"] == "LIABILITY_UNBOUNDED") else f"{result}",
              check(folder, unlimited.contract).prints("without limit"),
              check(folder, unlimited.contract, "--lang", "sv").prints("utan gräns"))


def test_examples(tap, folder):
    for name in ("indigo-committed", "indigo-spent", "rise-committed", "rise-spent"):
        path = os.path.join(ROOT, "examples", "norrkoping", f"contract-{name}.json")
        result = folder.run("check", path, "--strict", "--json")
        party = result.json["files"][0]["liability"][0]
        tap.check(f"Norrköping, {name}: no warning, at most 12 million", result.ended(GOOD),
                  "" if party["greatest"]["exact"] and party["greatest"]["bound"] == "12000000"
                  else f"{party}")


def main():
    tap = Tap()
    with Folder() as folder:
        test_good(tap, folder)
        test_mistakes(tap, folder)
        test_list(tap)
        test_strict(tap, folder)
        test_liability(tap, folder)
        test_examples(tap, folder)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
