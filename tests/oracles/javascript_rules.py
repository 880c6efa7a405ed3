#!/usr/bin/python3
"""Every statement that a scenario submits, judged by the check of the portal's pages.

What the program accepts, a page accepts. What the program refuses, a page refuses too, unless the
rule is one of those that pages leave to utfall-verify and say so: UNCHECKED is that list, and it is
complete, so a page that forgets another rule fails here.
"""

import collections
import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scenarios"), str(HERE)]
from _javascript import Browser  # noqa: E402
from _language import Wrong, read_scenarios  # noqa: E402
from _steps import Player  # noqa: E402
from _world import LogKey, World  # noqa: E402

ABOUT_ALL = ("charter", "party", "key")
# Of the form of statements, terms, records and certificates.
UNCHECKED = set("""
    AMOUNT_MALFORMED BASELINE_LATE BASELINE_UNKNOWN CERTIFICATE_CHAIN CERTIFICATE_KEY
    CERTIFICATE_MALFORMED
    CERTIFICATE_ORGANISATION CERTIFICATE_SIGNATURE CURRENCY_OTHER CURRENCY_UNKNOWN DIVISOR_ZERO
    FIELD_MALFORMED FIELD_MISSING FIELD_UNKNOWN FUND_OWNER LINE_UNKNOWN NAME_REPEATED
    PAY_NOT_ROUNDED PAY_SHARES PAY_TRANCHES PERIOD_ORDER QUORUM_TOO_LARGE RANGE_ORDER
    RECORDS_AGGREGATION RECORDS_COLUMN RECORDS_UNDECLARED RECORDS_VALUES REGISTRATION_INVALID
    ROUND_STEP TABLE_INCOMPLETE TABLE_ORDER TERMS_TOO_LARGE UNITS_DIFFER UNIT_UNKNOWN""".split())
# Of which some cases are of that form, and others are checked.
PARTLY = {"AMENDMENT_REWRITES", "OUTCOME_UNKNOWN", "PERIOD_UNKNOWN", "ROLE_PARTY"}


class WatchedWorld(World):
    """A world in which a page is asked about every statement that is submitted by itself."""

    def __init__(self, folder, log_key, browser, told):
        super().__init__(folder, log_key)
        self.browser = browser
        self.told = told

    def page_accepts(self, statement, note):
        contract = statement.get("contract", "none")
        bodies = [json.loads(one.decode().rpartition("\n\n")[0]) for one in self.accepted]
        entries = [[index, one.decode()] for index, (one, body) in enumerate(zip(self.accepted, bodies))
                   if body["kind"] in ABOUT_ALL or body.get("contract") == contract]
        entries.append([len(bodies), note.decode()])
        answer = self.browser.ask("replay", self.log.vkey, contract, entries)
        if answer.startswith("crashed"):
            raise Wrong(answer)
        return answer.startswith("good"), answer

    def submit(self, statement, note):
        if self.batch is not None or not self.accepted:
            return super().submit(statement, note)
        accepts, said = self.page_accepts(statement, note)
        answer = super().submit(statement, note)
        self.told[answer.code, accepts] += 1
        if answer.ok and not accepts:
            raise Wrong(f"{statement.get('kind')}: the page says {said}, the program {answer}")
        if not answer.ok and accepts and answer.code not in UNCHECKED | PARTLY:
            raise Wrong(f"{statement.get('kind')}: the page accepts it, the program says {answer}")
        return answer


def main():
    bad, told = [], collections.Counter()
    browser = Browser()
    with tempfile.TemporaryDirectory(prefix="utfall-rules-") as folder:
        log_key = LogKey(folder)
        for path in sorted((HERE.parent / "scenarios").glob("*.scenario")):
            for number, scenario in enumerate(read_scenarios(path, path.name)):
                place = os.path.join(folder, f"{path.stem}-{number}")
                os.mkdir(place)
                try:
                    Player(WatchedWorld(place, log_key, browser, told)).play(scenario)
                except Wrong as wrong:
                    bad.append(f"{path.name}: {scenario.title}: {wrong}")
    browser.close()
    refused = {code for code, accepts in told if code != "OK" and not accepts}
    stale = sorted({code for code in UNCHECKED | PARTLY if told[code, True] == 0} | (PARTLY - refused))
    print("1..3")
    print(f"{'not ok' if bad else 'ok'} 1 - {sum(told.values())} statements of scenarios, by the page as by the program")
    for complaint in bad[:40]:
        print(f"# {complaint}")
    print(f"{'not ok' if len(refused) < 30 else 'ok'} 2 - a page refuses for {len(refused)} rules")
    print(f"{'not ok' if stale else 'ok'} 3 - what is said to be unchecked is, and no more", *stale)
    return 1 if bad or stale or len(refused) < 30 else 0


if __name__ == "__main__":
    sys.exit(main())
