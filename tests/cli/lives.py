#!/usr/bin/python3
"""The four lives of examples/lives are played to their ends, and say what they should. Prints TAP.

Each script must end well in English and in Swedish, and its key lines must stand in this order.
The last lines are those of the whole story and of its verification.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from _cli import ROOT, UTFALL, Tap

LIVES = pathlib.Path(ROOT) / "examples" / "lives"
PUBLISHED = pathlib.Path(ROOT) / "examples" / "norrkoping"
SECONDS_MAX = 300

VERIFIED = "OK: the ledger is what its signatures say."
EXPECTED = {
    "norrkoping-extended": [
        "What it changes in the terms of entry 6:", "period 3y: new",
        "SIGNER_MISSING: leksellsocialventures.com has not signed",
        "norrkoping.se owes leksellsocialventures.com SEK 3,000,000.00",
        "AMENDMENT_REWRITES: 2y has been settled",
        "SETTLEMENT_NOT_BINDING: 3y",
        "the window was extended from two to three years",
        "measured period 3y",
        "Paid in all:    SEK 3,000,000.00",
        VERIFIED],
    "disputed-measurement": [
        "town.example owes investor.example SEK 300,000.00",
        "PAYMENT_HELD: payout depends on what entry",
        "town.example paid provider.example SEK 180,000.00",
        "SEK 90,000.00 settled too much is carried forward",
        "the period comes to SEK 210,000.00; settled before: SEK 300,000.00",
        "town.example owes investor.example SEK 160,000.00, less SEK 90,000.00",
        "town.example disputes what entry",
        "evaluator.example corrected what entry",
        "Paid in all:    SEK 790,000.00",
        "nothing: every binding period is settled and paid",
        VERIFIED],
    "lost-key": [
        "SIGNER_MISSING: evaluator.example itself has not signed",
        "KEY_NOT_VALID: evaluator.example counts from entry 4 to 8",
        "town.example owes investor.example SEK 300,000.00",
        "evaluator.example+", "valid from entry 4 to 8", "replaced by entry 8: The laptop",
        "evaluator.example measured period 2026",
        "Paid in all:    SEK 300,000.00",
        "9  settlement    evaluator.example+", "valid from entry 8",
        VERIFIED],
    "repaid-fund": [
        "fund.example",
        "schools.example owes fund.example SEK 350,000.00",
        "schools.example owes fund.example SEK 550,000.00",
        "schools.example  2028    1,300,000.00",
        "care_model         settled    260,000.00",
        "The region's cost model",
        "SEK 900,000.00",
        "nothing: every binding period is settled and paid",
        VERIFIED],
}
IN_SWEDISH = {"norrkoping-extended": "Hela historien", "disputed-measurement": "Hela historien",
              "lost-key": "Hela historien", "repaid-fund": "Fonden är hel igen"}


def play(story, lang, folder):
    """(exit status, everything it printed)"""
    environment = dict(os.environ, UTFALL=UTFALL, LIFE_FOLDER=f"{folder}/{story}-{lang}",
                       LC_ALL="C.UTF-8")
    environment.pop("UTFALL_LEDGER", None)
    done = subprocess.run([str(LIVES / story / "life.sh"), "--lang", lang], env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=SECONDS_MAX)
    return done.returncode, done.stdout


def missing(output, lines):
    """The first expected line that does not stand after those before it."""
    told = " ".join(output.split())  # lines are wrapped
    place = 0
    for line in lines:
        found = told.find(" ".join(line.split()), place)
        if found < 0:
            return f"after what came before, there is no `{line}`:\n{output}"
        place = found + 1
    return None


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def check_drafts(tap):
    """The drafts of 2016 and of the amendment are the published contract, and what the README says."""
    whole = load(PUBLISHED / "contract-rise-spent.json")
    first = load(LIVES / "norrkoping-extended" / "contract-2016.json")
    then = load(LIVES / "norrkoping-extended" / "amendment-3y.json")
    added = {key: then.pop(key) for key in ("from", "why")}
    tap.check("Norrköping's amendment has the published terms, from the third year on",
              then != {**whole, "kind": "amendment"} and "other terms",
              added["from"] != "3y" and "from another period")
    without = {**whole, "periods": whole["periods"][:1], "outcomes": [
        one for one in whole["outcomes"] if one["outcome"] != "longer_run_economy"]}
    tap.check("Norrköping's contract of 2016 is the same without it",
              first != without and "another contract")


def main():
    tap = Tap()
    check_drafts(tap)
    with tempfile.TemporaryDirectory(prefix="utfall-lives-") as folder, \
            concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        plays = [(story, lang) for story in EXPECTED for lang in ("en", "sv")]
        results = pool.map(lambda one: play(*one, folder), plays)
        for (story, lang), (status, output) in zip(plays, results):
            lines = EXPECTED[story] if lang == "en" else [IN_SWEDISH[story], "OK:"]
            tap.check(f"{story}, {lang}", status != 0 and f"exit {status}:\n{output}",
                      missing(output, lines))
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
