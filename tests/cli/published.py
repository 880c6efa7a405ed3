#!/usr/bin/python3
"""The published contracts of examples/published: each passes check, and reconcile says of each
published figure exactly what its evidence promises. Prints TAP."""

import copy
import glob
import json
import os
import sys
from fractions import Fraction

from _cli import FALSE, GOOD, ROOT, Folder, Tap

PUBLISHED = os.path.join(ROOT, "examples", "published")
INCOMPLETE = 3
# Of these, every published figure is reproduced; of the others, what is said below.
GOLDEN = ("independent", "partly_independent", "trigger_only", "identity_check")

# Every case, what its figures can prove, and for each published file how many figures match, how
# many of those circularly, how many differ, and how many cannot be computed.
CASES = {
    "gbr-peterborough-cohort1-2014": ("independent", {"published": (3, 0, 0, 0)}),
    "usa-rikers-able-2015": ("independent", {"published": (3, 1, 0, 0)}),
    "usa-cuyahoga-2020": ("independent", {"published": (1, 0, 0, 0)}),
    "aus-newpin-y1-2014": ("independent", {"published": (1, 0, 0, 0)}),
    "usa-utah-preschool-cohort1-2015": ("partly_independent", {
        "published": (1, 0, 0, 0), "published-by-child": (0, 0, 2, 0)}),
    "gbr-care-leavers-reboot-west": ("partly_independent", {
        "published": (26, 11, 0, 0), "published-by-person": (13, 0, 11, 0)}),
    "ind-educate-girls-final-2018": ("partly_independent", {"published": (4, 1, 0, 0)}),
    "gbr-peterborough-final-2017": ("trigger_only", {"published": (2, 0, 0, 0)}),
    "usa-dcwater-eib-2021": ("trigger_only", {
        "published": (3, 1, 0, 0), "published-upper-end": (3, 1, 0, 0)}),
    "prt-faz-te-forward": ("trigger_only", {"published": (3, 0, 0, 0)}),
    "usa-rikers-able-tier-table": ("identity_check", {"published": (2, 0, 0, 0)}),
    "zaf-wildlife-conservation-bond": ("identity_check", {"published": (6, 0, 0, 0)}),
    "arg-proyecta-tu-futuro-uplift": ("identity_check", {"published": (4, 0, 0, 0)}),
    "ken-asrh-unit-rounding": ("identity_check", {"published": (2, 0, 0, 0)}),
    "usa-denver-housing-payments-1-4": ("derived_input", {"published": (1, 0, 0, 1)}),
    "usa-denver-housing-payment-5": ("derived_input", {"published": (1, 0, 0, 1)}),
    "usa-denver-jail-days": ("derived_input", {"published": (2, 0, 0, 1)}),
    "gbr-fcf-depaul": ("derived_input", {"published": (2, 1, 0, 0)}),
    "gbr-fcf-fusion": ("derived_input", {"published": (2, 1, 0, 0)}),
    "gbr-fcf-ambition": ("not_reproducible", {"published": (1, 0, 1, 0)}),
    "gbr-fcf-aspire": ("not_reproducible", {"published": (1, 0, 1, 0)}),
    "aus-newpin-y2-2015": ("not_reproducible", {"published": (0, 0, 1, 0)}),
    "aus-newpin-y3-2016": ("not_reproducible", {"published": (0, 0, 1, 0)}),
    "ind-educate-girls-year1-2016": ("not_reproducible", {"published": (0, 0, 0, 1)}),
    "prt-codigo-bootcamps": ("not_reproducible", {"published": (2, 0, 0, 1)}),
    "prt-junior-code-academy": ("not_reproducible", {"published": (1, 0, 0, 1)}),
    "gbr-lcf-reconciliation": ("not_reproducible", {"published": (6, 0, 6, 0)}),
    "gbr-skill-mill": ("not_reproducible", {"published": (1, 0, 1, 0)}),
    "jpn-kobe-2020": ("terms_only", {"published": (1, 0, 0, 0)}),
    "gbr-dwp-innovation-fund-r1": ("terms_only", {}),
    "gbr-dwp-innovation-fund-r2": ("terms_only", {}),
    "usa-chicago-cpc": ("terms_only", {}),
    "aus-newpin-sa-foyer-stp": ("terms_only", {}),
    "gbr-reconnections": ("terms_only", {}),
    "fin-koto": ("terms_only", {}),
    "ken-village-enterprise": ("terms_only", {}),
}

# What is published less what is recomputed, of all that differs.
DIFFERENCES = {
    ("usa-utah-preschool-cohort1-2015", "published-by-child"): ["-3163", "-59097/20"],
    ("gbr-fcf-ambition", "published"): ["-201582"],
    ("gbr-fcf-aspire", "published"): ["-137560"],
    ("aus-newpin-y2-2015", "published"): ["7/5"],
    ("aus-newpin-y3-2016", "published"): ["93/20"],
    ("gbr-lcf-reconciliation", "published"):
        ["1", "-4", "-3", "-255878", "368500", "343576"],
    ("gbr-skill-mill", "published"): ["-81956"],
}
# The outcomes of the rate card whose claims are no whole number of people, and the total.
CARE_LEAVERS_BY_PERSON = {"m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m11", None}

# Numbers that circulate and were not verified: none of them is a term or an input.
UNVERIFIED = {
    "usa-denver-housing-payments-1-4": ["15.12"],
    "usa-denver-housing-payment-5": ["15.12"],
    "usa-denver-jail-days": ["160000", "38000", "0.38", "38"],
    "usa-rikers-able-2015": ["4800000", "10080000", "10176000", "10272000", "10368000", "10944000"],
    "usa-rikers-able-tier-table":
        ["4800000", "10080000", "10176000", "10272000", "10368000", "10944000"],
    "ind-educate-girls-final-2018": ["8940", "5592"],
}

# Points of the terms that no published result happens to test: period, inputs, claims.
SHARE = {"unit": "percent"}
RULES = [
    ("aus-newpin-y1-2014", "y1", {"restoration": {"value": "0.7"}},
     [{"line": "rate", "published": "15", **SHARE}, {"pay": "coupon", "published": "1050000.00"}]),
    ("aus-newpin-y1-2014", "y1", {"restoration": {"value": "0.699"}},
     [{"line": "rate", "published": "12", **SHARE}]),
    ("aus-newpin-y1-2014", "y3", {"restoration": {"value": "0.5499"}},
     [{"line": "rate", "published": "5", **SHARE}]),
    ("aus-newpin-y1-2014", "y4", {"restoration": {"value": "0.5499"}},
     [{"line": "rate", "published": "0", **SHARE}]),
    ("usa-cuyahoga-2020", "term", {"foster_days": {"value": "-1200"}},
     [{"line": "counted", "published": "0"}, {"pay": "payout", "published": "0"}]),
    ("usa-cuyahoga-2020", "term", {"foster_days": {"value": "1"}},
     [{"refused": "TERMS_NOT_PUBLISHED"}]),
    ("usa-dcwater-eib-2021", "term", {"runoff": {"value": "0.1859"}},
     [{"pay": "contingent_payment", "published": "-3300000"},
      {"pay": "contingent_payment", "to": "dc-water.example", "published": "3300000"}]),
    ("usa-dcwater-eib-2021", "term", {"runoff": {"value": "0.4131"}},
     [{"pay": "contingent_payment", "to": "investor.example", "published": "3300000"}]),
    ("usa-denver-jail-days", "final", {"jail_days": {"value": "0.1999"}},
     [{"pay": "payout", "published": "0"}]),
    ("usa-denver-jail-days", "final", {"jail_days": {"value": "0.65"}},
     [{"pay": "payout", "published": "6130000"}]),
    ("usa-rikers-able-2015", "cohort", {"significant": {"value": "1"}, "reduction": {"value": "0.2"}},
     [{"line": "city_amount", "published": "11712000"}]),
    ("usa-rikers-able-2015", "cohort", {"significant": {"value": "1"}, "reduction": {"value": "0.11"}},
     [{"refused": "TERMS_NOT_PUBLISHED"}]),
    ("jpn-kobe-2020", "term", {"kidney": {"value": "0.8"}, "completion": {"value": "0"},
                               "lifestyle": {"value": "0"}},
     [{"line": "kidney_met", "published": "1"}, {"refused": "TERMS_NOT_PUBLISHED"}]),
    ("gbr-dwp-innovation-fund-r1", "term",
     {**{f"m{i}": {"count": "1"} for i in range(1, 11)}, "participants": {"count": "1"}},
     [{"line": "card", "published": "20200"}, {"pay": "payout", "published": "8200.00"}]),
    ("gbr-dwp-innovation-fund-r2", "term",
     {**{f"m{i}": {"count": "1"} for i in range(1, 10)}, "participants": {"count": "1"}},
     [{"line": "card", "published": "15100"}, {"pay": "payout", "published": "11700.00"}]),
    ("gbr-reconnections", "term", {"six_months": {"value": "0.69"}, "sustained": {"value": "1.02"}},
     [{"line": "six_months_part", "published": "0.5"}, {"line": "sustained_part", "published": "0"}]),
    ("fin-koto", "term", {"training": {"count": "10"},
                          "fiscal": {"value": "50000.01", "control_value": "30000"}},
     [{"pay": "payout", "published": "25000.00"}]),
    ("usa-chicago-cpc", "y1", {"kindergarten": {"count": "10"}, "literacy": {"count": "4"},
                               "special_education": {"count": "3"}},
     [{"pay": "city_payout", "published": "32000"}, {"pay": "schools_payout", "published": "27300"}]),
]


def load(*names):
    with open(os.path.join(PUBLISHED, *names), encoding="utf-8") as file:
        return json.load(file)


def path(*names):
    return os.path.join(PUBLISHED, *names)


def judged(findings):
    return [found for found in findings if found["verdict"] != "TAKEN"]


def counts(answer):
    found = answer["summary"]
    return (found["MATCHES"], found["circular"], found["DIFFERS"], found["NOT_COMPUTABLE"])


def expected_exit(wanted):
    _, _, differs, missing = wanted
    return FALSE if differs else INCOMPLETE if missing else GOOD


def test_folders(tap):
    names = {os.path.basename(name) for name in glob.glob(path("*")) if os.path.isdir(name)}
    tap.check("every case has a folder, and every folder a case",
              "" if names == set(CASES) else f"{sorted(names ^ set(CASES))}")
    index = open(path("README.md"), encoding="utf-8").read()
    for case, (evidence, files) in CASES.items():
        readme = open(path(case, "README.md"), encoding="utf-8").read()
        sources = load(case, "contract.json")["sources"]
        untold = [source for source in sources if source.split(" ")[0] not in readme]
        real = {os.path.basename(name)[:-5] for name in glob.glob(path(case, "published*.json"))}
        others = [name for name in real if load(case, f"{name}.json")["sources"] != sources]
        tap.check(f"{case}: its files, its sources and its evidence are told",
                  "" if real == set(files) else f"published files {sorted(real)}",
                  f"sources missing: {untold}" if untold else "",
                  f"other sources: {others}" if others else "",
                  "" if f"**Evidence:** {evidence}:" in readme else "evidence missing",
                  "" if "**Not published:**" in readme else "what is not published is not told",
                  "" if f"]({case}/README.md)" in index else "not in the list of all")


def test_contracts(tap, folder):
    for case in CASES:
        for name in sorted(glob.glob(path(case, "contract*.json"))):
            checked = folder.run("check", name)
            tap.check(f"{case}: {os.path.basename(name)} passes check", checked.ended(GOOD),
                      checked.prints("OK"))


def strings(value):
    if isinstance(value, dict):
        for member in value.values():
            yield from strings(member)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


def test_unverified(tap):
    for case, numbers in UNVERIFIED.items():
        told = set()
        for name in glob.glob(path(case, "*.json")):
            told |= set(strings(load(case, os.path.basename(name))))
        tap.check(f"{case}: what is not verified is no number of its files",
                  *(f"{number} is" for number in numbers if number in told))


def differences(answer):
    return [found["difference"] for found in answer["findings"] if found["verdict"] == "DIFFERS"]


def test_verdicts(tap, folder):
    for case, (evidence, files) in CASES.items():
        for name, wanted in files.items():
            result = folder.run("--json", "reconcile", path(case, "contract.json"),
                                path(case, f"{name}.json"))
            answer = result.json
            said = differences(answer) if answer else []
            known = DIFFERENCES.get((case, name), said)
            golden = evidence in GOLDEN and name == "published"
            tap.check(f"{case}/{name}: the figures match, differ and are missing as they should",
                      result.ended(expected_exit(wanted)),
                      "" if answer and counts(answer) == wanted else f"not {wanted}\n{result}",
                      "" if said == known else f"differences {said}",
                      "a golden case is not reproduced" if golden and wanted[2:] != (0, 0) else "")
    people = folder.run("--json", "reconcile", path("gbr-care-leavers-reboot-west", "contract.json"),
                        path("gbr-care-leavers-reboot-west", "published-by-person.json")).json
    items = {found.get("item") for found in people["findings"] if found["verdict"] == "DIFFERS"}
    total = [found["computed"] for found in people["findings"] if found.get("pay")]
    tap.check("paid once for each person, the care leavers' card comes to 1,617,330",
              "" if items == CARE_LEAVERS_BY_PERSON else f"{items}",
              "" if total == ["1617330"] else f"{total}")


def spelled(value):
    """A fraction with a finite decimal, as a figure."""
    value = Fraction(value)
    sign, value = ("-" if value < 0 else ""), abs(value)
    digits = 0
    while (value * 10 ** digits).denominator != 1:
        digits += 1
    text = str(value * 10 ** digits).rjust(digits + 1, "0")
    return sign + (text if digits == 0 else f"{text[:-digits]}.{text[-digits:]}")


def mutations(published):
    """Yields (place, the file with one figure changed by one minor unit, or one step of rounding)."""
    places = [("periods", i, "claims", k) for i, period in enumerate(published.get("periods", []))
              for k in range(len(period.get("claims", [])))]
    places += [("totals", i) for i in range(len(published.get("totals", [])))]
    for place in places:
        for sign in (1, -1):
            other = copy.deepcopy(published)
            node = other
            for step in place:
                node = node[step]
            if "published" in node:
                unit = Fraction(node.get("rounded_to", "0.01"))
                node["published"] = spelled(Fraction(node["published"]) + sign * unit)
                yield place, other


def finding_at(answer, place):
    if place[0] == "totals":
        return next(found for found in answer["findings"]
                    if found["about"] == "total" and found["total"] == place[1])
    periods = []
    for found in answer["findings"]:
        if found.get("period") not in periods:
            periods.append(found.get("period"))
    claims = [found for found in answer["findings"]
              if found["about"] == "claim" and found["period"] == periods[place[1]]]
    return claims[place[3]]


def test_mutations(tap, folder):
    """A test of this test: no figure matches by accident."""
    for case, (_, files) in CASES.items():
        for name in files:
            published = load(case, f"{name}.json")
            honest = folder.run("--json", "reconcile", path(case, "contract.json"),
                                path(case, f"{name}.json")).json
            tried, complaints = 0, []
            for place, other in mutations(published):
                if finding_at(honest, place)["verdict"] != "MATCHES":
                    continue
                tried += 1
                folder.write_json("other.json", other)
                result = folder.run("--json", "reconcile", path(case, "contract.json"), "other.json")
                changed = [finding for finding, before in zip(judged(result.json["findings"]),
                                                              judged(honest["findings"]))
                           if finding["verdict"] != before["verdict"]]
                if result.exit != FALSE or len(changed) != 1 or changed[0]["verdict"] != "DIFFERS":
                    complaints.append(f"{place}: {result}")
            if tried:
                tap.check(f"{case}/{name}: each of {tried} changes by one minor unit is seen",
                          *complaints)


def test_bounds(tap, folder):
    """What is at most so much is above anything less."""
    for case, (_, files) in CASES.items():
        for name in files:
            published = load(case, f"{name}.json")
            for index, total in enumerate(published.get("totals", [])):
                if "at_most" not in total or not isinstance(total["sum_of"][0], str):
                    continue
                paid = sum(Fraction(part) for part in total["sum_of"])
                total["at_most"] = spelled(paid - Fraction("0.01"))
                folder.write_json("other.json", published)
                result = folder.run("--json", "reconcile", path(case, "contract.json"), "other.json")
                bounds = [found for found in result.json["findings"]
                          if found["about"] == "bound" and found["total"] == index]
                tap.check(f"{case}/{name}: a maximum one minor unit below the sum is exceeded",
                          "" if bounds[0]["verdict"] == "DIFFERS" else str(result))


def test_rules(tap, folder):
    for case, period, inputs, claims in RULES:
        contract = load(case, "contract.json")
        place = {"period": period, "claims": claims,
                 "inputs": [{"outcome": name, **fields} for name, fields in inputs.items()]}
        if contract.get("commitments"):
            place["funded"] = [{"party": each["party"], "amount": each["amount"]["amount"]}
                               for each in contract["commitments"]]
        folder.write_json("rule.json", {"kind": "published", "version": 1, "contract": case,
                                        "sources": ["made for this test"], "periods": [place]})
        result = folder.run("reconcile", path(case, "contract.json"), "rule.json")
        about = ", ".join(f"{name} {' '.join(fields.values())}" for name, fields in inputs.items())
        tap.check(f"{case}: {about[:60]}", result.ended(GOOD))


def main():
    tap = Tap()
    test_folders(tap)
    with Folder() as folder:
        test_contracts(tap, folder)
        test_unverified(tap)
        test_verdicts(tap, folder)
        test_mutations(tap, folder)
        test_bounds(tap, folder)
        test_rules(tap, folder)
    return tap.end()


sys.exit(main())
