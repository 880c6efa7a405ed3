#!/usr/bin/python3
"""A contract in plain words: nothing of the terms is left out, and Norrköping's text stays as it is.

usage: prose.py             compares
       prose.py --write     puts the real texts into tests/cli/prose/ instead

Prints TAP.
"""

import copy
import glob
import json
import os
import re
import subprocess
import sys

from _cli import CONTRACT, ORIGIN, ROOT, UTFALL, Folder, Tap

GOLDEN = os.path.join(ROOT, "tests", "cli", "prose")
NORRKOPING = os.path.join(ROOT, "examples", "norrkoping")
CONTRACTS = sorted(glob.glob(os.path.join(NORRKOPING, "contract-*.json")) +
                   glob.glob(os.path.join(ROOT, "examples", "mechanisms", "*.json")) +
                   glob.glob(os.path.join(ROOT, "examples", "published", "*", "contract.json")))
LANGUAGES = ("en", "sv")
SPACE = "\u00a0"


def words_of(path, language):
    with Folder() as folder:
        process = subprocess.run([UTFALL, "check", "--words", "--lang", language, path],
                                 capture_output=True, cwd=folder.path, env=folder.environment,
                                 timeout=60, check=False)
    return process.stdout.decode(), process.returncode


def paragraphs_of(path, language):
    """Without the line breaks that a terminal needs."""
    text, status = words_of(path, language)
    return re.sub(r"\s+", " ", text.replace(SPACE, " ")), status


def label(localized, language):
    return localized.get(language) or localized.get("en") or next(iter(localized.values()))


def shown(decimal, language):
    """The digits of a decimal as they are grouped for people, without decimals that are zero."""
    sign, digits = ("-", decimal[1:]) if decimal.startswith("-") else ("", decimal)
    whole, _, fraction = digits.partition(".")
    grouped = f"{int(whole):,}"
    if language == "sv":
        grouped, sign = grouped.replace(",", " "), "\u2212" if sign else ""
    return sign + grouped + (("," if language == "sv" else ".") + fraction if fraction else "")


def percent(decimal, language):
    """Of 0.075: 7.5, which may stand in place of the decimal."""
    whole, _, fraction = decimal.partition(".")
    if whole != "0" or not fraction:
        return None
    fraction = fraction.ljust(2, "0")
    text = fraction[:2].lstrip("0") or "0"
    return shown(text + ("." + fraction[2:] if fraction[2:] else ""), language)


def constants(value, key=""):
    """Every decimal that stands as an operand of a line."""
    if isinstance(value, dict):
        if "value" in value and "unit" in value:
            yield value["value"]
            return
        for name, member in value.items():
            if name not in ("label", "note", "line", "actor", "period"):
                yield from constants(member, name)
    elif isinstance(value, list):
        for member in value:
            yield from constants(member, key)
    elif isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        yield value


def complete(path, language):
    """Complaints about what the contract says and the text does not."""
    with open(path, encoding="utf-8") as file:
        contract = json.load(file)
    text, status = paragraphs_of(path, language)
    if status != 0:
        return f"ended with {status}: {text[:300]}"
    missing = []
    for number, line in enumerate(contract["lines"], 1):
        wanted = re.sub(r"\s+", " ", label(line["label"], language).replace(SPACE, " "))
        if f"[{number}] {wanted} =" not in text:
            missing.append(f"line {number}: {wanted}")
    for outcome in contract["outcomes"]:
        if re.sub(r"\s+", " ", label(outcome["label"], language).replace(SPACE, " ")) not in text:
            missing.append(f"outcome {outcome['outcome']}")
    for period in contract["periods"]:
        if period["period"] not in text:
            missing.append(f"period {period['period']}")
    for pay in contract["pays"]:
        layers = pay.get("waterfall", [pay])
        for party in [pay["from"]] + [to["party"] for layer in layers for to in layer["to"]]:
            if party not in text:
                missing.append(f"party {party}")
    for decimal in constants(contract["lines"]):
        forms = [shown(decimal, language), percent(decimal, language)]
        if not any(form and form in text for form in forms):
            missing.append(f"constant {decimal}")
    return "missing: " + "; ".join(missing) if missing else ""


def golden(name, language):
    path = os.path.join(GOLDEN, f"{name}.{language}.txt")
    text, _ = words_of(os.path.join(NORRKOPING, f"{name}.json"), language)
    if "--write" in sys.argv:
        os.makedirs(GOLDEN, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    with open(path, encoding="utf-8") as file:
        wanted = file.read()
    return "" if text == wanted else f"{path} differs from\n{text}"


def governed():
    """A contract in which everything is said about who signs, decides and ends."""
    contract = copy.deepcopy(CONTRACT)
    contract["ledger"] = ORIGIN
    contract["periods"].append({"period": "last", "from": "2027-01-01", "to": "2027-12-31",
                                "due": "not_published", "binding": True, "closing": True})
    contract["roles"].update(arbiter=["arbiter.example"],
                             provider=[f"{letter}.example" for letter in "abcd"])
    contract["termination"] = {"by": ["town.example", "investor.example"],
                               "terms": {"en": "After a year.", "sv": "Efter ett år."}}
    contract["signatures"] = {
        "measurement": ["town.example"],
        "settlement": {"parties": ["a.example", "b.example", "c.example", "d.example"],
                       "at_least": 3}}
    contract["conflicts"] = [{"parties": ["town.example", "evaluator.example"],
                              "note": {"en": "One owns the other.", "sv": "Den ena äger den andra."}}]
    return contract


GOVERNED = {
    "en": ["it closes the contract: it is settled and paid only after a termination that names it",
           "arbiter: arbiter.example.",
           "Not independent of each other: town.example and evaluator.example.",
           "One owns the other.", "Each measurement is signed by these too: town.example.",
           "Each settlement is signed by at least 3 of these too: a.example, b.example, c.example "
           "and d.example.", "A dispute is decided by arbiter.example; whoever disputed",
           "The contract is ended before its time by town.example and investor.example, together.",
           "After a year."],
    "sv": ["den avslutar kontraktet: den avräknas och betalas bara efter ett upphörande",
           "skiljeperson: arbiter.example.",
           "Inte oberoende av varandra: town.example och evaluator.example.",
           "Varje mätning undertecknas också av dessa: town.example.",
           "Varje avräkning undertecknas också av minst 3 av dessa: a.example, b.example, "
           "c.example och d.example.", "Ett bestridande avgörs av arbiter.example; den som",
           "Kontraktet avslutas i förtid av town.example och investor.example, tillsammans.",
           "Efter ett år."],
}


def test_governed(tap):
    with Folder() as folder:
        path = folder.file(folder.write_json("governed.json", governed()))
        for language in LANGUAGES:
            text, status = paragraphs_of(path, language)
            tap.check(f"who signs, decides and ends the contract is told ({language})",
                      status != 0 and text,
                      *(f"missing: {phrase}\n{text}" for phrase in GOVERNED[language]
                        if phrase not in text))


def gaining():
    contract = copy.deepcopy(CONTRACT)
    contract["ledger"] = ORIGIN
    first, second = contract["lines"][:2]
    first.update(actor="town.example", basis="measured", baseline="before")
    second.update(actor="region.example", basis="modelled")
    contract["baselines"] = [{"baseline": "before", "version": "2", "date": "2025-12-31",
                              "source": {"en": "The accounts", "sv": "Redovisningen"},
                              "method": {"en": "A mean", "sv": "Ett medelvärde"}}]
    return contract


GAINING = {
    "en": ["Who gains", "is what town.example gains (below zero: loses), as measured, compared with "
           "before.", "is what region.example gains (below zero: loses), as modelled.",
           "Baseline before, version 2, fixed on 2025-12-31.", "source: The accounts",
           "method: A mean"],
    "sv": ["Vem som tjänar på det", "är vad town.example tjänar (under noll: förlorar), enligt "
           "mätning, jämfört med before.", "är vad region.example tjänar (under noll: förlorar), "
           "enligt beräkning.", "Jämförelse before, version 2, fastställd 2025-12-31.",
           "metod: Ett medelvärde"],
}


def test_gains(tap):
    with Folder() as folder:
        path = folder.file(folder.write_json("gaining.json", gaining()))
        for language in LANGUAGES:
            text, status = paragraphs_of(path, language)
            tap.check(f"who gains, how that is known and compared with what is told ({language})",
                      status != 0 and text,
                      *(f"missing: {phrase}\n{text}" for phrase in GAINING[language]
                        if phrase not in text))
        bare = folder.file(folder.write_json("bare.json", {**CONTRACT, "ledger": ORIGIN}))
        text, status = paragraphs_of(bare, "en")
        tap.check("where nobody is said to gain there is no such heading",
                  status != 0 and text, "Who gains" in text and text)


def main():
    tap = Tap()
    test_governed(tap)
    test_gains(tap)
    for path in CONTRACTS:
        name = os.path.relpath(path, os.path.join(ROOT, "examples"))
        for language in LANGUAGES:
            tap.check(f"{name}: the text in {language} says every line, outcome, party, constant",
                      complete(path, language))
    for path in sorted(glob.glob(os.path.join(NORRKOPING, "contract-*.json"))):
        name = os.path.basename(path)[:-len(".json")]
        for language in LANGUAGES:
            tap.check(f"{name}: the text in {language} is the one that was read", golden(name, language))
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
